/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_table_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECLAIM_LOOK = 64, /* closed mappings looked at for one of the right owner */
	GUESTS_MAX = 65536
};

const struct nat_settings NAT_SETTINGS_DEFAULT = {
	.max = 65536,
	.max_guest = 16384,
	.mss = NAT_MSS_CLAMP,
	.filter = NAT_ADDRESS,
	.udp_ms = 300000,
	.udp_dns_ms = 30000,
	.icmp_ms = 60000,
	.other_ms = 600000,
	.tcp_established_ms = 7440000,
	.tcp_transitory_ms = 240000,
	.hold_ms = 120000,
};

const char *nat_cause_text(enum nat_cause cause)
{
	static const char *const texts[] = {
		"the guest spoke first",
		"let in from outside: the guest had spoken to this peer",
		"let in from a guest of this network by the outside address",
		"let in by a port forward",
	};

	return texts[cause];
}

const char *nat_why_text(enum nat_why why)
{
	static const char *const texts[] = {
		"nothing passed until its time was over",
		"both ends have closed it",
		"gave way to a new flow",
		"its port forward changed",
		"the way out is gone",
		"the rule of mapping is another now",
		"the host itself uses this protocol with this peer now",
		"the network is gone",
	};

	return texts[why];
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

/* ---- set-up ---------------------------------------------------------------------------------- */

static uint32_t pow2_at_least(uint32_t n)
{
	uint32_t p = 16;

	while (p < n && p < 1u << 24)
		p *= 2;
	return p;
}

int nat_table_init(struct nat_table *t, const struct nat_settings *set, struct nat *owner,
		   uint8_t plen, const uint64_t seed[4], msec now)
{
	uint32_t buckets = pow2_at_least(set->max);
	uint32_t guests = plen > 16 ? 1u << (32 - plen) : GUESTS_MAX;

	*t = (struct nat_table){.set = *set, .owner = owner, .born = now};
	t->key = (struct hash_key){seed[0], seed[1]};
	t->rng[0] = seed[2];
	t->rng[1] = seed[3];
	t->spread = nat_random(t) | 1;
	t->guest_mask = guests - 1;
	t->bucket_mask = buckets - 1;
	t->guests = calloc(guests, sizeof(*t->guests));
	t->by_inside = calloc(buckets, sizeof(nat_ref));
	t->by_peer = calloc(buckets, sizeof(nat_ref));
	t->by_addr = calloc(buckets, sizeof(nat_ref));
	t->mappings = calloc(set->max, sizeof(*t->mappings));
	/* Not zeroed: each is filled when it is taken. */
	t->sessions = aligned_alloc(_Alignof(struct nat_session), set->max * sizeof(*t->sessions));
	t->look = calloc(set->max, sizeof(*t->look));
	if (t->guests && t->by_inside && t->by_peer && t->by_addr && t->mappings && t->sessions &&
	    t->look)
		return 0;
	nat_table_fini(t, now);
	return -ENOMEM;
}

/* End what is mapped on @ext (NULL: any), but port forwards only when @forwards. */
static void end_all(struct nat_table *t, const struct nat_ext *ext, bool forwards, enum nat_why why,
		    msec now)
{
	for (uint32_t i = 0; i < t->mappings_touched; i++) {
		struct nat_mapping *m = &t->mappings[i];

		if (m->ext && (!ext || m->ext == ext) && (forwards || !m->forward))
			nat_mapping_del(t, m, why, now);
	}
}

void nat_table_set_mapping(struct nat_table *t, enum nat_kind mapping, msec now)
{
	if (mapping == t->set.mapping)
		return;
	end_all(t, NULL, false, NAT_END_SETTING, now);
	t->set.mapping = mapping;
}

int nat_table_resize(struct nat_table *t, uint32_t max, uint8_t plen, msec now)
{
	uint64_t seed[4] = {t->key.k0, t->key.k1, t->rng[0], t->rng[1]};
	struct nat_settings set = t->set;
	struct nat_table new;

	assert(!t->n_mappings);
	set.max = max;
	if (nat_table_init(&new, &set, t->owner, plen, seed, now) < 0)
		return -ENOMEM;
	new.note = t->note;
	new.lack = t->lack;
	new.note_ctx = t->note_ctx;
	nat_table_fini(t, now);
	*t = new;
	return 0;
}

void nat_table_fini(struct nat_table *t, msec now)
{
	if (t->mappings)
		end_all(t, NULL, true, NAT_END_NETWORK, now);
	free(t->guests);
	free(t->by_inside);
	free(t->by_peer);
	free(t->by_addr);
	free(t->mappings);
	free(t->sessions);
	free(t->look);
	*t = (struct nat_table){0};
}

uint64_t nat_random(struct nat_table *t)
{
	t->rng[1]++;
	return hash_bytes(&t->key, t->rng, sizeof(t->rng));
}

struct nat_guest *nat_guest_of(const struct nat_table *t, be32 addr)
{
	return &t->guests[ntohl(addr) & t->guest_mask];
}

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

/* ---- walks ----------------------------------------------------------------------------------- */

unsigned int nat_table_drop_ext(struct nat_table *t, const struct nat_ext *ext, msec now)
{
	uint32_t before = t->n_sessions;

	end_all(t, ext, true, NAT_END_UPLINK, now);
	return before - t->n_sessions;
}

void nat_table_each(const struct nat_table *t,
		    void (*fn)(void *ctx, const struct nat_mapping *m, const struct nat_session *s),
		    void *ctx)
{
	for (uint32_t i = 0; i < t->mappings_touched; i++) {
		const struct nat_mapping *m = &t->mappings[i];

		if (!m->ext)
			continue;
		for (nat_ref r = m->sessions; r; r = session_at(t, r)->next)
			fn(ctx, m, session_at(t, r));
	}
}
