/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Entries lie in one array and are named by their index from 1, so that 0 is
 * "none" and links cost four bytes; ports are named by a slot. With its part of the buckets an
 * entry takes 32 bytes or less. Entries that were never used are not touched, so a large table of
 * a quiet network costs no memory.
 *
 * Each entry is on two lists: the chain of its hash bucket, and its port's share, which is kept in
 * order of use; tied entries (our own, static ones) are on a list of their own instead. To keep a
 * busy address from writing to three entries for each frame, its place in that order is renewed at
 * most once in USE_GRAIN_MS; order and age are true to within that. Ageing therefore looks at the
 * old end of each share only, a few ports a step.
 *
 * Most frames are between a few stations, and the keyed hash costs more than all else about them: a
 * small table of hints by a cheap hash is asked first. A hint holds its key, so that a wrong one
 * costs no look at an entry; whoever makes two stations share one only takes its speed from them.
 *
 * The port with the largest share pays when the table is full. `fullest` is that port, nearly: it
 * is compared when a share grows, and looked for anew once it has lost a quarter of what it had
 * when it was found.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/port.h"

enum {
	USE_GRAIN_MS = 1000,
	AGE_STEP = 48, /* ports looked at and entries forgotten by one fdb_age(): 0.7 us each */
	HINT_BITS = 8,
};

/* Packed: without it the 64-bit key would round 28 bytes up to 32. */
struct entry {
	uint64_t key;	/* the MAC's six bytes and the VLAN; free entries: FREE_KEY */
	uint32_t seen;	/* low bits of the time in ms: ageing times are below half their range */
	uint32_t chain; /* next in the bucket, or in the free list */
	uint32_t older, newer; /* in the port's share, or among the tied */
	uint16_t slot;	       /* of the port */
	uint16_t kind;	       /* enum fdb_kind */
} __attribute__((packed, aligned(4)));

/* Where the entry of a key is. An unused one says that nobody has address zero. */
struct hint {
	uint64_t key;
	uint32_t i;
};

union slot {
	struct port *port;
	uintptr_t next_free; /* of the unused ones, from 1; 0: none */
};

struct fdb {
	struct hash_key hash;
	msec ageing_ms;
	uint32_t max, count, free;
	uint32_t fresh; /* entries from here on were never used */
	uint32_t bucket_mask;
	uint32_t tied;	      /* newest of the tied ones */
	struct port *sharers; /* ports with entries */
	struct port *fullest;
	uint32_t fullest_found; /* how many it had then */
	struct port *age_next;	/* where the round of ageing goes on; NULL: between rounds */
	struct port *was;
	uint32_t *buckets;
	struct hint hints[1 << HINT_BITS];
	unsigned int slot_free, slot_fresh; /* of slots[], from 1 */
	union slot slots[FDB_PORTS_MAX + 1];
	struct entry entries[]; /* [0] is not used */
};

/* Nobody has the address zero: as a source it is dropped before it could be learnt. */
#define FREE_KEY 0

static inline uint64_t key_of(const struct mac *mac, uint16_t vid)
{
	uint64_t key = 0;

	memcpy(&key, mac, sizeof(*mac));
	memcpy((uint8_t *)&key + sizeof(*mac), &vid, sizeof(vid));
	return key;
}

static inline void key_read(uint64_t key, struct mac *mac, uint16_t *vid)
{
	memcpy(mac, &key, sizeof(*mac));
	memcpy(vid, (const uint8_t *)&key + sizeof(*mac), sizeof(*vid));
}

static inline uint32_t *bucket_of(struct fdb *fdb, uint64_t key)
{
	return &fdb->buckets[hash_bytes(&fdb->hash, &key, sizeof(key)) & fdb->bucket_mask];
}

static inline struct port *port_of(const struct fdb *fdb, const struct entry *e)
{
	return fdb->slots[e->slot].port;
}

/* A clock that seems to stand behind the entry makes it new. */
static inline uint32_t age_of(const struct entry *e, msec now)
{
	uint32_t age = (uint32_t)now - e->seen;

	return e->kind != FDB_DYNAMIC || age > INT32_MAX ? 0 : age;
}

static inline bool expired(const struct fdb *fdb, const struct entry *e, msec now)
{
	return age_of(e, now) > fdb->ageing_ms;
}

struct fdb *fdb_create(unsigned int max, msec ageing_ms)
{
	struct fdb *fdb = calloc(1, sizeof(*fdb) + (max + 1) * sizeof(fdb->entries[0]));
	uint32_t buckets = 1;

