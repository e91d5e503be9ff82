/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 8192 };

/* ---- the tables ------------------------------------------------------------------------------ */

/* What is linked through is made as it is needed first, so that an unused cache stays untouched:
 * free lists hold what was given back, the rest is counted. */
int dns_cache_init(struct dns_cache *c)
{
	*c = (struct dns_cache){
		.entries = calloc(DNS_CACHE_ENTRIES, sizeof(struct dns_cache_entry)),
		.slab = calloc(DNS_CACHE_CHUNKS, DNS_CACHE_CHUNK),
		.next_chunk = calloc(DNS_CACHE_CHUNKS, sizeof(uint32_t)),
		.bucket = calloc(BUCKETS, sizeof(uint32_t)),
	};
	hash_key_init(&c->secret);
	if (!c->entries || !c->slab || !c->next_chunk || !c->bucket) {
		dns_cache_fini(c);
		return -ENOMEM;
	}
	c->free_entry = c->free_chunk = 1;
	c->n_free_chunks = DNS_CACHE_CHUNKS;
	return 0;
}

void dns_cache_fini(struct dns_cache *c)
{
	free(c->entries);
	free(c->slab);
	free(c->next_chunk);
	free(c->bucket);
	*c = (struct dns_cache){.entries = NULL};
}

/* A list's 0 stands for "the one after this", up to the end: fresh memory is a free list. */
static uint32_t take(uint32_t *first, uint32_t next, uint32_t max)
{
	uint32_t at = *first;

	*first = next ? next : at + 1;
	return at <= max ? at : 0;
}

static void put_chunks(struct dns_cache *c, uint32_t chunk)
{
	while (chunk) {
		uint32_t next = c->next_chunk[chunk - 1];

		c->next_chunk[chunk - 1] = c->free_chunk;
		c->free_chunk = chunk;
		c->n_free_chunks++;
		chunk = next;
	}
}

static struct dns_cache_entry *entry(const struct dns_cache *c, uint32_t at)
{
	return &c->entries[at - 1];
}

static void unlink_use(struct dns_cache *c, const struct dns_cache_entry *e)
{
	if (e->newer)
		entry(c, e->newer)->older = e->older;
	else
		c->newest = e->older;
	if (e->older)
		entry(c, e->older)->newer = e->newer;
	else
		c->oldest = e->newer;
}

static void link_newest(struct dns_cache *c, uint32_t at)
{
	struct dns_cache_entry *e = entry(c, at);

	e->newer = 0;
	e->older = c->newest;
	if (c->newest)
		entry(c, c->newest)->newer = at;
	else
		c->oldest = at;
	c->newest = at;
}

static void drop(struct dns_cache *c, uint32_t at)
{
	struct dns_cache_entry *e = entry(c, at);
	uint32_t *link = &c->bucket[e->hash % BUCKETS];

	while (*link != at)
		link = &entry(c, *link)->next_hash;
	*link = e->next_hash;
	unlink_use(c, e);
	put_chunks(c, e->chunk);
	e->chunk = 0;
	e->next_hash = c->free_entry;
	c->free_entry = at;
	c->n--;
}

/* ---- find ------------------------------------------------------------------------------------ */

unsigned int dns_key_bits(const struct dns_query *q)
{
	return (q->dnssec_ok ? DNS_KEY_DO : 0u) | (q->flags & DNS_CD ? DNS_KEY_CD : 0u) |
	       (q->flags & DNS_AD ? DNS_KEY_AD : 0u);
}

static uint32_t hash_of(const struct dns_cache *c, const struct dns_name *name)
{
	struct dns_name low = *name;

	dns_name_lower(&low);
	return (uint32_t)hash_bytes(&c->secret, low.b, low.len);
}

/* The name of an entry is in the first chunks of its message. */
static bool is_named(const struct dns_cache *c, const struct dns_cache_entry *e,
		     const struct dns_name *name)
{
	uint32_t chunk = e->chunk;
	struct dns_name have = {.len = name->len};
	size_t first = MIN((size_t)name->len, (size_t)DNS_CACHE_CHUNK - DNS_HDR);

	if (e->len < DNS_HDR + (size_t)name->len)
		return false;
	memcpy(have.b, c->slab + (size_t)(chunk - 1) * DNS_CACHE_CHUNK + DNS_HDR, first);
	if (first < name->len)
		memcpy(have.b + first,
		       c->slab + (size_t)(c->next_chunk[chunk - 1] - 1) * DNS_CACHE_CHUNK,
		       name->len - first);
	return dns_name_equal(&have, name);
}

