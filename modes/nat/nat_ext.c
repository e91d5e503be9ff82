/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_ext.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "modes/nat/nat_frag.h"
#include "modes/nat/nat_table.h"

enum {
	LOW_GUESSES = 16,
	WORD = 64,    /* numbers in a word of bits */
	REST_RUN = 4, /* rested numbers made free again by each draw */
};
#define EVEN_NUMBERS UINT64_C(0x5555555555555555)

/* ---- life ------------------------------------------------------------------------------------ */

static void avail_set(struct nat_space *sp, uint32_t n)
{
	sp->avail[n / WORD] |= UINT64_C(1) << n % WORD;
	sp->n_avail[n & 1]++;
}

static void avail_clear(struct nat_space *sp, uint32_t n)
{
	uint64_t bit = UINT64_C(1) << n % WORD;

	if (!(sp->avail[n / WORD] & bit))
		return;
	sp->avail[n / WORD] &= ~bit;
	sp->n_avail[n & 1]--;
}

struct nat_ext *nat_ext_create(be32 addr, uint16_t first, uint16_t last, msec hold_ms,
			       const uint64_t seed[2])
{
	struct nat_ext *ext = calloc(1, sizeof(*ext));
	bool whole = true;

	assert(first && first <= last);
	if (!ext)
		return NULL;
	ext->addr = addr;
	ext->first = first;
	ext->last = last;
	ext->hold_ms = hold_ms;
	ext->next_id = (uint16_t)seed[0];
	ext->frags = nat_frags_create(NAT_FRAG_SLOT_DEFAULT, seed);
	nat_pairs_init(&ext->pairs, seed);
	ext->pair_slots = calloc(NAT_PAIRS + 1, sizeof(*ext->pair_slots));
	ext->spaces = calloc(NAT_SPACES, sizeof(*ext->spaces));
	for (unsigned int i = 0; i < NAT_SPACES && ext->spaces; i++) {
		struct nat_space *sp = &ext->spaces[i];

		sp->slots = calloc(65536, sizeof(*sp->slots));
		whole = whole && sp->slots;
		for (uint32_t n = first; n <= last; n++)
			avail_set(sp, n);
	}
	if (ext->frags && ext->spaces && ext->pair_slots && whole)
		return ext;
	nat_ext_destroy(ext);
	return NULL;
}

void nat_ext_destroy(struct nat_ext *ext)
{
	if (!ext)
		return;
	for (unsigned int i = 0; i < NAT_SPACES && ext->spaces; i++)
		free(ext->spaces[i].slots);
	free(ext->spaces);
	free(ext->pair_slots);
	nat_frags_destroy(ext->frags);
	free(ext);
}

void nat_ext_exclude(struct nat_ext *ext, uint16_t port)
{
	avail_clear(&ext->spaces[NAT_TCP], port);
	avail_clear(&ext->spaces[NAT_UDP], port);
}

/* ---- owners ---------------------------------------------------------------------------------- */

/* The number of @who among the owners plus one, 0 when there are too many. */
static uint16_t owner_number(struct nat_ext *ext, const struct nat_owner *who)
{
	unsigned int free_at = NAT_EXT_OWNERS;

	for (unsigned int i = 0; i < NAT_EXT_OWNERS; i++) {
		if (ext->owners[i].nat == who->nat)
			return (uint16_t)(i + 1);
		if (!ext->owners[i].nat && free_at == NAT_EXT_OWNERS)
			free_at = i;
	}
	if (free_at == NAT_EXT_OWNERS)
		return 0;
	ext->owners[free_at].nat = who->nat;
	ext->owners[free_at].table = who->table;
	return (uint16_t)(free_at + 1);
}

static bool slot_take(struct nat_ext *ext, struct nat_slot *slot, const struct nat_owner *who)
{
	uint16_t number = owner_number(ext, who);

	if (!number)
		return false;
	ext->owners[number - 1].ports++;
	slot->owner = number & 0x3fff;
	slot->what = (uint32_t)(who->m - who->table);
	return true;
}

static bool in_range(const struct nat_ext *ext, uint16_t n)
{
	return n >= ext->first && n <= ext->last;
}

static struct nat_mapping *slot_mapping(const struct nat_ext *ext, const struct nat_slot *slot,
					struct nat **owner)
{
	*owner = NULL;
	if (!slot->owner)
		return NULL;
	*owner = ext->owners[slot->owner - 1].nat;
	return &ext->owners[slot->owner - 1].table[slot->what];
}

