/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_frame.h - Ethernet frames to and from the DHCP server's port: ARP, ping, UDP.
 *
 * Pure: frames in, verdicts or frames out. Everything in a frame is checked here, so that the
 * server sees a UDP payload or nothing.
 */
#ifndef VSWITCHD_NETDHCP_FRAME_H
#define VSWITCHD_NETDHCP_FRAME_H

#include "dhcp/server.h"
#include "lib/drop.h"
#include "lib/pkt.h"

/* The server as a host of its network. */
struct dhcp_host {
	struct mac mac;
	unsigned int n;
	struct {
		be32 addr;
		struct ip4_prefix subnet;
	} own[DHCP_POOLS_MAX];
};

/* Is @addr one of the server's? */
bool dhcp_host_is(const struct dhcp_host *host, be32 addr);

enum frame_kind {
	FRAME_IGNORED, /* nothing for us, or bad: the drop reason says which */
	FRAME_ARP,
	FRAME_ECHO,
	FRAME_DHCP
};

struct frame_info {
	enum frame_kind kind;
	enum drop_reason drop; /* FRAME_IGNORED: DROP_NONE when it simply was for others */
	struct mac src;
	const struct arp_hdr *arp;
	const struct ip4_hdr *ip;
	const uint8_t *payload; /* of UDP or ICMP */
	size_t len;
	bool unicast; /* to an address of ours */
};

/* What is @p to @host? Pointers in the result are into @p. */
struct frame_info frame_classify(const struct dhcp_host *host, const struct pkt *p);

/* Write a frame into the empty packet @out. */
void frame_arp_reply(struct pkt *out, const struct dhcp_host *host, const struct arp_hdr *req);
/* RFC 5227 2.1.1: sender address zero, so that nobody's cache changes. */
void frame_arp_probe(struct pkt *out, const struct dhcp_host *host, be32 addr);
void frame_echo_reply(struct pkt *out, const struct dhcp_host *host, const struct frame_info *req);
void frame_dhcp(struct pkt *out, const struct dhcp_host *host, const struct dhcp_reply *reply);

#endif
