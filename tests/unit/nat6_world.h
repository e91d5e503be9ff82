/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat6_world.h - an IPv6 translator without a switch: what leaves and what comes in is kept, and
 * every checksum of it is looked at.
 */
#ifndef TESTS_UNIT_NAT6_WORLD_H
#define TESTS_UNIT_NAT6_WORLD_H

#include "modes/nat/nat6.h"
#include "modes/nat/nat_xlate.h"

enum { KEEP = 16, POOL = 64 };

struct world6 {
	struct pkt_pool *pool;
	struct nat nat; /* only the ports' owner */
	struct nat_ext *ext;
	struct nat6 *six;
	enum drop_reason no_route;
	uint32_t mtu;
	msec now;
	unsigned int n_in, n_out;
	struct pkt *in[KEEP], *out[KEEP];
};

extern const struct mac GW_MAC, GUEST_MAC, OTHER_MAC;

/* The network is fd00:1::/64, the outside address 2001:db8::1. */
void world6_init(struct world6 *w);
/* Nothing may be left of the pool. */
void world6_fini(struct world6 *w);
/* Drop what was kept. */
void world6_clear(struct world6 *w);

struct ip_addr ip6(const char *text);
/* Take @p apart; a whole packet's checksum must be right. */
void parse6(struct pkt *p, struct nat6_view *v);
/* A packet from GUEST_MAC with @len bytes behind its fixed header, the first of which is a header
 * of kind @next. */
struct pkt *raw6(struct world6 *w, const char *src, const char *dst, uint8_t next, const void *body,
		 uint32_t len);
/* The same with one L4 message, whose checksum is at @at and is made. */
struct pkt *make6(struct world6 *w, const char *src, const char *dst, uint8_t next, const void *l4,
		  uint32_t len, uint32_t at);
struct pkt *udp6(struct world6 *w, const char *src, uint16_t sport, const char *dst,
		 uint16_t dport);
/* To the translator from either side; what it does not take is given back. */
enum drop_reason inside6(struct world6 *w, struct pkt *p);
enum drop_reason outside6(struct world6 *w, struct pkt *p);

#endif
