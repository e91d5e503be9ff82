/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linebuf.h - cuts a byte stream into lines, with a limit.
 *
 * No system calls. Used for the control socket and for the hypervisors' control channels.
 */
#ifndef VSWITCHD_LINEBUF_H
#define VSWITCHD_LINEBUF_H

#include "lib/types.h"

struct linebuf {
	char *buf;
	size_t start;	/* first byte not yet given out */
	size_t len;	/* bytes from start */
	size_t scanned; /* of these, known to hold no newline */
	size_t size;	/* of buf */
	size_t max;	/* longest line, without its newline */
};

/* An empty buffer for lines of at most @max bytes. */
void linebuf_init(struct linebuf *lb, size_t max);
void linebuf_fini(struct linebuf *lb);
/* Append @len bytes. -ENOMEM when memory is short. */
int linebuf_append(struct linebuf *lb, const void *data, size_t len);
/* The next whole line, NUL in place of its newline, and its length in *@len. The line belongs to
 * the buffer and is good until the next append. NULL when there is none yet. */
char *linebuf_next(struct linebuf *lb, size_t *len);
/* Has more than the limit come in without a newline? Nothing can be read any more then. */
bool linebuf_overlong(const struct linebuf *lb);

#endif
