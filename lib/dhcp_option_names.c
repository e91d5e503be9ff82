/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_option_names.c - lists of domain names as in RFC 3397: the names of RFC 1035 3.1 one after
 * the other, compressed by pointers (4.1.4) that count from the beginning of the option.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/dhcp_option.h"

enum { LABEL_MAX = 63, NAME_WIRE_MAX = 255, POINTER = 0xc0, POINTER_MAX = 0x3fff, JUMPS_MAX = 64 };

/* Label bytes that a name server takes, and '_' as in SRV names. */
static bool label_ok(const char *s, size_t n)
{
	if (!n || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = (char)(s[i] | 0x20);

		if (!((c >= 'a' && c <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-' ||
		      s[i] == '_'))
			return false;
	}
	return true;
}

/* Does the name that starts at @at of @out spell the @n bytes of @name? */
static bool spells(const uint8_t *out, size_t at, const char *name, size_t n)
{
	while (out[at]) {
		size_t len = out[at];

		if (len >= POINTER) {
			at = (size_t)(len & ~(size_t)POINTER) << 8 | out[at + 1];
			continue;
		}
		if (len > n || memcmp(out + at + 1, name, len) != 0)
			return false;
		at += 1 + len;
		name += len;
		n -= len;
		if (!n)
			return !out[at];
		if (*name != '.')
			return false;
		name++;
		n--;
	}
	return false;
}

/* Where among the @len bytes written so far a label begins from which on @name is spelt; @len:
 * none. Walks over what it wrote itself, which is sound. */
static size_t find_suffix(const uint8_t *out, size_t len, const char *name, size_t n)
{
	size_t at = 0;

	while (at < len && at <= POINTER_MAX) {
		if (out[at] >= POINTER) {
			at += 2;
			continue;
		}
		if (out[at] && spells(out, at, name, n))
			return at;
		at += 1u + out[at];
	}
	return len;
}

/* One name of @n bytes, without a dot at its end, at out + @len. Its new length, 0: no name or no
 * room. @done is how much was written before this name: what pointers may point to. */
static size_t put_name(const char *name, size_t n, uint8_t *out, size_t len, size_t max)
{
	size_t done = len;

	if (!n || n + 2 > NAME_WIRE_MAX)
		return 0;
	while (n) {
		const char *dot = memchr(name, '.', n);
		size_t label = dot ? (size_t)(dot - name) : n, at;

		if (!label_ok(name, label) || (dot && label + 1 == n))
			return 0;
		at = find_suffix(out, done, name, n);
		if (at < done) {
			if (max - len < 2)
				return 0;
			out[len] = (uint8_t)(POINTER | at >> 8);
			out[len + 1] = (uint8_t)at;
			return len + 2;
		}
		if (max - len < label + 2)
			return 0;
		out[len] = (uint8_t)label;
		memcpy(out + len + 1, name, label);
		len += 1 + label;
		name += label + (dot ? 1 : 0);
		n -= label + (dot ? 1 : 0);
	}
	out[len] = 0;
	return len + 1;
}

int option_names_parse(const char *text, uint8_t *out, size_t max)
{
	size_t len = 0;

	for (;;) {
		size_t n = strcspn(text, ",");
		size_t bare = n && text[n - 1] == '.' ? n - 1 : n;

		len = put_name(text, bare, out, len, max);
		if (!len)
			return -EINVAL;
		if (!text[n])
			return (int)len;
		text += n + 1;
	}
}

/* Append the name at *@at to @buf; moves *@at behind it. */
static bool name_format(const uint8_t *data, size_t len, size_t *at, char *buf, size_t size,
			size_t *used)
{
	size_t i = *at, jumps = 0, start = *used;

	for (;;) {
		if (i >= len)
			return false;
		if (data[i] >= POINTER) {
			size_t to;

			if (i + 1 >= len || ++jumps > JUMPS_MAX)
				return false;
			to = (size_t)(data[i] & ~POINTER) << 8 | data[i + 1];
			*at = jumps == 1 ? i + 2 : *at;
			i = to;
			continue;
		}
		if (!data[i])
			break;
		if (data[i] > LABEL_MAX || data[i] > len - i - 1 || *used - start > NAME_WIRE_MAX ||
		    !label_ok((const char *)data + i + 1, data[i]) || *used + data[i] + 2 > size)
			return false;
		*used += (size_t)snprintf(buf + *used, size - *used, "%s%.*s",
					  *used > start ? "." : "", data[i],
					  (const char *)data + i + 1);
		i += 1u + data[i];
	}
	*at = jumps ? *at : i + 1;
	return *used > start;
}

bool option_names_format(const uint8_t *data, size_t len, char *buf, size_t size)
{
	size_t at = 0, used = 0;

	while (at < len) {
		if (used && used + 2 > size)
			return false;
		if (used)
			buf[used++] = ',';
		if (!name_format(data, len, &at, buf, size, &used))
			return false;
	}
	return used > 0;
}
