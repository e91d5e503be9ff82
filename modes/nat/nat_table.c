/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_table.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RUN_MAX = 4096,	   /* timers run in one call: a burst of expiries never stalls frames */
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
		"the network is gone",
	};

	return texts[why];
}

/* ---- chains ---------------------------------------------------------------------------------- */

static void link_push(struct nat_link **head, struct nat_link *l)
{
	l->next = *head;
	l->prev = head;
	if (*head)
		(*head)->prev = &l->next;
	*head = l;
}

static void link_pop(struct nat_link *l)
{
	if (!l->prev)
		return;
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->prev = NULL;
}

static void closed_add(struct nat_table *t, struct nat_mapping *m)
{
	if (m->closed.prev || m->forward)
		return;
	m->closed.next = NULL;
	m->closed.prev = t->closed_tail;
	*t->closed_tail = &m->closed;
	t->closed_tail = &m->closed.next;
}

static void closed_del(struct nat_table *t, struct nat_mapping *m)
{
	if (t->closed_tail == &m->closed.next)
		t->closed_tail = m->closed.prev;
	link_pop(&m->closed);
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

	*t = (struct nat_table){.set = *set, .owner = owner};
	t->key = (struct hash_key){seed[0], seed[1]};
	t->rng[0] = seed[2];
	t->rng[1] = seed[3];
	t->guest_mask = guests - 1;
	t->bucket_mask = buckets - 1;
	t->closed_tail = &t->closed;
	timer_wheel_init(&t->wheel, now);
	t->guests = calloc(guests, sizeof(*t->guests));
	t->by_inside = calloc(buckets, sizeof(void *));
	t->by_peer = calloc(buckets, sizeof(void *));
	t->by_addr = calloc(buckets, sizeof(void *));
	t->mappings = calloc(set->max, sizeof(*t->mappings));
	t->sessions = calloc(set->max, sizeof(*t->sessions));
	if (t->guests && t->by_inside && t->by_peer && t->by_addr && t->mappings && t->sessions)
		return 0;
	nat_table_fini(t, now);
	return -ENOMEM;
}

void nat_table_set_mapping(struct nat_table *t, enum nat_kind mapping, msec now)
{
	struct nat_link *next;

	if (mapping == t->set.mapping)
		return;
	for (uint32_t i = 0; i <= t->bucket_mask; i++)
		for (struct nat_link *l = t->by_inside[i]; l; l = next) {
			struct nat_mapping *m = CONTAINER_OF(l, struct nat_mapping, by_inside);

			next = l->next;
			if (!m->forward)
				nat_mapping_del(t, m, NAT_END_SETTING, now);
		}
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
	new.note_ctx = t->note_ctx;
	nat_table_fini(t, now);
	*t = new;
	/* Both have pointers into themselves, and are empty. */
	t->closed_tail = &t->closed;
	timer_wheel_init(&t->wheel, now);
	return 0;
}

void nat_table_fini(struct nat_table *t, msec now)
{
	if (t->mappings && t->by_inside) {
		for (uint32_t i = 0; i <= t->bucket_mask; i++) {
			while (t->by_inside[i])
				nat_mapping_del(t,
						CONTAINER_OF(t->by_inside[i], struct nat_mapping,
							     by_inside),
						NAT_END_NETWORK, now);
		}
	}
	free(t->guests);
	free(t->by_inside);
	free(t->by_peer);
	free(t->by_addr);
	free(t->mappings);
	free(t->sessions);
	*t = (struct nat_table){0};
}

uint64_t nat_random(struct nat_table *t)
{
	t->rng[1]++;
	return hash_bytes(&t->key, t->rng, sizeof(t->rng));
}

struct nat_guest *nat_guest_of(struct nat_table *t, be32 addr)
{
	return &t->guests[ntohl(addr) & t->guest_mask];
}

/* ---- hashes ---------------------------------------------------------------------------------- */

