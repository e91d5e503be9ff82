/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/text.h"

#include <langinfo.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

enum { ESCAPE_LEN = 4 }; /* "\xNN" */

/* Zero-width spaces, marks and overrides of direction, joiners: what can make one name look like
 * another (Unicode TR 36, 2.5). */
static bool deceives(wchar_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0xad || c == 0x61c;
}

/* Bytes of the character at @p, which are printed as they are; 0: of the byte there the escape. */
static size_t character(const char *p, int *columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t len;

	if (*p >= ' ' && *p <= '~') {
		*columns = 1;
		return 1;
	}
	if ((unsigned char)*p < 0x80 || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		return 0;
	len = mbrtowc(&c, p, strlen(p), &state);
	if (len == 0 || len > MB_LEN_MAX || !iswprint((wint_t)c) || deceives(c))
		return 0;
	*columns = wcwidth(c);
	return *columns < 0 ? 0 : len;
}

char *text_show(const char *in, char *out, size_t size)
{
	size_t used = 0;

	while (*in) {
		int columns;
		size_t len = character(in, &columns), wants = len ? len : ESCAPE_LEN;

		if (used + wants >= size)
			break;
		if (len)
			memcpy(out + used, in, len);
		else
			snprintf(out + used, size - used, "\\x%02x", (unsigned char)*in);
		used += wants;
		in += len ? len : 1;
	}
	out[used] = 0;
	return out;
}

size_t text_cut(const char *text, size_t columns, size_t *took)
{
	size_t at = 0;

	*took = 0;
	while (text[at]) {
		int width = 1;
		size_t len = character(text + at, &width);

		if (*took + (size_t)width > columns)
			break;
		*took += (size_t)width;
		at += len ? len : 1;
	}
	return at;
}

size_t text_width(const char *text)
{
	size_t columns;

	text_cut(text, SIZE_MAX, &columns);
	return columns;
}

void text_put(FILE *out, const char *text, size_t columns)
{
	size_t took, cut = text_cut(text, columns, &took);

	if (text[cut]) {
		cut = text_cut(text, columns - 1, &took);
		fprintf(out, "%.*s~", (int)cut, text);
		took++; /* half of a wide character may be left over */
	} else {
		fputs(text, out);
	}
	fprintf(out, "%*s", (int)(columns - took), "");
}