struct nat_mapping *nat_ext_find(const struct nat_ext *ext, enum nat_proto proto, be16 port,
				 struct nat **owner)
{
	return slot_mapping(ext, &ext->spaces[proto].slots[ntohs(port)], owner);
}

struct nat_mapping *nat_ext_find_pair(const struct nat_ext *ext, uint8_t proto, be32 peer,
				      struct nat **owner)
{
	/* Number 0 is nobody's, and so is its slot. */
	return slot_mapping(ext, &ext->pair_slots[nat_pair_find(&ext->pairs, proto, peer)], owner);
}

uint32_t nat_ext_free(const struct nat_ext *ext, enum nat_proto proto)
{
	const struct nat_space *sp = &ext->spaces[proto];

	if (proto == NAT_OTHER)
		return NAT_PAIRS - ext->pairs.n;
	return sp->n_avail[0] + sp->n_avail[1] + sp->n_resting;
}

/* ---- resting --------------------------------------------------------------------------------- */

static void rest_push(struct nat_space *sp, uint16_t n, msec now)
{
	struct nat_slot *slot = &sp->slots[n];

	slot->what = (uint32_t)now;
	sp->n_resting++;
	/* A forward had taken it from the queue, where its old place is as good. */
	if (slot->queued)
		return;
	slot->queued = 1;
	slot->next = 0;
	if (sp->rest_last)
		sp->slots[sp->rest_last].next = n;
	else
		sp->rest_first = n;
	sp->rest_last = n;
}

/* Take the first off the queue. True when it is free (a forward may have come between). */
static bool rest_pop(struct nat_space *sp)
{
	struct nat_slot *slot = &sp->slots[sp->rest_first];

	sp->rest_first = slot->next;
	if (!sp->rest_first)
		sp->rest_last = 0;
	slot->queued = 0;
	if (slot->owner)
		return false;
	sp->n_resting--;
	return true;
}

