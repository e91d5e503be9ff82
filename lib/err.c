/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERR_C
#include "lib/err.h"

/* One line is a promise of the header: whatever a library put into its message goes flat. */
static void text_flatten(char *text)
{
	for (; *text; text++)
		if (*text == '\n' || *text == '\r')
			*text = ' ';
}

static void fill(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	text_flatten(e->text);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	fill(e, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	char reason[128];
	va_list ap;
	size_t n;

	if (!e)
		return code;
	va_start(ap, fmt);
	fill(e, code, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s",
		 strerror_r(-code, reason, sizeof(reason)));
	return code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX];
	size_t n, keep;
	va_list ap;
	int code;

	if (!e)
		return -EINVAL;
	code = e->code;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	text_flatten(what);

	/* "what" gives way when both don't fit: the cause at the end is worth more. */
	keep = strlen(e->text);
	n = strlen(what);
	if (n + 2 + keep >= sizeof(e->text))
		n = sizeof(e->text) - 1 - 2 > keep ? sizeof(e->text) - 1 - 2 - keep : 0;
	if (n) {
		memmove(e->text + n + 2, e->text, keep + 1);
		memcpy(e->text, what, n);
		memcpy(e->text + n, ": ", 2);
	}
	return code;
}
