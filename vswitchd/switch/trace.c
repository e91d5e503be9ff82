/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "vswitchd/switch/trace.h"

void trace_say(struct trace *t, const char *step, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->say(t, step, text);
}

static void remember(struct trace *t, const char *step, const char *text)
{
	struct narration *n = (struct narration *)t; /* its first member */
	size_t room = sizeof(n->text) - n->used;
	int len = snprintf(n->text + n->used, room, "%s: %s", step, text);

	if (n->n == NARRATION_STEPS || len < 0 || (size_t)len >= room) {
		n->untold++;
		return;
	}
	n->at[n->n++] = (uint16_t)n->used;
	n->used += (size_t)len + 1;
}

void narration_init(struct narration *n)
{
	n->trace.say = remember;
	n->n = n->untold = 0;
	n->used = 0;
}
