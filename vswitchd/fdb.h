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

enum { FDB_SIZE_DEFAULT = 8192, FDB_AGEING_MS = 300000 };

struct fdb;
struct port;

/* FDB_PINNED: the address belongs to another port for good; nothing was learnt. */
enum fdb_event { FDB_KNOWN, FDB_LEARNT, FDB_MOVED, FDB_PINNED };

/* The entries that lead to one port, oldest first (to within a second). Embedded in the port and
 * zero at first; belongs to the table. */
struct fdb_share {
	uint32_t oldest, newest; /* entry numbers from 1; 0: none */
	uint32_t count;
	struct port *next, *prev; /* ports that have entries */
};

/* @max entries at most. NULL when memory is short. */
struct fdb *fdb_create(unsigned int max, msec ageing_ms);
void fdb_destroy(struct fdb *fdb);
enum fdb_event fdb_learn(struct fdb *fdb, const struct mac *mac, uint16_t vid, struct port *port,
			 msec now);
/* Tie @mac to @port until fdb_flush(@port): not aged, not moved, not evicted. For addresses of our
 * own. False when the table has no room. */
bool fdb_pin(struct fdb *fdb, const struct mac *mac, struct port *port);
/* NULL when not known or too old. */
struct port *fdb_lookup(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now);
/* What the table says of an address, changing nothing. */
struct fdb_answer {
	struct port *port;
	msec age_ms; /* since it was last heard */
	bool pinned;
};
/* False when it is not known or too old. */
bool fdb_ask(struct fdb *fdb, const struct mac *mac, uint16_t vid, msec now,
	     struct fdb_answer *out);
/* Forget what is older than the ageing time, looking at no more than a few hundred entries a
 * call. */
void fdb_age(struct fdb *fdb, msec now);
/* Forget all that @port leads to; NULL: everything that is not pinned. Returns how many. A port
 * must be flushed before it goes away. */
unsigned int fdb_flush(struct fdb *fdb, const struct port *port);
/* Forget what was learnt behind @port, not what is pinned to it. Returns how many. */
unsigned int fdb_flush_learnt(struct fdb *fdb, struct port *port);
unsigned int fdb_count(const struct fdb *fdb);
/* Call @fn for each live entry. */
void fdb_each(struct fdb *fdb, msec now,
	      void (*fn)(void *ctx, const struct mac *mac, uint16_t vid, struct port *port,
			 msec age_ms),
	      void *ctx);

#endif
