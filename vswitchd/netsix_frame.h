/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_frame.h - Ethernet frames to and from the station's IPv6 side: neighbour discovery, ping,
 * UDP.
 *
 * Pure: frames in, verdicts or frames out. Everything below UDP is checked here.
 */
#ifndef VSWITCHD_NETSIX_FRAME_H
#define VSWITCHD_NETSIX_FRAME_H

#include "lib/drop.h"
#include "lib/frame.h"
#include "lib/pkt.h"

enum { SIX_HLEN = 40, SIX_MIN_MTU = 1280 /* RFC 8200 5 */ };

/* The station as an IPv6 host of its network. */
struct six_host {
	struct mac mac;
	struct ip_addr link_local, addr; /* addr: in the network's prefix */
};

enum six_kind {
	SIX_IGNORED, /* nothing for us, or bad: the drop reason says which */
	SIX_RS,
	SIX_NS,
	SIX_NA,
	SIX_ECHO,
	SIX_UDP
};

struct six_info {
	enum six_kind kind;
	enum drop_reason drop; /* SIX_IGNORED: DROP_NONE when it simply was for others */
	struct mac from;
	struct ip_addr src, dst;
	struct ip_addr target; /* NS, NA */
	bool to_us;	       /* sent to one of our own addresses */
	uint16_t sport, dport;
	const uint8_t *payload; /* of UDP; the whole message of ICMPv6 */
	size_t len;
};

/* What is @p to @host? Pointers in the result are into @p. NS, NA and RS are those for anybody. */
struct six_info six_classify(const struct six_host *host, const struct pkt *p);

/* Write a frame into the empty packet @out. The ICMPv6 message @msg has room for its checksum. */
void six_icmp(struct pkt *out, const struct six_host *host, const struct ip_addr *src,
	      const struct ip_addr *dst, const struct mac *to, const void *msg, size_t len);
void six_udp(struct pkt *out, const struct six_host *host, const struct ip_addr *src,
	     const struct ip_addr *dst, const struct mac *to, uint16_t sport, uint16_t dport,
	     const void *data, size_t len);
/* Our answer to the NS @ns for @target, one of our addresses (RFC 4861 7.2.4). */
void six_advertise(struct pkt *out, const struct six_host *host, const struct six_info *ns);
void six_echo_reply(struct pkt *out, const struct six_host *host, const struct six_info *req);

static inline bool six_is_own(const struct six_host *host, const struct ip_addr *addr)
{
	return ip_addr_equal(addr, &host->link_local) || ip_addr_equal(addr, &host->addr);
}

extern const struct ip_addr six_all_nodes;
extern const struct mac six_all_nodes_mac;

#endif