struct inside_text {
	const struct nat_ext *ext;
	be32 addr, peer;
	be16 port, peer_port;
	uint32_t proto;
};

struct peer_text {
	const struct nat_mapping *m;
	be32 peer;
	uint32_t port;
};

static struct nat_link **inside_bucket(struct nat_table *t, const struct nat_key *k)
{
	struct inside_text x = {k->ext, k->addr, 0, k->port, 0, k->proto};

	if (t->set.mapping >= NAT_ADDRESS)
		x.peer = k->peer;
	if (t->set.mapping == NAT_ADDRESS_PORT)
		x.peer_port = k->peer_port;
	return &t->by_inside[hash_bytes(&t->key, &x, sizeof(x)) & t->bucket_mask];
}

static struct nat_link **peer_bucket(struct nat_table *t, const struct nat_mapping *m, be32 peer,
				     be16 port)
{
	struct peer_text x = {m, peer, port};

	return &t->by_peer[hash_bytes(&t->key, &x, sizeof(x)) & t->bucket_mask];
}

static struct nat_link **addr_bucket(struct nat_table *t, const struct nat_mapping *m, be32 peer)
{
	struct peer_text x = {m, peer, UINT32_MAX};

	return &t->by_addr[hash_bytes(&t->key, &x, sizeof(x)) & t->bucket_mask];
}

/* ---- mappings -------------------------------------------------------------------------------- */

static bool mapping_is(const struct nat_table *t, const struct nat_mapping *m,
		       const struct nat_key *k)
{
	if (m->addr != k->addr || m->port != k->port || m->proto != k->proto || m->ext != k->ext)
		return false;
	return m->forward || ((t->set.mapping < NAT_ADDRESS || m->peer == k->peer) &&
			      (t->set.mapping < NAT_ADDRESS_PORT || m->peer_port == k->peer_port));
}

static struct nat_mapping *mapping_in(const struct nat_table *t, struct nat_link *chain,
				      const struct nat_key *k)
{
	for (struct nat_link *l = chain; l; l = l->next) {
		struct nat_mapping *m = CONTAINER_OF(l, struct nat_mapping, by_inside);

		if (mapping_is(t, m, k))
			return m;
	}
	return NULL;
}

/* Several forwards may lead to one inside endpoint: the one by which this peer has come. */
static struct nat_mapping *forward_of_peer(struct nat_table *t, struct nat_mapping *first,
					   const struct nat_key *k)
{
	for (struct nat_mapping *m = first; m; m = mapping_in(t, m->by_inside.next, k))
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
	struct nat_mapping *m = NULL;

	if (t->free_mappings) {
		m = CONTAINER_OF(t->free_mappings, struct nat_mapping, by_inside);
		t->free_mappings = t->free_mappings->next;
	} else if (t->mappings_touched < t->set.max) {
		m = &t->mappings[t->mappings_touched++];
	}
	if (m)
		*m = (struct nat_mapping){0};
	return m;
}

static void mapping_free(struct nat_table *t, struct nat_mapping *m)
{
	m->by_inside.next = t->free_mappings;
	t->free_mappings = &m->by_inside;
}

/* Give up the oldest mapping whose connections are over, one of @addr when that is not 0, and on
 * @ext when that is not NULL. */
static bool reclaim(struct nat_table *t, be32 addr, const struct nat_ext *ext, int proto, msec now)
{
	struct nat_link *l = t->closed;

	for (unsigned int i = 0; l && i < RECLAIM_LOOK; i++, l = l->next) {
		struct nat_mapping *m = CONTAINER_OF(l, struct nat_mapping, closed);

		if ((addr && m->addr != addr) || (ext && m->ext != ext) ||
		    (proto >= 0 && m->proto != proto))
			continue;
		t->reclaimed++;
		nat_mapping_del(t, m, NAT_END_ROOM, now);
		return true;
	}
	return false;
}

