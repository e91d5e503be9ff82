/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timer.h - a hierarchical timer wheel: start, stop and expire in constant time, no heap.
 *
 * Four levels of 64 slots at 64 ms a tick reach 12 days; later times wait in the last slot.
 * A timer fires at most one tick late and never early. Timers live inside their owner's
 * structure. One thread.
 */
#ifndef LIB_TIMER_H
#define LIB_TIMER_H

#include "lib/clock.h"

enum { TIMER_TICK_MS = 64, TIMER_SLOTS = 64, TIMER_LEVELS = 4 };

struct timer_node {
	struct timer_node *next, *prev; /* both NULL when not running */
	msec expires_ms;
};

struct timer_wheel {
	uint64_t tick; /* all slots up to here have been run */
	struct timer_node slots[TIMER_LEVELS][TIMER_SLOTS];
};

void timer_wheel_init(struct timer_wheel *w, msec now);
/* (Re)start @t to fire at @when. */
void timer_start(struct timer_wheel *w, struct timer_node *t, msec when);
/* Stop @t; nothing happens when it is not running. */
void timer_stop(struct timer_node *t);
/* Run every timer due by @now, at most @max of them; each is stopped, then given to @fire, which
 * may start or stop any timer. Returns the number fired. */
unsigned int timer_wheel_run(struct timer_wheel *w, msec now, unsigned int max,
			     void (*fire)(void *ctx, struct timer_node *t), void *ctx);

#endif
