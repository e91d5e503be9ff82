/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.h - which address a client gets.
 *
 * A range of addresses less the few that must never be given out (the server's own, the gateway's,
 * the host's, network and broadcast). The table of leases (lease.h) says who has what.
 */
#ifndef DHCP_POOL_H
#define DHCP_POOL_H

#include "dhcp/lease.h"
#include "lib/addr.h"

enum {
	DHCP_AVOID_MAX = 8,	 /* besides the server's own */
	DHCP_POOL_MAX = 1 << 18, /* addresses; a longer range is cut */
	DHCP_RESERVED_MAX = 1024 /* reservations beside the range */
};

struct dhcp_pool {
	uint32_t first, last; /* host order, inclusive */
	uint32_t cursor;      /* everything below has been given out at least once */
	struct ip4_prefix subnet;
	unsigned int n_avoid;
	be32 avoid[DHCP_AVOID_MAX + 1];
};

/* The range must lie in @subnet. 0 in @avoid means nothing. -EINVAL when no address is left. */
int dhcp_pool_init(struct dhcp_pool *pool, struct ip4_prefix subnet, be32 first, be32 last,
		   const be32 *avoid, unsigned int n_avoid);
/* May @addr be given to anyone who asks? */
bool dhcp_pool_has(const struct dhcp_pool *pool, be32 addr);
/* May @addr be reserved: a host address of the subnet that is not one of ours? */
bool dhcp_pool_reservable(const struct dhcp_pool *pool, be32 addr);
/* Addresses in the range, and how many nobody holds and nothing pins. */
uint32_t dhcp_pool_size(const struct dhcp_pool *pool);
uint32_t dhcp_pool_free(const struct dhcp_pool *pool, const struct lease_table *t);

/* May @l be held by the client with this key and hardware address? */
bool dhcp_pool_may_hold(const struct dhcp_pool *pool, const struct dhcp_lease *l,
			const struct dhcp_key *key, const struct mac *mac);

/*
 * The entry for the client @c, in this order (RFC 2131 4.3.1): the address reserved for it, the one
 * it has or had, the one it had behind another port, the one it asks for (@want, 0: none), one
 * never given out, the one free for longest. The entry is not changed. NULL when the pool is
 * exhausted.
 */
struct dhcp_lease *dhcp_pool_pick(struct dhcp_pool *pool, struct lease_table *t,
				  const struct dhcp_client *c, be32 want);

#endif