static void rest_run(const struct nat_ext *ext, struct nat_space *sp, msec now)
{
	for (unsigned int i = 0; i < REST_RUN && sp->rest_first; i++) {
		uint16_t n = sp->rest_first;

		if (!sp->slots[n].owner && (uint32_t)now - sp->slots[n].what < ext->hold_ms)
			return;
		if (rest_pop(sp))
			avail_set(sp, n);
	}
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* The first number with a bit under @mask from @from on, round the range; there must be one. */
static uint16_t find_bit(const struct nat_ext *ext, const struct nat_space *sp, uint32_t from,
			 uint64_t mask)
{
	uint32_t w = from / WORD;
	uint64_t bits = sp->avail[w] & mask & ~UINT64_C(0) << from % WORD;

	while (!bits) {
		w = w == ext->last / WORD ? ext->first / WORD : w + 1;
		bits = sp->avail[w] & mask;
	}
	return (uint16_t)(w * WORD + (uint32_t)__builtin_ctzll(bits));
}

/* Where the search for a free number begins. */
static uint32_t draw_from(const struct nat_ext *ext, uint64_t seed)
{
	return ext->first + (uint32_t)(seed % (ext->last - ext->first + 1u));
}

void nat_ext_prefetch_take(const struct nat_ext *ext, enum nat_proto proto, uint64_t seed)
{
	if (proto < NAT_SPACES)
		__builtin_prefetch(&ext->spaces[proto].slots[draw_from(ext, seed)], 1);
}

void nat_ext_prefetch(const struct nat_ext *ext, enum nat_proto proto, be16 port)
{
	if (proto < NAT_SPACES)
		__builtin_prefetch(&ext->spaces[proto].slots[ntohs(port)], 1);
}

static uint16_t draw(struct nat_ext *ext, struct nat_space *sp, unsigned int parity, uint64_t seed,
		     msec now)
{
	uint32_t from = draw_from(ext, seed);

	rest_run(ext, sp, now);
	if (!sp->n_avail[parity])
		parity ^= 1;
	if (sp->n_avail[parity]) {
		uint16_t n = find_bit(ext, sp, from, parity ? EVEN_NUMBERS << 1 : EVEN_NUMBERS);

		avail_clear(sp, n);
		return n;
	}
	while (sp->rest_first) {
		uint16_t n = sp->rest_first;

		if (rest_pop(sp))
			return n;
	}
	return 0;
}

/* Does anybody own @n, for whatever protocol? The host is kept from it for all alike. */
static bool low_is_owned(const struct nat_ext *ext, uint16_t n)
{
	return ext->spaces[NAT_TCP].slots[n].owner || ext->spaces[NAT_UDP].slots[n].owner;
}

static be16 take_low(struct nat_ext *ext, enum nat_proto proto, uint16_t like,
		     const struct nat_owner *who, uint64_t seed)
{
	for (unsigned int k = 0; ext->n_low < NAT_LOW_MAX && k < LOW_GUESSES; k++) {
		uint16_t at = (uint16_t)(seed % ((NAT_LOW_LAST + 1 - NAT_LOW_FIRST) / 2));
		uint16_t n = (uint16_t)(NAT_LOW_FIRST + 2 * at + (like & 1));
		struct nat_slot *slot = &ext->spaces[proto].slots[n];

		/* Knuth's MMIX generator spreads one random number over the guesses. */
		seed = (seed * 6364136223846793005u + 1442695040888963407u) >> 7;
		if (in_range(ext, n) || low_is_owned(ext, n) || ext->claim(ext->ctx, proto, n) < 0)
			continue;
		if (!slot_take(ext, slot, who)) {
			ext->unclaim(ext->ctx, n);
			return 0;
		}
		slot->low = 1;
		ext->n_low++;
		ext->n_fixed++;
		return htons(n);
	}
	return 0;
}

be16 nat_ext_take(struct nat_ext *ext, enum nat_proto proto, be16 like, struct nat_owner owner,
		  uint64_t seed, msec now)
{
	struct nat_space *sp = &ext->spaces[proto];
	be16 low = 0;
	uint16_t n;

	if (proto != NAT_ICMP && ntohs(like) <= NAT_LOW_LAST && ext->claim)
		low = take_low(ext, proto, ntohs(like), &owner, seed);
	if (low)
		return low;
	n = draw(ext, sp, ntohs(like) & 1, seed, now);
	if (n && !slot_take(ext, &sp->slots[n], &owner)) {
		avail_set(sp, n);
		return 0;
	}
	return htons(n);
}

be16 nat_ext_take_pair(struct nat_ext *ext, uint8_t proto, be32 peer, struct nat_owner owner)
{
	uint16_t n = nat_pair_add(&ext->pairs, proto, peer);

	if (!n)
		return 0;
	if (ext->pair_claim && ext->pair_claim(ext->ctx, n, proto, peer) < 0) {
		nat_pair_del(&ext->pairs, n);
		return 0;
	}
	if (slot_take(ext, &ext->pair_slots[n], &owner))
		return htons(n);
	if (ext->pair_unclaim)
		ext->pair_unclaim(ext->ctx, n, proto, peer);
	nat_pair_del(&ext->pairs, n);
	return 0;
}

int nat_ext_take_static(struct nat_ext *ext, enum nat_proto proto, be16 port,
			struct nat_owner owner)
{
	struct nat_space *sp = &ext->spaces[proto];
	uint16_t n = ntohs(port);
	bool inside = in_range(ext, n);

	if (sp->slots[n].owner)
		return -EADDRINUSE;
	if (!inside && ext->n_fixed == NAT_EXT_STATICS)
		return -ENOSPC;
	if (!slot_take(ext, &sp->slots[n], &owner))
		return -ENOSPC;
	if (sp->slots[n].queued)
		sp->n_resting--;
	avail_clear(sp, n);
	if (!inside)
		ext->n_fixed++;
	return 0;
}

static void slot_leave(struct nat_ext *ext, struct nat_slot *slot)
{
	if (!--ext->owners[slot->owner - 1].ports)
		ext->owners[slot->owner - 1].nat = NULL;
	slot->owner = 0;
}

static void release_pair(struct nat_ext *ext, uint16_t n)
{
	const struct nat_pair *pair = &ext->pairs.at[n];

	if (!ext->pair_slots[n].owner)
		return;
	slot_leave(ext, &ext->pair_slots[n]);
	if (ext->pair_unclaim)
		ext->pair_unclaim(ext->ctx, n, pair->proto, pair->peer);
	nat_pair_del(&ext->pairs, n);
}

void nat_ext_release(struct nat_ext *ext, enum nat_proto proto, be16 port, msec now)
{
	uint16_t n = ntohs(port);
	struct nat_slot *slot;

	if (proto == NAT_OTHER) {
		release_pair(ext, n);
		return;
	}
	slot = &ext->spaces[proto].slots[n];
	if (!slot->owner)
		return;
	slot_leave(ext, slot);
	if (in_range(ext, n)) {
		rest_push(&ext->spaces[proto], n, now);
		return;
	}
	ext->n_fixed--;
	if (slot->low) {
		slot->low = 0;
		ext->n_low--;
		ext->unclaim(ext->ctx, n);
	}
}
