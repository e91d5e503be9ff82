/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base64.h"

#include <stdlib.h>
#include <string.h>

char *base64(const unsigned char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((len + 2) / 3 * 4 + 1), *p = text;

	for (size_t i = 0; text && i < len; i += 3) {
		size_t n = len - i;
		unsigned int v = (unsigned int)data[i] << 16 |
				 (n > 1 ? (unsigned int)data[i + 1] << 8 : 0) |
				 (n > 2 ? data[i + 2] : 0u);

		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = n > 1 ? digits[v >> 6 & 63] : '=';
		*p++ = n > 2 ? digits[v & 63] : '=';
	}
	if (text)
		*p = 0;
	return text;
}

static int digit(char c)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t base64_decode(const char *text, unsigned char *out, size_t size)
{
	unsigned int bits = 0, v = 0;
	size_t n = 0;

	for (; *text; text++) {
		int d = digit(*text);

		if (d < 0)
			continue;
		v = v << 6 | (unsigned int)d;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n < size)
			out[n++] = (unsigned char)(v >> bits);
	}
	return n;
}
