/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for addresses (nat6.h): neighbours inside, the guests that have them, peers outside.
 */
#include "modes/nat/nat6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGH_WAYS = 8 };

/* ---- neighbours ------------------------------------------------------------------------------ */

static struct nat6_neigh *neigh_set(struct nat6 *n, const struct ip_addr *addr)
{
	uint64_t h = hash_bytes(&n->table.key, addr, sizeof(*addr));

	return &n->neighs[h % (NAT6_NEIGHS / NEIGH_WAYS) * NEIGH_WAYS];
}

struct nat6_neigh *nat6_neigh_find(struct nat6 *n, const struct ip_addr *addr)
{
	struct nat6_neigh *set = neigh_set(n, addr);

	for (unsigned int i = 0; i < NEIGH_WAYS; i++) {
		if (set[i].heard_ms && ip_addr_equal(&set[i].addr, addr))
			return &set[i];
	}
	return NULL;
}

be32 nat6_neigh_name(const struct nat6 *n, const struct nat6_neigh *e)
{
	/* The guest is below, where the table's mask is; the upper half is never 0. */
	return htonl((NAT6_NEIGHS + (uint32_t)(e - n->neighs)) << NAT6_NEIGH_BITS | e->guest);
}

static uint32_t index_of(be32 name)
{
	return ntohl(name) >> NAT6_NEIGH_BITS & (NAT6_NEIGHS - 1);
}

struct nat6_neigh *nat6_neigh_of(struct nat6 *n, be32 name)
{
	return &n->neighs[index_of(name)];
}

struct ip_addr nat6_inside_addr(const struct nat6 *n, be32 name)
{
	return n->neighs[index_of(name)].addr;
}

const struct mac *nat6_inside_mac(const struct nat6 *n, be32 name)
{
	return &n->neighs[index_of(name)].mac;
}

/* The guest with @mac, a free place when there is none. There are as many as addresses. */
static uint16_t guest_find(const struct nat6 *n, const struct mac *mac)
{
	uint16_t room = 0;

	for (unsigned int i = 0; i < NAT6_NEIGHS; i++) {
		if (n->guests[i].neighs && mac_equal(&n->guests[i].mac, mac))
			return (uint16_t)i;
		if (!n->guests[i].neighs)
			room = (uint16_t)i;
	}
	return room;
}

/* The oldest address of the set that nobody names; of the MAC's own only when it has its share. */
static struct nat6_neigh *neigh_room(struct nat6 *n, const struct ip_addr *addr,
				     const struct mac *mac, unsigned int have)
{
	struct nat6_neigh *set = neigh_set(n, addr), *best = NULL;

	for (unsigned int i = 0; i < NEIGH_WAYS; i++) {
		if (have >= NAT6_PER_MAC && !mac_equal(&set[i].mac, mac))
			continue;
		if (!set[i].refs && (!best || set[i].heard_ms < best->heard_ms))
			best = &set[i];
	}
	return best;
}

static void neigh_fill(struct nat6 *n, struct nat6_neigh *e, const struct ip_addr *addr,
		       const struct mac *mac, msec now)
{
	uint16_t guest;

	if (e->heard_ms)
		n->guests[e->guest].neighs--;
	guest = guest_find(n, mac);
	n->guests[guest].mac = *mac;
	n->guests[guest].neighs++;
	*e = (struct nat6_neigh){
		.addr = *addr, .mac = *mac, .guest = guest, .heard_ms = now ? now : 1};
}

struct nat6_neigh *nat6_neigh_learn(struct nat6 *n, const struct ip_addr *addr,
				    const struct mac *mac, msec now)
{
	struct nat6_neigh *e = nat6_neigh_find(n, addr);
	uint16_t guest;

	/* What has flows keeps its account when its MAC address changes. */
	if (e && (e->refs || mac_equal(&e->mac, mac))) {
		e->mac = *mac;
		e->heard_ms = now ? now : 1;
		return e;
	}
	if (!e) {
		guest = guest_find(n, mac);
		e = neigh_room(n, addr, mac,
			       mac_equal(&n->guests[guest].mac, mac) ? n->guests[guest].neighs : 0);
	}
	if (e)
		neigh_fill(n, e, addr, mac, now);
	return e;
}

/* ---- peers ----------------------------------------------------------------------------------- */

static uint32_t pow2_at_least(uint32_t n)
{
	uint32_t p = 16;

	while (p < n && p < 1u << 24)
		p *= 2;
	return p;
}

int nat6_peers_init(struct nat6 *n, uint32_t max)
{
	uint32_t heads = pow2_at_least(max);
	struct nat6_peer *peers = calloc(max, sizeof(*peers));
	uint32_t *chains = calloc(heads, sizeof(*chains));

	if (!peers || !chains) {
		free(peers);
		free(chains);
		return -ENOMEM;
	}
	n->peers = peers;
	n->peer_heads = chains;
	n->peer_mask = heads - 1;
	n->peer_free = n->peers_touched = 0;
	return 0;
}

static uint32_t *peer_head(struct nat6 *n, const struct ip_addr *addr)
{
	return &n->peer_heads[hash_bytes(&n->table.key, addr, sizeof(*addr)) & n->peer_mask];
}

static uint32_t peer_alloc(struct nat6 *n)
{
	uint32_t i = n->peer_free;

	if (i)
		n->peer_free = n->peers[i - 1].next;
	else if (n->peers_touched < n->table.set.max)
		i = ++n->peers_touched;
	return i;
}

be32 nat6_peer_name(struct nat6 *n, const struct ip_addr *addr, bool make)
{
	uint32_t *head = peer_head(n, addr), i;

	for (i = *head; i; i = n->peers[i - 1].next) {
		if (ip_addr_equal(&n->peers[i - 1].addr, addr))
			return htonl(i);
	}
	i = make ? peer_alloc(n) : 0;
	if (!i)
		return 0;
	n->peers[i - 1] = (struct nat6_peer){.addr = *addr, .next = *head};
	*head = i;
	n->n_peers++;
	return htonl(i);
}

static void peer_forget(struct nat6 *n, uint32_t i)
{
	struct nat6_peer *peer = &n->peers[i - 1];
	uint32_t *at = peer_head(n, &peer->addr);

	while (*at != i)
		at = &n->peers[*at - 1].next;
	*at = peer->next;
	peer->next = n->peer_free;
	n->peer_free = i;
	n->n_peers--;
}

struct ip_addr nat6_peer_addr(const struct nat6 *n, be32 name)
{
	return n->peers[ntohl(name) - 1].addr;
}

/* ---- who is named ---------------------------------------------------------------------------- */

void nat6_names_get(struct nat6 *n, be32 inside, be32 peer)
{
	n->neighs[index_of(inside)].refs++;
	n->peers[ntohl(peer) - 1].refs++;
}

void nat6_names_put(struct nat6 *n, be32 inside, be32 peer)
{
	n->neighs[index_of(inside)].refs--;
	if (!--n->peers[ntohl(peer) - 1].refs)
		peer_forget(n, ntohl(peer));
}
