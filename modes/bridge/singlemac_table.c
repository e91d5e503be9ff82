/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "modes/bridge/singlemac_table.h"

enum { BUCKETS = 1024 };

struct singlemac {
	struct mac nic;
	struct hash_key key;
	unsigned int n, n_host, version;
	uint16_t free;
	uint16_t buckets[BUCKETS];
	struct entry entries[SINGLEMAC_ADDRS + 1]; /* from 1 */
	bool used[SINGLEMAC_ADDRS + 1];
	struct ip_any host[SINGLEMAC_HOST_ADDRS];
};

struct ip_any ip_any4(be32 addr)
{
	struct ip_any a = {.b = {[10] = 0xff, [11] = 0xff}};

	memcpy(a.b + 12, &addr, sizeof(addr));
	return a;
}

static bool same(const struct ip_any *a, const struct ip_any *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct singlemac *singlemac_create(const struct mac *nic)
{
	struct singlemac *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->nic = *nic;
	hash_key_init(&s->key);
	for (uint16_t i = SINGLEMAC_ADDRS; i > 0; i--) {
		s->entries[i].next = s->free;
		s->free = i;
	}
	return s;
}

void singlemac_destroy(struct singlemac *s)
{
	free(s);
}

unsigned int singlemac_count(const struct singlemac *s)
{
	return s->n;
}

unsigned int singlemac_version(const struct singlemac *s)
{
	return s->version;
}

void singlemac_host_addrs(struct singlemac *s, const struct ip_any *addrs, unsigned int n)
{
	s->n_host = MIN(n, (unsigned int)SINGLEMAC_HOST_ADDRS);
	memcpy(s->host, addrs, s->n_host * sizeof(*addrs));
}

static bool is_host(const struct singlemac *s, const struct ip_any *addr)
{
	for (unsigned int i = 0; i < s->n_host; i++)
		if (same(&s->host[i], addr))
			return true;
	return false;
}

static uint16_t *bucket(struct singlemac *s, const struct ip_any *addr)
{
	return &s->buckets[hash_bytes(&s->key, addr, sizeof(*addr)) % BUCKETS];
}

struct entry *table_find(struct singlemac *s, const struct ip_any *addr, msec now)
{
	for (uint16_t i = *bucket(s, addr); i; i = s->entries[i].next)
		if (same(&s->entries[i].addr, addr))
			return now - s->entries[i].seen_ms <= SINGLEMAC_AGE_MS ? &s->entries[i]
									       : NULL;
	return NULL;
}

static void forget(struct singlemac *s, uint16_t i)
{
	uint16_t *at = bucket(s, &s->entries[i].addr);

	while (*at != i)
		at = &s->entries[*at].next;
	*at = s->entries[i].next;
	s->entries[i].next = s->free;
	s->free = i;
	s->used[i] = false;
	s->n--;
	s->version++;
}

void singlemac_age(struct singlemac *s, msec now)
{
	for (unsigned int i = 1; i <= SINGLEMAC_ADDRS; i++)
		if (s->used[i] && now - s->entries[i].seen_ms > SINGLEMAC_AGE_MS)
			forget(s, i);
}

/* One guest's addresses are bounded: the oldest gives way. */
static void make_room(struct singlemac *s, const struct mac *mac)
{
	uint16_t oldest = 0;
	unsigned int n = 0;

	for (unsigned int i = 1; i <= SINGLEMAC_ADDRS; i++) {
		if (!s->used[i] || !mac_equal(&s->entries[i].mac, mac))
			continue;
		n++;
		if (!oldest || s->entries[i].seen_ms < s->entries[oldest].seen_ms)
			oldest = i;
	}
	if (n >= SINGLEMAC_PER_GUEST)
		forget(s, oldest);
}

enum drop_reason table_learn(struct singlemac *s, const struct ip_any *addr, const struct mac *mac,
			     msec now)
{
	struct entry *e = table_find(s, addr, now);
	uint16_t *head, i;

	if (e) {
		e->mac = *mac;
		e->seen_ms = now;
		return DROP_NONE;
	}
	if (is_host(s, addr))
		return DROP_SPOOFED;
	singlemac_age(s, now);
	make_room(s, mac);
	i = s->free;
	if (!i)
		return DROP_TABLE_FULL;
	s->free = s->entries[i].next;
	head = bucket(s, addr);
	s->entries[i] = (struct entry){*addr, *mac, *head, now};
	*head = i;
	s->used[i] = true;
	s->n++;
	s->version++;
	return DROP_NONE;
}

void singlemac_each(const struct singlemac *s,
		    void (*fn)(void *ctx, const struct ip_any *addr, const struct mac *mac),
		    void *ctx)
{
	for (unsigned int i = 1; i <= SINGLEMAC_ADDRS; i++)
		if (s->used[i])
			fn(ctx, &s->entries[i].addr, &s->entries[i].mac);
}

const struct mac *table_nic(const struct singlemac *s)
{
	return &s->nic;
}
