/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/lease.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Timers fired per call, so that a mass expiry can't hold up the loop; the rest fires next time. */
enum { EXPIRE_BATCH = 4096 };

/* ---- indexes --------------------------------------------------------------------------------- */

static struct dhcp_lease **bucket_of(const struct lease_table *t, enum lease_index idx,
				     const void *data, size_t len)
{
	return &t->bucket[idx][hash_bytes(&t->secret, data, len) & t->mask];
}

/* The bucket that @l is or belongs in. */
static struct dhcp_lease **bucket_for(const struct lease_table *t, enum lease_index idx,
				      const struct dhcp_lease *l)
{
	switch (idx) {
	case IDX_CLIENT:
		return bucket_of(t, idx, l->key.b, l->key.len);
	case IDX_MAC:
		return bucket_of(t, idx, &l->mac, sizeof(l->mac));
	case IDX_RESERVED:
		return bucket_of(t, idx, l->reserved.b, l->reserved.len);
	case IDX_WHERE:
		return bucket_of(t, idx, &l->where, sizeof(l->where));
	default:
		return bucket_of(t, idx, &l->addr, sizeof(l->addr));
	}
}

static void index_add(struct lease_table *t, enum lease_index idx, struct dhcp_lease *l)
{
	struct dhcp_lease **at = bucket_for(t, idx, l);

	l->chain[idx] = *at;
	*at = l;
}

static void index_del(struct lease_table *t, enum lease_index idx, struct dhcp_lease *l)
{
	struct dhcp_lease **at = bucket_for(t, idx, l);

	while (*at != l)
		at = &(*at)->chain[idx];
	*at = l->chain[idx];
}

/* ---- queues ---------------------------------------------------------------------------------- */

static void queue_del(struct lease_queue *q, struct dhcp_lease *l)
{
	*(l->prev ? &l->prev->next : &q->head) = l->next;
	*(l->next ? &l->next->prev : &q->tail) = l->prev;
	q->n--;
}

static void queue_add(struct lease_queue *q, struct dhcp_lease *l)
{
	l->next = NULL;
	l->prev = q->tail;
	*(q->tail ? &q->tail->next : &q->head) = l;
	q->tail = l;
	q->n++;
}

/* ---- the table ------------------------------------------------------------------------------- */

int lease_table_init(struct lease_table *t, uint32_t max, msec now)
{
	uint32_t buckets = 64;

	while (buckets < max && buckets < 1u << 20)
		buckets *= 2;
	*t = (struct lease_table){.max = max, .mask = buckets - 1};
	t->all = calloc(max, sizeof(*t->all));
	for (unsigned int i = 0; i < IDX_N; i++)
		t->bucket[i] = calloc(buckets, sizeof(struct dhcp_lease *));
	for (unsigned int i = 0; i < IDX_N; i++) {
		if (!t->bucket[i] || !t->all) {
			lease_table_fini(t);
			return -ENOMEM;
		}
	}
	hash_key_init(&t->secret);
	timer_wheel_init(&t->wheel, now);
	return 0;
}

void lease_table_fini(struct lease_table *t)
{
	for (unsigned int i = 0; i < IDX_N; i++)
		free(t->bucket[i]);
	free(t->all);
	*t = (struct lease_table){0};
}

static void lease_expire_cb(void *ctx, struct timer_node *timer)
{
	lease_set_state(ctx, CONTAINER_OF(timer, struct dhcp_lease, timer), LEASE_FREE, 0);
}

void lease_table_run(struct lease_table *t, msec now)
{
	timer_wheel_run(&t->wheel, now, EXPIRE_BATCH, lease_expire_cb, t);
}

struct dhcp_lease *lease_by_addr(const struct lease_table *t, be32 addr)
{
	struct dhcp_lease *l = *bucket_of(t, IDX_ADDR, &addr, sizeof(addr));

	while (l && l->addr != addr)
		l = l->chain[IDX_ADDR];
	return l;
}

struct dhcp_lease *lease_by_key(const struct lease_table *t, const struct dhcp_key *key)
{
	struct dhcp_lease *l = *bucket_of(t, IDX_CLIENT, key->b, key->len);

	while (l && !dhcp_key_equal(&l->key, key))
		l = l->chain[IDX_CLIENT];
	return l;
}

struct dhcp_lease *lease_by_reservation(const struct lease_table *t, const struct dhcp_who *who)
{
	struct dhcp_lease *l = *bucket_of(t, IDX_RESERVED, who->b, who->len);

	while (l && !dhcp_who_equal(&l->reserved, who))
		l = l->chain[IDX_RESERVED];
	return l;
}

