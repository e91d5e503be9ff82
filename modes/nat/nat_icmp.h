/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_icmp.h - ICMP errors: made by the gateway, and translated with the packet they carry.
 */
#ifndef MODES_NAT_ICMP_H
#define MODES_NAT_ICMP_H

#include "modes/nat/nat_packet.h"

/* Destination unreachable codes that the gateway uses, RFC 1812 5.2.7.1 */
enum { NAT_UNREACH_HOST_PROHIBITED = 10, NAT_UNREACH_PROHIBITED = 13 };

/* What an error says of the packet that caused it. Pointers into the error's frame. */
struct nat_inner {
	struct ip4_hdr *ip;
	uint8_t *l4;
	uint32_t l4_len;
	enum nat_proto proto;
	be16 sport, dport; /* both the identifier for ICMP echo, the IP protocol for NAT_OTHER */
};

/* Destination unreachable, time exceeded, parameter problem: the errors that are translated (RFC
 * 5508 REQ-4; source quench is dead by RFC 6633, redirects are for one link only). */
bool nat_icmp_is_error(uint8_t type);

/* Take the error @v apart. DROP_NONE, or DROP_BAD_L4, DROP_BAD_CSUM (inner header, RFC 5508
 * REQ-3a), DROP_PROTO (about an ICMP message that is no echo), DROP_FRAGMENT (the error is about a
 * piece without ports). */
enum drop_reason nat_icmp_inner(const struct nat_view *v, struct nat_inner *in);

/* Change one end of the inner packet (@port does not matter to NAT_OTHER), keeping its checksums
 * right as far as they are there, and make the error's own checksum anew. */
void nat_icmp_set_inner(struct nat_view *v, struct nat_inner *in, enum nat_end end, be32 addr,
			be16 port);

/* A new error about @cause (RFC 1812 4.3.2), from @src to cause's source; @mtu only for 3/4.
 * NULL when none may be sent (the cause is an error, a later fragment, or not from one host) or no
 * packet is free. The Ethernet header is left to the caller. */
struct pkt *nat_icmp_error(struct pkt_pool *pool, const struct nat_view *cause, be32 src,
			   uint8_t type, uint8_t code, uint32_t mtu, be16 id);

/* Turn the echo request in @v into its reply, in place (RFC 792). */
void nat_icmp_echo_reply(struct nat_view *v);

/* Not a single host on the Internet: 0/8, 127/8, 224/4, 240/4 and broadcast (RFC 1812 5.3.7). */
bool nat_is_martian(be32 addr);

#endif
