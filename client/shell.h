/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell.h - text and bytes for commands that a node's shell runs.
 */
#ifndef CLIENT_SHELL_H
#define CLIENT_SHELL_H

#include <stddef.h>

/* @text in single quotes. The caller frees it; NULL when memory is short. */
char *shell_quoted(const char *text);
/* base64 of @len bytes (RFC 4648 4), without line breaks. The caller frees it; NULL when memory is
 * short. */
char *base64(const unsigned char *data, size_t len);
/* What base64 @text says, at most @size bytes of it; letters that are not of base64 are skipped.
 * How many bytes. */
size_t base64_decode(const char *text, unsigned char *out, size_t size);

#endif
