/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_mapping.c - mappings: made, found by the inside's end, given up. nat_table.h has the theory.
 */
#include "modes/nat/nat_table_int.h"

#include <arpa/inet.h>
#include <errno.h>

enum { RECLAIM_LOOK = 64 /* closed mappings looked at for one of the right owner */ };

/* ---- mappings -------------------------------------------------------------------------------- */

struct inside_text {
	const struct nat_ext *ext;
	be32 addr, peer;
	be16 port, peer_port;
	uint32_t proto;
};

static nat_ref *inside_bucket(struct nat_table *t, const struct nat_key *k)
{
	struct inside_text x = {k->ext, k->addr, 0, k->port, 0, k->proto};

	if (t->set.mapping >= NAT_ADDRESS || k->proto == NAT_OTHER)
		x.peer = k->peer;
	if (t->set.mapping == NAT_ADDRESS_PORT)
		x.peer_port = k->peer_port;
	return &t->by_inside[hash_bytes(&t->key, &x, sizeof(x)) & t->bucket_mask];
}

static bool mapping_is(const struct nat_table *t, const struct nat_mapping *m,
		       const struct nat_key *k)
{
	if (m->addr != k->addr || m->port != k->port || m->proto != k->proto || m->ext != k->ext)
		return false;
	if (m->forward || (t->set.mapping == NAT_ENDPOINT && m->proto != NAT_OTHER))
		return true;
	return m->peer == k->peer &&
	       (t->set.mapping != NAT_ADDRESS_PORT || m->peer_port == k->peer_port);
}

/* What a mapping was made of. */
static struct nat_key key_of(const struct nat_mapping *m)
{
	return (struct nat_key){m->ext, m->proto, m->addr, m->peer, m->port, m->peer_port};
}

static struct nat_mapping *mapping_in(const struct nat_table *t, nat_ref chain,
				      const struct nat_key *k)
{
	for (struct nat_mapping *m = mapping_at(t, chain); m; m = mapping_at(t, m->inside_next)) {
		if (mapping_is(t, m, k))
			return m;
	}
	return NULL;
}

/* Several forwards may lead to one inside endpoint: the one by which this peer has come. */
static struct nat_mapping *forward_of_peer(struct nat_table *t, struct nat_mapping *first,
					   const struct nat_key *k)
{
	for (struct nat_mapping *m = first; m; m = mapping_in(t, m->inside_next, k))
		if (m->forward && nat_session_find(t, m, k->peer, k->peer_port))
			return m;
	return first;
}

struct nat_mapping *nat_mapping_find(struct nat_table *t, const struct nat_key *k)
{
	struct nat_key any = {k->ext, k->proto, k->addr, 0, k->port, 0};
	struct nat_mapping *m = mapping_in(t, *inside_bucket(t, k), k);

	if (!m && t->set.mapping != NAT_ENDPOINT) {
		/* A forward has no peer of its own; it sits where the peer is zero. */
		m = mapping_in(t, *inside_bucket(t, &any), &any);
		if (m && !m->forward)
			m = NULL;
	}
	return m && m->forward ? forward_of_peer(t, m, k) : m;
}

static struct nat_mapping *mapping_alloc(struct nat_table *t)
{
	struct nat_mapping *m = mapping_at(t, t->free_mappings);

	if (m)
		t->free_mappings = m->inside_next;
	else if (t->mappings_touched < t->set.max)
		m = &t->mappings[t->mappings_touched++];
	if (m)
		*m = (struct nat_mapping){0};
	return m;
}

static void mapping_free(struct nat_table *t, struct nat_mapping *m)
{
	m->ext = NULL;
	m->inside_next = t->free_mappings;
	t->free_mappings = mapping_ref(t, m);
}

static bool guest_has_port(struct nat_table *t, const struct nat_key *k, msec now)
{
	/* Only TCP is ever closed before its time is over. */
	uint32_t left = nat_ext_free(k->ext, k->proto) + (k->proto == NAT_TCP ? t->n_closed : 0);

	if (t->set.guest_ports)
		left = MIN(left, t->set.guest_ports);
	if (nat_guest_of(t, k->addr)->ports[k->proto] < MAX(left, 1u))
		return true;
	return nat_reclaim(t, k->addr, k->ext, (int)k->proto, now);
}

/* RFC 6888 REQ-4 (C). Twice as many at once: a page of the web opens in a burst. */
static bool guest_may_open(struct nat_table *t, be32 addr, msec now)
{
	uint32_t rate = t->set.guest_rate;

	return !rate || nat_bucket_take_of(&nat_guest_of(t, addr)->opens, 2 * rate, rate, now);
}

static void mapping_fill(struct nat_table *t, struct nat_mapping *m, const struct nat_key *k)
{
	nat_ref *bucket = inside_bucket(t, k);

	m->ext = k->ext;
	m->addr = k->addr;
	m->port = k->port;
	m->peer = k->peer;
	m->peer_port = k->peer_port;
	m->proto = k->proto;
	m->inside_next = *bucket;
	*bucket = mapping_ref(t, m);
	nat_guest_of(t, k->addr)->ports[k->proto]++;
	t->n_mappings++;
}

static struct nat_mapping *mapping_refuse(struct nat_table *t, enum nat_lack what,
					  const struct nat_key *k)
{
	t->refused++;
	if (t->lack)
		t->lack(t->note_ctx, what, k);
	return NULL;
}

