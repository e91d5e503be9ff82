/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_bucket.h - how many ICMP errors may be sent: a burst, then so many a second (RFC
 * 1812 4.3.2.8, RFC 4443 2.4 (f)). Three parallel traceroutes of 30 hops with 3 probes fit.
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

/* May one be sent now? Counts it. */
static inline bool nat_bucket_take(struct nat_bucket *b, msec now)
{
	uint64_t more =
		b->filled_ms ? (now - b->filled_ms) * NAT_ERROR_PER_S / 1000 : NAT_ERROR_BURST;

	if (more) {
		b->tokens = (uint32_t)MIN(b->tokens + more, (uint64_t)NAT_ERROR_BURST);
		b->filled_ms = now ? now : 1;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

#endif
