/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/text.h"

enum { CELL_MAX = 512, CUT_MIN = 8, ANY_MIN = 5, GAP = 2 /* blanks between columns */ };

struct column {
	const char *title;
	bool right, cut;
};

struct table {
	unsigned int n_columns;
	struct column columns[TABLE_COLUMNS_MAX];
	char **cells;
	size_t n, size;
};

struct table *table_create(const char *const *titles)
{
	struct table *t = calloc(1, sizeof(*t));

	for (; t && *titles && t->n_columns < TABLE_COLUMNS_MAX; titles++) {
		struct column *col = &t->columns[t->n_columns++];

		col->right = **titles == '>';
		col->cut = **titles == '~';
		col->title = *titles + (col->right || col->cut);
	}
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void table_add(struct table *t, const char *text)
{
	char buf[CELL_MAX];
	char *copy;

	if (t->n == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		char **cells = realloc(t->cells, size * sizeof(*cells));

		if (!cells)
			return;
		t->cells = cells;
		t->size = size;
	}
	if (!text || !*text)
		text = "-";
	copy = strdup(text_show(text, buf, sizeof(buf)));
	if (copy)
		t->cells[t->n++] = copy;
}

void table_addf(struct table *t, const char *fmt, ...)
{
	char buf[CELL_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	table_add(t, buf);
}

size_t table_rows(const struct table *t)
{
	return t->n / t->n_columns;
}

static void measure(const struct table *t, size_t widths[])
{
	for (unsigned int i = 0; i < t->n_columns; i++)
		widths[i] = strlen(t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		size_t len = text_width(t->cells[i]);

		if (len > widths[i % t->n_columns])
			widths[i % t->n_columns] = len;
	}
}

/* Index of the widest column that may still lose a character: those marked '~', or any. */
static int widest(const struct table *t, const size_t widths[], bool any)
{
	size_t min = any ? ANY_MIN : CUT_MIN;
	int best = -1;

	for (unsigned int i = 0; i < t->n_columns; i++) {
		if ((!any && !t->columns[i].cut) || widths[i] <= min)
			continue;
		if (best < 0 || widths[i] > widths[best])
			best = (int)i;
	}
	return best;
}

/* False when the columns would have to be too narrow to read. */
static bool fit(const struct table *t, size_t widths[], size_t width)
{
	size_t total = (t->n_columns - 1) * GAP;

	for (unsigned int i = 0; i < t->n_columns; i++)
		total += widths[i];
	while (width && total > width) {
		int i = widest(t, widths, false);

		if (i < 0)
			i = widest(t, widths, true);
		if (i < 0)
			return false;
		widths[i]--;
		total--;
	}
	return true;
}

/* Without blanks at the end of a line. */
static void print_cell(FILE *out, const struct column *col, const char *text, size_t width,
		       bool last)
{
	size_t len = text_width(text);

	if (col->right && len < width)
		fprintf(out, "%*s%s", (int)(width - len), "", text);
	else
		text_put(out, text, last && len < width ? len : width);
	fputs(last ? "\n" : "  ", out);
}

/* For a terminal that is too narrow for a table: a line a cell, an empty one between rows. */
static void print_blocks(const struct table *t, FILE *out, size_t width)
{
	size_t title = 0;

	for (unsigned int i = 0; i < t->n_columns; i++)
		if (strlen(t->columns[i].title) > title)
			title = strlen(t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		const struct column *col = &t->columns[i % t->n_columns];
		const struct column left = {.title = col->title};
		size_t len = text_width(t->cells[i]), room;

		room = width > title + GAP + 1 ? width - title - GAP : 1;
		if (i && i % t->n_columns == 0)
			fputc('\n', out);
		print_cell(out, &left, col->title, title, false);
		print_cell(out, &left, t->cells[i], len < room ? len : room, true);
	}
}

void table_print(const struct table *t, FILE *out, unsigned int width)
{
	size_t widths[TABLE_COLUMNS_MAX];

	measure(t, widths);
	if (!fit(t, widths, width)) {
		print_blocks(t, out, width);
		return;
	}
	for (unsigned int i = 0; i < t->n_columns; i++)
		print_cell(out, &t->columns[i], t->columns[i].title, widths[i],
			   i + 1 == t->n_columns);
	for (size_t i = 0; i < t->n; i++) {
		unsigned int col = (unsigned int)(i % t->n_columns);

		print_cell(out, &t->columns[col], t->cells[i], widths[col],
			   col + 1 == t->n_columns);
	}
}

void table_finish(struct table *t, const char *none)
{
	if (table_rows(t))
		table_print(t, stdout, terminal_width(STDOUT_FILENO));
	else
		puts(none);
	table_destroy(t);
}

unsigned int terminal_width(int fd)
{
	const char *env = getenv("COLUMNS");
	struct winsize ws;

	if (!isatty(fd))
		return 0;
	if (env && atoi(env) >= 20)
		return (unsigned int)atoi(env);
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return 80;
}

char *human_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1024 && u + 1 < ARRAY_SIZE(units)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, size, u && v < 100 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

char *human_seconds(double seconds, char *buf, size_t size)
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s < 60)
		snprintf(buf, size, "%lu s", s);
	else if (s < 3600)
		snprintf(buf, size, "%lu min %lu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lu h %lu min", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, size, "%lu d %lu h", s / 86400, s % 86400 / 3600);
	return buf;
}

struct counted human_count(long long n, const char *noun)
{
	struct counted c;

	snprintf(c.text, sizeof(c.text), "%lld %s%s", n, noun, n == 1 ? "" : "s");
	return c;
}

void print_settings(const json_t *settings)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)settings, name, value)
		printf("  %-9s %s=%s\n", "setting", name, json_string_value(value));
}
