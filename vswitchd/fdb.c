/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Entries lie in one array and are named by their index from 1, so that 0 is
 * "none" and links cost four bytes. Each is on two lists: the chain of its hash bucket, and its
 * port's share, which is kept in order of use. To keep a busy address from writing to three
 * entries for each frame, its place in that order is renewed at most once in USE_GRAIN_MS; order
 * and age are true to within that.
 *
 * The port with the largest share pays when the table is full. `fullest` is that port: it is
 * compared when a share grows, and looked for anew when the share of the fullest shrinks by
 * anything but an eviction (an eviction is always followed by an insertion, after which another
 * port may be ahead by one entry at most).
 */
#include <stdlib.h>
#include <string.h>

#include "vswitchd/fdb.h"
#include "vswitchd/port.h"

enum {
	USE_GRAIN_MS = 1000,
	AGE_STEP = 512, /* entries that one fdb_age() looks at */
};

struct entry {
	uint64_t key; /* the MAC's six bytes and the VLAN; free entries: FREE_KEY */
	struct port *port;
	msec seen;
	uint32_t chain;	       /* next in the bucket, or in the free list */
	uint32_t older, newer; /* in the port's share */
	bool pinned;
};

struct fdb {
	struct hash_key hash;
	msec ageing_ms;
	uint32_t max, count, free, cursor;
	uint32_t bucket_mask;
	struct port *sharers; /* ports with entries */
	struct port *fullest;
	uint32_t *buckets;
	struct entry entries[]; /* [0] is not used */
};

/* No VLAN is 0xffff. */
#define FREE_KEY UINT64_MAX

static inline uint64_t key_of(const struct mac *mac, uint16_t vid)
{
	uint64_t key = 0;

	memcpy(&key, mac, sizeof(*mac));
	memcpy((uint8_t *)&key + sizeof(*mac), &vid, sizeof(vid));
	return key;
}

static inline uint32_t *bucket_of(struct fdb *fdb, uint64_t key)
{
	return &fdb->buckets[hash_bytes(&fdb->hash, &key, sizeof(key)) & fdb->bucket_mask];
}

static inline bool expired(const struct fdb *fdb, const struct entry *e, msec now)
{
	return !e->pinned && now > e->seen && now - e->seen > fdb->ageing_ms;
}

struct fdb *fdb_create(unsigned int max, msec ageing_ms)
{
	struct fdb *fdb = calloc(1, sizeof(*fdb) + (max + 1) * sizeof(fdb->entries[0]));
	uint32_t buckets = 1;

	if (!fdb)
		return NULL;
	while (buckets < max * 2)
		buckets *= 2;
	fdb->buckets = calloc(buckets, sizeof(fdb->buckets[0]));
	if (!fdb->buckets) {
		free(fdb);
		return NULL;
	}
	hash_key_init(&fdb->hash);
	fdb->bucket_mask = buckets - 1;
	fdb->ageing_ms = ageing_ms;
	fdb->max = max;
	for (uint32_t i = max; i > 0; i--) {
		fdb->entries[i].key = FREE_KEY;
		fdb->entries[i].chain = fdb->free;
		fdb->free = i;
	}
	return fdb;
}

void fdb_destroy(struct fdb *fdb)
{
	if (!fdb)
		return;
	free(fdb->buckets);
	free(fdb);
}

/* ---- shares ---------------------------------------------------------------------------------- */

static void sharer_link(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	s->prev = NULL;
	s->next = fdb->sharers;
	if (s->next)
		s->next->fdb_share.prev = port;
	fdb->sharers = port;
}

static void sharer_unlink(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	if (s->next)
		s->next->fdb_share.prev = s->prev;
	if (s->prev)
		s->prev->fdb_share.next = s->next;
	else
		fdb->sharers = s->next;
	if (fdb->fullest == port)
		fdb->fullest = NULL;
	memset(s, 0, sizeof(*s));
}

/* Put entry @i at the newest end of its port's share. */
static void share_append(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	struct fdb_share *s = &e->port->fdb_share;

	if (!s->count)
		sharer_link(fdb, e->port);
	e->older = s->newest;
	e->newer = 0;
	if (s->newest)
		fdb->entries[s->newest].newer = i;
	else
		s->oldest = i;
	s->newest = i;
	s->count++;
	if (!fdb->fullest || s->count > fdb->fullest->fdb_share.count)
		fdb->fullest = e->port;
}

static void share_remove(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	struct fdb_share *s = &e->port->fdb_share;

	if (e->older)
		fdb->entries[e->older].newer = e->newer;
	else
		s->oldest = e->newer;
	if (e->newer)
		fdb->entries[e->newer].older = e->older;
	else
		s->newest = e->older;
	if (!--s->count)
		sharer_unlink(fdb, e->port);
}

static void find_fullest(struct fdb *fdb)
{
	fdb->fullest = fdb->sharers;
	for (struct port *p = fdb->sharers; p; p = p->fdb_share.next)
		if (p->fdb_share.count > fdb->fullest->fdb_share.count)
			fdb->fullest = p;
}

/* ---- entries --------------------------------------------------------------------------------- */

static uint32_t find(struct fdb *fdb, uint64_t key)
{
	uint32_t i = *bucket_of(fdb, key);

	while (i && fdb->entries[i].key != key)
		i = fdb->entries[i].chain;
	return i;
}

static void entry_free(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	uint32_t *link = bucket_of(fdb, e->key);

	while (*link != i)
		link = &fdb->entries[*link].chain;
	*link = e->chain;
	share_remove(fdb, i);
	e->key = FREE_KEY;
	e->pinned = false;
	e->chain = fdb->free;
	fdb->free = i;
	fdb->count--;
}