	if (!fdb)
		return NULL;
	/* One to two entries a bucket: with four bytes for a bucket that is 32 an entry at most. */
	while (buckets <= max / 2)
		buckets *= 2;
	fdb->buckets = calloc(buckets, sizeof(fdb->buckets[0]));
	if (!fdb->buckets) {
		free(fdb);
		return NULL;
	}
	hash_key_init(&fdb->hash);
	fdb->bucket_mask = buckets - 1;
	fdb->max = max;
	fdb->fresh = fdb->slot_fresh = 1;
	fdb_set_ageing(fdb, ageing_ms);
	return fdb;
}

void fdb_destroy(struct fdb *fdb)
{
	if (!fdb)
		return;
	free(fdb->buckets);
	free(fdb);
}

unsigned int fdb_max(const struct fdb *fdb)
{
	return fdb->max;
}

size_t fdb_bytes(const struct fdb *fdb)
{
	return fdb->max * sizeof(fdb->entries[0]) +
	       ((size_t)fdb->bucket_mask + 1) * sizeof(fdb->buckets[0]);
}

void fdb_set_ageing(struct fdb *fdb, msec ageing_ms)
{
	fdb->ageing_ms = MIN(ageing_ms, (msec)FDB_AGEING_MAX_MS);
}

msec fdb_ageing(const struct fdb *fdb)
{
	return fdb->ageing_ms;
}

/* ---- ports ----------------------------------------------------------------------------------- */

/* A slot for @port; 0 when all are taken. */
static uint16_t slot_take(struct fdb *fdb, struct port *port)
{
	unsigned int slot = fdb->slot_free;

	if (slot)
		fdb->slot_free = (unsigned int)fdb->slots[slot].next_free;
	else if (fdb->slot_fresh <= FDB_PORTS_MAX)
		slot = fdb->slot_fresh++;
	if (slot)
		fdb->slots[slot].port = port;
	return (uint16_t)slot;
}

static void slot_give(struct fdb *fdb, uint16_t slot)
{
	fdb->slots[slot].next_free = fdb->slot_free;
	fdb->slot_free = slot;
}

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
	if (fdb->age_next == port)
		fdb->age_next = s->next;
	slot_give(fdb, s->slot);
	*s = (struct fdb_share){.limit = s->limit};
}

static void fullest_is(struct fdb *fdb, struct port *port)
{
	fdb->fullest = port;
	fdb->fullest_found = port ? port->fdb_share.count : 0;
}

static void find_fullest(struct fdb *fdb)
{
	struct port *most = fdb->sharers;

	for (struct port *p = most; p; p = p->fdb_share.next)
		if (p->fdb_share.count > most->fdb_share.count)
			most = p;
	fullest_is(fdb, most);
}

/* Put entry @i at the newest end of its port's share, which is on the list of sharers. */
static void share_append(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	struct port *port = port_of(fdb, e);
	struct fdb_share *s = &port->fdb_share;

	e->older = s->newest;
	e->newer = 0;
	if (s->newest)
		fdb->entries[s->newest].newer = i;
	else
		s->oldest = i;
	s->newest = i;
	s->count++;
	if (!fdb->fullest || s->count > fdb->fullest->fdb_share.count)
		fullest_is(fdb, port);
}

/* Off its port's share, which may be left empty. */
static void share_remove(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	struct port *port = port_of(fdb, e);
	struct fdb_share *s = &port->fdb_share;

	if (e->older)
		fdb->entries[e->older].newer = e->newer;
	else
		s->oldest = e->newer;
	if (e->newer)
		fdb->entries[e->newer].older = e->older;
	else
		s->newest = e->older;
	s->count--;
	if (fdb->fullest == port && s->count < fdb->fullest_found / 4 * 3)
		fdb->fullest = NULL;
}

/* Is @port on the list of sharers, or put there now? False when there is no slot. */
static bool sharer_ready(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	if (s->slot)
		return true;
	s->slot = slot_take(fdb, port);
	if (s->slot)
		sharer_link(fdb, port);
	return s->slot;
}

/* ---- tied entries ---------------------------------------------------------------------------- */

static void tied_add(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];

	e->older = fdb->tied;
	e->newer = 0;
	if (fdb->tied)
		fdb->entries[fdb->tied].newer = i;
	fdb->tied = i;
}

static void tied_remove(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];

	if (e->newer)
		fdb->entries[e->newer].older = e->older;
	else
		fdb->tied = e->older;
	if (e->older)
		fdb->entries[e->older].newer = e->newer;
}

/* ---- entries --------------------------------------------------------------------------------- */

