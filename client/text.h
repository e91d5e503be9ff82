/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - text of strangers on a terminal: harmless, and of a known width.
 *
 * Names, titles and paths are UTF-8 and may have been chosen by a guest. Where the locale is UTF-8
 * too (the program has called setlocale()), what can be printed stays; elsewhere everything outside
 * ASCII is escaped.
 */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Copy of @in, NUL-terminated and cut to @size at a whole character: control characters, bytes that
 * are no UTF-8, and characters that change the direction or have no shape become \xNN. Returns
 * @out. */
char *text_show(const char *in, char *out, size_t size);

/* Columns that @text, which text_show() has made, takes on a terminal. */
size_t text_width(const char *text);

/* How many bytes of @text fit @columns; *@took: how many columns they take, one less where a wide
 * character did not fit any more. */
size_t text_cut(const char *text, size_t columns, size_t *took);

/* Print @text in exactly @columns: cut with '~' at its end, or followed by blanks. */
void text_put(FILE *out, const char *text, size_t columns);

#endif
