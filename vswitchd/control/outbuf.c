/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/outbuf.h"

#include <stdlib.h>
#include <string.h>

void outbuf_add(struct outbuf *b, const void *data, size_t len)
{
	len = MIN(len, OUTBUF_MAX - b->len);
	if (b->len + len > b->size) {
		size_t size = MAX(b->len + len, MIN(b->size * 2, (size_t)OUTBUF_MAX));
		char *p = realloc(b->data, size);

		if (!p)
			return;
		b->data = p;
		b->size = size;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void outbuf_fini(struct outbuf *b)
{
	free(b->data);
	*b = (struct outbuf){0};
}

/* Length of the UTF-8 sequence at @p (RFC 3629 4), 0 when it is not one. */
static size_t utf8_len(const uint8_t *p, size_t len)
{
	size_t n = p[0] < 0x80			  ? 1
		   : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
		   : (p[0] & 0xf0) == 0xe0	  ? 3
		   : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						  : 0;

	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

json_t *text_json(const void *data, size_t len)
{
	const uint8_t *p = data;
	char *out = malloc(len * 3 + 1);
	size_t o = 0;
	json_t *s;

	if (!out)
		return json_string("");
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(p + i, len - i);

		memcpy(out + o, n ? (const char *)p + i : "\xef\xbf\xbd", n ? n : 3);
		o += n ? n : 3;
		i += n ? n : 1;
	}
	s = json_stringn(out, o);
	free(out);
	return s;
}

json_t *exec_json(int status, const struct outbuf *out, const struct outbuf *err)
{
	return json_pack("{s:i, s:o, s:o}", "status", status, "stdout",
			 text_json(out->data, out->len), "stderr", text_json(err->data, err->len));
}
