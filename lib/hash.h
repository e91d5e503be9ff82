/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hash.h - keyed hashing, so that nobody outside can aim at one bucket.
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/types.h"

struct hash_key {
	uint64_t k0, k1;
};

/* Fill @buf from getrandom(2). Aborts only when the kernel has no random source at all. */
void random_bytes(void *buf, size_t len);
/* A fresh random key. */
void hash_key_init(struct hash_key *key);
/* SipHash-1-3 of @len bytes. */
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);

#endif
