/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "lib/timer.h"
#include "tests/unit/unit.h"

struct item {
	struct timer_node t;
	msec want, fired;
};

struct world {
	struct timer_wheel wheel;
	msec now;
	unsigned int n;
};

static void note(void *ctx, struct timer_node *t)
{
	struct world *w = ctx;
	struct item *i = CONTAINER_OF(t, struct item, t);

	assert_null(t->next);
	i->fired = w->now;
	w->n++;
}

/* Never early, at most a tick and a step late, each exactly once, over all levels. */
static void in_time(void **state)
{
	enum { N = 3000 };
	static struct item items[N];
	static struct world w;
	msec last = 0;

	(void)state;
	w.now = 123456789;
	timer_wheel_init(&w.wheel, w.now);
	srand(4);
	for (int i = 0; i < N; i++) {
		items[i].want = w.now + ((msec)rand() << 8) % (UINT64_C(1) << (8 + i % 20));
		timer_start(&w.wheel, &items[i].t, items[i].want);
		if (items[i].want > last)
			last = items[i].want;
	}
	while (w.now <= last + TIMER_TICK_MS) {
		w.now += 1 + (msec)rand() % 500;
		timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w);
	}
	assert_int_equal(w.n, N);
	for (int i = 0; i < N; i++) {
		assert_true(items[i].fired >= items[i].want);
		assert_true(items[i].fired <= items[i].want + TIMER_TICK_MS + 500);
	}
}

/* Beyond the reach of the wheel, in one jump and in steps. */
static void far_away(void **state)
{
	static struct world w;
	struct item a = {.want = UINT64_C(30) * 24 * 3600 * 1000}, never = {.want = UINT64_MAX};

	(void)state;
	timer_wheel_init(&w.wheel, 0);
	timer_start(&w.wheel, &a.t, a.want);
	timer_start(&w.wheel, &never.t, never.want);
	for (w.now = 0; w.now < a.want; w.now += 3600 * 1000)
		timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w);
	assert_int_equal(w.n, 0);
	w.now = a.want + TIMER_TICK_MS;
	timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w);
	assert_int_equal(w.n, 1);
	assert_int_equal(a.fired, w.now);
	timer_stop(&never.t);
	assert_null(never.t.next);
}

static void stop_and_restart(void **state)
{
	static struct world w;
	struct item a = {.want = 0}, b = {.want = 0};

	(void)state;
	timer_wheel_init(&w.wheel, 1000);
	timer_stop(&a.t);
	timer_start(&w.wheel, &a.t, 2000);
	timer_start(&w.wheel, &b.t, 2000);
	timer_start(&w.wheel, &a.t, 9000);
	timer_stop(&b.t);
	timer_stop(&b.t);
	w.now = 5000;
	assert_int_equal(timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w), 0);
	w.now = 9100;
	assert_int_equal(timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w), 1);
	assert_int_equal(a.fired, 9100);
}

/* A time that has passed fires at the next tick, not never. */
static void in_the_past(void **state)
{
	static struct world w;
	struct item a = {.want = 0};

	(void)state;
	timer_wheel_init(&w.wheel, 100000);
	timer_start(&w.wheel, &a.t, 5);
	w.now = 100000 + TIMER_TICK_MS;
	assert_int_equal(timer_wheel_run(&w.wheel, w.now, UINT32_MAX, note, &w), 1);
}

static void a_few_at_a_time(void **state)
{
	enum { N = 100 };
	static struct item items[N];
	static struct world w;
	unsigned int n, runs = 0;

	(void)state;
	timer_wheel_init(&w.wheel, 0);
	for (int i = 0; i < N; i++)
		timer_start(&w.wheel, &items[i].t, 1000 + (i % 3) * TIMER_TICK_MS);
	w.now = 2000;
	while ((n = timer_wheel_run(&w.wheel, w.now, 7, note, &w))) {
		assert_in_range(n, 1, 7);
		runs++;
	}
	assert_int_equal(w.n, N);
	assert_int_equal(runs, (N + 6) / 7);
}

struct again {
	struct timer_wheel wheel;
	struct timer_node t, other;
	unsigned int n;
};

static void start_again(void *ctx, struct timer_node *t)
{
	struct again *a = ctx;

	a->n++;
	timer_stop(&a->other);
	timer_start(&a->wheel, t, 0);
}

/* A callback that restarts its timer with a time that has passed gets one turn a tick; one that
 * stops another timer of the same slot is obeyed. */
static void callbacks_may_change_timers(void **state)
{
	static struct again a;

	(void)state;
	timer_wheel_init(&a.wheel, 0);
	timer_start(&a.wheel, &a.t, 10);
	timer_start(&a.wheel, &a.other, 10);
	assert_int_equal(timer_wheel_run(&a.wheel, TIMER_TICK_MS, UINT32_MAX, start_again, &a), 1);
	assert_int_equal(timer_wheel_run(&a.wheel, TIMER_TICK_MS, UINT32_MAX, start_again, &a), 0);
	assert_int_equal(timer_wheel_run(&a.wheel, TIMER_TICK_MS * 11, UINT32_MAX, start_again, &a),
			 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_time),	    cmocka_unit_test(far_away),
		cmocka_unit_test(stop_and_restart), cmocka_unit_test(in_the_past),
		cmocka_unit_test(a_few_at_a_time),  cmocka_unit_test(callbacks_may_change_timers),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
