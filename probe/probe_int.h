/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_int.h - what the parts of the probe share.
 */
#ifndef PROBE_PROBE_INT_H
#define PROBE_PROBE_INT_H

#include <arpa/inet.h>

#include "lib/csum.h"
#include "probe/probe.h"

enum { PROBE_HEADERS = ETH_HLEN_ + (int)sizeof(struct ip4_hdr), PROBE_TTL = 64, PROBE_MSS = 1460 };

/* An IPv4 packet to us whose structure and checksums are right, up to TCP's data offset. */
struct probe_in {
	const struct eth_hdr *eth;
	const struct ip4_hdr *ip;
	const uint8_t *l4;
	size_t len; /* from l4 */
};

/* ---- probe_out.c ---- */

/* A packet that is being made: its payload goes to l4. */
struct probe_out {
	uint8_t frame[PROBE_FRAME_MAX];
};

static inline void *probe_l4(struct probe_out *o)
{
	return o->frame + PROBE_HEADERS;
}

/* Send what is at probe_l4(), @len bytes of @proto, whose checksum field (if any) is 0 until here.
 * @via: the next hop's MAC address, NULL: where the routes lead (the router, which may have to be
 * asked for; on the subnet there must be a @via). */
void probe_send(struct probe *p, struct probe_out *o, be32 to, uint8_t proto, size_t len,
		const struct mac *via, msec now);
void probe_arp(struct probe *p, uint16_t op, be32 to, const struct mac *mac);
/* The router's MAC address came. */
void probe_router_told(struct probe *p, const struct mac *mac, msec now);
/* The MAC address for an answer to @in: on the subnet who sent it, else NULL. */
const struct mac *probe_back(const struct probe *p, const struct probe_in *in);
static inline bool probe_near(const struct probe *p, be32 addr)
{
	return ip4_prefix_has(p->conf.addr, addr);
}

/* A TCP segment with @len bytes of data; with SYN also our segment size. */
struct probe_segment {
	be16 sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
};
void probe_send_tcp(struct probe *p, be32 to, const struct probe_segment *s, const void *data,
		    size_t len, const struct mac *via, msec now);

/* ---- probe_tcp.c: the server ---- */

void probe_serve_tcp(struct probe *p, const struct probe_in *in, msec now);
/* Bytes of a segment's header, as it says itself. */
static inline size_t probe_tcp_header(const struct tcp_hdr *tcp)
{
	return (size_t)(tcp->off >> 4) * 4;
}
/* Bytes of a segment's data; *@data: where they are. */
size_t probe_tcp_data(const struct probe_in *in, const uint8_t **data);

/* ---- probe_ask.c: the client ---- */

/* Does a question of ours wait for this? Then it has it. */
bool probe_asked_icmp(struct probe *p, const struct probe_in *in, msec now);
bool probe_asked_udp(struct probe *p, const struct probe_in *in, msec now);
bool probe_asked_tcp(struct probe *p, const struct probe_in *in, msec now);
void probe_asked_arp(struct probe *p, be32 addr, const struct mac *mac, msec now);

#endif
