/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - what is starting, what is up, and after how many seconds.
 *
 * Lines stay; on a terminal a last line that says what is being waited for is rewritten in place.
 */
#ifndef LAB_PROGRESS_H
#define LAB_PROGRESS_H

#include <stdio.h>

#include "lib/clock.h"

struct progress {
	FILE *out; /* NULL: silent */
	bool tty;
	bool waiting; /* the rewritten line is on the screen */
	msec start_ms;
};

void progress_init(struct progress *p, FILE *out);
/* A line that stays, after the seconds since progress_init(). */
void progress_line(struct progress *p, const char *fmt, ...) CHECK_PRINTF(2, 3);
/* The rewritten line; nothing when it is no terminal. */
void progress_wait(struct progress *p, const char *fmt, ...) CHECK_PRINTF(2, 3);
/* Remove the rewritten line. */
void progress_end(struct progress *p);
double progress_seconds(const struct progress *p);

#endif
