/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_ext.h - one outside address and the ports of it that we may use.
 *
 * All NAT networks that leave by the same address share its ports, so the owner of each port is
 * recorded here and nowhere else: an arriving packet finds its mapping by one array look-up.
 *
 * Theory of operation. Each protocol (TCP, UDP, ICMP echo ids) is a space of 65,536 slots of 8
 * bytes, of which only touched pages become resident, and a bit for each number that may be drawn:
 * those of [first, last], a range that the host's own sockets do not use. Numbers are drawn at
 * random (RFC 6056, RFC 7857 9), of the same parity as the inside port where one is free (RFC 4787
 * REQ-4), never two inside endpoints on one (REQ-3). The draw looks at 64 numbers at once, so that
 * it stays quick when few are free, and knows at once when none is. A number given back rests for
 * the hold time (RFC 6888 REQ-8) on a queue; when no other is free, the one that has rested longest
 * is taken before a new flow is refused. Numbers outside the range are taken one by one: port
 * forwards, and numbers below 1024 for inside ports below 1024 (REQ-3a; some servers take no
 * others), each kept from the host for just as long as it is owned.
 *
 * A protocol without ports has no numbers: one inside address has it with a peer, or nobody
 * (nat_pair.h). The number of such a pair stands where others have their port.
 */
#ifndef MODES_NAT_EXT_H
#define MODES_NAT_EXT_H

#include "lib/clock.h"
#include "lib/ipaddr.h"
#include "lib/wire.h"
#include "modes/nat/nat_pair.h"

struct nat;
struct nat_frags;
struct nat_mapping;

/* The first three have a space of numbers each; the others are all that have none. */
enum nat_proto { NAT_TCP, NAT_UDP, NAT_ICMP, NAT_OTHER, NAT_PROTOS, NAT_SPACES = NAT_OTHER };
enum {
	NAT_PORT_FIRST = 61000,
	NAT_PORT_LAST = 65535,
	NAT_EXT_STATICS = 2048, /* outside of the range at a time */
	NAT_EXT_OWNERS = 256,	/* networks with ports at a time */
	NAT_LOW_FIRST = 600,	/* below are the ports of well-known services */
	NAT_LOW_LAST = 1023,
	NAT_LOW_MAX = 32, /* of the statics */
};

static inline bool nat_has_ports(enum nat_proto proto)
{
	return proto == NAT_TCP || proto == NAT_UDP;
}

/* Who has a port: a mapping of a network's table, which begins at @table. */
struct nat_owner {
	struct nat *nat;
	struct nat_mapping *table, *m;
};

struct nat_slot {
	uint16_t owner : 14; /* number in owners plus one; 0: free */
	uint16_t queued : 1; /* on the queue of those that rest */
	uint16_t low : 1;    /* taken from the host by claim() */
	uint16_t next;	     /* on the queue; 0: the last */
	uint32_t what;	     /* number of the mapping in its table, or when it was given back */
};

struct nat_space {
	struct nat_slot *slots;	    /* by number */
	uint64_t avail[65536 / 64]; /* bits by number: free, rested, of the range */
	uint32_t n_avail[2];	    /* by parity */
	uint32_t n_resting;
	uint16_t rest_first, rest_last; /* 0: nobody rests */
};

