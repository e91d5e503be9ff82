/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/linebuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void linebuf_init(struct linebuf *lb, size_t max)
{
	*lb = (struct linebuf){.max = max};
}

void linebuf_fini(struct linebuf *lb)
{
	free(lb->buf);
	linebuf_init(lb, lb->max);
}

int linebuf_append(struct linebuf *lb, const void *data, size_t len)
{
	size_t need = lb->len + len;

	if (lb->start) {
		memmove(lb->buf, lb->buf + lb->start, lb->len);
		lb->start = 0;
	}
	if (need > lb->size) {
		size_t size = MAX(need, lb->size * 2);
		char *buf = realloc(lb->buf, size);

		if (!buf)
			return -ENOMEM;
		lb->buf = buf;
		lb->size = size;
	}
	if (len)
		memcpy(lb->buf + lb->len, data, len);
	lb->len = need;
	return 0;
}

char *linebuf_next(struct linebuf *lb, size_t *len)
{
	char *line, *nl = NULL;

	if (!lb->len)
		return NULL;
	line = lb->buf + lb->start;
	if (lb->len > lb->scanned)
		nl = memchr(line + lb->scanned, '\n', lb->len - lb->scanned);
	if (!nl || (size_t)(nl - line) > lb->max) {
		if (!nl)
			lb->scanned = lb->len;
		return NULL;
	}
	*nl = '\0';
	*len = (size_t)(nl - line);
	lb->start += *len + 1;
	lb->len -= *len + 1;
	lb->scanned = 0;
	return line;
}

bool linebuf_overlong(const struct linebuf *lb)
{
	/* Either no newline within the limit, or the late one that linebuf_next() refused. */
	return lb->len > lb->max && !memchr(lb->buf + lb->start, '\n', lb->max + 1);
}
