/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - what a frame says it is: one bounded pass from its first byte to its ports.
 *
 * Pure and without state; any bytes will do. The parser goes as far as it can and says in `bad`
 * where and why it stopped: what lies behind that point is unknown, not harmless. It checks the
 * structure that a receiver needs to find the next header, no checksums and no policy.
 */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include "lib/ipaddr.h"

enum {
	FRAME_TAGS_MAX = 2, /* 802.1Q and 802.1ad; with more, what is inside stays unknown */
	FRAME_EXT_MAX = 16  /* IPv6 extension headers that are followed */
};

enum { ETHERTYPE_RARP = 0x8035 };
enum {
	IPPROTO_IGMP_ = 2,
	IPPROTO_HOPOPTS_ = 0,
	IPPROTO_ROUTING_ = 43,
	IPPROTO_FRAGMENT_ = 44,
	IPPROTO_AH_ = 51,
	IPPROTO_ICMP6_ = 58,
	IPPROTO_NONE_ = 59,
	IPPROTO_DSTOPTS_ = 60,
	IPPROTO_MH_ = 135,
	IPPROTO_HIP_ = 139,
	IPPROTO_SHIM6_ = 140
};

/* ICMPv6 messages of neighbour discovery (RFC 4861 4) */
enum { ND_RS = 133, ND_RA = 134, ND_NS = 135, ND_NA = 136, ND_REDIRECT_ = 137 };
enum { ND_OPT_SOURCE_LL = 1, ND_OPT_TARGET_LL = 2 };

enum frame_l3 { L3_OTHER, L3_ARP, L3_IP4, L3_IP6 };

/* Why the parser stopped. */
enum frame_bad {
	FRAME_OK,
	FRAME_BAD_ETH, /* no Ethernet header, or a tag cut short */
	FRAME_DEEP,    /* more tags or extension headers than are followed */
	FRAME_BAD_ARP,
	FRAME_BAD_IP, /* the IP header or an extension header */
	FRAME_BAD_L4  /* too short for the protocol that it names, or malformed */
};

struct frame {
	const uint8_t *data; /* borrowed */
	size_t len;
	enum frame_bad bad;
	unsigned int tags;
	uint16_t tci[FRAME_TAGS_MAX];
	uint16_t type; /* EtherType behind the tags; below 1536: a length (IEEE 802.3 3.2.6) */
	enum frame_l3 l3_kind;
	size_t l3, l4, end;	 /* offsets; `end` is where the IP packet ends by its own length */
	struct ip_addr src, dst; /* IP; ARP: spa and tpa */
	uint8_t proto;		 /* IP: of the upper layer, behind all extension headers */
	bool fragment;		 /* a part of a packet */
	uint32_t frag_off;	 /* in bytes; when not 0 there is no upper-layer header here */
	bool has_l4;		 /* the fields below are filled in as the protocol has them */
	uint16_t sport, dport;	 /* UDP, TCP */
	uint8_t icmp_type, icmp_code;
};

/* Parse @len bytes at @data. Fills all of @f; returns f->bad. */
enum frame_bad frame_parse(const void *data, size_t len, struct frame *f);

static inline const struct eth_hdr *frame_eth(const struct frame *f)
{
	return (const void *)f->data; /* not with FRAME_BAD_ETH */
}

/* L3_ARP that is not bad: for Ethernet and IPv4, whole. */
static inline const struct arp_hdr *frame_arp_hdr(const struct frame *f)
{
	return (const void *)(f->data + f->l3);
}

/* Is it neighbour discovery (RFC 4861)? With has_l4 and not bad, its options are well formed. */
static inline bool frame_is_nd(const struct frame *f)
{
	return f->l3_kind == L3_IP6 && f->has_l4 && f->proto == IPPROTO_ICMP6_ &&
	       f->icmp_type >= ND_RS && f->icmp_type <= ND_REDIRECT_;
}

/* An option of neighbour discovery (RFC 4861 4.6). */
struct nd_option {
	uint8_t type, len; /* in units of 8 bytes, these two included */
	uint8_t value[6];  /* and more when len > 1 */
} WIRE_PACKED;

/* The option after @opt (NULL: the first) of a frame_is_nd() that is neither bad nor a fragment;
 * NULL after the last. */
const struct nd_option *frame_nd_option(const struct frame *f, const struct nd_option *opt);
/* The target address of NS, NA or redirect, under the same conditions. */
struct ip_addr frame_nd_target(const struct frame *f);

#endif
