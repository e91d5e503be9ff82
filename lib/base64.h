/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base64.h - bytes as text (RFC 4648 clause 4).
 */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>

/* base64 of @len bytes (RFC 4648 4), without line breaks. The caller frees it; NULL when memory is
 * short. */
char *base64(const unsigned char *data, size_t len);
/* What base64 @text says, at most @size bytes of it; letters that are not of base64 are skipped.
 * How many bytes. */
size_t base64_decode(const char *text, unsigned char *out, size_t size);

#endif
