/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sha256.h - SHA-256 (FIPS 180-4), for the manifests of packages.
 */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include "lib/types.h"

enum { SHA256_HEX = 65 };

/* The digest of @len bytes as 64 hexadecimal digits into @hex; returned. */
char *sha256_hex(const void *data, size_t len, char hex[static SHA256_HEX]);

#endif
