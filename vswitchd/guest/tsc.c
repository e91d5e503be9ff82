/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guest/tsc.h"

#include <stdlib.h>
#include <time.h>

#include "lib/types.h"

#ifdef __x86_64__
#include <x86intrin.h>
static uint64_t ticks_now(void)
{
	return __rdtsc();
}
#else
static uint64_t ticks_now(void)
{
	return 0;
}
#endif

enum {
	TRIES = 8,
	NEAR_NS = 20 * 1000 * 1000,
	ASLEEP_NS = 1000 * 1000, /* no suspend is shorter */
	KHZ_MAX = 20 * 1000 * 1000,
};

static uint64_t clock_ns(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* CLOCK_BOOTTIME goes on during suspend, CLOCK_MONOTONIC does not. The least of a few: where we are
 * put off the processor between the two questions, the difference is too large. */
static int64_t asleep_ns(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		int64_t awake = (int64_t)clock_ns(CLOCK_MONOTONIC);

		least = MIN(least, (int64_t)clock_ns(CLOCK_BOOTTIME) - awake);
	}
	return least;
}

/* Of a few the one that took least: in the others we may have been put off a busy processor. */
struct tsc_mark tsc_mark_now(void)
{
	struct tsc_mark best = {0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC_RAW), ticks = ticks_now(),
			 took = clock_ns(CLOCK_MONOTONIC_RAW) - before;

		if (took >= least)
			continue;
		least = took;
		best = (struct tsc_mark){.ticks = ticks, .ns = before + took / 2};
	}
	best.asleep_ns = asleep_ns();
	return best;
}

unsigned int tsc_khz(const struct tsc_mark *from, const struct tsc_mark *to)
{
	uint64_t ns = to->ns - from->ns, ticks = to->ticks - from->ticks;
	double khz;

	if (to->ns < from->ns || to->ticks <= from->ticks || ns < NEAR_NS ||
	    llabs(to->asleep_ns - from->asleep_ns) > ASLEEP_NS)
		return 0;
	khz = (double)ticks * 1e6 / (double)ns;
	return khz < KHZ_MAX ? (unsigned int)(khz + 0.5) : 0;
}
