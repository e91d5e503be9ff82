/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_xlate.h - the translator: frames in, frames out, no system calls.
 *
 * Theory of operation. One `struct nat` a network, one `struct nat_ext` an outside address; all
 * that it needs of the world (where a destination leads, how frames leave) is in `struct nat_env`.
 * Frames are Ethernet; the translator works on the IPv4 packet and leaves the 14 bytes of Ethernet
 * header to the two edges, which know the neighbours.
 *
 * Outbound: check, TTL, route, find or make mapping and session, new source, out. Inbound: find
 * the mapping by port, filter by session, new destination, in. A packet from inside to one of our
 * own outside addresses goes out and comes in again without a wire (hairpinning, RFC 4787 REQ-9).
 * Fragments follow their first one (nat_frag.h). Errors that the packet deserves are made here.
 *
 * Invariants: nothing leaves with an inside source address; nothing enters that no mapping admits;
 * what is not delivered has a reason.
 */
#ifndef MODES_NAT_XLATE_H
#define MODES_NAT_XLATE_H

#include "lib/drop.h"
#include "modes/nat/nat_frag.h"
#include "modes/nat/nat_packet.h"
#include "modes/nat/nat_table.h"

/* Extra outside addresses of a network, of each kind. */
enum { NAT_EXTRAS = 64 };

/* How one destination is reached. */
struct nat_route {
	struct nat_ext *ext;
	be32 next_hop;
	uint32_t mtu;
	bool local;	    /* the destination is an outside address of ours: */
	struct nat_ext *to; /* whose; NULL: ext's own */
};

static inline struct nat_ext *nat_route_to(const struct nat_route *rt)
{
	return rt->to ? rt->to : rt->ext;
}

struct nat_env {
	void *ctx;
	struct pkt_pool *pool;
	/* Fill @out, or say why not: DROP_NO_ROUTE, or DROP_MODE (an address of the host). */
	enum drop_reason (*route)(void *ctx, be32 dst, struct nat_route *out);
	/* Give a packet to the outside or inside edge; takes it. */
	void (*outside)(void *ctx, const struct nat_route *rt, struct pkt *p);
	void (*inside)(void *ctx, be32 dst, struct pkt *p);
	/* A guest wants a protocol without ports with a peer that somebody else has: mapping
	 * @holder of @owner, or NULL, the host itself. May be NULL. */
	void (*taken)(void *ctx, const struct nat_key *k, const struct nat_mapping *holder,
		      const struct nat *owner);
	/* The outside addresses that there are, one after the other: the first with NULL. May be
	 * NULL: there is one. */
	struct nat_ext *(*next_ext)(void *ctx, const struct nat_ext *ext);
};

struct nat_conf {
	struct ip4_prefix subnet;
	be32 gateway, host, dhcp; /* addresses that no guest may use; 0: none */
	uint32_t mtu;		  /* inside, of IP packets */
	struct nat_settings set;
};

struct nat {
	struct nat_conf conf;
	struct nat_env env;
	struct nat_table table;
	struct nat6 *six;	 /* the same network's IPv6; not ours, NULL: none */
	struct nat_frags *frags; /* of what comes from inside */
	struct nat_bucket outside_errors;
	msec now;
	uint16_t gateway_id; /* IP identification of what the gateway itself sends */
	uint64_t errors_sent;
	/* nat_extra.h */
	unsigned int n_ones, n_pool;
	bool pool_arbitrary;
	struct nat_ext *ones[NAT_EXTRAS], *pool[NAT_EXTRAS];
};

/* @seed: 32 random bytes. NULL when memory is short. */
struct nat *nat_create(const struct nat_conf *conf, const struct nat_env *env,
		       const uint64_t seed[4], msec now);
void nat_destroy(struct nat *n);

/* A frame from a guest to the gateway's MAC, IPv4, not for the gateway itself; @p is writable.
 * DROP_NONE: taken. Else the caller still has it, and what it deserved has been sent. */
enum drop_reason nat_from_inside(struct nat *n, struct pkt *p, msec now);

/* A frame that arrived for @ext's address. As above. *@owner: the network that it concerned, NULL
 * when it was nobody's (the host's own traffic). */
enum drop_reason nat_from_outside(struct nat_ext *ext, struct pkt *p, msec now, struct nat **owner);

/* Once a second. True: nat_table_run() wants to be called again, soon and until it says no. */
bool nat_tick(struct nat *n, msec now);
/* @ext is going away; ends its flows and returns how many. */
unsigned int nat_drop_ext(struct nat *n, struct nat_ext *ext, msec now);

/* A packet could not be brought to its next hop (no answer to ARP): tell its sender inside, who is
 * found by its mapping. Borrows @p, a translated packet. */
void nat_undeliverable(struct nat *n, struct nat_ext *ext, struct pkt *p, msec now);

/* Is an ICMP error to inside @addr (0: to the outside) within the rate limit? Counts it. */
bool nat_may_send_error(struct nat *n, be32 addr);

#endif