static inline struct hint *hint_of(struct fdb *fdb, uint64_t key)
{
	/* Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4 */
	return &fdb->hints[key * 0x9e3779b97f4a7c15 >> (64 - HINT_BITS)];
}

static __attribute__((noinline)) uint32_t find_in_bucket(struct fdb *fdb, uint64_t key)
{
	uint32_t i = *bucket_of(fdb, key);

	while (i && fdb->entries[i].key != key)
		i = fdb->entries[i].chain;
	if (i)
		*hint_of(fdb, key) = (struct hint){.key = key, .i = i};
	return i;
}

static inline uint32_t find(struct fdb *fdb, uint64_t key)
{
	const struct hint *hint = hint_of(fdb, key);

	return hint->key == key ? hint->i : find_in_bucket(fdb, key);
}

static bool tied_any(const struct fdb *fdb, uint16_t slot)
{
	uint32_t i = fdb->tied;

	while (i && fdb->entries[i].slot != slot)
		i = fdb->entries[i].older;
	return i;
}

/* A port that has nothing, learnt or tied, leaves the list of sharers. */
static void leave_if_empty(struct fdb *fdb, struct port *port)
{
	if (!port->fdb_share.count && !tied_any(fdb, port->fdb_share.slot))
		sharer_unlink(fdb, port);
}

static void detach(struct fdb *fdb, uint32_t i)
{
	if (fdb->entries[i].kind == FDB_DYNAMIC)
		share_remove(fdb, i);
	else
		tied_remove(fdb, i);
}

static void entry_free(struct fdb *fdb, uint32_t i)
{
	struct entry *e = &fdb->entries[i];
	struct port *port = port_of(fdb, e);
	uint32_t *link = bucket_of(fdb, e->key);

	while (*link != i)
		link = &fdb->entries[*link].chain;
	*link = e->chain;
	if (hint_of(fdb, e->key)->i == i)
		*hint_of(fdb, e->key) = (struct hint){.i = 0};
	detach(fdb, i);
	e->key = FREE_KEY;
	e->chain = fdb->free;
	fdb->free = i;
	fdb->count--;
	leave_if_empty(fdb, port);
}

/* Make room: the oldest of the fullest port's entries goes. */
static bool evict(struct fdb *fdb)
{
	if (!fdb->fullest)
		find_fullest(fdb);
	if (!fdb->fullest || !fdb->fullest->fdb_share.count)
		return false;
	fdb->was = fdb->fullest;
	entry_free(fdb, fdb->fullest->fdb_share.oldest);
	return true;
}

/* A free entry's number; 0 when there is none even after an eviction (*@evicted). */
static uint32_t entry_take(struct fdb *fdb, bool *evicted)
{
	uint32_t i;

	*evicted = false;
	if (!fdb->free && fdb->fresh <= fdb->max)
		return fdb->fresh++;
	if (!fdb->free) {
		*evicted = evict(fdb);
		if (!*evicted)
			return 0;
	}
	i = fdb->free;
	fdb->free = fdb->entries[i].chain;
	return i;
}

/* The port's slot must be there. */
static void entry_insert(struct fdb *fdb, uint32_t i, uint64_t key, const struct port *port,
			 uint32_t seen)
{
	uint32_t *bucket = bucket_of(fdb, key);

	fdb->entries[i] = (struct entry){
		.key = key, .seen = seen, .chain = *bucket, .slot = port->fdb_share.slot};
	*bucket = i;
	fdb->count++;
	share_append(fdb, i);
}

static uint32_t entry_new(struct fdb *fdb, uint64_t key, struct port *port, uint32_t seen,
			  bool *evicted)
{
	uint32_t i = entry_take(fdb, evicted);

	if (!i)
		return 0;
	if (!sharer_ready(fdb, port)) {
		fdb->entries[i].key = FREE_KEY;
		fdb->entries[i].chain = fdb->free;
		fdb->free = i;
		return 0;
	}
	entry_insert(fdb, i, key, port, seen);
	return i;
}

static bool entry_move(struct fdb *fdb, uint32_t i, struct port *port)
{
	struct port *from = port_of(fdb, &fdb->entries[i]);

	if (!sharer_ready(fdb, port))
		return false;
	share_remove(fdb, i);
	fdb->was = from;
	fdb->entries[i].slot = port->fdb_share.slot;
	share_append(fdb, i);
	leave_if_empty(fdb, from);
	return true;
}

/* ---- learning -------------------------------------------------------------------------------- */

