/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admin.c - a server's beginning and end, and what people do to leases.
 */
#include <errno.h>
#include <string.h>

#include "dhcp/server.h"

static int pools_init(struct dhcp_server *s)
{
	const struct dhcp_conf *c = &s->conf;
	be32 own[DHCP_OWN_MAX];
	unsigned int n = DHCP_AVOID_MAX;

	memcpy(own, c->avoid, sizeof(c->avoid));
	for (unsigned int i = 0; i < c->n_subnets; i++) {
		own[n++] = c->subnet[i].server;
		own[n++] = c->subnet[i].router;
	}
	for (unsigned int i = 0; i < c->n_subnets; i++) {
		int rc = dhcp_pool_init(&s->pool[i], &c->subnet[i], own, n);

		if (rc)
			return rc;
	}
	return c->n_subnets ? 0 : -EINVAL;
}

int dhcp_server_init(struct dhcp_server *s, const struct dhcp_conf *conf,
		     const struct dhcp_store_ops *store, void *store_ctx, msec now)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->conf = *conf;
	s->store = store;
	s->store_ctx = store_ctx;
	rc = pools_init(s);
	return rc ? rc : lease_table_init(&s->leases, dhcp_server_size(s) + DHCP_RESERVED_MAX, now);
}

void dhcp_server_fini(struct dhcp_server *s)
{
	lease_table_fini(&s->leases);
}

/* ---- pools ----------------------------------------------------------------------------------- */

bool dhcp_server_is(const struct dhcp_server *s, be32 addr)
{
	for (unsigned int i = 0; i < s->conf.n_subnets; i++)
		if (addr && s->conf.subnet[i].server == addr)
			return true;
	return false;
}

struct dhcp_pool *dhcp_server_pool(const struct dhcp_server *s, be32 addr)
{
	for (unsigned int i = 0; i < s->conf.n_subnets; i++)
		if (ip4_prefix_has(s->conf.subnet[i].subnet, addr))
			return (struct dhcp_pool *)&s->pool[i];
	return NULL;
}

struct dhcp_link dhcp_server_link(const struct dhcp_server *s, be32 relay)
{
	struct dhcp_pool *first = relay ? dhcp_server_pool(s, relay) : NULL;
	struct dhcp_link link = {0};

	if (relay && !first)
		return link;
	if (first)
		link.v[link.n++] = first;
	if (first && first->conf.relayed)
		return link;
	for (unsigned int i = 0; i < s->conf.n_subnets; i++)
		if (!s->conf.subnet[i].relayed && &s->pool[i] != first)
			link.v[link.n++] = (struct dhcp_pool *)&s->pool[i];
	return link;
}

uint32_t dhcp_server_size(const struct dhcp_server *s)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < s->conf.n_subnets; i++)
		n += dhcp_pool_size(&s->pool[i]);
	return n;
}

uint32_t dhcp_server_free(const struct dhcp_server *s)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < s->conf.n_subnets; i++)
		n += dhcp_pool_free(&s->pool[i], &s->leases);
	return n;
}

/* May the client hold @l, wherever it is? */
static bool may_hold(const struct dhcp_server *s, const struct dhcp_lease *l,
		     const struct dhcp_record *rec)
{
	struct dhcp_pool *pool = dhcp_server_pool(s, l->addr);
	struct dhcp_link link = {.n = pool ? 1 : 0, .v = {pool}};

	return dhcp_link_may_hold(&link, l, &rec->key, &rec->mac);
}

static bool reservable(const struct dhcp_server *s, be32 addr)
{
	const struct dhcp_pool *pool = dhcp_server_pool(s, addr);

	return pool && dhcp_pool_reservable(pool, addr);
}

/* ---- loading --------------------------------------------------------------------------------- */

struct loading {
	struct dhcp_server *s;
	msec now;
	int64_t wall_s;
	unsigned int lost;
};

/* Seconds that a lease still has. The wall clock may have jumped while nobody looked: a lease never
 * has more left than it was granted. */
static int64_t remaining(const struct dhcp_record *rec, int64_t wall_s)
{
	if (rec->expires_s <= wall_s)
		return 0;
	return MIN((uint64_t)rec->expires_s - (uint64_t)wall_s, (uint64_t)rec->lease_s);
}

static void load_lease(void *arg, const struct dhcp_record *rec)
{
	struct loading *load = arg;
	struct dhcp_server *s = load->s;
	struct dhcp_pool *pool = dhcp_server_pool(s, rec->addr);
	struct dhcp_lease *l = lease_by_addr(&s->leases, rec->addr);
	int64_t left = remaining(rec, load->wall_s);

	if (!l && pool && dhcp_pool_has(pool, rec->addr))
		l = lease_get(&s->leases, rec->addr);
	if (!l || !rec->key.len || !may_hold(s, l, rec)) {
		load->lost++;
		return;
	}
	lease_set_client(&s->leases, l, &rec->key, &rec->mac);
	l->hostname_len = MIN(rec->hostname_len, DHCP_HOSTNAME_KEEP);
	memcpy(l->hostname, rec->hostname, l->hostname_len);
	lease_set_state(&s->leases, l, left ? LEASE_BOUND : LEASE_FREE,
			load->now + (msec)left * 1000);
}

