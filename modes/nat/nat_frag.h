/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_frag.h - datagrams that come in pieces (RFC 4787 REQ-14).
 *
 * Theory of operation. Only the first fragment of a datagram has ports, so only it can be looked
 * up. What was decided for it is remembered under (source, destination, protocol, identification)
 * and done to all others; nothing is reassembled. Fragments that arrive before their first one
 * are kept, copied into slots of our own, and let go when it comes.
 *
 * Limits. Entries and slots are allocated at start (slots: 2 MiB at a 1500-byte MTU). Who sends
 * them (a guest inside, an address outside) may use at most a quarter of each; over that its own
 * oldest datagram is forgotten. When all are used, the oldest of all goes. A datagram is forgotten
 * after 30 s (RFC 791 3.2 says 15 s at least).
 */
#ifndef MODES_NAT_FRAG_H
#define MODES_NAT_FRAG_H

#include "lib/clock.h"
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
	NAT_FRAG_MS = 30000
};

struct nat_frag_key {
	be32 src, dst;
	be16 id;
	uint16_t proto;
};

/* What to do with a fragment that is not the first. */
struct nat_frag_fate {
	struct nat *owner;   /* inbound: the network it goes to */
	struct nat_ext *ext; /* outbound: the address it leaves by */
	be32 src, dst;	     /* new addresses */
	be16 id;	     /* new identification */
	be16 pad;
};

/* @slot_bytes: longest frame that can be kept. NULL when memory is short. */
struct nat_frags *nat_frags_create(uint32_t slot_bytes, const uint64_t seed[2]);
void nat_frags_destroy(struct nat_frags *f);

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
