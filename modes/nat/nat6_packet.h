/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat6_packet.h - an IPv6 packet taken apart, and its addresses and ports changed in place.
 *
 * Checksums are updated, never recomputed (RFC 1624), except those of ICMPv6 errors, which quote
 * what is translated too.
 */
#ifndef MODES_NAT_NAT6_PACKET_H
#define MODES_NAT_NAT6_PACKET_H

#include <arpa/inet.h>

#include "lib/drop.h"
#include "lib/ipaddr.h"
#include "lib/pkt.h"
#include "modes/nat/nat_packet.h"

/* RFC 4443 */
enum {
	ICMP6_UNREACH = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIMXCEED = 3,
	ICMP6_PARAMPROB = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHOREPLY = 129
};
enum { ICMP6_NO_ROUTE = 0, ICMP6_PROHIBITED = 1, ICMP6_ADDR_UNREACH = 3, ICMP6_PORT_UNREACH = 4 };
/* The fixed header; RFC 8200 5: every link carries packets of so many bytes. */
enum { IP6_HLEN = 40, IP6_MIN_MTU = 1280 };
enum { NAT6_TCP_HEADERS = IP6_HLEN + sizeof(struct tcp_hdr) };

/* RFC 8200 4.5 */
struct ip6_frag_wire {
	uint8_t next, reserved;
	be16 off; /* in units of 8 bytes, times 8; bit 0: more follow */
	be32 id;
} WIRE_PACKED;

/* A view of a frame: borrowed pointers into it. */
struct nat6_view {
	struct pkt *p;
	struct ip6_hdr_wire *ip;
	struct ip6_frag_wire *frag; /* its fragment header; NULL: none */
	bool part;		    /* not the whole packet */
	uint8_t next;		    /* the protocol behind all extension headers */
	uint8_t *l4;		    /* NULL: a part that is not the first */
	uint32_t l4_len;
	enum nat_proto proto; /* NAT_ICMP: ICMPv6 */
	bool partial;	      /* its checksum covers the pseudo header only */
	be16 sport, dport;    /* TCP and UDP; both the identifier for echo */
};

/* Check frame @p (Ethernet, IPv6) down to its L4 header and fill @v; padding is cut off. Hop-by-hop
 * and destination options, a routing header that is used up and a fragment header may stand before
 * it. DROP_NONE, DROP_BAD_IP, DROP_BAD_L4, DROP_BAD_CSUM, DROP_BAD_VNET_HDR, DROP_MARTIAN (a route
 * of the sender's own, RFC 5095), or DROP_PROTO: a protocol or a header, such as that of
 * authentication, that can't be translated (then @v->ip is set, so that it can be answered). */
enum drop_reason nat6_parse(struct pkt *p, struct nat6_view *v);

static inline struct ip_addr nat6_src(const struct nat6_view *v)
{
	struct ip_addr a;

	__builtin_memcpy(a.b, v->ip->src, 16);
	return a;
}

static inline struct ip_addr nat6_dst(const struct nat6_view *v)
{
	struct ip_addr a;

	__builtin_memcpy(a.b, v->ip->dst, 16);
	return a;
}

/* Which bytes of the packet behind the fragment header a part has: from @return on. */
static inline uint32_t nat6_part_at(const struct nat6_view *v, uint32_t *len)
{
	const uint8_t *body = (const uint8_t *)(v->frag + 1);

	*len = (uint32_t)(v->p->data + v->p->len - body);
	return ntohs(v->frag->off) & 0xfff8u;
}

static inline bool nat6_is_error(const struct nat6_view *v)
{
	return v->proto == NAT_ICMP && v->l4[0] >= ICMP6_UNREACH && v->l4[0] <= ICMP6_PARAMPROB;
}

static inline bool nat6_is_echo(const struct nat6_view *v)
{
	return v->proto == NAT_ICMP && (v->l4[0] == ICMP6_ECHO || v->l4[0] == ICMP6_ECHOREPLY);
}

void nat6_set_addr(struct nat6_view *v, enum nat_end end, const struct ip_addr *addr);
/* Also the identifier of an echo. */
void nat6_set_port(struct nat6_view *v, enum nat_end end, be16 port);
/* The checksum of the ICMPv6 message in @v, anew. */
void nat6_icmp_sum(struct nat6_view *v);

/* What an error says of the packet that caused it. */
struct nat6_inner {
	struct ip6_hdr_wire *ip;
	uint8_t *l4;
	uint32_t l4_len;
	enum nat_proto proto;
	be16 sport, dport; /* both the identifier for echo */
};

/* Take the error @v apart: DROP_NONE, DROP_BAD_L4, DROP_PROTO. */
enum drop_reason nat6_inner(const struct nat6_view *v, struct nat6_inner *in);
/* Change one end of the inner packet and make the error's own checksum anew. */
void nat6_set_inner(struct nat6_view *v, struct nat6_inner *in, enum nat_end end,
		    const struct ip_addr *addr, be16 port);

/* A new error about @cause (RFC 4443 2.4 (e)), from @src to cause's source; @word is the second of
 * its words (the MTU of "too big"). NULL when none may be sent or no packet is free. The Ethernet
 * header is left to the caller. */
struct pkt *nat6_error(struct pkt_pool *pool, const struct nat6_view *cause,
		       const struct ip_addr *src, uint8_t type, uint8_t code, uint32_t word);
/* A packet with room for @l4_len zero bytes behind its IPv6 header. NULL when none is free. */
struct pkt *nat6_new(struct pkt_pool *pool, const struct ip_addr *src, const struct ip_addr *dst,
		     uint8_t next, uint8_t hop_limit, uint32_t l4_len);

/* Not a single host beyond this link: unspecified, loopback, link-local, multicast, IPv4-mapped. */
bool nat6_is_martian(const struct ip_addr *a);

#endif
