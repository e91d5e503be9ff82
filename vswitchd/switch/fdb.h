/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdb.h - the forwarding database: which port leads to which MAC address (IEEE 802.1D-2004 7.9),
 * for each VLAN on its own (independent learning, IEEE 802.1Q-2018 8.8.8); VLAN 0 is the only one
 * of a network without VLANs.
 *
 * A bounded hash table with a secret key. An entry is learnt from a source address, refreshed by
 * each frame, moved at once when the address shows up elsewhere, and forgotten after the ageing
 * time (300 s by default, 802.1D table 7-5). When the table is full the port with the most
 * entries loses its oldest, so that one port's flood of addresses cannot evict the others.
 * No heap after creation; no system calls; time is an argument.
 */
#ifndef VSWITCHD_FDB_H
#define VSWITCHD_FDB_H

#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/wire.h"

enum {
	FDB_SIZE_DEFAULT = 8192,
	FDB_SIZE_MIN = 16,
	FDB_SIZE_MAX = 1 << 20,
	FDB_AGEING_MS = 300000,		/* 802.1D table 7-5 */
	FDB_AGEING_MAX_MS = 1000000000, /* 1,000,000 s, the same table; times are kept in 32 bits */
	FDB_PORTS_MAX = 8192,		/* ports that have entries at a time */
};

struct fdb;
struct port;

enum fdb_event {
	FDB_KNOWN,
	FDB_LEARNT,
	FDB_REPLACED, /* learnt, in the place of the oldest entry of the port with the most */
	FDB_MOVED,
	FDB_PINNED,  /* the address belongs to another port for good; nothing was learnt */
	FDB_LIMITED, /* the port has as many as it may have; nothing was learnt */
};

enum fdb_kind {
	FDB_DYNAMIC, /* learnt */
	FDB_OWN,     /* a part of the network itself: the host's leg, the NAT gateway */
	FDB_STATIC,  /* a user said so */
};

/* The entries that lead to one port, oldest first (to within a second). Embedded in the port and
 * zero at first; belongs to the table, but for @limit. */
struct fdb_share {
	uint32_t oldest, newest; /* entry numbers from 1; 0: none */
	uint32_t count;
	uint32_t limit;		  /* of count; 0: none */
	struct port *next, *prev; /* ports that have entries */
	uint16_t slot;
};

/* @max entries at most (FDB_SIZE_MIN..FDB_SIZE_MAX is sensible). NULL when memory is short. */
struct fdb *fdb_create(unsigned int max, msec ageing_ms);
void fdb_destroy(struct fdb *fdb);
/* Make *@fdb one of @max entries that knows what it knew; when there is less room, what is fair
 * (as learning is). -ENOMEM, and it is what it was. */
int fdb_resize(struct fdb **fdb, unsigned int max);
unsigned int fdb_max(const struct fdb *fdb);
/* Bytes that the table takes when every entry is in use. */
size_t fdb_bytes(const struct fdb *fdb);
void fdb_set_ageing(struct fdb *fdb, msec ageing_ms);
msec fdb_ageing(const struct fdb *fdb);

enum fdb_event fdb_learn(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
			 msec now);
/* After FDB_MOVED: where the address was. After FDB_REPLACED: whose entry went. */
struct port *fdb_was(const struct fdb *fdb);
/* Tie @mac to @port: not aged, not moved, not evicted, until fdb_unpin() or fdb_forget(@port).
 * False when the table has no room. */
bool fdb_tie(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
	     enum fdb_kind kind);
/* The same on VLAN 0 for an address of our own. */
bool fdb_pin(struct fdb *fdb, const struct mac *mac, struct port *port);
/* Forget one entry of @kind. False when there is none. */
bool fdb_unpin(struct fdb *fdb, const struct mac *mac, uint16_t vid, enum fdb_kind kind);
/* NULL when not known or too old. */
struct port *fdb_lookup(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now);

/* What the table says of an address, changing nothing. */
struct fdb_answer {
	struct port *port;
	msec age_ms; /* since it was last heard */
	bool pinned; /* @kind is not FDB_DYNAMIC */
	enum fdb_kind kind;
};
/* Would fdb_learn() let @port have @mac, as far as its limit goes? */
bool fdb_has_room(struct fdb *fdb, const struct mac *mac, uint16_t vid, const struct port *port,
		  msec now);
/* False when it is not known or too old. */
bool fdb_ask(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now,
	     struct fdb_answer *out);

/* Somebody who is told of each entry that is too old. */
typedef void fdb_aged_fn(void *ctx, const struct mac *mac, uint16_t vid, struct port *port);
/* Forget what is older than the ageing time, in steps of less than 50 us. True when there is more
 * to do: call again soon. @aged may be NULL. */
bool fdb_age(struct fdb *fdb, msec now, fdb_aged_fn *aged, void *ctx);
/* Forget all that was learnt of @port; NULL: of every port. Returns how many. */
unsigned int fdb_flush(struct fdb *fdb, const struct port *port);
/* The port goes away: forget also what is tied to it. */
void fdb_forget(struct fdb *fdb, struct port *port);
unsigned int fdb_count(const struct fdb *fdb);

struct fdb_row {
	struct mac mac;
	uint16_t vid;
	struct port *port;
	enum fdb_kind kind;
	msec age_ms;
};
/* Call @fn for each live entry, in no order. */
void fdb_each(struct fdb *fdb, msec now, void (*fn)(void *ctx, const struct fdb_row *row),
	      void *ctx);

#endif
