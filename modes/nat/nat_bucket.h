/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_bucket.h - how many of something there may be: a burst, then so many a second. For ICMP
 * errors (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)) three parallel traceroutes of 30 hops with 3 probes
 * fit.
 */
#ifndef MODES_NAT_BUCKET_H
#define MODES_NAT_BUCKET_H

#include "lib/clock.h"
#include "lib/types.h"

enum { NAT_ERROR_BURST = 300, NAT_ERROR_PER_S = 100 };

/* All zero: never used, and full. */
struct nat_bucket {
	uint32_t tokens;
	msec filled_ms;
};

/* May one pass now, of @burst at once and @per_s a second? Counts it. */
static inline bool nat_bucket_take_of(struct nat_bucket *b, uint32_t burst, uint32_t per_s,
				      msec now)
{
	uint64_t more = b->filled_ms ? (now - b->filled_ms) * per_s / 1000 : burst;

	if (more) {
		b->tokens = (uint32_t)MIN(b->tokens + more, (uint64_t)burst);
		b->filled_ms = now ? now : 1;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

/* May an error be sent now? Counts it. */
static inline bool nat_bucket_take(struct nat_bucket *b, msec now)
{
	return nat_bucket_take_of(b, NAT_ERROR_BURST, NAT_ERROR_PER_S, now);
}

#endif
