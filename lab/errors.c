/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_ = 400 };

static void add(struct lab_errors *e, struct lab_pos pos, char *fix, const char *fmt, va_list ap)
{
	struct lab_error *item = &e->items[e->n];

	if (e->n == LAB_ERRORS_MAX) {
		free(fix);
		return;
	}
	if (vasprintf(&item->text, fmt, ap) < 0)
		item->text = NULL;
	item->fix = fix;
	item->pos = pos;
	item->seq = e->n++;
}

void lab_error(struct lab_errors *e, struct lab_pos pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, pos, NULL, fmt, ap);
	va_end(ap);
}

/* The line of @pos with @now in place of @was; NULL when @was is not what stands there. */
static char *corrected(const char *source, struct lab_pos pos, const char *was, const char *now)
{
	size_t len, at = pos.col - 1;
	char *fix;

	if (!source || !pos.line || !pos.col)
		return NULL;
	for (unsigned int i = 1; i < pos.line && source; i++) {
		source = strchr(source, '\n');
		source = source ? source + 1 : NULL;
	}
	if (!source)
		return NULL;
	len = strcspn(source, "\r\n");
	/* Columns count characters: where they are not bytes, the word does not stand there. */
	if (at < len && (source[at] == '"' || source[at] == '\''))
		at++;
	if (len > LINE_MAX_ || at + strlen(was) > len ||
	    strncmp(source + at, was, strlen(was)) != 0)
		return NULL;
	return asprintf(&fix, "%.*s%s%.*s", (int)at, source, now, (int)(len - at - strlen(was)),
			source + at + strlen(was)) < 0
		       ? NULL
		       : fix;
}

void lab_error_fix(struct lab_errors *e, struct lab_pos pos, const char *was, const char *now,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, pos, corrected(e->source, pos, was, now), fmt, ap);
	va_end(ap);
}

static int by_place(const void *pa, const void *pb)
{
	const struct lab_error *a = pa, *b = pb;

	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	if (a->pos.col != b->pos.col)
		return a->pos.col < b->pos.col ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

void lab_errors_print(struct lab_errors *e, FILE *out)
{
	qsort(e->items, e->n, sizeof(e->items[0]), by_place);
	for (unsigned int i = 0; i < e->n && i < LAB_ERRORS_SHOWN; i++) {
		const struct lab_error *item = &e->items[i];

		fprintf(out, "%s:", e->file);
		if (item->pos.line)
			fprintf(out, "%u:%u:", item->pos.line, item->pos.col);
		fprintf(out, " %s\n", item->text ? item->text : "out of memory");
		if (item->fix)
			fprintf(out, "%6u | %s\n", item->pos.line, item->fix);
	}
	if (e->n > LAB_ERRORS_SHOWN)
		fprintf(out, "%s: and %u more\n", e->file, e->n - LAB_ERRORS_SHOWN);
}

void lab_errors_fini(struct lab_errors *e)
{
	for (unsigned int i = 0; i < e->n; i++) {
		free(e->items[i].text);
		free(e->items[i].fix);
	}
	e->n = 0;
}
