/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/rates.h"

#include <string.h>

#include "vswitchd/port.h"

static void counters(const struct port *port, uint64_t now[RATES])
{
	const struct port_stats *s = &port->stats;

	now[RATE_RX_BYTES] = s->rx_bytes;
	now[RATE_TX_BYTES] = s->tx_bytes;
	now[RATE_RX_FRAMES] = s->rx_frames;
	now[RATE_TX_FRAMES] = s->tx_frames;
	now[RATE_DROPS] = 0;
	for (int i = DROP_NONE + 1; i < DROP_N; i++)
		now[RATE_DROPS] += s->drops[i];
}

void rates_tick(struct port *port, msec now)
{
	struct rates *r = &port->rates;
	uint64_t count[RATES];

	if (r->at && now <= r->at)
		return;
	counters(port, count);
	for (int i = 0; r->at && i < RATES; i++)
		r->per_s[i] = (r->per_s[i] + (count[i] - r->last[i]) * 1000 / (now - r->at)) / 2;
	memcpy(r->last, count, sizeof(count));
	r->at = now;
}

json_t *rates_json(const struct port *port)
{
	const uint64_t *p = port->rates.per_s;

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "rx_bps", (json_int_t)p[RATE_RX_BYTES] * 8,
			 "tx_bps", (json_int_t)p[RATE_TX_BYTES] * 8, "rx_fps",
			 (json_int_t)p[RATE_RX_FRAMES], "tx_fps", (json_int_t)p[RATE_TX_FRAMES],
			 "drops_ps", (json_int_t)p[RATE_DROPS]);
}