static bool guest_has_port(struct nat_table *t, const struct nat_key *k, msec now)
{
	uint32_t share = (k->ext->last - k->ext->first + 1u) / 2;

	if (nat_guest_of(t, k->addr)->ports[k->proto] < MAX(share, 1u))
		return true;
	return reclaim(t, k->addr, k->ext, (int)k->proto, now);
}

static void mapping_fill(struct nat_table *t, struct nat_mapping *m, const struct nat_key *k)
{
	m->ext = k->ext;
	m->addr = k->addr;
	m->port = k->port;
	m->proto = (uint8_t)k->proto;
	m->peer = k->peer;
	m->peer_port = k->peer_port;
	link_push(inside_bucket(t, k), &m->by_inside);
	t->n_mappings++;
}

struct nat_mapping *nat_mapping_add(struct nat_table *t, const struct nat_key *k, msec now)
{
	struct nat_mapping *m;

	if (!guest_has_port(t, k, now))
		return NULL;
	m = mapping_alloc(t);
	if (!m && reclaim(t, 0, NULL, -1, now))
		m = mapping_alloc(t);
	if (!m)
		return NULL;
	m->ext_port = nat_ext_take(k->ext, k->proto, k->port, t->owner, m, nat_random(t), now);
	if (!m->ext_port && reclaim(t, 0, k->ext, (int)k->proto, now))
		m->ext_port =
			nat_ext_take(k->ext, k->proto, k->port, t->owner, m, nat_random(t), now);
	if (!m->ext_port) {
		mapping_free(t, m);
		return NULL;
	}
	nat_guest_of(t, k->addr)->ports[k->proto]++;
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
	*error = nat_ext_take_static(k->ext, k->proto, ext_port, t->owner, m);
	if (*error) {
		mapping_free(t, m);
		return NULL;
	}
	m->ext_port = ext_port;
	m->forward = true;
	nat_guest_of(t, k->addr)->ports[k->proto]++;
	mapping_fill(t, m, &key);
	return m;
}

static void tell(const struct nat_table *t, enum nat_note what, const struct nat_session *s,
		 enum nat_why why)
{
	if (t->note)
		t->note(t->note_ctx, what, s, why);
}

static void session_unlink(struct nat_table *t, struct nat_mapping *m, struct nat_session *s,
			   enum nat_why why)
{
	tell(t, NAT_ENDED, s, why);
	timer_stop(&s->timer);
	link_pop(&s->by_peer);
	link_pop(&s->by_addr);
	link_pop(&s->of_mapping);
	if (m->last == s)
		m->last = NULL;
	m->n_sessions--;
	if (m->proto != NAT_TCP || !nat_tcp_is_over(s->tcp))
		m->n_open--;
	nat_guest_of(t, m->addr)->sessions--;
	s->mapping = NULL;
	s->timer.next = t->free_sessions;
	t->free_sessions = &s->timer;
	t->n_sessions--;
}

void nat_mapping_del(struct nat_table *t, struct nat_mapping *m, enum nat_why why, msec now)
{
	while (m->sessions)
		session_unlink(t, m, CONTAINER_OF(m->sessions, struct nat_session, of_mapping),
			       why);
	closed_del(t, m);
	link_pop(&m->by_inside);
	nat_ext_release(m->ext, m->proto, m->ext_port, now);
	nat_guest_of(t, m->addr)->ports[m->proto]--;
	t->n_mappings--;
	mapping_free(t, m);
}

/* ---- sessions -------------------------------------------------------------------------------- */

struct nat_session *nat_session_find(struct nat_table *t, struct nat_mapping *m, be32 peer,
				     be16 peer_port)
{
	struct nat_link *l;

	if (m->last && m->last->peer == peer && m->last->peer_port == peer_port)
		return m->last;
	for (l = *peer_bucket(t, m, peer, peer_port); l; l = l->next) {
		struct nat_session *s = CONTAINER_OF(l, struct nat_session, by_peer);

		if (s->mapping == m && s->peer == peer && s->peer_port == peer_port) {
			m->last = s;
			return s;
		}
	}
	return NULL;
}

