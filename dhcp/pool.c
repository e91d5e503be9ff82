/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/pool.h"

#include <arpa/inet.h>
#include <errno.h>

static bool avoided(const struct dhcp_pool *pool, be32 addr)
{
	for (unsigned int i = 0; i < pool->n_avoid; i++) {
		if (pool->avoid[i] == addr)
			return true;
	}
	return addr == ip4_network(pool->subnet) || addr == ip4_broadcast(pool->subnet);
}

int dhcp_pool_init(struct dhcp_pool *pool, const struct dhcp_subnet *conf, const be32 *avoid,
		   unsigned int n_avoid)
{
	*pool = (struct dhcp_pool){.conf = *conf,
				   .first = ntohl(conf->first),
				   .last = ntohl(conf->last),
				   .cursor = ntohl(conf->first),
				   .subnet = conf->subnet};
	if (!ip4_prefix_has(conf->subnet, conf->first) ||
	    !ip4_prefix_has(conf->subnet, conf->last) || pool->first > pool->last ||
	    n_avoid > ARRAY_SIZE(pool->avoid))
		return -EINVAL;
	for (unsigned int i = 0; i < n_avoid; i++) {
		if (avoid[i] && !avoided(pool, avoid[i]))
			pool->avoid[pool->n_avoid++] = avoid[i];
	}
	if (pool->last - pool->first >= DHCP_POOL_MAX)
		pool->last = pool->first + DHCP_POOL_MAX - 1;
	return dhcp_pool_size(pool) ? 0 : -EINVAL;
}

bool dhcp_pool_in_range(const struct dhcp_pool *pool, be32 addr)
{
	uint32_t a = ntohl(addr);

	return a >= pool->first && a <= pool->last;
}

bool dhcp_pool_has(const struct dhcp_pool *pool, be32 addr)
{
	return dhcp_pool_in_range(pool, addr) && !avoided(pool, addr);
}

bool dhcp_pool_reservable(const struct dhcp_pool *pool, be32 addr)
{
	return ip4_prefix_has(pool->subnet, addr) && !avoided(pool, addr);
}

uint32_t dhcp_pool_size(const struct dhcp_pool *pool)
{
	be32 ends[2] = {ip4_network(pool->subnet), ip4_broadcast(pool->subnet)};
	uint32_t n = pool->last - pool->first + 1;

	for (unsigned int i = 0; i < pool->n_avoid; i++)
		n -= dhcp_pool_in_range(pool, pool->avoid[i]);
	for (unsigned int i = 0; i < 2; i++)
		n -= dhcp_pool_in_range(pool, ends[i]);
	return n;
}

uint32_t dhcp_pool_free(const struct dhcp_pool *pool, const struct lease_table *t)
{
	uint32_t n = dhcp_pool_size(pool);

	for (uint32_t i = 0; i < t->n; i++) {
		const struct dhcp_lease *l = &t->all[i];

		n -= (l->state != LEASE_FREE || l->reserved.len) && dhcp_pool_has(pool, l->addr);
	}
	return n;
}

/* ---- links ----------------------------------------------------------------------------------- */

struct dhcp_pool *dhcp_link_pool(const struct dhcp_link *link, be32 addr)
{
	for (unsigned int i = 0; i < link->n; i++)
		if (ip4_prefix_has(link->v[i]->subnet, addr))
			return link->v[i];
	return NULL;
}

bool dhcp_link_has(const struct dhcp_link *link, be32 addr)
{
	const struct dhcp_pool *pool = dhcp_link_pool(link, addr);

	return pool && dhcp_pool_has(pool, addr);
}

bool dhcp_link_may_hold(const struct dhcp_link *link, const struct dhcp_lease *l,
			const struct dhcp_key *key, const struct mac *mac)
{
	if (l->state == LEASE_DECLINED)
		return false;
	if (l->reserved.len)
		return dhcp_link_pool(link, l->addr) && dhcp_who_is(&l->reserved, key, mac);
	return dhcp_link_has(link, l->addr);
}

static const struct {
	const char *word, *text;
} picks[] = {
	[PICK_RESERVED] = {"reserved", "it is reserved for this client"},
	[PICK_HAS] = {"leased", "it has a lease of this address"},
	[PICK_HAD] = {"had-before", "it had this address before"},
	[PICK_MOVED] = {"moved", "it had this address before, behind another port"},
	[PICK_ASKED] = {"as-asked", "it asked for this address, which is free"},
	[PICK_FRESH] = {"never-used", "nobody has had this address yet"},
	[PICK_OLDEST] = {"free-longest", "of the free addresses this was given up first"},
};

const char *dhcp_pick_word(enum dhcp_pick pick)
{
	return picks[pick].word;
}

const char *dhcp_pick_text(enum dhcp_pick pick)
{
	return picks[pick].text;
}

/* An entry that anybody may take over. */
static bool takeable(const struct dhcp_link *link, const struct dhcp_lease *l)
{
	return l->state == LEASE_FREE && !l->reserved.len && dhcp_link_has(link, l->addr);
}

static struct dhcp_lease *pick_wanted(const struct dhcp_link *link, struct lease_table *t,
				      be32 want)
{
	struct dhcp_lease *l;

	if (!want || !dhcp_link_has(link, want))
		return NULL;
	l = lease_get(t, want);
	return l && takeable(link, l) ? l : NULL;
}

static struct dhcp_lease *pick_fresh(const struct dhcp_link *link, struct lease_table *t)
{
	for (unsigned int i = 0; i < link->n; i++) {
		struct dhcp_pool *pool = link->v[i];

		for (; pool->cursor <= pool->last; pool->cursor++) {
			be32 addr = htonl(pool->cursor);

			if (dhcp_pool_has(pool, addr) && !lease_by_addr(t, addr))
				return lease_get(t, addr);
		}
	}
	return NULL;
}

static struct dhcp_lease *pick_oldest(const struct dhcp_link *link, struct lease_table *t)
{
	struct dhcp_lease *l = t->queue[LEASE_FREE].head;

	while (l && !takeable(link, l))
		l = l->next;
	return l;
}

/* What is the client's already, in one way or another. */
static struct dhcp_lease *pick_own(const struct dhcp_link *link, struct lease_table *t,
				   const struct dhcp_client *c, enum dhcp_pick *why)
{
	struct dhcp_lease *l = lease_reserved_for(t, c);

	*why = PICK_RESERVED;
	if (l && dhcp_link_may_hold(link, l, &c->key, &c->mac))
		return l;
	l = lease_by_key(t, &c->key);
	*why = l && l->state != LEASE_BOUND ? PICK_HAD : PICK_HAS;
	if (l && dhcp_link_may_hold(link, l, &c->key, &c->mac))
		return l;
	l = lease_of_moved(t, c);
	*why = PICK_MOVED;
	return l && takeable(link, l) ? l : NULL;
}

struct dhcp_lease *dhcp_link_pick(const struct dhcp_link *link, struct lease_table *t,
				  const struct dhcp_client *c, be32 want, enum dhcp_pick *why)
{
	struct dhcp_lease *l = pick_own(link, t, c, why);

	if (l)
		return l;
	*why = PICK_ASKED;
	l = pick_wanted(link, t, want);
	if (l)
		return l;
	*why = PICK_FRESH;
	l = pick_fresh(link, t);
	if (l)
		return l;
	*why = PICK_OLDEST;
	return pick_oldest(link, t);
}