static uint32_t find(const struct dns_cache *c, const struct dns_name *name, unsigned int type,
		     unsigned int bits)
{
	uint32_t hash = hash_of(c, name), at = c->bucket[hash % BUCKETS];

	for (; at; at = entry(c, at)->next_hash) {
		const struct dns_cache_entry *e = entry(c, at);

		if (e->hash == hash && e->type == type && e->bits == bits && is_named(c, e, name))
			return at;
	}
	return 0;
}

static void copy_out(const struct dns_cache *c, const struct dns_cache_entry *e, uint8_t *out)
{
	uint32_t chunk = e->chunk;

	for (size_t done = 0; done < e->len; done += DNS_CACHE_CHUNK) {
		memcpy(out + done, c->slab + (size_t)(chunk - 1) * DNS_CACHE_CHUNK,
		       MIN((size_t)DNS_CACHE_CHUNK, e->len - done));
		chunk = c->next_chunk[chunk - 1];
	}
}

/* Records that came along may have lived shorter than the answer; they end at 0. */
static void age(uint8_t *msg, size_t len, uint32_t by_s)
{
	unsigned int n = dns_get16(msg + 6) + dns_get16(msg + 8) + dns_get16(msg + 10);
	size_t off = DNS_HDR;
	struct dns_name name;
	struct dns_rr rr;

	if (dns_name_read(msg, len, &off, &name))
		return;
	off += 4;
	while (n-- && !dns_rr_skim(msg, len, &off, &rr))
		dns_set32(msg + rr.ttl_at, rr.ttl > by_s ? rr.ttl - by_s : 0);
}

size_t dns_cache_get(struct dns_cache *c, const struct dns_name *name, unsigned int type,
		     unsigned int bits, uint8_t *out, size_t size, msec now, uint32_t *left_s)
{
	uint32_t at = find(c, name, type, bits);
	struct dns_cache_entry *e = at ? entry(c, at) : NULL;

	if (e && now >= e->expires_ms) {
		drop(c, at);
		e = NULL;
	}
	if (!e || e->len > size) {
		c->misses++;
		return 0;
	}
	c->hits++;
	unlink_use(c, e);
	link_newest(c, at);
	copy_out(c, e, out);
	age(out, e->len, (uint32_t)((now - e->stored_ms) / 1000));
	if (left_s)
		*left_s = (uint32_t)((e->expires_ms - now + 999) / 1000);
	return e->len;
}

/* ---- keep ------------------------------------------------------------------------------------ */

static uint32_t chunks_for(size_t len)
{
	return (uint32_t)((len + DNS_CACHE_CHUNK - 1) / DNS_CACHE_CHUNK);
}

static uint32_t copy_in(struct dns_cache *c, const uint8_t *msg, size_t len)
{
	uint32_t first = 0, *link = &first;

	for (size_t done = 0; done < len; done += DNS_CACHE_CHUNK) {
		uint32_t at =
			take(&c->free_chunk, c->next_chunk[c->free_chunk - 1], DNS_CACHE_CHUNKS);

		memcpy(c->slab + (size_t)(at - 1) * DNS_CACHE_CHUNK, msg + done,
		       MIN((size_t)DNS_CACHE_CHUNK, len - done));
		c->next_chunk[at - 1] = 0;
		c->n_free_chunks--;
		*link = at;
		link = &c->next_chunk[at - 1];
	}
	return first;
}

void dns_cache_put(struct dns_cache *c, const struct dns_name *name, unsigned int type,
		   unsigned int bits, const uint8_t *msg, size_t len, uint32_t ttl_s, msec now)
{
	uint32_t at = find(c, name, type, bits), hash = hash_of(c, name);
	struct dns_cache_entry *e;

	if (at)
		drop(c, at);
	if (!ttl_s)
		return;
	while (c->n == DNS_CACHE_ENTRIES || c->n_free_chunks < chunks_for(len)) {
		drop(c, c->oldest);
		c->evicted++;
	}
	at = take(&c->free_entry, entry(c, c->free_entry)->next_hash, DNS_CACHE_ENTRIES);
	e = entry(c, at);
	*e = (struct dns_cache_entry){.hash = hash,
				      .next_hash = c->bucket[hash % BUCKETS],
				      .chunk = copy_in(c, msg, len),
				      .len = (uint32_t)len,
				      .type = (uint16_t)type,
				      .bits = (uint8_t)bits,
				      .stored_ms = now,
				      .expires_ms = now + (msec)ttl_s * 1000};
	c->bucket[hash % BUCKETS] = at;
	link_newest(c, at);
	c->n++;
}

