/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/table.h"
#include "client/text.h"

void progress_init(struct progress *p, FILE *out)
{
	p->out = out;
	p->tty = out && isatty(fileno(out)) && strcmp(getenv("TERM") ?: "dumb", "dumb") != 0;
	p->waiting = false;
	p->start_ms = clock_now_ms();
}

double progress_seconds(const struct progress *p)
{
	return (double)(clock_now_ms() - p->start_ms) / 1000;
}

void progress_end(struct progress *p)
{
	if (p->waiting)
		fputs("\r\033[K", p->out);
	p->waiting = false;
}

void progress_line(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	if (!p->out)
		return;
	progress_end(p);
	fprintf(p->out, "%6.2f s  ", progress_seconds(p));
	va_start(ap, fmt);
	vfprintf(p->out, fmt, ap);
	va_end(ap);
	fputc('\n', p->out);
	fflush(p->out);
}

void progress_wait(struct progress *p, const char *fmt, ...)
{
	char text[256];
	unsigned int width;
	size_t columns;
	va_list ap;

	if (!p->tty)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	width = terminal_width(fileno(p->out));
	fprintf(p->out, "\r\033[K%6.2f s  %.*s", progress_seconds(p),
		(int)text_cut(text, width > 12 ? width - 11 : 1, &columns), text);
	fflush(p->out);
	p->waiting = true;
}