/* Make room: the oldest of the fullest port's entries goes. */
static bool evict(struct fdb *fdb)
{
	uint32_t i;

	if (!fdb->fullest)
		find_fullest(fdb);
	if (!fdb->fullest)
		return false;
	i = fdb->fullest->fdb_share.oldest;
	while (i && fdb->entries[i].pinned)
		i = fdb->entries[i].newer;
	if (!i)
		return false;
	entry_free(fdb, i);
	return true;
}

static uint32_t entry_new(struct fdb *fdb, uint64_t key, struct port *port, msec now)
{
	uint32_t *bucket, i;
	struct entry *e;

	if (!fdb->free && !evict(fdb))
		return 0;
	i = fdb->free;
	e = &fdb->entries[i];
	fdb->free = e->chain;
	bucket = bucket_of(fdb, key);
	*e = (struct entry){.key = key, .port = port, .seen = now, .chain = *bucket};
	*bucket = i;
	share_append(fdb, i);
	fdb->count++;
	return i;
}

static void entry_move(struct fdb *fdb, uint32_t i, struct port *port)
{
	bool was_fullest = fdb->entries[i].port == fdb->fullest;

	share_remove(fdb, i);
	if (was_fullest)
		find_fullest(fdb);
	fdb->entries[i].port = port;
	share_append(fdb, i);
}

enum fdb_event fdb_learn(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
			 msec now)
{
	uint64_t key = key_of(mac, vid);
	uint32_t i = find(fdb, key);
	struct entry *e = &fdb->entries[i];
	enum fdb_event event = FDB_KNOWN;

	if (!i)
		return entry_new(fdb, key, port, now) ? FDB_LEARNT : FDB_KNOWN;
	if (e->pinned)
		return e->port == port ? FDB_KNOWN : FDB_PINNED;
	if (e->port != port) {
		event = expired(fdb, e, now) ? FDB_LEARNT : FDB_MOVED;
		entry_move(fdb, i, port);
		e->seen = now;
	} else if (now - e->seen >= USE_GRAIN_MS) {
		if (expired(fdb, e, now))
			event = FDB_LEARNT;
		e->seen = now;
		if (e->newer) {
			share_remove(fdb, i);
			share_append(fdb, i);
		}
	}
	return event;
}

bool fdb_pin(struct fdb *fdb, const struct mac *mac, struct port *port)
{
	uint64_t key = key_of(mac, 0);
	uint32_t i = find(fdb, key);

	if (i && fdb->entries[i].port != port)
		entry_move(fdb, i, port);
	if (!i)
		i = entry_new(fdb, key, port, 0);
	if (i)
		fdb->entries[i].pinned = true;
	return i != 0;
}

struct port *fdb_lookup(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now)
{
	uint32_t i = find(fdb, key_of(mac, vid));

	return i && !expired(fdb, &fdb->entries[i], now) ? fdb->entries[i].port : NULL;
}

bool fdb_ask(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now, struct fdb_answer *out)
{
	uint32_t i = find(fdb, key_of(mac, vid));
	const struct entry *e = &fdb->entries[i];

	if (!i || expired(fdb, e, now))
		return false;
	out->port = e->port;
	out->age_ms = e->pinned || e->seen > now ? 0 : now - e->seen;
	out->pinned = e->pinned;
	return true;
}

void fdb_age(struct fdb *fdb, msec now)
{
	uint32_t before = fdb->count;

	for (uint32_t n = MIN((uint32_t)AGE_STEP, fdb->max); n; n--) {
		struct entry *e;

		fdb->cursor = fdb->cursor % fdb->max + 1;
		e = &fdb->entries[fdb->cursor];
		if (e->key != FREE_KEY && expired(fdb, e, now))
			entry_free(fdb, fdb->cursor);
	}
	if (fdb->count != before)
		find_fullest(fdb);
}

static unsigned int flush_share(struct fdb *fdb, struct port *port, bool pinned_too)
{
	uint32_t i = port->fdb_share.oldest;
	unsigned int n = 0;

	while (i) {
		uint32_t next = fdb->entries[i].newer;

		if (pinned_too || !fdb->entries[i].pinned) {
			entry_free(fdb, i);
			n++;
		}
		i = next;
	}
	return n;
}

unsigned int fdb_flush(struct fdb *fdb, const struct port *port)
{
	unsigned int n = 0;

	for (struct port *p = fdb->sharers, *next; p; p = next) {
		next = p->fdb_share.next;
		if (!port || p == port)
			n += flush_share(fdb, p, port != NULL);
	}
	find_fullest(fdb);
	return n;
}

unsigned int fdb_flush_learnt(struct fdb *fdb, struct port *port)
{
	unsigned int n = port->fdb_share.count ? flush_share(fdb, port, false) : 0;

	if (n)
		find_fullest(fdb);
	return n;
}

unsigned int fdb_count(const struct fdb *fdb)
{
	return fdb->count;
}

void fdb_each(struct fdb *fdb, msec now,
	      void (*fn)(void *ctx, const struct mac *mac, uint16_t vid, struct port *port,
			 msec age_ms),
	      void *ctx)
{
	for (uint32_t i = 1; i <= fdb->max; i++) {
		const struct entry *e = &fdb->entries[i];
		struct mac mac;
		uint16_t vid;

		if (e->key == FREE_KEY || expired(fdb, e, now))
			continue;
		memcpy(&mac, &e->key, sizeof(mac));
		memcpy(&vid, (const uint8_t *)&e->key + sizeof(mac), sizeof(vid));
		fn(ctx, &mac, vid, e->port, e->pinned || e->seen > now ? 0 : now - e->seen);
	}
}
