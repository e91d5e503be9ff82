/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hex.h - bytes as hexadecimal digits, two each.
 */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stddef.h>

/* The byte that the two digits at @text say, of either case; -1: there are no two digits, though
 * @text may end before. */
int hex_byte(const char *text);

/* The @n bytes at @bytes in lower case into @out, which has room for 2 * @n + 1; returned. */
char *hex_format(const void *bytes, size_t n, char *out);

#endif
