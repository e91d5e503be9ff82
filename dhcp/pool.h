/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.h - which address a client gets.
 *
 * A pool is a subnet with a range of addresses less the few that must never be given out (the
 * server's own, the gateway's, the host's, network and broadcast). The pools from which a client
 * may be served are its link (RFC 2131 4.3.1: the wire that it is on, or the subnet that its relay
 * names); a wire may have several subnets. The table of leases (lease.h) says who has what.
 */
#ifndef DHCP_POOL_H
#define DHCP_POOL_H

#include "dhcp/lease.h"
#include "lib/addr.h"

enum {
	DHCP_AVOID_MAX = 8,	  /* besides the server's own */
	DHCP_POOLS_MAX = 16,	  /* of one server */
	DHCP_POOL_MAX = 1 << 18,  /* addresses; a longer range is cut */
	DHCP_RESERVED_MAX = 1024, /* reservations beside the range */
	DHCP_OWN_MAX = DHCP_AVOID_MAX + 2 * DHCP_POOLS_MAX
};

/* A subnet to serve. */
struct dhcp_subnet {
	struct ip4_prefix subnet;
	be32 first, last;
	be32 server;  /* our address there */
	be32 router;  /* option 3; 0: none */
	bool relayed; /* not on our wire: its clients come by a relay agent */
};

struct dhcp_pool {
	struct dhcp_subnet conf;
	uint32_t first, last; /* host order, inclusive */
	uint32_t cursor;      /* everything below has been given out at least once */
	struct ip4_prefix subnet;
	unsigned int n_avoid;
	be32 avoid[DHCP_OWN_MAX];
};

/* The range must lie in its subnet. 0 in @avoid means nothing. -EINVAL when no address is left. */
int dhcp_pool_init(struct dhcp_pool *pool, const struct dhcp_subnet *conf, const be32 *avoid,
		   unsigned int n_avoid);
/* Is @addr in the range, be it one of ours or not? */
bool dhcp_pool_in_range(const struct dhcp_pool *pool, be32 addr);
/* May @addr be given to anyone who asks? */
bool dhcp_pool_has(const struct dhcp_pool *pool, be32 addr);
/* May @addr be reserved: a host address of the subnet that is not one of ours? */
bool dhcp_pool_reservable(const struct dhcp_pool *pool, be32 addr);
/* Addresses in the range, and how many nobody holds and nothing pins. */
uint32_t dhcp_pool_size(const struct dhcp_pool *pool);
uint32_t dhcp_pool_free(const struct dhcp_pool *pool, const struct lease_table *t);

struct dhcp_link {
	unsigned int n;
	struct dhcp_pool *v[DHCP_POOLS_MAX]; /* in the order in which they are used up */
};

/* The pool in whose subnet @addr is; NULL when there is none. */
struct dhcp_pool *dhcp_link_pool(const struct dhcp_link *link, be32 addr);
/* May @l be held by the client with this key and hardware address? */
bool dhcp_link_may_hold(const struct dhcp_link *link, const struct dhcp_lease *l,
			const struct dhcp_key *key, const struct mac *mac);
/* May @addr be given to anyone who asks? */
bool dhcp_link_has(const struct dhcp_link *link, be32 addr);

/* Why a client gets the address that it gets, in the order in which they are tried (RFC 2131
 * 4.3.1). */
enum dhcp_pick {
	PICK_RESERVED, /* reserved for it */
	PICK_HAS,      /* it holds it */
	PICK_HAD,      /* it held it last, and nobody took it since */
	PICK_MOVED,    /* the same, behind another port */
	PICK_ASKED,    /* it asked for it, and it is free */
	PICK_FRESH,    /* never given out */
	PICK_OLDEST    /* free for longest */
};

/* One word for programs, a clause for people. */
const char *dhcp_pick_word(enum dhcp_pick pick);
const char *dhcp_pick_text(enum dhcp_pick pick);

/* The entry for the client @c that asks for @want (0: nothing). The entry is not changed. NULL when
 * there is none left. */
struct dhcp_lease *dhcp_link_pick(const struct dhcp_link *link, struct lease_table *t,
				  const struct dhcp_client *c, be32 want, enum dhcp_pick *why);

#endif
