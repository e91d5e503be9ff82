/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_frag.h - datagrams that come in pieces (RFC 4787 REQ-14), of either family.
 *
 * Theory of operation. Only the first fragment of a datagram has ports, so only it can be looked
 * up. What was decided for it is remembered under (source, destination, protocol, identification)
 * and done to all others; nothing is reassembled. Fragments that arrive before their first one
 * are kept, copied into slots of our own, and let go when it comes.
 *
 * Of IPv6 the pieces' places are remembered too (nat_frags_see()): where two overlap the whole
 * datagram is spoilt and all that comes of it is dropped (RFC 5722, RFC 8200 4.5), so that nobody
 * slips past a filter what the receiver puts together. What has left already lacks the rest. A
 * piece that has come before, byte for byte in the same place, is a copy made on the way and is
 * dropped alone. NAT_FRAG_PIECES is more than a full datagram has at the smallest MTU (1280).
 *
 * Limits. Entries and slots are allocated at start (slots: 2 MiB at a 1500-byte MTU). Who sends
 * them (a guest inside, an address outside) may use at most a quarter of each; over that its own
 * oldest datagram is forgotten. When all are used, the oldest of all goes. A datagram is forgotten
 * after 30 s (RFC 791 3.2 says 15 s at least).
 */
#ifndef MODES_NAT_FRAG_H
#define MODES_NAT_FRAG_H

#include <arpa/inet.h>

#include "lib/clock.h"
#include "lib/ipaddr.h"
#include "lib/pkt.h"
#include "lib/wire.h"

struct nat;
struct nat_ext;
struct nat_frags;

enum {
	NAT_FRAG_ENTRIES = 1024,
	NAT_FRAG_SLOTS = 1024,
	NAT_FRAG_SLOT_DEFAULT = 2048,
	NAT_FRAG_SHARES = 256, /* senders are hashed to one of these */
	NAT_FRAG_PIECES = 64,
	NAT_FRAG_MS = 30000
};

/* No padding: it is hashed as it lies in memory. */
struct nat_frag_key {
	struct ip_addr src, dst;
	be32 id;
	uint32_t proto; /* 0 for IPv6, where a datagram is named without it (RFC 8200 4.5) */
};

/* What to do with a fragment that is not the first. */
struct nat_frag_fate {
	struct nat *owner;	 /* inbound: the network it goes to */
	struct nat_ext *ext;	 /* outbound: the address it leaves by */
	struct ip_addr src, dst; /* new addresses */
	be32 id;		 /* new identification */
};

enum nat_frag_seen { NAT_FRAG_NEW, NAT_FRAG_AGAIN, NAT_FRAG_SPOILT };

/* The sender, for limits: an IPv4 address, or the prefix of one of IPv6, as who has one address
 * there has 2^64. */
static inline uint32_t nat_frag_share(const struct nat_frag_key *k)
{
	uint32_t w[4], prefix;

	__builtin_memcpy(w, k->src.b, sizeof(w));
	prefix = w[0] ^ w[1];
	return ip_addr_is4(&k->src) ? ntohl(w[3])
				    : prefix ^ prefix >> 8 ^ prefix >> 16 ^ prefix >> 24;
}

/* @slot_bytes: longest frame that can be kept. NULL when memory is short. */
struct nat_frags *nat_frags_create(uint32_t slot_bytes, const uint64_t seed[2]);
void nat_frags_destroy(struct nat_frags *f);

/* A piece of the datagram has come, @len bytes from byte @at on: what it is beside those before it.
 * Once spoilt the datagram stays so until it is forgotten, and what was kept of it is gone. */
enum nat_frag_seen nat_frags_see(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
				 uint32_t at, uint32_t len, msec now);
/* The fate of the datagram, NULL when its first fragment has not come. */
const struct nat_frag_fate *nat_frags_find(struct nat_frags *f, const struct nat_frag_key *k,
					   msec now);
/* Keep a copy of the frame until its first fragment comes; false when it can't be kept. @share
 * names the sender. */
bool nat_frags_hold(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
		    const struct pkt *p, msec now);
/* The first fragment has been decided. False when there is no room for the decision. */
bool nat_frags_decide(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
		      const struct nat_frag_fate *fate, msec now);
/* Take the oldest kept frame of a datagram, copied to a packet of @pool; NULL when there is none
 * (or no packet). */
struct pkt *nat_frags_release(struct nat_frags *f, const struct nat_frag_key *k,
			      struct pkt_pool *pool);
/* Forget what is too old. */
void nat_frags_age(struct nat_frags *f, msec now);
/* Forget all that was decided for @owner or @ext (either may be NULL: no matter). */
void nat_frags_forget(struct nat_frags *f, const struct nat *owner, const struct nat_ext *ext);
unsigned int nat_frags_held(const struct nat_frags *f);

/* Cut the datagram in @p (a whole IPv4 packet, checksums complete, no GSO) into pieces of at most
 * @mtu bytes (RFC 791 3.2) and give each to @emit, which takes it. Borrows @p. False when the
 * pool ran dry or the header leaves no room. */
bool nat_fragment(const struct pkt *p, uint32_t mtu, struct pkt_pool *pool,
		  void (*emit)(void *ctx, struct pkt *piece), void *ctx);

#endif
