/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - what the switch would do with a frame that is only described.
 *
 * The frame is made, walked dry (walk.h) and freed: nothing is learnt, counted or sent.
 */
#ifndef VSWITCHD_EXPLAIN_H
#define VSWITCHD_EXPLAIN_H

#include "lib/ipaddr.h"
#include "lib/pkt.h"
#include "lib/wire.h"
#include "vswitchd/switch/walk.h"

enum explain_proto {
	EXPLAIN_ETHER,
	EXPLAIN_ARP,
	EXPLAIN_ICMP,
	EXPLAIN_UDP,
	EXPLAIN_TCP,
	EXPLAIN_IP
};

/* The frame. */
struct described {
	enum explain_proto proto; /* EXPLAIN_ETHER: of a type for experiments, no IP */
	struct mac src, dst;
	be32 src_ip, dst_ip;
	struct ip_addr src6, dst6; /* dst6 not zero: it is IPv6, with these instead */
	uint8_t ip_proto;	   /* EXPLAIN_IP: a protocol without ports */
	uint16_t port;		   /* UDP and TCP destination */
	uint16_t sport;		   /* source; 0: 49152 */
	uint16_t vlan;		   /* tag; 0: none */
	uint32_t len;		   /* the whole frame's; 0: as short as it can be, at least 60 */
};

enum { EXPLAIN_LEN_MIN = 60, EXPLAIN_LEN_MAX = 65000 };

/* What came of it. */
struct explanation {
	struct narration told;
	char verdict[WALK_TEXT];
	bool delivered;
	enum drop_reason dropped;
	unsigned int copies;
};

/* The frame that @d describes: ARP is a request for dst_ip, by IPv6 a neighbour solicitation (RFC
 * 4861) for dst6; ICMP an echo request, TCP a SYN. NULL when the pool is empty. Gives the
 * reference. */
struct pkt *explain_build(struct pkt_pool *pool, const struct described *d);
/* Fill @e with what would happen to @p if it came in by @from now. Takes @p. */
void explain_walk(struct port *from, struct pkt *p, struct explanation *e);

/* The MAC of who has @addr on @net, as far as the switch knows: ports of its own, addresses claimed
 * by ARP, leases (@lease tells the address leased to a MAC, 0 when none; may be NULL). @how: in
 * words. False when nobody is known. */
bool explain_resolve(const struct net *net, be32 addr,
		     be32 (*lease)(const struct net *net, const struct mac *mac), struct mac *out,
		     char *how, size_t size);

static inline bool explain_is6(const struct described *d)
{
	return !ip_addr_is_zero(&d->dst6);
}

/* ---- explain6.c: the same of IPv6 ---- */

/* The MAC of the group @addr (RFC 2464 7); false when it is none. */
bool explain6_group(const struct ip_addr *addr, struct mac *out);
/* The address that a station with @mac makes itself in the network's prefix (RFC 4862); zero when
 * there is none. */
struct ip_addr explain6_made(const struct net *net, const struct mac *mac);
/* Is @addr on the link, as a station of @net sees it? */
bool explain6_on_link(const struct net *net, const struct ip_addr *addr);
/* The port of the network's own router; NULL when it has none. */
const struct port *explain6_router(const struct net *net);
/* As explain_resolve(). */
bool explain6_resolve(const struct net *net, const struct ip_addr *addr, struct mac *out, char *how,
		      size_t size);

#endif
