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
#include <stdlib.h>

#include "vswitchd/switch/fdb_int.h"

enum { USE_GRAIN_MS = 1000 };

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

/* ---- learning -------------------------------------------------------------------------------- */

static bool below_limit(const struct port *port)
{
	return !port->fdb_share.limit || port->fdb_share.count < port->fdb_share.limit;
}

/* Has @port an address that is too old, and so makes room for another? */
static bool oldest_expired(const struct fdb *fdb, const struct port *port, msec now)
{
	uint32_t oldest = port->fdb_share.oldest;

	return oldest && fdb_expired(fdb, &fdb->entries[oldest], now);
}

/* May @port have one more? Its oldest goes when that is too old. */
static bool within_limit(struct fdb *fdb, const struct port *port, msec now)
{
	if (below_limit(port))
		return true;
	if (!oldest_expired(fdb, port, now))
		return false;
	fdb_entry_free(fdb, port->fdb_share.oldest);
	return true;
}

static enum fdb_event learn_new(struct fdb *fdb, uint64_t key, struct port *port, msec now)
{
	bool evicted;

	if (!within_limit(fdb, port, now))
		return FDB_LIMITED;
	if (!fdb_entry_new(fdb, key, port, (uint32_t)now, &evicted))
		return FDB_KNOWN;
	return evicted ? FDB_REPLACED : FDB_LEARNT;
}

static enum fdb_event learn_moved(struct fdb *fdb, uint32_t i, struct port *port, msec now)
{
	bool old = fdb_expired(fdb, &fdb->entries[i], now);

	if (!within_limit(fdb, port, now))
		return FDB_LIMITED;
	if (!fdb_entry_move(fdb, i, port))
		return FDB_KNOWN;
	fdb->entries[i].seen = (uint32_t)now;
	return old ? FDB_LEARNT : FDB_MOVED;
}

enum fdb_event fdb_learn(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
			 msec now)
{
	uint64_t key = fdb_key_of(mac, vid);
	uint32_t i = fdb_find(fdb, key);
	struct fdb_entry *e = &fdb->entries[i];
	enum fdb_event event = FDB_KNOWN;

	if (!i)
		return learn_new(fdb, key, port, now);
	if (e->kind != FDB_DYNAMIC)
		return e->slot == port->fdb_share.slot ? FDB_KNOWN : FDB_PINNED;
	if (e->slot != port->fdb_share.slot)
		return learn_moved(fdb, i, port, now);
	if (fdb_age_of(e, now) >= USE_GRAIN_MS) {
		if (fdb_expired(fdb, e, now))
			event = FDB_LEARNT;
		e->seen = (uint32_t)now;
		if (e->newer) {
			fdb_share_remove(fdb, i);
			fdb_share_append(fdb, i);
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
	uint64_t key = fdb_key_of(mac, vid);
	uint32_t i = fdb_find(fdb, key);
	bool evicted;

	if (key == FDB_FREE_KEY)
		return false;
	if (i)
		fdb_entry_free(fdb, i);
	i = fdb_entry_new(fdb, key, port, 0, &evicted);
	if (!i)
		return false;
	fdb_share_remove(fdb, i);
	fdb->entries[i].kind = (uint16_t)kind;
	fdb_tied_add(fdb, i);
	return true;
}

bool fdb_pin(struct fdb *fdb, const struct mac *mac, struct port *port)
{
	return fdb_tie(fdb, mac, 0, port, FDB_OWN);
}

bool fdb_unpin(struct fdb *fdb, const struct mac *mac, uint16_t vid, enum fdb_kind kind)
{
	uint32_t i = fdb_find(fdb, fdb_key_of(mac, vid));

	if (!i || fdb->entries[i].kind != kind)
		return false;
	fdb_entry_free(fdb, i);
	return true;
}

struct port *fdb_lookup(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now)
{
	uint32_t i = fdb_find(fdb, fdb_key_of(mac, vid));
	const struct fdb_entry *e = &fdb->entries[i];

	return i && !fdb_expired(fdb, e, now) ? fdb_port_of(fdb, e) : NULL;
}

bool fdb_ask(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now, struct fdb_answer *out)
{
	uint32_t i = fdb_find(fdb, fdb_key_of(mac, vid));
	const struct fdb_entry *e = &fdb->entries[i];

	if (!i || fdb_expired(fdb, e, now))
		return false;
	*out = (struct fdb_answer){.port = fdb_port_of(fdb, e),
				   .age_ms = fdb_age_of(e, now),
				   .pinned = e->kind != FDB_DYNAMIC,
				   .kind = (enum fdb_kind)e->kind};
	return true;
}

bool fdb_has_room(struct fdb *fdb, const struct mac *mac, uint16_t vid, const struct port *port,
		  msec now)
{
	uint32_t i = fdb_find(fdb, fdb_key_of(mac, vid));

	if (i && fdb->entries[i].slot == port->fdb_share.slot)
		return true;
	return below_limit(port) || oldest_expired(fdb, port, now);
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
		const struct fdb_entry *e = &fdb->entries[i];

		if (e->key == FDB_FREE_KEY || fdb_expired(fdb, e, now))
			continue;
		fdb_key_read(e->key, &row.mac, &row.vid);
		row.port = fdb_port_of(fdb, e);
		row.kind = (enum fdb_kind)e->kind;
		row.age_ms = fdb_age_of(e, now);
		fn(ctx, &row);
	}
}
