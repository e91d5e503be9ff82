/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rates.h - how fast a port's counters grow: bits and frames a second over the last few seconds.
 *
 * Once a second each counter is compared with what it was, and the rate moves half of the way to
 * what that second saw. So a rate is right after some five seconds and zero again soon after the
 * last frame, costs nothing per frame, and is there without waiting when somebody asks.
 */
#ifndef VSWITCHD_RATES_H
#define VSWITCHD_RATES_H

#include <jansson.h>

#include "lib/clock.h"

struct port;

enum { RATE_RX_BYTES, RATE_TX_BYTES, RATE_RX_FRAMES, RATE_TX_FRAMES, RATE_DROPS, RATES };

struct rates {
	msec at; /* when last[] was taken; 0: not yet */
	uint64_t last[RATES];
	uint64_t per_s[RATES];
};

/* Once a second. */
void rates_tick(struct port *port, msec now);
/* {rx_bps, tx_bps, rx_fps, tx_fps, drops_ps}. New reference. */
json_t *rates_json(const struct port *port);

#endif