static bool below_limit(const struct port *port)
{
	return !port->fdb_share.limit || port->fdb_share.count < port->fdb_share.limit;
}

/* Has @port an address that is too old, and so makes room for another? */
static bool oldest_expired(const struct fdb *fdb, const struct port *port, msec now)
{
	uint32_t oldest = port->fdb_share.oldest;

	return oldest && expired(fdb, &fdb->entries[oldest], now);
}

/* May @port have one more? Its oldest goes when that is too old. */
static bool within_limit(struct fdb *fdb, const struct port *port, msec now)
{
	if (below_limit(port))
		return true;
	if (!oldest_expired(fdb, port, now))
		return false;
	entry_free(fdb, port->fdb_share.oldest);
	return true;
}

static enum fdb_event learn_new(struct fdb *fdb, uint64_t key, struct port *port, msec now)
{
	bool evicted;

	if (!within_limit(fdb, port, now))
		return FDB_LIMITED;
	if (!entry_new(fdb, key, port, (uint32_t)now, &evicted))
		return FDB_KNOWN;
	return evicted ? FDB_REPLACED : FDB_LEARNT;
}

static enum fdb_event learn_moved(struct fdb *fdb, uint32_t i, struct port *port, msec now)
{
	bool old = expired(fdb, &fdb->entries[i], now);

	if (!within_limit(fdb, port, now))
		return FDB_LIMITED;
	if (!entry_move(fdb, i, port))
		return FDB_KNOWN;
	fdb->entries[i].seen = (uint32_t)now;
	return old ? FDB_LEARNT : FDB_MOVED;
}

enum fdb_event fdb_learn(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
			 msec now)
{
	uint64_t key = key_of(mac, vid);
	uint32_t i = find(fdb, key);
	struct entry *e = &fdb->entries[i];
	enum fdb_event event = FDB_KNOWN;

	if (!i)
		return learn_new(fdb, key, port, now);
	if (e->kind != FDB_DYNAMIC)
		return e->slot == port->fdb_share.slot ? FDB_KNOWN : FDB_PINNED;
	if (e->slot != port->fdb_share.slot)
		return learn_moved(fdb, i, port, now);
	if (age_of(e, now) >= USE_GRAIN_MS) {
		if (expired(fdb, e, now))
			event = FDB_LEARNT;
		e->seen = (uint32_t)now;
		if (e->newer) {
			share_remove(fdb, i);
			share_append(fdb, i);
		}
	}
	return event;
}

struct port *fdb_was(const struct fdb *fdb)
{
	return fdb->was;
}

bool fdb_tie(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
	     enum fdb_kind kind)
{
	uint64_t key = key_of(mac, vid);
	uint32_t i = find(fdb, key);
	bool evicted;

	if (key == FREE_KEY)
		return false;
	if (i)
		entry_free(fdb, i);
	i = entry_new(fdb, key, port, 0, &evicted);
	if (!i)
		return false;
	share_remove(fdb, i);
	fdb->entries[i].kind = (uint16_t)kind;
	tied_add(fdb, i);
	return true;
}

bool fdb_pin(struct fdb *fdb, const struct mac *mac, struct port *port)
{
	return fdb_tie(fdb, mac, 0, port, FDB_OWN);
}

bool fdb_unpin(struct fdb *fdb, const struct mac *mac, uint16_t vid, enum fdb_kind kind)
{
	uint32_t i = find(fdb, key_of(mac, vid));

	if (!i || fdb->entries[i].kind != kind)
		return false;
	entry_free(fdb, i);
	return true;
}

struct port *fdb_lookup(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now)
{
	uint32_t i = find(fdb, key_of(mac, vid));
	const struct entry *e = &fdb->entries[i];

	return i && !expired(fdb, e, now) ? port_of(fdb, e) : NULL;
}

bool fdb_ask(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now, struct fdb_answer *out)
{
	uint32_t i = find(fdb, key_of(mac, vid));
	const struct entry *e = &fdb->entries[i];

	if (!i || expired(fdb, e, now))
		return false;
	*out = (struct fdb_answer){.port = port_of(fdb, e),
				   .age_ms = age_of(e, now),
				   .pinned = e->kind != FDB_DYNAMIC,
				   .kind = (enum fdb_kind)e->kind};
	return true;
}

bool fdb_has_room(struct fdb *fdb, const struct mac *mac, uint16_t vid, const struct port *port,
		  msec now)
{
	uint32_t i = find(fdb, key_of(mac, vid));

	if (i && fdb->entries[i].slot == port->fdb_share.slot)
		return true;
	return below_limit(port) || oldest_expired(fdb, port, now);
}

