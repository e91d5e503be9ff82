/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdb_int.h - the forwarding database among its files: the table and its look-up (fdb.c), ports'
 * shares of it (fdb_share.c), entries (fdb_entry.c), what is forgotten (fdb_forget.c).
 */
#ifndef VSWITCHD_FDB_INT_H
#define VSWITCHD_FDB_INT_H

#include <string.h>

#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/port.h"

enum { FDB_HINT_BITS = 8 };

/* Packed: without it the 64-bit key would round 28 bytes up to 32. */
struct fdb_entry {
	uint64_t key;	/* the MAC's six bytes and the VLAN; free entries: FDB_FREE_KEY */
	uint32_t seen;	/* low bits of the time in ms: ageing times are below half their range */
	uint32_t chain; /* next in the bucket, or in the free list */
	uint32_t older, newer; /* in the port's share, or among the tied */
	uint16_t slot;	       /* of the port */
	uint16_t kind;	       /* enum fdb_kind */
} __attribute__((packed, aligned(4)));

/* Where the entry of a key is. An unused one says that nobody has address zero. */
struct fdb_hint {
	uint64_t key;
	uint32_t i;
};

union fdb_slot {
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
	struct fdb_hint hints[1 << FDB_HINT_BITS];
	unsigned int slot_free, slot_fresh; /* of slots[], from 1 */
	union fdb_slot slots[FDB_PORTS_MAX + 1];
	struct fdb_entry entries[]; /* [0] is not used */
};

/* Nobody has the address zero: as a source it is dropped before it could be learnt. */
#define FDB_FREE_KEY 0

static inline uint64_t fdb_key_of(const struct mac *mac, uint16_t vid)
{
	uint64_t key = 0;

	memcpy(&key, mac, sizeof(*mac));
	memcpy((uint8_t *)&key + sizeof(*mac), &vid, sizeof(vid));
	return key;
}

static inline void fdb_key_read(uint64_t key, struct mac *mac, uint16_t *vid)
{
	memcpy(mac, &key, sizeof(*mac));
	memcpy(vid, (const uint8_t *)&key + sizeof(*mac), sizeof(*vid));
}

static inline uint32_t *fdb_bucket_of(struct fdb *fdb, uint64_t key)
{
	return &fdb->buckets[hash_bytes(&fdb->hash, &key, sizeof(key)) & fdb->bucket_mask];
}

static inline struct port *fdb_port_of(const struct fdb *fdb, const struct fdb_entry *e)
{
	return fdb->slots[e->slot].port;
}

/* A clock that seems to stand behind the entry makes it new. */
static inline uint32_t fdb_age_of(const struct fdb_entry *e, msec now)
{
	uint32_t age = (uint32_t)now - e->seen;

	return e->kind != FDB_DYNAMIC || age > INT32_MAX ? 0 : age;
}

static inline bool fdb_expired(const struct fdb *fdb, const struct fdb_entry *e, msec now)
{
	return fdb_age_of(e, now) > fdb->ageing_ms;
}

static inline struct fdb_hint *fdb_hint_of(struct fdb *fdb, uint64_t key)
{
	/* Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4 */
	return &fdb->hints[key * 0x9e3779b97f4a7c15 >> (64 - FDB_HINT_BITS)];
}

/* ---- fdb_entry.c ---- */

/* The entry with @key by its bucket, and a hint for the next time; 0: none. */
uint32_t fdb_find_in_bucket(struct fdb *fdb, uint64_t key);

static inline uint32_t fdb_find(struct fdb *fdb, uint64_t key)
{
	const struct fdb_hint *hint = fdb_hint_of(fdb, key);

	return hint->key == key ? hint->i : fdb_find_in_bucket(fdb, key);
}

/* A new entry in @port's share; 0 when there is no room. *@evicted: another one went for it. */
uint32_t fdb_entry_new(struct fdb *fdb, uint64_t key, struct port *port, uint32_t seen,
		       bool *evicted);
/* Of another port from now on. False when that has no slot. */
bool fdb_entry_move(struct fdb *fdb, uint32_t i, struct port *port);
void fdb_entry_free(struct fdb *fdb, uint32_t i);

/* ---- fdb_share.c ---- */

/* Is @port on the list of sharers, or put there now? False when there is no slot. */
bool fdb_share_ready(struct fdb *fdb, struct port *port);
/* A port that has nothing, learnt or tied, leaves the list of sharers. */
void fdb_share_leave(struct fdb *fdb, struct port *port);
/* Put entry @i at the newest end of its port's share, which is on the list of sharers. */
void fdb_share_append(struct fdb *fdb, uint32_t i);
/* Off its port's share, which may be left empty. */
void fdb_share_remove(struct fdb *fdb, uint32_t i);
/* Look anew for the port with the largest share. */
void fdb_share_fullest(struct fdb *fdb);
/* On and off the list of those that are tied. */
void fdb_tied_add(struct fdb *fdb, uint32_t i);
void fdb_tied_remove(struct fdb *fdb, uint32_t i);

#endif
