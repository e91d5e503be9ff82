/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - somebody who is told what each step of a frame's walk decided, and why.
 */
#ifndef VSWITCHD_TRACE_H
#define VSWITCHD_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace {
	/* @step: one word ("guard", "table"); @text: a phrase for a student, no full stop. Both are
	 * borrowed. */
	void (*say)(struct trace *t, const char *step, const char *text);
};

void trace_say(struct trace *t, const char *step, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A listener that remembers: the steps of one walk, as "step: text", in memory of its own. What
 * finds no room is only counted. */
enum { NARRATION_STEPS = 48, NARRATION_BYTES = 4096 };

struct narration {
	struct trace trace;
	unsigned int n;	     /* steps that are kept */
	unsigned int untold; /* steps for which there was no room */
	size_t used;
	uint16_t at[NARRATION_STEPS];
	char text[NARRATION_BYTES];
};

void narration_init(struct narration *n);
/* Step @i of n->n. Borrowed. */
static inline const char *narration_step(const struct narration *n, unsigned int i)
{
	return n->text + n->at[i];
}

#endif