bool nat_session_admits(struct nat_table *t, const struct nat_mapping *m, be32 peer, be16 peer_port)
{
	(void)peer_port;
	if (m->forward || t->set.filter == NAT_ENDPOINT)
		return true;
	/* Who has a session was let in before this is asked. */
	if (t->set.filter == NAT_ADDRESS_PORT)
		return false;
	for (struct nat_link *l = *addr_bucket(t, m, peer); l; l = l->next) {
		struct nat_session *s = CONTAINER_OF(l, struct nat_session, by_addr);

		if (s->mapping == m && s->peer == peer)
			return true;
	}
	return false;
}

static struct nat_session *session_alloc(struct nat_table *t)
{
	struct nat_session *s = NULL;

	if (t->free_sessions) {
		s = CONTAINER_OF(t->free_sessions, struct nat_session, timer);
		t->free_sessions = t->free_sessions->next;
	} else if (t->sessions_touched < t->set.max) {
		s = &t->sessions[t->sessions_touched++];
	}
	if (s)
		*s = (struct nat_session){0};
	return s;
}

static struct nat_session *session_room(struct nat_table *t, struct nat_mapping *m, msec now)
{
	struct nat_session *s;

	if (nat_guest_of(t, m->addr)->sessions >= t->set.max_guest &&
	    !reclaim(t, m->addr, NULL, -1, now))
		return NULL;
	s = session_alloc(t);
	if (!s && reclaim(t, 0, NULL, -1, now))
		s = session_alloc(t);
	return s;
}

struct nat_session *nat_session_add(struct nat_table *t, struct nat_mapping *m, be32 peer,
				    be16 peer_port, enum nat_cause cause, msec now)
{
	struct nat_session *s;

	/* Making room must not reclaim the very mapping that the room is for. */
	closed_del(t, m);
	s = session_room(t, m, now);
	if (!s) {
		if (!m->n_sessions && !m->forward)
			nat_mapping_del(t, m, NAT_END_ROOM, now);
		else if (!m->n_open)
			closed_add(t, m);
		return NULL;
	}
	s->mapping = m;
	s->peer = peer;
	s->peer_port = peer_port;
	s->cause = (uint8_t)cause;
	s->created_ms = now;
	s->expires_ms = now;
	link_push(&m->sessions, &s->of_mapping);
	link_push(peer_bucket(t, m, peer, peer_port), &s->by_peer);
	link_push(addr_bucket(t, m, peer), &s->by_addr);
	m->last = s;
	m->n_sessions++;
	m->n_open++;
	nat_guest_of(t, m->addr)->sessions++;
	t->n_sessions++;
	return s;
}

void nat_session_del(struct nat_table *t, struct nat_session *s, enum nat_why why, msec now)
{
	struct nat_mapping *m = s->mapping;

	session_unlink(t, m, s, why);
	if (m->n_sessions) {
		if (!m->n_open)
			closed_add(t, m);
	} else if (!m->forward) {
		nat_mapping_del(t, m, why, now);
	}
}

static msec session_timeout(const struct nat_table *t, const struct nat_session *s)
{
	switch (s->mapping->proto) {
	case NAT_TCP:
		return nat_tcp_is_established(s->tcp) ? t->set.tcp_established_ms
						      : t->set.tcp_transitory_ms;
	case NAT_UDP:
		return s->peer_port == htons(53) ? t->set.udp_dns_ms : t->set.udp_ms;
	default:
		return t->set.icmp_ms;
	}
}

/* Move to the next TCP state; tells whether this packet keeps the session alive. A segment after
 * both ends are done does not (it would let a stranger keep the corpse). */
