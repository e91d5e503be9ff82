/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache.h - answers of resolvers, kept for as long as they say: RFC 1035 7.4, 2181 8, 2308.
 *
 * Theory of operation. Whole messages are kept as they came (without their OPT record, which is
 * between two neighbours), so that what is answered from here is what the resolver said, of types
 * that nobody knows too. A message lies in chunks of one slab of fixed size; the least recently
 * asked for go when room is needed. The key is the question: the name in any case, the type, and
 * the bits of the query on which the answer depends (DO, CD, AD).
 *
 * Invariants: an entry's message has its question at DNS_HDR and well-formed records without OPT
 * behind it; an entry is in one hash chain and in the list by use; chunks are in an entry's chain
 * or free.
 */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include "dns/wire.h"
#include "lib/clock.h"
#include "lib/hash.h"

enum {
	DNS_CACHE_CHUNK = 256,
	DNS_CACHE_CHUNKS = 16384, /* 4 MiB, resident as it fills */
	DNS_CACHE_ENTRIES = 8192,
	DNS_TTL_MAX_S = 86400,
	DNS_NEGATIVE_MAX_S = 10800 /* RFC 2308 5 */
};

enum dns_key_bits { DNS_KEY_DO = 1, DNS_KEY_CD = 2, DNS_KEY_AD = 4 };

struct dns_cache_entry {
	uint32_t next_hash, newer, older; /* index + 1; 0: none */
	uint32_t hash;
	uint32_t chunk; /* first of the message, index + 1; 0: the entry is free */
	uint32_t len;
	uint16_t type;
	uint8_t bits;
	msec stored_ms, expires_ms;
};

struct dns_cache {
	struct dns_cache_entry *entries;
	uint8_t *slab;
	uint32_t *next_chunk; /* index + 1 */
	uint32_t *bucket;
	uint32_t free_entry, free_chunk, n_free_chunks;
	uint32_t newest, oldest, n;
	struct hash_key secret;
	uint64_t hits, misses, evicted;
};

/* 0 or -ENOMEM. */
int dns_cache_init(struct dns_cache *c);
void dns_cache_fini(struct dns_cache *c);

/* What of @q matters to its answer. */
unsigned int dns_key_bits(const struct dns_query *q);

/* Keep @msg, an answer to (@name, @type, @bits), for @ttl_s. One that was there is replaced. */
void dns_cache_put(struct dns_cache *c, const struct dns_name *name, unsigned int type,
		   unsigned int bits, const uint8_t *msg, size_t len, uint32_t ttl_s, msec now);
/* Copy what is known into @out, TTLs counted down. Returns the length; 0: nothing, or more than
 * @size. @left_s (may be NULL): for how much longer. */
size_t dns_cache_get(struct dns_cache *c, const struct dns_name *name, unsigned int type,
		     unsigned int bits, uint8_t *out, size_t size, msec now, uint32_t *left_s);
/* Forget @name (NULL: all), of every type. Returns how many entries. */
unsigned int dns_cache_flush(struct dns_cache *c, const struct dns_name *name);

/* How long an answer may be kept: by its lowest TTL, or by its SOA when it says that there is
 * nothing (RFC 2308 5). 0: not at all. @len is behind the last record. */
uint32_t dns_answer_ttl(const uint8_t *msg, size_t len);
/* Is @msg a well-formed answer? Takes the OPT record out, *@upper gets the upper eight bits of its
 * rcode. Returns the new length, 0 when it is none. */
size_t dns_answer_clean(uint8_t *msg, size_t len, unsigned int *upper);

#endif
