/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/errors.h"

#include <stdarg.h>
#include <stdlib.h>

void lab_error(struct lab_errors *e, struct lab_pos pos, const char *fmt, ...)
{
	struct lab_error *item = &e->items[e->n];
	va_list ap;
	int len;

	if (e->n == LAB_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	len = vasprintf(&item->text, fmt, ap);
	va_end(ap);
	if (len < 0)
		item->text = NULL;
	item->pos = pos;
	item->seq = e->n++;
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
	}
	if (e->n > LAB_ERRORS_SHOWN)
		fprintf(out, "%s: and %u more\n", e->file, e->n - LAB_ERRORS_SHOWN);
}

void lab_errors_fini(struct lab_errors *e)
{
	for (unsigned int i = 0; i < e->n; i++)
		free(e->items[i].text);
	e->n = 0;
}