static void load_reserved(void *arg, be32 addr, const struct dhcp_who *who)
{
	struct loading *load = arg;
	struct dhcp_server *s = load->s;
	struct dhcp_lease *l = NULL;

	if (reservable(s, addr) && !lease_by_reservation(&s->leases, who))
		l = lease_get(&s->leases, addr);
	if (l)
		lease_set_reserved(&s->leases, l, who);
	else
		load->lost++;
}

int dhcp_server_load(struct dhcp_server *s, msec now, int64_t wall_s, unsigned int *lost)
{
	struct loading load = {.s = s, .now = now, .wall_s = wall_s};
	int rc = s->store->load(s->store_ctx, s->conf.net, load_lease, load_reserved, &load);

	if (lost)
		*lost = load.lost;
	return rc;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static struct dhcp_record record_of(const struct dhcp_lease *l, int64_t expires_s, uint32_t lease_s)
{
	struct dhcp_record rec = {.addr = l->addr,
				  .key = l->key,
				  .mac = l->mac,
				  .hostname_len = l->hostname_len,
				  .expires_s = expires_s,
				  .lease_s = lease_s};

	memcpy(rec.hostname, l->hostname, l->hostname_len);
	return rec;
}

/* Entries that ended keep their order, which says whose address is taken first. */
static void save_ended(const struct dhcp_server *s, const struct dhcp_store_ops *to, void *to_ctx,
		       int64_t wall_s)
{
	const struct lease_queue *q = &s->leases.queue[LEASE_FREE];
	int64_t expires_s = wall_s - q->n;

	for (const struct dhcp_lease *l = q->head; l; l = l->next, expires_s++) {
		const struct dhcp_record rec = record_of(l, expires_s, 0);

		if (l->key.len)
			to->put(to_ctx, s->conf.net, &rec);
	}
}

void dhcp_server_save(const struct dhcp_server *s, const struct dhcp_store_ops *to, void *to_ctx,
		      msec now, int64_t wall_s)
{
	const struct dhcp_lease *l = s->leases.queue[LEASE_BOUND].head;

	save_ended(s, to, to_ctx, wall_s);
	for (; l; l = l->next) {
		uint32_t left_s =
			l->expires_ms > now ? (uint32_t)((l->expires_ms - now) / 1000) : 0;
		const struct dhcp_record rec = record_of(l, wall_s + left_s, left_s);

		to->put(to_ctx, s->conf.net, &rec);
	}
	for (uint32_t i = 0; i < s->leases.n; i++)
		if (s->leases.all[i].reserved.len)
			to->reserve(to_ctx, s->conf.net, s->leases.all[i].addr,
				    &s->leases.all[i].reserved);
}

/* ---- reservations and releases --------------------------------------------------------------- */

static bool held(const struct dhcp_lease *l)
{
	return l->state == LEASE_OFFERED || l->state == LEASE_BOUND;
}

int dhcp_server_reserve(struct dhcp_server *s, be32 addr, const struct dhcp_who *who)
{
	struct dhcp_lease *old = lease_by_reservation(&s->leases, who);
	struct dhcp_lease *l = lease_by_addr(&s->leases, addr);
	int rc;

	if (!reservable(s, addr))
		return -EADDRNOTAVAIL;
	if (l &&
	    ((held(l) && !dhcp_who_is(who, &l->key, &l->mac)) || (l->reserved.len && l != old)))
		return -EADDRINUSE;
	l = lease_get(&s->leases, addr);
	if (!l)
		return -ENOSPC;
	if (old && old != l)
		s->store->unreserve(s->store_ctx, s->conf.net, old->addr);
	s->store->reserve(s->store_ctx, s->conf.net, addr, who);
	rc = s->store->commit(s->store_ctx); /* tells of the failures above, too */
	if (rc)
		return rc;
	if (old)
		lease_set_reserved(&s->leases, old, NULL);
	lease_set_reserved(&s->leases, l, who);
	return 0;
}

int dhcp_server_release(struct dhcp_server *s, be32 addr)
{
	struct dhcp_lease *l = lease_by_addr(&s->leases, addr);
	int rc;

	if (!l || (l->state == LEASE_FREE && !l->reserved.len))
		return -ENOENT;
	s->store->unreserve(s->store_ctx, s->conf.net, addr);
	s->store->del(s->store_ctx, s->conf.net, addr);
	rc = s->store->commit(s->store_ctx);
	if (rc)
		return rc;
	lease_set_state(&s->leases, l, LEASE_FREE, 0);
	lease_clear_client(&s->leases, l);
	lease_set_reserved(&s->leases, l, NULL);
	return 0;
}

void dhcp_server_port_gone(struct dhcp_server *s, const char *port, int64_t wall_s)
{
	uint64_t where = dhcp_where(port);
	struct dhcp_lease *l;

	while ((l = lease_next_at(&s->leases, where, NULL))) {
		if (l->state == LEASE_BOUND)
			dhcp_server_record(s, l, wall_s, 0);
		lease_set_state(&s->leases, l, LEASE_FREE, 0);
	}
	s->store->commit(s->store_ctx);
}