/* ---- forgetting ------------------------------------------------------------------------------ */

/* Forget what is too old of @port, at most @left. Returns what is left of that. */
static unsigned int age_port(struct fdb *fdb, struct port *port, msec now, unsigned int left,
			     fdb_aged_fn *aged, void *ctx)
{
	uint32_t i = port->fdb_share.oldest;
	uint32_t more = port->fdb_share.count;

	while (left && more && expired(fdb, &fdb->entries[i], now)) {
		struct entry *e = &fdb->entries[i];
		uint32_t next = e->newer;
		struct mac mac;
		uint16_t vid;

		key_read(e->key, &mac, &vid);
		if (aged)
			aged(ctx, &mac, vid, port);
		entry_free(fdb, i);
		i = next;
		more--;
		left--;
	}
	return left;
}

bool fdb_age(struct fdb *fdb, msec now, fdb_aged_fn *aged, void *ctx)
{
	unsigned int left = AGE_STEP;

	if (!fdb->age_next)
		fdb->age_next = fdb->sharers;
	while (fdb->age_next && left) {
		struct port *port = fdb->age_next;

		left = age_port(fdb, port, now, left - 1, aged, ctx);
		if (!left)
			break;
		/* With its last entry the port has left the list, and age_next gone on. */
		if (fdb->age_next == port)
			fdb->age_next = port->fdb_share.next;
	}
	return fdb->age_next;
}

static unsigned int flush_share(struct fdb *fdb, const struct port *port)
{
	unsigned int n = port->fdb_share.count;
	uint32_t i = port->fdb_share.oldest;

	for (unsigned int left = n; left; left--) {
		uint32_t next = fdb->entries[i].newer;

		entry_free(fdb, i);
		i = next;
	}
	return n;
}

unsigned int fdb_flush(struct fdb *fdb, const struct port *port)
{
	unsigned int n = 0;

	if (port)
		return flush_share(fdb, port);
	for (struct port *p = fdb->sharers, *next; p; p = next) {
		next = p->fdb_share.next;
		n += flush_share(fdb, p);
	}
	return n;
}

void fdb_forget(struct fdb *fdb, struct port *port)
{
	uint32_t older;

	flush_share(fdb, port);
	for (uint32_t i = port->fdb_share.slot ? fdb->tied : 0; i; i = older) {
		older = fdb->entries[i].older;
		if (port_of(fdb, &fdb->entries[i]) == port)
			entry_free(fdb, i);
	}
	if (fdb->was == port)
		fdb->was = NULL;
}

unsigned int fdb_count(const struct fdb *fdb)
{
	return fdb->count;
}

void fdb_each(struct fdb *fdb, msec now, void (*fn)(void *ctx, const struct fdb_row *row),
	      void *ctx)
{
	struct fdb_row row;

	for (uint32_t i = 1; i < fdb->fresh; i++) {
		const struct entry *e = &fdb->entries[i];

		if (e->key == FREE_KEY || expired(fdb, e, now))
			continue;
		key_read(e->key, &row.mac, &row.vid);
		row.port = port_of(fdb, e);
		row.kind = (enum fdb_kind)e->kind;
		row.age_ms = age_of(e, now);
		fn(ctx, &row);
	}
}

/* ---- another size ---------------------------------------------------------------------------- */

/* Take over what @port has in @old, in order of use. */
static void move_share(struct fdb *to, const struct fdb *old, struct port *port)
{
	uint32_t i = port->fdb_share.oldest, left = port->fdb_share.count;
	bool evicted;

	port->fdb_share = (struct fdb_share){.limit = port->fdb_share.limit};
	for (; left; left--, i = old->entries[i].newer)
		entry_new(to, old->entries[i].key, port, old->entries[i].seen, &evicted);
}

int fdb_resize(struct fdb **fdb, unsigned int max)
{
	struct fdb *old = *fdb, *new = fdb_create(max, old->ageing_ms);
	struct mac mac;
	uint16_t vid;

	if (!new)
		return -ENOMEM;
	for (struct port *p = old->sharers, *next; p; p = next) {
		next = p->fdb_share.next;
		move_share(new, old, p);
	}
	for (uint32_t i = old->tied; i; i = old->entries[i].older) {
		const struct entry *e = &old->entries[i];

		key_read(e->key, &mac, &vid);
		fdb_tie(new, &mac, vid, port_of(old, e), (enum fdb_kind)e->kind);
	}
	fdb_destroy(old);
	*fdb = new;
	return 0;
}