static bool session_step_tcp(struct nat_table *t, struct nat_session *s, enum nat_dir dir,
			     uint8_t flags, bool fresh)
{
	struct nat_mapping *m = s->mapping;
	enum nat_tcp_state old = s->tcp;
	bool was_over = !fresh && nat_tcp_is_over(old);

	if (fresh)
		s->tcp = dir == NAT_OUT ? NAT_TCP_SYN_OUT : NAT_TCP_SYN_IN;
	else
		s->tcp = (uint8_t)nat_tcp_next(old, dir, flags);
	if (nat_tcp_is_over(s->tcp) == was_over)
		return !was_over || s->tcp != old;
	if (was_over) {
		m->n_open++;
		closed_del(t, m);
	} else if (!--m->n_open) {
		closed_add(t, m);
	}
	return true;
}

void nat_session_touch(struct nat_table *t, struct nat_session *s, enum nat_dir dir,
		       uint8_t tcp_flags, msec now)
{
	bool fresh = !s->timer.next && s->expires_ms == s->created_ms;
	uint8_t old = s->tcp;
	bool keep = true, answered = dir == NAT_IN && !s->replied;

	if (s->mapping->proto == NAT_TCP)
		keep = session_step_tcp(t, s, dir, tcp_flags, fresh);
	else
		keep = dir == NAT_OUT || fresh; /* RFC 4787 REQ-6: outbound refreshes */
	if (dir == NAT_IN)
		s->replied = true;
	if (fresh)
		tell(t, NAT_CREATED, s, 0);
	else if (s->tcp != old || (answered && s->mapping->proto != NAT_TCP))
		tell(t, NAT_CHANGED, s, 0);
	if (!keep)
		return;
	msec timeout = session_timeout(t, s);
	bool sooner = now + timeout < s->expires_ms;

	s->expires_ms = now + timeout;
	if (fresh || sooner)
		timer_start(&t->wheel, &s->timer, s->expires_ms);
}

/* ---- time and walks -------------------------------------------------------------------------- */

struct run {
	struct nat_table *t;
	msec now;
};

static void session_fire(void *ctx, struct timer_node *node)
{
	struct run *r = ctx;
	struct nat_session *s = CONTAINER_OF(node, struct nat_session, timer);

	if (s->expires_ms > r->now)
		timer_start(&r->t->wheel, &s->timer, s->expires_ms);
	else
		nat_session_del(r->t, s,
				s->mapping->proto == NAT_TCP && nat_tcp_is_over(s->tcp)
					? NAT_END_CLOSED
					: NAT_END_IDLE,
				r->now);
}

void nat_table_run(struct nat_table *t, msec now)
{
	struct run r = {t, now};

	timer_wheel_run(&t->wheel, now, RUN_MAX, session_fire, &r);
}

unsigned int nat_table_drop_ext(struct nat_table *t, const struct nat_ext *ext, msec now)
{
	uint32_t before = t->n_sessions;

	for (uint32_t i = 0; i <= t->bucket_mask; i++) {
		struct nat_link *l = t->by_inside[i], *next;

		for (; l; l = next) {
			struct nat_mapping *m = CONTAINER_OF(l, struct nat_mapping, by_inside);

			next = l->next;
			if (m->ext == ext)
				nat_mapping_del(t, m, NAT_END_UPLINK, now);
		}
	}
	return before - t->n_sessions;
}

void nat_table_each(const struct nat_table *t,
		    void (*fn)(void *ctx, const struct nat_mapping *m, const struct nat_session *s),
		    void *ctx)
{
	for (uint32_t i = 0; i <= t->bucket_mask; i++) {
		for (struct nat_link *l = t->by_inside[i]; l; l = l->next) {
			struct nat_mapping *m = CONTAINER_OF(l, struct nat_mapping, by_inside);

			for (struct nat_link *k = m->sessions; k; k = k->next)
				fn(ctx, m, CONTAINER_OF(k, struct nat_session, of_mapping));
		}
	}
}
