/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat6.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_xlate.h"

enum {
	NEIGH_WAYS = 8,
	/* As for IPv4: a burst of so many errors, then so many a second. */
	ERROR_BURST = 300,
	ERROR_PER_S = 100
};

/* ---- life ------------------------------------------------------------------------------------ */

/* A session is with a peer from its first packet on (nat6_peer_ref()) until it ends. */
static void note_cb(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	struct nat6 *n = ctx;
	be32 name = s->peer;

	if (n->env.note)
		n->env.note(n->env.ctx, what, s, why);
	if (what != NAT_ENDED)
		return;
	n->peers[ntohl(name) - 1].refs--;
	nat6_peer_unused(n, name);
}

static uint32_t pow2_at_least(uint32_t n)
{
	uint32_t p = 16;

	while (p < n && p < 1u << 24)
		p *= 2;
	return p;
}

struct nat6 *nat6_create(const struct nat6_conf *conf, const struct nat6_env *env,
			 const struct nat_settings *set, struct nat *owner, const uint64_t seed[4],
			 msec now)
{
	struct nat6 *n = calloc(1, sizeof(*n));
	uint32_t heads = pow2_at_least(set->max);

	if (!n)
		return NULL;
	n->conf = *conf;
	n->env = *env;
	n->now = now;
	n->link_local = ip_addr_link_local(&conf->mac);
	n->addr = conf->prefix;
	n->addr.b[15] = 2;
	n->error_tokens = ERROR_BURST;
	n->error_ms = now;
	n->peer_mask = heads - 1;
	nat6_advertise(n, &(struct ra_conf){.autonomous = true});
	n->peers = calloc(set->max, sizeof(*n->peers));
	n->peer_heads = calloc(heads, sizeof(*n->peer_heads));
	if (!n->peers || !n->peer_heads ||
	    nat_table_init(&n->table, set, owner, 32 - NAT6_NEIGH_BITS, seed, now) < 0) {
		free(n->peers);
		free(n->peer_heads);
		free(n);
		return NULL;
	}
	n->table.note = note_cb;
	n->table.note_ctx = n;
	return n;
}

void nat6_destroy(struct nat6 *n)
{
	if (!n)
		return;
	nat_table_fini(&n->table, n->now);
	free(n->peers);
	free(n->peer_heads);
	free(n);
}

void nat6_tick(struct nat6 *n, bool online, msec now)
{
	n->now = now;
	/* The next tick goes on where a long round has stopped. */
	nat_table_run(&n->table, now);
	nat6_nd_tick(n, online);
}

void nat6_follow(struct nat6 *n, const struct nat_settings *set, msec now)
{
	uint32_t max = n->table.set.max;

	nat_table_set_mapping(&n->table, set->mapping, now);
	n->table.set = *set;
	n->table.set.max = max;
}

/* ---- neighbours ------------------------------------------------------------------------------ */

bool nat6_is_inside(const struct nat6 *n, const struct ip_addr *addr)
{
	return memcmp(addr->b, n->conf.prefix.b, 8) == 0;
}

bool nat6_is_own(const struct nat6 *n, const struct ip_addr *addr)
{
	struct ip_addr leg = n->conf.prefix;

	leg.b[15] = 1;
	return ip_addr_equal(addr, &n->addr) || ip_addr_equal(addr, &n->link_local) ||
	       ip_addr_equal(addr, &leg);
}

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
	/* Above the mask of the table's guests, so that no name is 0. */
	return htonl(NAT6_NEIGHS + (uint32_t)(e - n->neighs));
}

struct ip_addr nat6_inside_addr(const struct nat6 *n, be32 name)
{
	return n->neighs[ntohl(name) % NAT6_NEIGHS].addr;
}

const struct mac *nat6_inside_mac(const struct nat6 *n, be32 name)
{
	return &n->neighs[ntohl(name) % NAT6_NEIGHS].mac;
}

/* An entry that mappings name must not become somebody else. */
static bool neigh_is_used(struct nat6 *n, const struct nat6_neigh *e)
{
	const struct nat_guest *g = nat_guest_of(&n->table, nat6_neigh_name(n, e));

	for (unsigned int i = 0; i < NAT_PROTOS; i++) {
		if (g->ports[i])
			return true;
	}
	return g->sessions;
}

/* The oldest address of a MAC that has its share already, as far as nothing names it; else the
 * oldest of the set. */
static struct nat6_neigh *neigh_room(struct nat6 *n, const struct ip_addr *addr,
				     const struct mac *mac)
{
	struct nat6_neigh *set = neigh_set(n, addr), *best = NULL;
	unsigned int have = 0;

	for (unsigned int i = 0; i < NAT6_NEIGHS; i++)
		have += n->neighs[i].heard_ms && mac_equal(&n->neighs[i].mac, mac);
	for (unsigned int i = 0; i < NEIGH_WAYS; i++) {
		if (have >= NAT6_PER_MAC && !mac_equal(&set[i].mac, mac))
			continue;
		if (!neigh_is_used(n, &set[i]) && (!best || set[i].heard_ms < best->heard_ms))
			best = &set[i];
	}
	return best;
}

struct nat6_neigh *nat6_neigh_learn(struct nat6 *n, const struct ip_addr *addr,
				    const struct mac *mac, msec now)
{
	struct nat6_neigh *e = nat6_neigh_find(n, addr);

	if (!e)
		e = neigh_room(n, addr, mac);
	if (e)
		*e = (struct nat6_neigh){*addr, *mac, now ? now : 1};
	return e;
}

/* ---- peers ----------------------------------------------------------------------------------- */

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

void nat6_peer_ref(struct nat6 *n, be32 name)
{
	n->peers[ntohl(name) - 1].refs++;
}

void nat6_peer_unused(struct nat6 *n, be32 name)
{
	uint32_t i = ntohl(name), *at;
	struct nat6_peer *peer = &n->peers[i - 1];

	if (peer->refs)
		return;
	for (at = peer_head(n, &peer->addr); *at != i; at = &n->peers[*at - 1].next)
		;
	*at = peer->next;
	peer->next = n->peer_free;
	n->peer_free = i;
	n->n_peers--;
}

struct ip_addr nat6_peer_addr(const struct nat6 *n, be32 name)
{
	return n->peers[ntohl(name) - 1].addr;
}

/* ---- towards guests -------------------------------------------------------------------------- */

void nat6_to_guest(struct nat6 *n, const struct mac *to, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;

	*eth = (struct eth_hdr){*to, n->conf.mac, htons(ETHERTYPE_IP6)};
	n->env.emit(n->env.ctx, p);
}

static bool may_send_error(struct nat6 *n)
{
	uint64_t more = (n->now - n->error_ms) * ERROR_PER_S / 1000;

	if (more) {
		n->error_tokens = (uint32_t)MIN(n->error_tokens + more, (uint64_t)ERROR_BURST);
		n->error_ms = n->now;
	}
	if (!n->error_tokens)
		return false;
	n->error_tokens--;
	return true;
}

void nat6_error_inside(struct nat6 *n, const struct nat6_view *v, uint8_t type, uint8_t code,
		       uint32_t word)
{
	struct ip_addr src = nat6_src(v);
	struct nat6_neigh *to = nat6_neigh_find(n, &src);
	struct pkt *p;

	/* RFC 4443 2.4 (f) */
	if (!to || !may_send_error(n))
		return;
	p = nat6_error(n->env.pool, v, &n->addr, type, code, word);
	if (!p)
		return;
	n->errors_sent++;
	nat6_to_guest(n, &to->mac, p);
}
