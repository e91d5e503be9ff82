/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_packet.h - an IPv4 packet taken apart, and its addresses and ports changed in place.
 *
 * Checksums are updated, never recomputed (RFC 1624): what was wrong stays wrong, what was right
 * stays right, and a 64 KiB super-frame costs what a small frame costs.
 */
#ifndef MODES_NAT_PACKET_H
#define MODES_NAT_PACKET_H

#include "lib/drop.h"
#include "lib/pkt.h"
#include "lib/wire.h"
#include "modes/nat/nat_ext.h"

/* A view of a frame: borrowed pointers into it. */
struct nat_view {
	struct pkt *p;
	struct ip4_hdr *ip;
	uint8_t *l4;	 /* first byte after the IP header */
	uint32_t l4_len; /* bytes there */
	enum nat_proto proto;
	bool has_l4;	   /* not a later fragment: the L4 header is here */
	bool whole;	   /* not a fragment at all */
	bool partial;	   /* its checksum covers the pseudo header only (NEEDS_CSUM) */
	be16 sport, dport; /* 0 unless has_l4 and TCP or UDP */
};

/* Check frame @p (Ethernet, IPv4) down to its L4 header and fill @v; padding after the IP packet is
 * cut off. DROP_NONE, DROP_BAD_IP, DROP_BAD_CSUM, DROP_BAD_L4, DROP_BAD_VNET_HDR,
 * DROP_GSO_UNSUPPORTED or DROP_MARTIAN (source routes). Checksums of protocols without ports that
 * were left to an offload are completed. */
enum drop_reason nat_parse(struct pkt *p, struct nat_view *v);

/* One end of a packet. */
enum nat_end { NAT_SRC, NAT_DST };
void nat_set_addr(struct nat_view *v, enum nat_end end, be32 addr);
void nat_set_port(struct nat_view *v, enum nat_end end, be16 port);
void nat_set_id(struct nat_view *v, be16 id);
void nat_lower_ttl(struct nat_view *v);
/* The echo identifier of an ICMP query. */
be16 nat_echo_id(const struct nat_view *v);
void nat_set_echo_id(struct nat_view *v, be16 id);

/* The checksum field, under which the addresses are, of IP protocol @proto when it is UDP-Lite (RFC
 * 3828); NULL for all others without ports, or when it is not in @len bytes. */
uint8_t *nat_udplite_csum(uint8_t proto, uint8_t *l4, uint32_t len);

/* The longest IP packet that leaves by a port that cuts super-frames: the frame's own length, or
 * that of its pieces. */
uint32_t nat_wire_len(const struct nat_view *v);
uint8_t nat_tcp_flags(const struct nat_view *v);

/* Replace a 16- or 32-bit field at @field, which lies under the checksum at @csum. */
void nat_put16(void *field, be16 to, void *csum);
void nat_put32(void *field, be32 to, void *csum);

#endif
