/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_frame.h - frames to and from port 53 of a network's own addresses. Pure.
 */
#ifndef VSWITCHD_NETDNS_FRAME_H
#define VSWITCHD_NETDNS_FRAME_H

#include "lib/drop.h"
#include "lib/ipaddr.h"
#include "lib/pkt.h"

enum { DNS_PORT = 53 };

/* An end of a conversation and ours, as a frame names them. */
struct dns_ends {
	struct mac mac, own_mac;
	struct ip_addr addr, own;
	uint16_t port;
};

struct dns_frame {
	struct dns_ends ends;
	bool tcp;
	const uint8_t *l4; /* the UDP or TCP header, and what follows it */
	size_t len;	   /* of both, by the IP header */
	uint16_t own_port;
};

/* Might @p be for port 53 of @dst at @mac? Cheap, for every frame. */
bool dns_frame_likely(const struct pkt *p, const struct mac *mac, struct ip_addr *dst);
/* Then, if @dst is ours: what is it? DROP_NONE: *@out is filled, pointers are into @p, lengths and
 * checksums are right. DROP_CONSUMED: something else. */
enum drop_reason dns_frame_read(const struct pkt *p, struct dns_frame *out);

/* The same for any port. */
enum drop_reason dns_frame_read_any(const struct pkt *p, struct dns_frame *out);

/* Write a datagram of @len bytes to @ends into the empty packet @out. False: it is too long. */
bool dns_frame_udp(struct pkt *out, const struct dns_ends *ends, const void *data, size_t len);
/* The same from port @sport. */
bool dns_frame_udp_from(struct pkt *out, const struct dns_ends *ends, uint16_t sport,
			const void *data, size_t len);
/* The same for a TCP segment, header included, whose checksum is filled in. */
bool dns_frame_tcp(struct pkt *out, const struct dns_ends *ends, const void *segment, size_t len);

#endif
