/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - somebody who is told what each step of a frame's walk decided, and why.
 */
#ifndef VSWITCHD_TRACE_H
#define VSWITCHD_TRACE_H

struct trace {
	/* @step: one word ("guard", "table"); @text: a phrase for a student, no full stop. Both are
	 * borrowed. */
	void (*say)(struct trace *t, const char *step, const char *text);
};

void trace_say(struct trace *t, const char *step, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
