/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alarm.h - a descriptor that becomes readable at a moment, to the microsecond.
 *
 * epoll's own time-outs are whole milliseconds, which is too coarse for frames on a cable.
 */
#ifndef LIB_ALARM_H
#define LIB_ALARM_H

#include "lib/types.h"

/* A descriptor (timerfd) on the clock of clock.h, or a negative errno. */
int alarm_open(void);
/* Readable at @at_us (at once when that has passed); UINT64_MAX: never. */
void alarm_at(int fd, uint64_t at_us);
/* It was readable: no more. */
void alarm_heard(int fd);

#endif
