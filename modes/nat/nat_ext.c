/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_ext.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "modes/nat/nat_frag.h"

/* Guesses before the range is walked: with half of it free, 8 miss once in 256 times. */
enum { GUESSES = 8, LOW_GUESSES = 16 };

struct nat_ext *nat_ext_create(be32 addr, uint16_t first, uint16_t last, msec hold_ms,
			       const uint64_t seed[2])
{
	struct nat_ext *ext = calloc(1, sizeof(*ext));

	assert(first && first <= last);
	if (!ext)
		return NULL;
	ext->addr = addr;
	ext->first = first;
	ext->last = last;
	ext->hold_ms = hold_ms;
	ext->next_id = (uint16_t)seed[0];
	ext->frags = nat_frags_create(NAT_FRAG_SLOT_DEFAULT, seed);
	for (unsigned int i = 0; i < NAT_PROTOS; i++)
		ext->slots[i] = calloc(last - first + 1u, sizeof(struct nat_slot));
	if (!ext->frags || !ext->slots[0] || !ext->slots[1] || !ext->slots[2]) {
		nat_ext_destroy(ext);
		return NULL;
	}
	return ext;
}

void nat_ext_destroy(struct nat_ext *ext)
{
	if (!ext)
		return;
	for (unsigned int i = 0; i < NAT_PROTOS; i++)
		free(ext->slots[i]);
	nat_frags_destroy(ext->frags);
	free(ext);
}

static struct nat_slot *slot_of(const struct nat_ext *ext, enum nat_proto proto, be16 port)
{
	uint16_t n = ntohs(port);

	return n >= ext->first && n <= ext->last ? &ext->slots[proto][n - ext->first] : NULL;
}

static uint16_t *static_head(const struct nat_ext *ext, be16 port)
{
	return (uint16_t *)&ext->fixed_heads[ntohs(port) % NAT_EXT_HEADS];
}

static struct nat_static_slot *static_of(const struct nat_ext *ext, enum nat_proto proto, be16 port)
{
	for (uint16_t i = *static_head(ext, port); i; i = ext->fixed[i - 1].next) {
		const struct nat_static_slot *s = &ext->fixed[i - 1];

		if (s->proto == proto && s->port == port)
			return (struct nat_static_slot *)s;
	}
	return NULL;
}

/* False when there are too many. */
static bool static_add(struct nat_ext *ext, struct nat_static_slot slot)
{
	uint16_t i = ext->fixed_free, *head = static_head(ext, slot.port);

	if (i)
		ext->fixed_free = ext->fixed[i - 1].next;
	else if (ext->fixed_touched < NAT_EXT_STATICS)
		i = ++ext->fixed_touched;
	else
		return false;
	slot.next = *head;
	*head = i;
	ext->fixed[i - 1] = slot;
	ext->n_low += slot.low;
	return true;
}

static void static_del(struct nat_ext *ext, struct nat_static_slot *slot)
{
	uint16_t i = (uint16_t)(slot - ext->fixed + 1), *at = static_head(ext, slot->port);

	while (*at != i)
		at = &ext->fixed[*at - 1].next;
	*at = slot->next;
	ext->n_low -= slot->low;
	*slot = (struct nat_static_slot){.next = ext->fixed_free};
	ext->fixed_free = i;
}

struct nat_mapping *nat_ext_find(const struct nat_ext *ext, enum nat_proto proto, be16 port,
				 struct nat **owner)
{
	const struct nat_slot *slot = slot_of(ext, proto, port);
	const struct nat_static_slot *st;

	if (slot && slot->owner) {
		*owner = slot->owner;
		return slot->mapping;
	}
	st = static_of(ext, proto, port);
	*owner = st ? st->owner : NULL;
	return st ? st->mapping : NULL;
}

struct choice {
	const struct nat_ext *ext;
	enum nat_proto proto;
	msec now;
	bool any_parity, any_age;
	uint16_t parity;
};

static bool slot_fits(const struct choice *c, uint32_t i)
{
	const struct nat_slot *slot = &c->ext->slots[c->proto][i];
	uint16_t port = (uint16_t)(c->ext->first + i);

	if (slot->owner || (!c->any_parity && (port & 1) != c->parity))
		return false;
	if (!c->any_age && slot->released_ms && c->now < slot->released_ms + c->ext->hold_ms)
		return false;
	return !c->ext->usable || c->ext->usable(c->ext->ctx, c->proto, c->ext->addr, port);
}

