/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_pair.h"

/* ---- the table ------------------------------------------------------------------------------- */

void nat_pairs_init(struct nat_pairs *p, const uint64_t seed[2])
{
	*p = (struct nat_pairs){.key = {seed[0], seed[1]}};
}

static unsigned int chain_of(const struct nat_pairs *p, uint8_t proto, be32 peer)
{
	uint32_t text[2] = {peer, proto};

	return hash_bytes(&p->key, text, sizeof(text)) % NAT_PAIRS;
}

uint16_t nat_pair_find(const struct nat_pairs *p, uint8_t proto, be32 peer)
{
	uint16_t n = p->n ? p->chains[chain_of(p, proto, peer)] : 0;

	while (n && (p->at[n].peer != peer || p->at[n].proto != proto))
		n = p->at[n].next;
	return n;
}

uint16_t nat_pair_add(struct nat_pairs *p, uint8_t proto, be32 peer)
{
	uint16_t *chain = &p->chains[chain_of(p, proto, peer)], n = p->free;

	if (n)
		p->free = p->at[n].next;
	else if (p->touched < NAT_PAIRS)
		n = ++p->touched;
	else
		return 0;
	p->at[n] = (struct nat_pair){peer, *chain, proto};
	*chain = n;
	p->n++;
	return n;
}

void nat_pair_del(struct nat_pairs *p, uint16_t number)
{
	struct nat_pair *pair = &p->at[number];
	uint16_t *at = &p->chains[chain_of(p, pair->proto, pair->peer)];

	while (*at != number)
		at = &p->at[*at].next;
	*at = pair->next;
	pair->next = p->free;
	p->free = number;
	p->n--;
}
