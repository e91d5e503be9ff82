/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * due.h - timers to the microsecond: a binary heap of what falls due next.
 *
 * For the few that must be exact and are restarted all the time (frames on a cable); timer.h is
 * for the many that need not be. Timers live inside their owner's structure. One thread.
 */
#ifndef LIB_DUE_H
#define LIB_DUE_H

#include "lib/types.h"

struct due {
	uint64_t at_us;
	unsigned int place; /* in the heap, from 1; 0: not running */
	void (*fire)(struct due *d);
};

struct due_heap {
	struct due **v; /* v[1] is the earliest */
	unsigned int n, reserved;
};

#define DUE_NEVER UINT64_MAX

/* Room for @more timers than now, so that due_start() can't fail. -ENOMEM. due_release() gives it
 * back. */
int due_reserve(struct due_heap *h, unsigned int more);
void due_release(struct due_heap *h, unsigned int fewer);
void due_fini(struct due_heap *h);

/* (Re)start @d for @at_us. */
void due_start(struct due_heap *h, struct due *d, uint64_t at_us);
/* Nothing happens when it is not running. */
void due_stop(struct due_heap *h, struct due *d);
/* The earliest, or DUE_NEVER. */
static inline uint64_t due_next(const struct due_heap *h)
{
	return h->n ? h->v[1]->at_us : DUE_NEVER;
}
/* Fire what is due by @now_us, at most @max timers: each is stopped first, and may start or stop
 * any. Returns the number fired. */
unsigned int due_run(struct due_heap *h, uint64_t now_us, unsigned int max);

#endif
