/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease.h - the lease table of one network: who has which address until when.
 *
 * Theory of operation. One entry per address that was ever given out or is reserved; an entry is
 * never removed, only given to another client, so the table is bounded by the pool and nothing is
 * allocated after creation. States:
 *
 *   FREE      nobody holds the address. The entry remembers its last client, who gets the same
 *             address again as long as nobody else needs it.
 *   OFFERED   held for a client that was sent an OFFER.
 *   BOUND     leased; on disk before the client was told.
 *   DECLINED  some client found it in use by a stranger; quarantined.
 *
 * OFFERED, BOUND and DECLINED end at expires_ms (CLOCK_BOOTTIME, so that a jump of the wall clock
 * changes nothing) and fall back to FREE. Each state has a queue in order of entry: its head is the
 * oldest. A reservation pins an address to a client in any state.
 *
 * Invariants: one entry per address; a client key is on one entry at most; an entry that is
 * OFFERED or BOUND has a client key.
 */
#ifndef DHCP_LEASE_H
#define DHCP_LEASE_H

#include "dhcp/client.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/timer.h"

enum lease_state { LEASE_FREE, LEASE_OFFERED, LEASE_BOUND, LEASE_DECLINED, LEASE_STATES };

enum { DHCP_HOSTNAME_KEEP = 63 };

enum lease_index { IDX_ADDR, IDX_CLIENT, IDX_MAC, IDX_RESERVED, IDX_WHERE, IDX_N };

struct dhcp_lease {
	be32 addr;
	enum lease_state state;
	struct dhcp_key key;
	struct mac mac;		  /* chaddr that the client used last */
	struct dhcp_who reserved; /* len 0: for nobody */
	uint32_t port;		  /* switch port of the client; 0: not known */
	uint64_t where;		  /* whose share it counts to (dhcp_where()); 0: nobody's */
	uint8_t hostname_len;
	uint8_t hostname[DHCP_HOSTNAME_KEEP]; /* raw bytes from the client */
	msec expires_ms;
	struct timer_node timer;
	struct dhcp_lease *prev, *next; /* in the queue of its state */
	struct dhcp_lease *chain[IDX_N];
};

struct lease_queue {
	struct dhcp_lease *head, *tail;
	uint32_t n;
};

struct lease_table {
	struct dhcp_lease *all;
	uint32_t n, max;
	struct dhcp_lease **bucket[IDX_N];
	uint32_t mask;
	struct hash_key secret;
	struct lease_queue queue[LEASE_STATES];
	struct timer_wheel wheel;
};

/* Room for @max addresses; memory becomes resident as entries are used. 0 or -ENOMEM. */
int lease_table_init(struct lease_table *t, uint32_t max, msec now);
void lease_table_fini(struct lease_table *t);
/* Let what is due by @now fall back to FREE. Call before looking anything up. */
void lease_table_run(struct lease_table *t, msec now);

/* Entries by address, by client, by reservation; NULL when there is none. */
struct dhcp_lease *lease_by_addr(const struct lease_table *t, be32 addr);
struct dhcp_lease *lease_by_key(const struct lease_table *t, const struct dhcp_key *key);
struct dhcp_lease *lease_by_reservation(const struct lease_table *t, const struct dhcp_who *who);
/* The address reserved for a client: by identifier, else by MAC, else by port. */
struct dhcp_lease *lease_reserved_for(const struct lease_table *t, const struct dhcp_client *c);
/* A FREE entry that the same machine had behind another port. */
struct dhcp_lease *lease_of_moved(const struct lease_table *t, const struct dhcp_client *c);
/* The first entry of client @mac for @l NULL, then the next after @l; NULL: no more. */
struct dhcp_lease *lease_next_of_mac(const struct lease_table *t, const struct mac *mac,
				     const struct dhcp_lease *l);
/* The same for what is OFFERED, BOUND or DECLINED for clients behind the port that @where
 * (dhcp_where()) stands for. */
struct dhcp_lease *lease_next_at(const struct lease_table *t, uint64_t where,
				 const struct dhcp_lease *l);
/* How many of those there are; counts to @max. */
unsigned int lease_count_at(const struct lease_table *t, uint64_t where, unsigned int max);

/* The entry for @addr, made FREE without a client when new. NULL when the table is full. */
struct dhcp_lease *lease_get(struct lease_table *t, be32 addr);
/* Give @l to a client: an entry that had this client before forgets it (and is FREE then). */
void lease_set_client(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_key *key,
		      const struct mac *mac);
/* Forget the client of @l. */
void lease_clear_client(struct lease_table *t, struct dhcp_lease *l);
/* @l counts to nobody's share: it is not the client's fault that it can't be used. */
void lease_set_blameless(struct lease_table *t, struct dhcp_lease *l);
/* Move @l to the end of @state's queue; @expires_ms is ignored for FREE. */
void lease_set_state(struct lease_table *t, struct dhcp_lease *l, enum lease_state state,
		     msec expires_ms);
/* Pin @l to @who, or undo it with NULL. */
void lease_set_reserved(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_who *who);

#endif