static unsigned int flush_all(struct dns_cache *c)
{
	unsigned int n = c->n;

	memset(c->entries, 0, DNS_CACHE_ENTRIES * sizeof(struct dns_cache_entry));
	memset(c->next_chunk, 0, DNS_CACHE_CHUNKS * sizeof(uint32_t));
	memset(c->bucket, 0, BUCKETS * sizeof(uint32_t));
	c->free_entry = c->free_chunk = 1;
	c->n_free_chunks = DNS_CACHE_CHUNKS;
	c->newest = c->oldest = c->n = 0;
	return n;
}

unsigned int dns_cache_flush(struct dns_cache *c, const struct dns_name *name)
{
	unsigned int n = 0;
	uint32_t next;

	if (!name)
		return c->n ? flush_all(c) : 0;
	for (uint32_t at = c->oldest; at; at = next) {
		next = entry(c, at)->newer;
		if (is_named(c, entry(c, at), name)) {
			drop(c, at);
			n++;
		}
	}
	return n;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* RFC 2308 5: the lesser of the SOA's own TTL and its MINIMUM, its last field. */
static uint32_t soa_ttl(const uint8_t *msg, const struct dns_rr *rr)
{
	uint32_t minimum;

	if (rr->rdlen < 22) /* two names and five numbers */
		return 0;
	minimum = dns_get32(msg + rr->rdata_at + rr->rdlen - 4);
	return MIN(MIN(rr->ttl, minimum), (uint32_t)DNS_NEGATIVE_MAX_S);
}

uint32_t dns_answer_ttl(const uint8_t *msg, size_t len)
{
	unsigned int rcode = dns_get16(msg + 2) & DNS_RCODE, answers = dns_get16(msg + 6);
	unsigned int n = answers + dns_get16(msg + 8) + dns_get16(msg + 10);
	uint32_t lowest = DNS_TTL_MAX_S, negative = 0;
	size_t off = DNS_HDR;
	struct dns_name name;
	struct dns_rr rr;

	if ((rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN) || dns_name_read(msg, len, &off, &name))
		return 0;
	off += 4;
	for (unsigned int i = 0; i < n; i++) {
		if (dns_rr_skim(msg, len, &off, &rr))
			return 0;
		/* RFC 2181 8: with the top bit set it is 0. */
		lowest = MIN(lowest, rr.ttl > INT32_MAX ? 0 : rr.ttl);
		if (i >= answers && rr.type == DNS_SOA)
			negative = soa_ttl(msg, &rr);
	}
	if (answers && rcode == DNS_NOERROR)
		return lowest;
	return MIN(lowest, negative);
}

/* The name of the question may not be compressed: what is answered later has the same bytes there.
 * With the OPT record goes what stands behind it (servers put it last): additional records are a
 * courtesy, and moved to its place their names would lead astray. */
size_t dns_answer_clean(uint8_t *msg, size_t len, unsigned int *upper)
{
	unsigned int before = dns_get16(msg + 6) + dns_get16(msg + 8);
	unsigned int n = before + dns_get16(msg + 10);
	size_t off = DNS_HDR;
	struct dns_name name;
	struct dns_rr rr;

	*upper = 0;
	if (dns_get16(msg + 4) != 1 || dns_name_read(msg, len, &off, &name) ||
	    off != DNS_HDR + (size_t)name.len || len - off < 4)
		return 0;
	off += 4;
	for (unsigned int i = 0; i < n; i++) {
		size_t start = off;

		if (dns_rr_read(msg, len, &off, &rr))
			return 0;
		if (rr.type != DNS_OPT)
			continue;
		if (i < before)
			return 0;
		*upper = rr.ttl >> 24;
		dns_set16(msg + 10, i - before);
		return start;
	}
	return off;
}
