/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat6.h - IPv6 of a NAT network: the router that guests see, and address sharing for what leaves.
 *
 * Theory of operation. The network has a /64 of its own, from the range that is nobody's (ULA, RFC
 * 4193). The gateway advertises it (RFC 4861, 4862), answers for its addresses (fe80::... and ::2)
 * and translates: outside, flows have the host's own address and a port of a range that the host
 * does not use, as in IPv4 (NAPT66). A prefix for the guests, by which addresses could be
 * translated one to one (RFC 6296), is what a host hardly ever has.
 *
 * The memory is the IPv4 translator's (nat_table.h), which knows addresses by 32-bit words. Here
 * such a word is a *name*: of a neighbour inside, the index of its entry and of the guest that has
 * it, a MAC address; of a peer, the index into a table of those that sessions are with. Both are
 * counted by the sessions that name them. So limits, timeouts, mapping and filtering rules and the
 * list of flows are one code for both families; and as a guest may have any number of addresses
 * here, limits count its MAC address.
 *
 * Fragments follow their first one, as those of IPv4 do; hop-by-hop and destination options pass as
 * they are. A packet to one of our own outside addresses goes out and comes in again (hairpin).
 *
 * Invariants: nothing leaves with an inside address; nothing enters that no mapping admits; a
 * router lifetime other than 0 is advertised only while the host itself has a default route (RFC
 * 7084 ULA-5), so that guests of an IPv4 host lose no time.
 *
 * Limits. NAT6_NEIGHS addresses inside, NAT6_PER_MAC for one MAC. No system calls.
 */
#ifndef MODES_NAT_NAT6_H
#define MODES_NAT_NAT6_H

#include "dhcp/ra.h"
#include "modes/nat/nat6_packet.h"
#include "modes/nat/nat_frag.h"
#include "modes/nat/nat_table.h"

struct nat6;

enum { NAT6_NEIGH_BITS = 10, NAT6_NEIGHS = 1 << NAT6_NEIGH_BITS, NAT6_PER_MAC = 32 };

struct nat6_route {
	struct nat_ext *ext; /* with addr6 */
	struct ip_addr next_hop;
	uint32_t mtu;
	bool local; /* the destination is ext's own address */
};

struct nat6_env {
	void *ctx;
	struct pkt_pool *pool;
	enum drop_reason (*route)(void *ctx, const struct ip_addr *dst, struct nat6_route *out);
	/* Give a packet to the outside edge, or a frame to the switch; both take it. */
	void (*outside)(void *ctx, const struct nat6_route *rt, struct pkt *p);
	void (*emit)(void *ctx, struct pkt *p);
	/* Each session's life, as nat_table.note. NULL: nobody listens. */
	void (*note)(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why);
};

struct nat6_conf {
	struct ip_addr prefix; /* /64 */
	struct mac mac;	       /* the gateway's */
	uint32_t mtu;
};

/* An address inside. */
struct nat6_neigh {
	struct ip_addr addr;
	struct mac mac;
	uint16_t guest; /* index of who has it; stays while somebody names it */
	uint32_t refs;	/* sessions and forwards that name it */
	msec heard_ms;	/* 0: free */
};

/* A MAC address that has addresses. */
struct nat6_guest {
	struct mac mac;
	uint16_t neighs; /* 0: free */
};

/* A peer outside, and how many sessions are with it. */
struct nat6_peer {
	struct ip_addr addr;
	uint32_t refs, next; /* of the hash chain or free list: index + 1; 0: none */
};

struct nat6 {
	struct nat6_conf conf;
	struct nat6_env env;
	struct ip_addr link_local, addr; /* the gateway's */
	struct nat_table table;
	struct nat6_neigh neighs[NAT6_NEIGHS];
	struct nat6_guest guests[NAT6_NEIGHS];
	struct nat_frags *frags; /* of what comes from inside */
	struct nat6_peer *peers;
	uint32_t *peer_heads, peer_mask, peer_free, peers_touched, n_peers;
	struct ra_conf ra; /* what is advertised, but the lifetime */
	struct ra_timer ra_timer;
	bool online; /* the host has a way out */
	struct nat_bucket outside_errors;
	msec now;
	uint64_t errors_sent;
};

/* @seed: 32 random bytes; @owner: what ports are taken for. NULL when memory is short. */
struct nat6 *nat6_create(const struct nat6_conf *conf, const struct nat6_env *env,
			 const struct nat_settings *set, struct nat *owner, const uint64_t seed[4],
			 msec now);
void nat6_destroy(struct nat6 *n);

/* A frame with EtherType IPv6 that the switch brought to the gateway's port; @p is writable.
 * DROP_NONE: taken. Else the caller still has it: DROP_CONSUMED is no loss. */
enum drop_reason nat6_input(struct nat6 *n, struct pkt *p, msec now);
/* A frame that arrived for @ext's address; DROP_NONE: taken. *@owner as in nat_from_outside(). */
enum drop_reason nat6_from_outside(struct nat_ext *ext, struct pkt *p, msec now,
				   struct nat6 **owner);
/* Once a second. @online: the host has a default route. True when the round through the table is
 * not finished (nat_table_run()). */
