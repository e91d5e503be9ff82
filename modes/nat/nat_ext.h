/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_ext.h - one outside address and the ports of it that we may use.
 *
 * All NAT networks that leave by the same address share its ports, so the owner of each port is
 * recorded here and nowhere else: an arriving packet finds its mapping by one array look-up.
 *
 * Theory of operation. Each protocol (TCP, UDP, ICMP echo ids) has a slot for each number in
 * [first, last], a range that the host's own sockets do not use. Numbers are drawn at random (RFC
 * 6056, RFC 7857 9), of the same parity as the inside port where one is free (RFC 4787 REQ-4),
 * never two inside endpoints on one (REQ-3). A number given back rests for the hold time (RFC 6888
 * REQ-8) as long as others are free; when none is, the hold gives way before a new flow is
 * refused. Numbers outside the range are in a small hash: port forwards, and numbers below 1024
 * for inside ports below 1024 (REQ-3a; some servers take no others), each taken from the host for
 * just as long as it is owned.
 */
#ifndef MODES_NAT_EXT_H
#define MODES_NAT_EXT_H

#include "lib/clock.h"
#include "lib/wire.h"

struct nat;
struct nat_frags;
struct nat_mapping;

enum nat_proto { NAT_TCP, NAT_UDP, NAT_ICMP, NAT_PROTOS };
enum {
	NAT_PORT_FIRST = 61000,
	NAT_PORT_LAST = 65535,
	NAT_EXT_STATICS = 2048,
	NAT_EXT_HEADS = 256,
	NAT_LOW_FIRST = 600, /* below are the ports of well-known services */
	NAT_LOW_LAST = 1023,
	NAT_LOW_MAX = 32, /* of the statics */
};

struct nat_slot {
	struct nat *owner; /* NULL: free */
	struct nat_mapping *mapping;
	msec released_ms; /* 0: never used */
};

struct nat_static_slot {
	enum nat_proto proto;
	be16 port;
	struct nat *owner; /* NULL: free */
	struct nat_mapping *mapping;
	uint16_t next; /* in the chain of its number, or of the free: index + 1 */
	bool low;      /* taken from the host by claim() */
};

struct nat_ext {
	be32 addr;
	uint16_t first, last; /* host order, inclusive */
	uint32_t mtu;	      /* of the way out when last asked for; 0: not known */
	uint16_t next_id;     /* IP identification of what we send, RFC 6864 4.1 */
	struct nat_slot *slots[NAT_PROTOS];
	struct nat_static_slot fixed[NAT_EXT_STATICS];
	uint16_t fixed_heads[NAT_EXT_HEADS]; /* by port: index + 1 */
	uint16_t fixed_free, fixed_touched;  /* those above were never used */
	unsigned int n_low;
	struct nat_frags *frags; /* of what arrives here; owned */
	msec hold_ms;
	/* Is the number free on the host itself? NULL: always. */
	bool (*usable)(void *ctx, enum nat_proto proto, be32 addr, uint16_t port);
	/* Take a free number outside of the range from the host (0 or negative errno), and give it
	 * back. NULL: no such numbers. */
	int (*claim)(void *ctx, enum nat_proto proto, uint16_t port);
	void (*unclaim)(void *ctx, uint16_t port);
	void *ctx; /* the edge's own */
};

/* Address @addr with ports [@first, @last]. @seed is random. NULL when memory is short. */
struct nat_ext *nat_ext_create(be32 addr, uint16_t first, uint16_t last, msec hold_ms,
			       const uint64_t seed[2]);
/* Nothing may own a port any more. NULL is accepted. */
void nat_ext_destroy(struct nat_ext *ext);

/* The mapping that owns @port (wire order), NULL when it is nobody's. */
struct nat_mapping *nat_ext_find(const struct nat_ext *ext, enum nat_proto proto, be16 port,
				 struct nat **owner);
/* Take a free number for @owner; 0 when there is none. @like is the inside port, @seed random. */
be16 nat_ext_take(struct nat_ext *ext, enum nat_proto proto, be16 like, struct nat *owner,
		  struct nat_mapping *m, uint64_t seed, msec now);
/* Take this very number for a port forward: -EADDRINUSE when somebody has it, -ENOSPC when the
 * list of forwards is full. */
int nat_ext_take_static(struct nat_ext *ext, enum nat_proto proto, be16 port, struct nat *owner,
			struct nat_mapping *m);
void nat_ext_release(struct nat_ext *ext, enum nat_proto proto, be16 port, msec now);

#endif
