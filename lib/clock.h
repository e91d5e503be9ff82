/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - time as an argument.
 *
 * The core never asks the system for the time: it is handed milliseconds of CLOCK_BOOTTIME
 * (monotonic, counts suspend) by its runner, and a stepped clock by tests.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include "lib/types.h"

typedef uint64_t msec;

/* Now, by CLOCK_BOOTTIME. Only edges call this. */
msec clock_now_ms(void);
/* The same in microseconds. */
uint64_t clock_now_us(void);
/* Seconds since the epoch, for records that outlive a boot. Only edges call this. */
int64_t clock_wall_s(void);
/* The same in milliseconds. */
int64_t clock_wall_ms(void);

#endif