bool nat6_tick(struct nat6 *n, bool online, msec now);
/* Advertise this from now on; prefix, MAC and MTU are the gateway's. @search is borrowed. */
void nat6_advertise(struct nat6 *n, const struct ra_conf *ra);
/* The network ends: guests shall use this router no more. */
void nat6_goodbye(struct nat6 *n);
/* @ext is going away; tells the guests, ends its flows and returns how many. */
unsigned int nat6_drop_ext(struct nat6 *n, struct nat_ext *ext, msec now);
/* A packet could not be brought to its next hop. Borrows @p, a translated packet. */
void nat6_undeliverable(struct nat6 *n, struct nat_ext *ext, struct pkt *p, msec now);
/* Does a guest's frame claim to be the gateway? DROP_NONE or DROP_SPOOFED. */
enum drop_reason nat6_check_claim(const struct nat6 *n, const struct pkt *p);

/* Ask who has @addr inside; whoever answers is a neighbour then. */
void nat6_solicit(struct nat6 *n, const struct ip_addr *addr);

/* The address behind a mapping's or a session's name. */
struct ip_addr nat6_inside_addr(const struct nat6 *n, be32 name);
struct ip_addr nat6_peer_addr(const struct nat6 *n, be32 name);
const struct mac *nat6_inside_mac(const struct nat6 *n, be32 name);
/* Take the settings of the IPv4 table over, but its size. */
void nat6_follow(struct nat6 *n, const struct nat_settings *set, msec now);
/* Make room for @max flows in a table without any. 0 or -ENOMEM, and it is as it was. */
int nat6_resize(struct nat6 *n, uint32_t max, msec now);

/* ---- between the parts ----------------------------------------------------------------------- */

/* nat6_names.c: the neighbour with @addr; NULL when unknown. */
struct nat6_neigh *nat6_neigh_find(struct nat6 *n, const struct ip_addr *addr);
/* Heard of @addr at @mac. NULL when there is no room for it. */
struct nat6_neigh *nat6_neigh_learn(struct nat6 *n, const struct ip_addr *addr,
				    const struct mac *mac, msec now);
/* Never 0. The same for as long as somebody names it. */
be32 nat6_neigh_name(const struct nat6 *n, const struct nat6_neigh *e);
struct nat6_neigh *nat6_neigh_of(struct nat6 *n, be32 name);
/* Which of the table's guests has it: for limits. */
static inline uint32_t nat6_guest_number(be32 name)
{
	return ntohl(name) % NAT6_NEIGHS;
}
/* The name of a peer, 0 when no session is with it; @make: make one (0 when there is no room). */
be32 nat6_peer_name(struct nat6 *n, const struct ip_addr *addr, bool make);
/* A session names both, from before it is made until it ends. */
void nat6_names_get(struct nat6 *n, be32 inside, be32 peer);
void nat6_names_put(struct nat6 *n, be32 inside, be32 peer);
int nat6_peers_init(struct nat6 *n, uint32_t max);

bool nat6_is_inside(const struct nat6 *n, const struct ip_addr *addr);
/* The gateway's own, or the host's leg's. */
bool nat6_is_own(const struct nat6 *n, const struct ip_addr *addr);
/* Put the Ethernet header on and send to a guest; takes @p. */
void nat6_to_guest(struct nat6 *n, const struct mac *to, struct pkt *p);
/* Tell the inside sender of @v. Borrows it. */
void nat6_error_inside(struct nat6 *n, const struct nat6_view *v, uint8_t type, uint8_t code,
		       uint32_t word);

/* May this packet begin a session? In the middle of a connection nothing begins. */
bool nat6_may_open(const struct nat6_view *v, const struct nat_mapping *m);
static inline uint8_t nat6_tcp_flags(const struct nat6_view *v)
{
	return v->proto == NAT_TCP ? v->l4[13] : 0;
}
/* The longest IP packet that leaves by a port that cuts super-frames. */
uint32_t nat6_wire_len(const struct nat6_view *v);
static inline struct nat_frag_key nat6_frag_key(const struct nat6_view *v)
{
	return (struct nat_frag_key){nat6_src(v), nat6_dst(v), v->frag->id, 0};
}
/* A part of a packet has come: DROP_NONE, or DROP_FRAGMENT when it is of no use. */
enum drop_reason nat6_frag_check(struct nat_frags *f, const struct nat6_view *v, uint32_t share,
				 msec now);

/* nat6_out.c: a packet of a guest for somewhere else. */
enum drop_reason nat6_from_inside(struct nat6 *n, struct nat6_view *v, const struct mac *from);
/* nat6_in.c: the second half of nat6_from_outside(), as nat_deliver() (nat_path.h). */
enum drop_reason nat6_deliver(struct nat_ext *ext, struct nat6_view *v, const struct nat6 *from,
			      msec now, struct nat6 **owner);
/* nat6_reset.c: as nat_reset_inside(). */
void nat6_reset_inside(struct nat6 *n, const struct nat6_view *v, const struct nat6_neigh *to);
/* nat6_nd.c: advertise when it is time. */
void nat6_nd_tick(struct nat6 *n, bool online);

#endif
