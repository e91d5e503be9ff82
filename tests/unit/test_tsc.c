/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rate of the time stamp counter, from two marks. */
#include <time.h>

#include "tests/unit/unit.h"
#include "vswitchd/guest/tsc.h"

static unsigned int khz(uint64_t ticks, uint64_t ns)
{
	const struct tsc_mark from = {.ticks = 1000, .ns = 5000};
	const struct tsc_mark to = {.ticks = 1000 + ticks, .ns = 5000 + ns};

	return tsc_khz(&from, &to);
}

static void rates(void **state)
{
	(void)state;
	assert_int_equal(khz(2600000000u, 1000000000u), 2600000);
	assert_int_equal(khz(2600000000u * 86400ull * 365, 1000000000ull * 86400 * 365), 2600000);
	assert_int_equal(khz(260000000u, 100000000u), 2600000);
}

static void what_can_not_be_said(void **state)
{
	const struct tsc_mark late = {.ticks = 9, .ns = 9}, early = {.ticks = 1, .ns = 1};

	(void)state;
	assert_int_equal(khz(2600, 1000), 0);
	assert_int_equal(khz(0, 1000000000u), 0);
	assert_int_equal(tsc_khz(&late, &early), 0);
	assert_int_equal(khz(UINT64_MAX / 2, 1000000000u), 0);
}

static void the_machine_slept(void **state)
{
	const struct tsc_mark from = {.ticks = 1000, .ns = 5000, .asleep_ns = -40};
	struct tsc_mark to = {.ticks = 1000 + 2600000000u, .ns = 5000 + 1000000000u};

	(void)state;
	to.asleep_ns = 1000; /* what reading two clocks takes */
	assert_int_equal(tsc_khz(&from, &to), 2600000);
	to.asleep_ns = 7000000;
	assert_int_equal(tsc_khz(&from, &to), 0);
	to.asleep_ns = -7000000;
	assert_int_equal(tsc_khz(&from, &to), 0);
}

static void this_machine_s(void **state)
{
	const struct timespec pause = {.tv_nsec = 60 * 1000 * 1000};
	struct tsc_mark a, b, c;
	unsigned int first, second;

	(void)state;
	a = tsc_mark_now();
	nanosleep(&pause, NULL);
	b = tsc_mark_now();
	nanosleep(&pause, NULL);
	c = tsc_mark_now();
	first = tsc_khz(&a, &b);
	second = tsc_khz(&b, &c);
	if (!first)
		skip(); /* no such counter */
	assert_in_range(second, first - first / 500, first + first / 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(what_can_not_be_said),
		cmocka_unit_test(the_machine_slept),
		cmocka_unit_test(this_machine_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
