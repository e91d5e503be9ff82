/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - aligned columns for people, never wider than their terminal.
 *
 * Columns are described in one string each: a title, with '>' before it for right-aligned
 * numbers and '~' before it for a column that may be cut (the widest such column is cut first, and
 * a cut cell ends with '~'). On a terminal too narrow for that, each row becomes a block with a
 * line a cell. Without a terminal nothing is cut.
 */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include <jansson.h>
#include <stdio.h>

#include "lib/types.h"

enum { TABLE_COLUMNS_MAX = 48 };

struct table;

/* @titles: NULL-terminated. NULL only when memory is short. */
struct table *table_create(const char *const *titles);
void table_destroy(struct table *t);

/* Append a cell; rows fill from the left. Text is copied, and made harmless
 * (text.h). NULL and "" become "-". */
void table_add(struct table *t, const char *text);
void table_addf(struct table *t, const char *fmt, ...) CHECK_PRINTF(2, 3);
size_t table_rows(const struct table *t);

/* Print to @out, at most @width columns (0: as wide as needed). */
void table_print(const struct table *t, FILE *out, unsigned int width);
/* Print to stdout for its terminal, or @none when there is no row; destroys @t. */
void table_finish(struct table *t, const char *none);

/* Columns of the terminal behind @fd; 0 when it is none. COLUMNS overrides for a terminal. */
unsigned int terminal_width(int fd);

/* One line a member of the object of strings @settings: "  setting   NAME=VALUE". */
void print_settings(const json_t *settings);

/* "1.2 GiB", "3 h 5 min" into @buf; returned. */
char *human_bytes(uint64_t bytes, char *buf, size_t size);
char *human_seconds(double seconds, char *buf, size_t size);

/* "1 network", "2 networks": a noun whose plural takes an s. */
struct counted {
	char text[48];
};
struct counted human_count(long long n, const char *noun);

#endif
