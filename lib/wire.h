/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - the headers on the wire that more than one part of the project reads.
 *
 * All fields are in wire order and the structures are packed, so that one can be laid over any
 * address. Nobody reads one without having checked the length (pkt_at()).
 */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

#include "lib/types.h"

enum { ETH_ALEN_ = 6, ETH_HLEN_ = 14 };
enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_ARP_ = 0x0806, ETHERTYPE_IP6 = 0x86dd };
enum { ETHERTYPE_CTAG = 0x8100, ETHERTYPE_STAG = 0x88a8 };

struct mac {
	uint8_t b[ETH_ALEN_];
} WIRE_PACKED;

struct eth_hdr {
	struct mac dst, src;
	be16 type;
} WIRE_PACKED;

/* RFC 826, for Ethernet and IPv4 */
struct arp_hdr {
	be16 htype; /* 1 */
	be16 ptype; /* 0x0800 */
	uint8_t hlen, plen;
	be16 op;
	struct mac sha;
	be32 spa;
	struct mac tha;
	be32 tpa;
} WIRE_PACKED;
enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

/* RFC 791 3.1 */
struct ip4_hdr {
	uint8_t ver_ihl; /* version 4 in the high nibble, header length in 32-bit words below */
	uint8_t tos;
	be16 tot_len;
	be16 id;
	be16 frag_off; /* flags and offset in units of 8 bytes */
	uint8_t ttl;
	uint8_t proto;
	be16 csum;
	be32 src, dst;
} WIRE_PACKED;
enum { IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_OFFMASK = 0x1fff };
enum { IPPROTO_ICMP_ = 1, IPPROTO_TCP_ = 6, IPPROTO_UDP_ = 17 };
enum {
	IPPROTO_GRE_ = 47,
	IPPROTO_ESP_ = 50,
	IPPROTO_AUTH_ = 51,
	IPPROTO_SCTP_ = 132,
	IPPROTO_UDPLITE_ = 136
};

struct ip6_hdr_wire {
	be32 ver_class_flow;
	be16 payload_len;
	uint8_t next;
	uint8_t hop_limit;
	uint8_t src[16], dst[16];
} WIRE_PACKED;

struct udp_hdr {
	be16 sport, dport, len, csum;
} WIRE_PACKED;

struct tcp_hdr {
	be16 sport, dport;
	be32 seq, ack;
	uint8_t off; /* data offset in 32-bit words in the high nibble */
	uint8_t flags;
	be16 window, csum, urg;
} WIRE_PACKED;
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

/* RFC 792 */
struct icmp_hdr {
	uint8_t type, code;
	be16 csum;
	union {
		struct {
			be16 id, seq;
		} WIRE_PACKED echo;
		struct {
			be16 unused, mtu; /* RFC 1191 4 */
		} WIRE_PACKED frag;
		be32 rest;
	} WIRE_PACKED;
} WIRE_PACKED;
enum {
	ICMP_ECHOREPLY_ = 0,
	ICMP_UNREACH_ = 3,
	ICMP_REDIRECT_ = 5,
	ICMP_ECHO_ = 8,
	ICMP_TIMXCEED_ = 11,
	ICMP_PARAMPROB_ = 12
};
enum {
	ICMP_NET_UNREACH = 0,
	ICMP_HOST_UNREACH = 1,
	ICMP_PROT_UNREACH_ = 2,
	ICMP_PORT_UNREACH_ = 3,
	ICMP_NEEDFRAG = 4
};

static inline unsigned int ip4_ihl(const struct ip4_hdr *ip)
{
	return (ip->ver_ihl & 0xfu) * 4;
}

static inline bool mac_is_multicast(const struct mac *m)
{
	return m->b[0] & 1;
}

static inline bool mac_is_zero(const struct mac *m)
{
	return !(m->b[0] | m->b[1] | m->b[2] | m->b[3] | m->b[4] | m->b[5]);
}

static inline bool mac_equal(const struct mac *a, const struct mac *b)
{
	return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

extern const struct mac MAC_BROADCAST;

#endif
