/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/lease.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Timers fired per call, so that a mass expiry can't hold up the loop; the rest fires next time. */
enum { EXPIRE_BATCH = 4096 };

/* ---- client keys ----------------------------------------------------------------------------- */

/* The identifier's hash needs no secret: whoever can make two identifiers collide could as well
 * send the same one twice. It must be the same after a restart. */
static struct dhcp_key key_of_long_id(const struct dhcp_value *id)
{
	static const struct hash_key fixed[2] = {{1, 2}, {3, 4}};
	enum { HEAD = DHCP_KEY_MAX - 1 - 16 };
	struct dhcp_key key = {.len = DHCP_KEY_MAX, .b = {DHCP_KEY_LONG_ID}};

	memcpy(key.b + 1, id->b, HEAD);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t h = hash_bytes(&fixed[i], id->b, id->len);

		memcpy(key.b + 1 + HEAD + 8 * i, &h, sizeof(h));
	}
	return key;
}

struct dhcp_key dhcp_key_of(const struct dhcp_msg *msg)
{
	struct dhcp_key key = {.len = 1 + sizeof(msg->mac), .b = {DHCP_KEY_MAC}};

	if (msg->client_id.len >= DHCP_KEY_MAX)
		return key_of_long_id(&msg->client_id);
	if (msg->client_id.len) {
		key.len = (uint8_t)(1 + msg->client_id.len);
		key.b[0] = DHCP_KEY_ID;
		memcpy(key.b + 1, msg->client_id.b, msg->client_id.len);
	} else {
		memcpy(key.b + 1, &msg->mac, sizeof(msg->mac));
	}
	return key;
}

bool dhcp_key_equal(const struct dhcp_key *a, const struct dhcp_key *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

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
	case IDX_RESERVED:
		return bucket_of(t, idx, &l->reserved_mac, sizeof(l->reserved_mac));
	case IDX_PORT:
		return bucket_of(t, idx, &l->port, sizeof(l->port));
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

struct dhcp_lease *lease_by_reservation(const struct lease_table *t, const struct mac *mac)
{
	struct dhcp_lease *l = *bucket_of(t, IDX_RESERVED, mac, sizeof(*mac));

	while (l && !mac_equal(&l->reserved_mac, mac))
		l = l->chain[IDX_RESERVED];
	return l;
}

unsigned int lease_count_port(const struct lease_table *t, uint32_t port, unsigned int max)
{
	struct dhcp_lease *l = *bucket_of(t, IDX_PORT, &port, sizeof(port));
	unsigned int n = 0;

	for (; l && n < max; l = l->chain[IDX_PORT])
		n += l->port == port && l->state != LEASE_FREE;
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
	l->key.len = 0;
	l->mac = (struct mac){{0}};
	l->hostname_len = 0;
}

void lease_set_client(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_key *key,
		      const struct mac *mac)
{
	struct dhcp_lease *old = lease_by_key(t, key);

	assert(l);
	if (old != l) {
		if (old) {
			lease_set_state(t, old, LEASE_FREE, 0);
			lease_clear_client(t, old);
		}
		lease_clear_client(t, l);
		l->key = *key;
		index_add(t, IDX_CLIENT, l);
	}
	l->mac = *mac;
}

void lease_set_port(struct lease_table *t, struct dhcp_lease *l, uint32_t port)
{
	if (l->port == port)
		return;
	if (l->port)
		index_del(t, IDX_PORT, l);
	l->port = port;
	if (port)
		index_add(t, IDX_PORT, l);
}

void lease_set_state(struct lease_table *t, struct dhcp_lease *l, enum lease_state state,
		     msec expires_ms)
{
	queue_del(&t->queue[l->state], l);
	timer_stop(&l->timer);
	l->state = state;
	l->expires_ms = state == LEASE_FREE ? 0 : expires_ms;
	queue_add(&t->queue[state], l);
	if (state == LEASE_FREE)
		lease_set_port(t, l, 0);
	else
		timer_start(&t->wheel, &l->timer, expires_ms);
}

void lease_set_reserved(struct lease_table *t, struct dhcp_lease *l, const struct mac *mac)
{
	if (l->reserved)
		index_del(t, IDX_RESERVED, l);
	l->reserved = mac != NULL;
	if (mac) {
		l->reserved_mac = *mac;
		index_add(t, IDX_RESERVED, l);
	}
}