struct nat_ext {
	be32 addr;
	/* nat_extra.h: the address is not the host's own but one more by the way of @via. When it
	 * is a static map, all of it is inside address @one's of network @one_of. */
	struct nat_ext *via;
	struct nat *one_of;
	be32 one;
	struct nat_count {
		uint64_t packets, bytes;
	} one_tx, one_rx;
	struct ip_addr addr6;	  /* IPv6 (nat6.h); addr is 0 then */
	uint16_t first, last;	  /* host order, inclusive */
	uint32_t mtu;		  /* of the way out when last asked for; 0: not known */
	uint16_t next_id;	  /* IP identification of what we send, RFC 6864 4.1 */
	struct nat_space *spaces; /* NAT_SPACES of them */
	struct nat_pairs pairs;
	struct nat_slot *pair_slots; /* by number of the pair */
	struct {
		struct nat *nat; /* NULL: free */
		struct nat_mapping *table;
		uint32_t ports;
	} owners[NAT_EXT_OWNERS];
	unsigned int n_fixed, n_low;
	struct nat_frags *frags; /* of what arrives here; owned */
	msec hold_ms;
	/* Take a free number outside of the range from the host (0 or negative errno), and give it
	 * back. NULL: no such numbers. */
	int (*claim)(void *ctx, enum nat_proto proto, uint16_t port);
	void (*unclaim)(void *ctx, uint16_t port);
	/* May a guest have protocol @proto with @peer, or is it the host's own? NULL: always. */
	bool (*pair_free)(void *ctx, uint8_t proto, be32 peer);
	/* Keep the host from it (0 or negative errno), and undo that. NULL: nothing to do. */
	int (*pair_claim)(void *ctx, uint16_t number, uint8_t proto, be32 peer);
	void (*pair_unclaim)(void *ctx, uint16_t number, uint8_t proto, be32 peer);
	void *ctx; /* the edge's own */
};

/* Its address, of either family. */
static inline struct ip_addr nat_ext_addr(const struct nat_ext *ext)
{
	return ext->addr ? ip_addr_from4(ext->addr) : ext->addr6;
}

/* The host's own address by which an extra one leaves; of any other that itself. */
static inline struct nat_ext *nat_ext_way(struct nat_ext *ext)
{
	return ext->via ? ext->via : ext;
}

/* Address @addr with ports [@first, @last]. @seed is random. NULL when memory is short. */
struct nat_ext *nat_ext_create(be32 addr, uint16_t first, uint16_t last, msec hold_ms,
			       const uint64_t seed[2]);
/* Nothing may own a port any more. NULL is accepted. */
void nat_ext_destroy(struct nat_ext *ext);

/* The mapping that owns @port (wire order), NULL when it is nobody's. */
struct nat_mapping *nat_ext_find(const struct nat_ext *ext, enum nat_proto proto, be16 port,
				 struct nat **owner);
/* Take a free number for @owner; 0 when there is none. @like is the inside port, @seed random. */
be16 nat_ext_take(struct nat_ext *ext, enum nat_proto proto, be16 like, struct nat_owner owner,
		  uint64_t seed, msec now);
/* The mapping that has IP protocol @proto with @peer, NULL when nobody has. */
struct nat_mapping *nat_ext_find_pair(const struct nat_ext *ext, uint8_t proto, be32 peer,
				      struct nat **owner);
/* Take a protocol with a peer, which nobody has. Its number, 0 when there is no room. */
be16 nat_ext_take_pair(struct nat_ext *ext, uint8_t proto, be32 peer, struct nat_owner owner);
/* Take this very number for a port forward: -EADDRINUSE when somebody has it, -ENOSPC when too many
 * outside of the range are taken. */
int nat_ext_take_static(struct nat_ext *ext, enum nat_proto proto, be16 port,
			struct nat_owner owner);
/* Never draw @port (host order), which is the host's: said before anybody owns it. */
void nat_ext_exclude(struct nat_ext *ext, uint16_t port);
/* How many numbers of the range nobody owns, those that rest among them; of others, how many pairs
 * there may still be. */
uint32_t nat_ext_free(const struct nat_ext *ext, enum nat_proto proto);
void nat_ext_release(struct nat_ext *ext, enum nat_proto proto, be16 port, msec now);
/* Have the slots brought that nat_ext_take() with this seed, or a release of @port, will touch. */
void nat_ext_prefetch_take(const struct nat_ext *ext, enum nat_proto proto, uint64_t seed);
void nat_ext_prefetch(const struct nat_ext *ext, enum nat_proto proto, be16 port);

#endif
