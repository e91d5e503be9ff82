/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries: found by their bucket, taken and given back, moved between ports.
 */
#include "vswitchd/switch/fdb_int.h"

uint32_t fdb_find_in_bucket(struct fdb *fdb, uint64_t key)
{
	uint32_t i = *fdb_bucket_of(fdb, key);

	while (i && fdb->entries[i].key != key)
		i = fdb->entries[i].chain;
	if (i)
		*fdb_hint_of(fdb, key) = (struct fdb_hint){.key = key, .i = i};
	return i;
}

static void detach(struct fdb *fdb, uint32_t i)
{
	if (fdb->entries[i].kind == FDB_DYNAMIC)
		fdb_share_remove(fdb, i);
	else
		fdb_tied_remove(fdb, i);
}

void fdb_entry_free(struct fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entries[i];
	struct port *port = fdb_port_of(fdb, e);
	uint32_t *link = fdb_bucket_of(fdb, e->key);

	while (*link != i)
		link = &fdb->entries[*link].chain;
	*link = e->chain;
	if (fdb_hint_of(fdb, e->key)->i == i)
		*fdb_hint_of(fdb, e->key) = (struct fdb_hint){.i = 0};
	detach(fdb, i);
	e->key = FDB_FREE_KEY;
	e->chain = fdb->free;
	fdb->free = i;
	fdb->count--;
	fdb_share_leave(fdb, port);
}

/* Make room: the oldest of the fullest port's entries goes. */
static bool evict(struct fdb *fdb)
{
	if (!fdb->fullest)
		fdb_share_fullest(fdb);
	if (!fdb->fullest || !fdb->fullest->fdb_share.count)
		return false;
	fdb->was = fdb->fullest;
	fdb_entry_free(fdb, fdb->fullest->fdb_share.oldest);
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
	uint32_t *bucket = fdb_bucket_of(fdb, key);

	fdb->entries[i] = (struct fdb_entry){
		.key = key, .seen = seen, .chain = *bucket, .slot = port->fdb_share.slot};
	*bucket = i;
	fdb->count++;
	fdb_share_append(fdb, i);
}

uint32_t fdb_entry_new(struct fdb *fdb, uint64_t key, struct port *port, uint32_t seen,
		       bool *evicted)
{
	uint32_t i = entry_take(fdb, evicted);

	if (!i)
		return 0;
	if (!fdb_share_ready(fdb, port)) {
		fdb->entries[i].key = FDB_FREE_KEY;
		fdb->entries[i].chain = fdb->free;
		fdb->free = i;
		return 0;
	}
	entry_insert(fdb, i, key, port, seen);
	return i;
}

bool fdb_entry_move(struct fdb *fdb, uint32_t i, struct port *port)
{
	struct port *from = fdb_port_of(fdb, &fdb->entries[i]);

	if (!fdb_share_ready(fdb, port))
		return false;
	fdb_share_remove(fdb, i);
	fdb->was = from;
	fdb->entries[i].slot = port->fdb_share.slot;
	fdb_share_append(fdb, i);
	fdb_share_leave(fdb, from);
	return true;
}
