/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tsc.h - how fast this machine's time stamp counter runs.
 */
#ifndef VSWITCHD_GUEST_TSC_H
#define VSWITCHD_GUEST_TSC_H

#include <stdint.h>

/* The counter and the clock at one moment. */
struct tsc_mark {
	uint64_t ticks;
	uint64_t ns;	   /* CLOCK_MONOTONIC_RAW; 0: not known */
	int64_t asleep_ns; /* how long the machine was suspended till then */
};

/* Now. */
struct tsc_mark tsc_mark_now(void);
/* kHz between two marks, to 0.1 %; 0 when they are too near each other, the machine was suspended
 * in between (the clock stands still then, the counter may go on or begin anew), or no such counter
 * is here. */
unsigned int tsc_khz(const struct tsc_mark *from, const struct tsc_mark *to);

#endif