/* The index of a slot that fits, or the size of the range. */
static uint32_t slot_pick(const struct choice *c, uint64_t seed)
{
	uint32_t size = c->ext->last - c->ext->first + 1u;
	uint32_t at = (uint32_t)(seed % size);

	for (unsigned int k = 0; k < GUESSES; k++) {
		if (slot_fits(c, at))
			return at;
		/* Knuth's MMIX generator spreads one random number over the guesses. */
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at = (uint32_t)((seed >> 32) % size);
	}
	for (uint32_t k = 0; k < size; k++, at = at + 1 == size ? 0 : at + 1) {
		if (slot_fits(c, at))
			return at;
	}
	return size;
}

/* Does anybody own @port, for whatever protocol? The host is kept from it for all alike. */
static bool low_is_owned(const struct nat_ext *ext, be16 port)
{
	return static_of(ext, NAT_TCP, port) || static_of(ext, NAT_UDP, port);
}

static be16 take_low(struct nat_ext *ext, enum nat_proto proto, uint16_t like, struct nat *owner,
		     struct nat_mapping *m, uint64_t seed)
{
	for (unsigned int k = 0; ext->n_low < NAT_LOW_MAX && k < LOW_GUESSES; k++) {
		uint16_t n = (uint16_t)(seed % ((NAT_LOW_LAST + 1 - NAT_LOW_FIRST) / 2));
		uint16_t port = (uint16_t)(NAT_LOW_FIRST + 2 * n + (like & 1));

		if (!low_is_owned(ext, htons(port)) && ext->claim(ext->ctx, proto, port) == 0) {
			if (static_add(ext, (struct nat_static_slot){proto, htons(port), owner, m,
								     0, true}))
				return htons(port);
			ext->unclaim(ext->ctx, port);
			return 0;
		}
		seed = (seed * 6364136223846793005u + 1442695040888963407u) >> 7;
	}
	return 0;
}

be16 nat_ext_take(struct nat_ext *ext, enum nat_proto proto, be16 like, struct nat *owner,
		  struct nat_mapping *m, uint64_t seed, msec now)
{
	be16 low = 0;
	struct choice c = {.ext = ext, .proto = proto, .now = now, .parity = ntohs(like) & 1};
	uint32_t size = ext->last - ext->first + 1u;
	uint32_t i;

	if (proto != NAT_ICMP && ntohs(like) <= NAT_LOW_LAST && ext->claim)
		low = take_low(ext, proto, ntohs(like), owner, m, seed);
	if (low)
		return low;
	i = slot_pick(&c, seed);
	if (i == size) {
		c.any_parity = true;
		i = slot_pick(&c, seed);
	}
	if (i == size) {
		c.any_age = true;
		i = slot_pick(&c, seed);
	}
	if (i == size)
		return 0;
	ext->slots[proto][i].owner = owner;
	ext->slots[proto][i].mapping = m;
	return htons((uint16_t)(ext->first + i));
}

int nat_ext_take_static(struct nat_ext *ext, enum nat_proto proto, be16 port, struct nat *owner,
			struct nat_mapping *m)
{
	struct nat_slot *slot = slot_of(ext, proto, port);

	if ((slot && slot->owner) || static_of(ext, proto, port))
		return -EADDRINUSE;
	if (slot) {
		slot->owner = owner;
		slot->mapping = m;
		return 0;
	}
	return static_add(ext, (struct nat_static_slot){proto, port, owner, m, 0, false}) ? 0
											  : -ENOSPC;
}

void nat_ext_release(struct nat_ext *ext, enum nat_proto proto, be16 port, msec now)
{
	struct nat_slot *slot = slot_of(ext, proto, port);
	struct nat_static_slot *st = slot ? NULL : static_of(ext, proto, port);

	if (slot)
		*slot = (struct nat_slot){.released_ms = now ? now : 1};
	if (st && st->low)
		ext->unclaim(ext->ctx, ntohs(port));
	if (st)
		static_del(ext, st);
}
