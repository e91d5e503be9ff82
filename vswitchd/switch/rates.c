/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/rates.h"

#include <string.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { REST_MS = 3000 }; /* ticks that are further apart were left out */

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

/* A runner that rests does not tick: what was missed were seconds without a frame. */
static uint64_t after_rest(uint64_t per_s, msec since)
{
	return since > REST_MS ? per_s >> MIN(since / 1000, (msec)63) : per_s;
}

void rates_tick(struct port *port, msec now)
{
	struct rates *r = &port->rates;
	uint64_t count[RATES];
	msec since = now - r->at;

	if (r->at && now <= r->at)
		return;
	counters(port, count);
	for (int i = 0; r->at && i < RATES; i++) {
		uint64_t seen = (count[i] - r->last[i]) * 1000 / MIN(since, (msec)REST_MS);

		r->per_s[i] = (after_rest(r->per_s[i], since) + seen) / 2;
	}
	memcpy(r->last, count, sizeof(count));
	r->at = now;
}

json_t *rates_json(const struct port *port)
{
	const struct rates *r = &port->rates;
	uint64_t p[RATES];

	for (int i = 0; i < RATES; i++)
		p[i] = after_rest(r->per_s[i], port->net->runner->now - r->at);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "rx_bps", (json_int_t)p[RATE_RX_BYTES] * 8,
			 "tx_bps", (json_int_t)p[RATE_TX_BYTES] * 8, "rx_fps",
			 (json_int_t)p[RATE_RX_FRAMES], "tx_fps", (json_int_t)p[RATE_TX_FRAMES],
			 "drops_ps", (json_int_t)p[RATE_DROPS]);
}
