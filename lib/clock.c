/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "lib/clock.h"

msec clock_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (msec)ts.tv_sec * 1000 + (msec)ts.tv_nsec / 1000000;
}

int64_t clock_wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}