struct dhcp_lease *lease_reserved_for(const struct lease_table *t, const struct dhcp_client *c)
{
	struct dhcp_who who = dhcp_who_id(&c->key);
	struct dhcp_lease *l = who.len ? lease_by_reservation(t, &who) : NULL;

	who = dhcp_who_mac(&c->mac);
	if (!l)
		l = lease_by_reservation(t, &who);
	who = dhcp_who_port(c->port);
	return l || !who.len ? l : lease_by_reservation(t, &who);
}

struct dhcp_lease *lease_next_of_mac(const struct lease_table *t, const struct mac *mac,
				     const struct dhcp_lease *l)
{
	struct dhcp_lease *n = l ? l->chain[IDX_MAC] : *bucket_of(t, IDX_MAC, mac, sizeof(*mac));

	while (n && !mac_equal(&n->mac, mac))
		n = n->chain[IDX_MAC];
	return n;
}

struct dhcp_lease *lease_of_moved(const struct lease_table *t, const struct dhcp_client *c)
{
	struct dhcp_lease *l = NULL;

	while ((l = lease_next_of_mac(t, &c->mac, l)))
		if (l->state == LEASE_FREE && dhcp_key_same_id(&l->key, &c->key))
			return l;
	return NULL;
}

struct dhcp_lease *lease_next_at(const struct lease_table *t, uint64_t where,
				 const struct dhcp_lease *l)
{
	struct dhcp_lease *n =
		l ? l->chain[IDX_WHERE] : *bucket_of(t, IDX_WHERE, &where, sizeof(where));

	while (n && n->where != where)
		n = n->chain[IDX_WHERE];
	return n;
}

unsigned int lease_count_at(const struct lease_table *t, uint64_t where, unsigned int max)
{
	const struct dhcp_lease *l = NULL;
	unsigned int n = 0;

	while (n < max && (l = lease_next_at(t, where, l)))
		n++;
	return n;
}

struct dhcp_lease *lease_get(struct lease_table *t, be32 addr)
{
	struct dhcp_lease *l = lease_by_addr(t, addr);

	if (l || t->n == t->max)
		return l;
	l = &t->all[t->n++];
	l->addr = addr;
	index_add(t, IDX_ADDR, l);
	queue_add(&t->queue[LEASE_FREE], l);
	return l;
}

void lease_clear_client(struct lease_table *t, struct dhcp_lease *l)
{
	if (!l->key.len)
		return;
	index_del(t, IDX_CLIENT, l);
	index_del(t, IDX_MAC, l);
	l->key.len = 0;
	l->mac = (struct mac){{0}};
	l->hostname_len = 0;
}

/* Whose share of addresses is it? DECLINED ones stay in the share of the one who declined. */
static void set_where(struct lease_table *t, struct dhcp_lease *l, uint64_t where)
{
	if (l->where == where)
		return;
	if (l->where)
		index_del(t, IDX_WHERE, l);
	l->where = where;
	if (where)
		index_add(t, IDX_WHERE, l);
}

void lease_set_client(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_key *key,
		      const struct mac *mac)
{
	struct dhcp_lease *old = lease_by_key(t, key);

	assert(l);
	if (old && old != l) {
		lease_set_state(t, old, LEASE_FREE, 0);
		lease_clear_client(t, old);
	}
	if (old == l && mac_equal(&l->mac, mac))
		return;
	if (old == l) {
		index_del(t, IDX_MAC, l);
	} else {
		lease_clear_client(t, l);
		l->key = *key;
		index_add(t, IDX_CLIENT, l);
	}
	l->mac = *mac;
	index_add(t, IDX_MAC, l);
	if (l->state != LEASE_FREE)
		set_where(t, l, dhcp_key_where(&l->key));
}

void lease_set_blameless(struct lease_table *t, struct dhcp_lease *l)
{
	set_where(t, l, 0);
}

void lease_set_state(struct lease_table *t, struct dhcp_lease *l, enum lease_state state,
		     msec expires_ms)
{
	queue_del(&t->queue[l->state], l);
	timer_stop(&l->timer);
	l->state = state;
	l->expires_ms = state == LEASE_FREE ? 0 : expires_ms;
	queue_add(&t->queue[state], l);
	if (state == LEASE_FREE) {
		l->port = 0;
		set_where(t, l, 0);
		return;
	}
	timer_start(&t->wheel, &l->timer, expires_ms);
	if (state != LEASE_DECLINED)
		set_where(t, l, dhcp_key_where(&l->key));
}

void lease_set_reserved(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_who *who)
{
	if (l->reserved.len)
		index_del(t, IDX_RESERVED, l);
	l->reserved.len = 0;
	if (who && who->len) {
		l->reserved = *who;
		index_add(t, IDX_RESERVED, l);
	}
}
