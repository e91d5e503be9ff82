/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_world.h - a translator between two lists of frames, for tests: what it sends outside and
 * inside is kept, the clock is a number, the route is a constant. Every frame that leaves is
 * checked: its checksums hold and, outside, its source is the outside address.
 */
#ifndef TESTS_NAT_WORLD_H
#define TESTS_NAT_WORLD_H

#include "modes/nat/nat_xlate.h"

enum { WORLD_FRAMES = 256, WORLD_POOL = 1024, WORLD_EXTRAS = 4 };

struct world {
	struct pkt_pool *pool;
	bool own_pool;
	struct nat *nat;
	struct nat_ext *ext;
	struct nat_ext *extras[WORLD_EXTRAS]; /* made by the test, destroyed by world_fini() */
	msec now;
	uint32_t mtu;		   /* of the way out */
	enum drop_reason no_route; /* what route() says instead of success */
	unsigned int n_out, n_in, n_bad;
	struct pkt *out[WORLD_FRAMES], *in[WORLD_FRAMES];
};

/* Addresses of the tests. */
be32 ip(const char *text);
#define GUEST_A ip("10.0.2.128")
#define GUEST_B ip("10.0.2.129")
#define GATEWAY ip("10.0.2.2")
#define OUTSIDE ip("198.51.100.2")
#define PEER_1	ip("203.0.113.1")
#define PEER_2	ip("203.0.113.2")
#define ROUTER	ip("192.0.2.77")

void world_init(struct world *w, const struct nat_settings *set);
/* The same with a pool of the caller's, which outlives the world. */
void world_init_pool(struct world *w, const struct nat_settings *set, struct pkt_pool *pool);
void world_fini(struct world *w);
/* As after world_init_pool(), without making everything anew. */
void world_reset(struct world *w);
/* Forget what was sent. */
void world_clear(struct world *w);
/* Step the clock, running ticks once a second. */
void world_step(struct world *w, msec ms);
/* Give a frame to the inside or outside; takes it. */
enum drop_reason world_send(struct world *w, struct pkt *p);
enum drop_reason world_receive(struct world *w, struct pkt *p);
/* The same for address @ext of the world's. */
enum drop_reason world_receive_at(struct world *w, struct nat_ext *ext, struct pkt *p);

struct flow {
	be32 src, dst;
	uint16_t sport, dport;
};
/* From guest A to @peer, and from @peer to where @ext_port is seen. */
struct flow a_to(be32 peer, uint16_t sport, uint16_t dport);
struct flow back(be32 peer, uint16_t peer_port, uint16_t ext_port);

/* Send one packet out; returns the outside port it left by, 0 when it did not. */
uint16_t udp_out(struct world *w, struct flow f);
uint16_t tcp_out(struct world *w, struct flow f, uint8_t flags);
/* A connection of guest A's to port 80 of PEER_1, open; its outside port. */
uint16_t tcp_established(struct world *w, uint16_t sport);
/* An answer of that peer's. */
enum drop_reason tcp_in(struct world *w, uint16_t port, uint8_t flags);

/* Any protocol: @len bytes that mean nothing after the IP header. */
struct pkt *make_ip(struct world *w, be32 src, be32 dst, uint8_t proto, uint32_t len);
struct pkt *make_udp(struct world *w, struct flow f, uint32_t payload);
struct pkt *make_tcp(struct world *w, struct flow f, uint8_t flags, uint32_t payload);
struct pkt *make_echo(struct world *w, be32 src, be32 dst, uint8_t type, uint16_t id,
		      uint32_t payload);
/* An error from @from to @to quoting @quote bytes of @about's packet. */
struct pkt *make_error(struct world *w, be32 from, be32 to, uint8_t type, uint8_t code,
		       const struct pkt *about, uint32_t quote);
/* Change the IP header and mend its checksum. */
void set_ttl(struct pkt *p, uint8_t ttl);
void set_frag(struct pkt *p, uint16_t frag_off, uint16_t id);
/* Are IP and L4 checksums of a whole packet right? */
bool sums_hold(const struct pkt *p);

static inline struct ip4_hdr *ip_of(const struct pkt *p)
{
	return (void *)(p->data + ETH_HLEN_);
}

/* Source or destination port (or echo id at @end 2) of a packet, host order. */
uint16_t port_of(const struct pkt *p, int end);
static inline uint8_t *l4_of(const struct pkt *p)
{
	return p->data + ETH_HLEN_ + ip4_ihl(ip_of(p));
}

#endif
