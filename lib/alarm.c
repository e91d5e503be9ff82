/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int alarm_open(void)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void alarm_at(int fd, uint64_t at_us)
{
	struct itimerspec when = {0};

	/* All zero would disarm it (timerfd_settime(2)), and so would moment 0. */
	if (at_us != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(at_us / 1000000);
		when.it_value.tv_nsec = (long)(at_us % 1000000 * 1000) + !at_us;
	}
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void alarm_heard(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}
