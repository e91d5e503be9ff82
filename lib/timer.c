/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Time is cut into ticks. Level 0 has one slot for each of the next 63 ticks,
 * level 1 one for each 64 ticks after these, and so on. When the wheel comes to the first tick of
 * a slot of level n, that slot's timers are spread over the levels below ("cascade").
 *
 * Invariants: a timer of tick t is in level 0 only when 0 < t - wheel->tick < 64, except that the
 * slot of wheel->tick itself may hold timers which are due and were left by the @max of the last
 * run. New timers never go into that slot, so a callback that restarts its timer can't keep one
 * run busy for ever.
 */
#include <string.h>

#include "lib/timer.h"

enum { SLOT_BITS = 6, SLOT_MASK = TIMER_SLOTS - 1 };

#define WHEEL_SPAN (UINT64_C(1) << (SLOT_BITS * TIMER_LEVELS))

void timer_wheel_init(struct timer_wheel *w, msec now)
{
	w->tick = now / TIMER_TICK_MS;
	for (int level = 0; level < TIMER_LEVELS; level++)
		for (int i = 0; i < TIMER_SLOTS; i++) {
			struct timer_node *head = &w->slots[level][i];

			head->next = head->prev = head;
		}
}

static void slot_append(struct timer_node *head, struct timer_node *t)
{
	t->prev = head->prev;
	t->next = head;
	head->prev->next = t;
	head->prev = t;
}

/* Put @t where its time belongs, not before tick @first. */
static void wheel_insert(struct timer_wheel *w, struct timer_node *t, uint64_t first)
{
	/* Rounded up: never early. */
	uint64_t at = t->expires_ms / TIMER_TICK_MS + (t->expires_ms % TIMER_TICK_MS != 0);
	int level = 0;

	if (at < first)
		at = first;
	/* Too far for the wheel: wait in the last slot and look again from there. */
	if (at - w->tick >= WHEEL_SPAN)
		at = w->tick + WHEEL_SPAN - 1;
	while ((at - w->tick) >> (SLOT_BITS * (level + 1)))
		level++;
	slot_append(&w->slots[level][at >> (SLOT_BITS * level) & SLOT_MASK], t);
}

void timer_start(struct timer_wheel *w, struct timer_node *t, msec when)
{
	timer_stop(t);
	t->expires_ms = when;
	wheel_insert(w, t, w->tick + 1);
}

void timer_stop(struct timer_node *t)
{
	if (!t->next)
		return;
	t->next->prev = t->prev;
	t->prev->next = t->next;
	t->next = t->prev = NULL;
}

/* Spread the slot of @level that begins at the wheel's tick over the levels below. */
static void cascade(struct timer_wheel *w, int level)
{
	struct timer_node *head = &w->slots[level][w->tick >> (SLOT_BITS * level) & SLOT_MASK];
	struct timer_node list = *head;

	if (head->next == head)
		return;
	list.next->prev = list.prev->next = &list;
	head->next = head->prev = head;
	while (list.next != &list) {
		struct timer_node *t = list.next;

		timer_stop(t);
		wheel_insert(w, t, w->tick);
	}
}

static void wheel_advance(struct timer_wheel *w)
{
	w->tick++;
	for (int level = 1; level < TIMER_LEVELS; level++) {
		if (w->tick & ((UINT64_C(1) << (SLOT_BITS * level)) - 1))
			break;
		cascade(w, level);
	}
}

unsigned int timer_wheel_run(struct timer_wheel *w, msec now, unsigned int max,
			     void (*fire)(void *ctx, struct timer_node *t), void *ctx)
{
	uint64_t target = now / TIMER_TICK_MS;
	unsigned int fired = 0;

	for (;;) {
		struct timer_node *head = &w->slots[0][w->tick & SLOT_MASK];

		while (head->next != head) {
			struct timer_node *t = head->next;

			if (fired == max)
				return fired;
			timer_stop(t);
			fire(ctx, t);
			fired++;
		}
		if (w->tick >= target)
			return fired;
		wheel_advance(w);
	}
}
