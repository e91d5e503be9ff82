/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbuf.h - the output of a command, kept up to a limit, as text for JSON.
 */
#ifndef VSWITCHD_OUTBUF_H
#define VSWITCHD_OUTBUF_H

#include <jansson.h>

#include "lib/types.h"

enum { OUTBUF_MAX = 256 << 10 };

struct outbuf {
	char *data;
	size_t len, size;
};

/* Append; what is over OUTBUF_MAX, or memory, is left out. */
void outbuf_add(struct outbuf *b, const void *data, size_t len);
void outbuf_fini(struct outbuf *b);

/* Any bytes as a JSON string: what is not UTF-8 becomes U+FFFD. New reference. */
json_t *text_json(const void *data, size_t len);
/* {status, stdout, stderr} of vm.exec and ns.exec. New reference. */
json_t *exec_json(int status, const struct outbuf *out, const struct outbuf *err);

#endif
