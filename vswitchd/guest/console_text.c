/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guest/console_text.h"

enum { ESC = 0x1b };

/* The length of the question at @s: ESC [ parameters n, or c; 0 when it is something else. */
static size_t question(const uint8_t *s, size_t len)
{
	size_t i = 2;

	if (len < 3 || s[0] != ESC || s[1] != '[')
		return 0;
	/* Parameter bytes of a control sequence: 0x30 to 0x3f (ECMA-48 5.4). */
	while (i < len && s[i] >= 0x30 && s[i] <= 0x3f)
		i++;
	return i < len && (s[i] == 'n' || s[i] == 'c') ? i + 1 : 0;
}

size_t console_quiet(uint8_t *text, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		size_t skip = question(text + i, len - i);

		if (!skip)
			text[out++] = text[i++];
		i += skip;
	}
	return out;
}