static be16 take_port(struct nat_table *t, const struct nat_key *k, struct nat_mapping *m,
		      uint64_t seed, msec now)
{
	struct nat_owner owner = {t->owner, t->mappings, m};

	if (k->proto == NAT_OTHER)
		return nat_ext_take_pair(k->ext, (uint8_t)ntohs(k->port), k->peer, owner);
	return nat_ext_take(k->ext, k->proto, k->port, owner, seed, now);
}

struct nat_mapping *nat_mapping_add(struct nat_table *t, const struct nat_key *k, msec now)
{
	uint64_t seed = nat_random(t);
	struct nat_mapping *m;

	nat_ext_prefetch_take(k->ext, k->proto, seed);
	if (!guest_may_open(t, k->addr, now))
		return mapping_refuse(t, NAT_LACK_RATE, k);
	if (!guest_has_port(t, k, now))
		return mapping_refuse(t, NAT_LACK_PORTS, k);
	m = mapping_alloc(t);
	if (!m && nat_reclaim(t, 0, NULL, -1, now))
		m = mapping_alloc(t);
	if (!m)
		return mapping_refuse(t, NAT_LACK_FLOWS, k);
	nat_session_prefetch(t, mapping_ref(t, m), k->peer, k->peer_port);
	m->ext_port = take_port(t, k, m, seed, now);
	if (!m->ext_port && nat_reclaim(t, 0, k->ext, (int)k->proto, now))
		m->ext_port = take_port(t, k, m, seed, now);
	if (!m->ext_port) {
		mapping_free(t, m);
		return mapping_refuse(t, NAT_LACK_PORTS, k);
	}
	mapping_fill(t, m, k);
	return m;
}

struct nat_mapping *nat_mapping_add_forward(struct nat_table *t, const struct nat_key *k,
					    be16 ext_port, msec now, int *error)
{
	struct nat_key key = {k->ext, k->proto, k->addr, 0, k->port, 0};
	struct nat_mapping *m;

	m = nat_mapping_find(t, &key);
	/* The guest has spoken from this port before; its flows start over with the new number. */
	if (m && !m->forward)
		nat_mapping_del(t, m, NAT_END_FORWARD, now);
	m = mapping_alloc(t);
	if (!m) {
		*error = -ENOSPC;
		return NULL;
	}
	*error = nat_ext_take_static(k->ext, k->proto, ext_port,
				     (struct nat_owner){t->owner, t->mappings, m});
	if (*error) {
		mapping_free(t, m);
		return NULL;
	}
	m->ext_port = ext_port;
	m->forward = true;
	mapping_fill(t, m, &key);
	return m;
}

static void mapping_leave(struct nat_table *t, struct nat_mapping *m)
{
	struct nat_key k = key_of(m);
	nat_ref r = mapping_ref(t, m), *at = inside_bucket(t, &k);

	while (*at != r)
		at = &mapping_at(t, *at)->inside_next;
	*at = m->inside_next;
}

void nat_mapping_prefetch(struct nat_table *t, const struct nat_mapping *m)
{
	struct nat_key k = key_of(m);

	/* It goes with its only session. */
	if (m->n_sessions != 1 || m->forward)
		return;
	__builtin_prefetch(inside_bucket(t, &k), 1);
	nat_ext_prefetch(m->ext, m->proto, m->ext_port);
}

void nat_mapping_del(struct nat_table *t, struct nat_mapping *m, enum nat_why why, msec now)
{
	while (m->sessions)
		nat_session_unlink(t, m, session_at(t, m->sessions), why);
	nat_closed_del(t, m);
	mapping_leave(t, m);
	nat_ext_release(m->ext, m->proto, m->ext_port, now);
	nat_guest_of(t, m->addr)->ports[m->proto]--;
	t->n_mappings--;
	mapping_free(t, m);
}

/* ---- the closed ------------------------------------------------------------------------------ */

void nat_closed_add(struct nat_table *t, struct nat_mapping *m)
{
	nat_ref r = mapping_ref(t, m);

	if (m->closed || m->forward)
		return;
	m->closed = true;
	t->n_closed++;
	m->closed_next = 0;
	m->closed_prev = t->closed_last;
	*(t->closed_last ? &mapping_at(t, t->closed_last)->closed_next : &t->closed_first) = r;
	t->closed_last = r;
}

void nat_closed_del(struct nat_table *t, struct nat_mapping *m)
{
	if (!m->closed)
		return;
	m->closed = false;
	t->n_closed--;
	*(m->closed_prev ? &mapping_at(t, m->closed_prev)->closed_next : &t->closed_first) =
		m->closed_next;
	*(m->closed_next ? &mapping_at(t, m->closed_next)->closed_prev : &t->closed_last) =
		m->closed_prev;
}

bool nat_reclaim(struct nat_table *t, be32 addr, const struct nat_ext *ext, int proto, msec now)
{
	struct nat_mapping *m = mapping_at(t, t->closed_first);

	for (unsigned int i = 0; m && i < RECLAIM_LOOK; i++, m = mapping_at(t, m->closed_next)) {
		if ((addr && m->addr != addr) || (ext && m->ext != ext) ||
		    (proto >= 0 && m->proto != proto))
			continue;
		t->reclaimed++;
		nat_mapping_del(t, m, NAT_END_ROOM, now);
		return true;
	}
	return false;
}
