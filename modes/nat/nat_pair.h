/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_pair.h - protocols without ports: who has which, with whom.
 *
 * GRE, ESP, SCTP and all the rest can be told apart by the address of the peer alone, so outside
 * there is room for one inside address for each pair of (IP protocol, peer). (SCTP has ports, but
 * they may not be changed: they are under a CRC32c that its ends check, and an association may have
 * several addresses; RFC 5061, draft-ietf-behave-sctpnat. UDP-Lite has ports too, and is so rare
 * that its one guest for each peer is enough.)
 *
 * Theory of operation. A pair has a number from 1 to NAT_PAIRS, found by a keyed hash with chains
 * of numbers; the free ones are a chain as well. Numbers and not pointers, so that the table of
 * mappings (nat_table.h) can keep one where other protocols have their port.
 */
#ifndef MODES_NAT_PAIR_H
#define MODES_NAT_PAIR_H

#include "lib/hash.h"

/* Each costs a rule that keeps the host from it. */
enum { NAT_PAIRS = 512 };

struct nat_pair {
	be32 peer;
	uint16_t next; /* in its chain, or among the free; 0: the last */
	uint8_t proto;
};

struct nat_pairs {
	struct hash_key key;
	uint16_t n, touched, free;
	uint16_t chains[NAT_PAIRS];
	struct nat_pair at[NAT_PAIRS + 1]; /* by number */
};

void nat_pairs_init(struct nat_pairs *p, const uint64_t seed[2]);
/* The number of a pair, 0 when it is not there. */
uint16_t nat_pair_find(const struct nat_pairs *p, uint8_t proto, be32 peer);
/* Its new number; 0 when there is no room. It must not be there yet. */
uint16_t nat_pair_add(struct nat_pairs *p, uint8_t proto, be32 peer);
void nat_pair_del(struct nat_pairs *p, uint16_t number);

#endif
