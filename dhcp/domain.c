/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/domain.h"

#include <string.h>

enum { LABEL_MAX = 63, NAME_BYTES_MAX = 255 };
static const char between[] = ", ";

/* One name of @len characters; a dot at its end is the root's and changes nothing. */
static size_t name_build(const char *text, size_t len, uint8_t *out, size_t size)
{
	size_t n = 0;

	if (len && text[len - 1] == '.')
		len--;
	if (!len || len + 2 > size || len + 2 > NAME_BYTES_MAX)
		return 0;
	for (size_t i = 0; i <= len;) {
		const char *dot = memchr(text + i, '.', len - i);
		size_t label = (dot ? (size_t)(dot - text) : len) - i;

		if (!label || label > LABEL_MAX)
			return 0;
		out[n++] = (uint8_t)label;
		memcpy(out + n, text + i, label);
		n += label;
		i += label + 1;
	}
	out[n++] = 0;
	return n;
}

size_t domain_list_build(const char *list, uint8_t *out, size_t size)
{
	size_t used = 0;

	for (list += strspn(list, between); *list; list += strspn(list, between)) {
		size_t len = strcspn(list, between);
		size_t n = name_build(list, len, out + used, size - used);

		if (!n)
			return 0;
		used += n;
		list += len;
	}
	return used;
}

size_t domain_first_label(const uint8_t *data, size_t len, char out[static 64])
{
	size_t n = len ? data[0] : 0;

	out[0] = '\0';
	if (!n || n > LABEL_MAX || n + 1 > len)
		return 0;
	for (size_t i = 1; i <= n; i++) {
		char c = (char)data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return 0;
	}
	memcpy(out, data + 1, n);
	out[n] = '\0';
	return n;
}
