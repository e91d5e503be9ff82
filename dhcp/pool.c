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

int dhcp_pool_init(struct dhcp_pool *pool, struct ip4_prefix subnet, be32 first, be32 last,
		   const be32 *avoid, unsigned int n_avoid)
{
	*pool = (struct dhcp_pool){.first = ntohl(first),
				   .last = ntohl(last),
				   .cursor = ntohl(first),
				   .subnet = subnet};
	if (!ip4_prefix_has(subnet, first) || !ip4_prefix_has(subnet, last) ||
	    pool->first > pool->last || n_avoid > ARRAY_SIZE(pool->avoid))
		return -EINVAL;
	for (unsigned int i = 0; i < n_avoid; i++) {
		if (avoid[i] && !avoided(pool, avoid[i]))
			pool->avoid[pool->n_avoid++] = avoid[i];
	}
	if (pool->last - pool->first >= DHCP_POOL_MAX)
		pool->last = pool->first + DHCP_POOL_MAX - 1;
	return dhcp_pool_size(pool) ? 0 : -EINVAL;
}

static bool in_range(const struct dhcp_pool *pool, be32 addr)
{
	uint32_t a = ntohl(addr);

	return a >= pool->first && a <= pool->last;
}

bool dhcp_pool_has(const struct dhcp_pool *pool, be32 addr)
{
	return in_range(pool, addr) && !avoided(pool, addr);
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
		n -= in_range(pool, pool->avoid[i]);
	for (unsigned int i = 0; i < 2; i++)
		n -= in_range(pool, ends[i]);
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

bool dhcp_pool_may_hold(const struct dhcp_pool *pool, const struct dhcp_lease *l,
			const struct dhcp_key *key, const struct mac *mac)
{
	if (l->state == LEASE_DECLINED)
		return false;
	if (l->reserved.len)
		return dhcp_who_is(&l->reserved, key, mac);
	return dhcp_pool_has(pool, l->addr);
}

/* An entry that anybody may take over. */
static bool takeable(const struct dhcp_pool *pool, const struct dhcp_lease *l)
{
	return l->state == LEASE_FREE && !l->reserved.len && dhcp_pool_has(pool, l->addr);
}

static struct dhcp_lease *pick_wanted(struct dhcp_pool *pool, struct lease_table *t, be32 want)
{
	struct dhcp_lease *l;

	if (!want || !dhcp_pool_has(pool, want))
		return NULL;
	l = lease_get(t, want);
	return l && takeable(pool, l) ? l : NULL;
}

static struct dhcp_lease *pick_fresh(struct dhcp_pool *pool, struct lease_table *t)
{
	for (; pool->cursor <= pool->last; pool->cursor++) {
		be32 addr = htonl(pool->cursor);

		if (dhcp_pool_has(pool, addr) && !lease_by_addr(t, addr))
			return lease_get(t, addr);
	}
	return NULL;
}

static struct dhcp_lease *pick_oldest(struct dhcp_pool *pool, struct lease_table *t)
{
	struct dhcp_lease *l = t->queue[LEASE_FREE].head;

	while (l && !takeable(pool, l))
		l = l->next;
	return l;
}

struct dhcp_lease *dhcp_pool_pick(struct dhcp_pool *pool, struct lease_table *t,
				  const struct dhcp_client *c, be32 want)
{
	struct dhcp_lease *l = lease_reserved_for(t, c);

	if (l && dhcp_pool_may_hold(pool, l, &c->key, &c->mac))
		return l;
	l = lease_by_key(t, &c->key);
	if (l && dhcp_pool_may_hold(pool, l, &c->key, &c->mac))
		return l;
	l = lease_of_moved(t, c);
	if (l && takeable(pool, l))
		return l;
	l = pick_wanted(pool, t, want);
	if (!l)
		l = pick_fresh(pool, t);
	return l ? l : pick_oldest(pool, t);
}
