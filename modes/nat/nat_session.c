/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: one for each peer of a mapping (nat_table.h has the theory of operation).
 *
 * Invariants: a session in use is in one chain of by_peer, one of by_addr and its mapping's list,
 * and look[] of it is not 0 and not later than its expiry; a free one has look[] 0.
 */
#include <arpa/inet.h>

#include "modes/nat/nat_table_int.h"

/* ---- hashes ---------------------------------------------------------------------------------- */

/* Of a peer's address and its ports there is one keyed hash, which the ports spread by multiplying
 * with a secret odd number: no two of them share a bucket by more than chance (Dietzfelbinger and
 * others, "A reliable randomized algorithm for the closest-pair problem", 1997, 2.2). */
static uint64_t peer_hash(const struct nat_table *t, nat_ref m, be32 peer)
{
	struct {
		nat_ref mapping;
		be32 peer;
	} text = {m, peer};

	return hash_bytes(&t->key, &text, sizeof(text));
}

static nat_ref *addr_bucket(const struct nat_table *t, uint64_t hash)
{
	return &t->by_addr[hash & t->bucket_mask];
}

static nat_ref *peer_bucket(const struct nat_table *t, uint64_t hash, be16 port)
{
	return &t->by_peer[(hash + port * t->spread) >> 40 & t->bucket_mask];
}

void nat_session_prefetch(const struct nat_table *t, nat_ref m, be32 peer, be16 peer_port)
{
	uint64_t hash = peer_hash(t, m, peer);

	__builtin_prefetch(addr_bucket(t, hash), 1);
	__builtin_prefetch(peer_bucket(t, hash, peer_port), 1);
}

/* ---- finding --------------------------------------------------------------------------------- */

struct nat_session *nat_session_find(struct nat_table *t, struct nat_mapping *m, be32 peer,
				     be16 peer_port)
{
	struct nat_session *s = session_at(t, m->last);
	nat_ref ref = mapping_ref(t, m), r;

	if (s && s->peer == peer && s->peer_port == peer_port)
		return s;
	for (r = *peer_bucket(t, peer_hash(t, ref, peer), peer_port); r; r = s->peer_next) {
		s = session_at(t, r);
		if (s->mapping == ref && s->peer == peer && s->peer_port == peer_port) {
			m->last = r;
			return s;
		}
	}
	return NULL;
}

bool nat_session_admits(struct nat_table *t, const struct nat_mapping *m, be32 peer, be16 peer_port)
{
	nat_ref ref = mapping_ref(t, m);
	const struct nat_session *s;

	(void)peer_port;
	if (m->forward || t->set.filter == NAT_ENDPOINT)
		return true;
	/* Who has a session was let in before this is asked. */
	if (t->set.filter == NAT_ADDRESS_PORT)
		return false;
	for (nat_ref r = *addr_bucket(t, peer_hash(t, ref, peer)); r; r = s->addr_next) {
		s = session_at(t, r);
		if (s->mapping == ref && s->peer == peer)
			return true;
	}
	return false;
}

msec nat_session_created(const struct nat_table *t, const struct nat_session *s)
{
	return t->born + (msec)(s->created - 1) * NAT_TICK_MS;
}

msec nat_session_expires(const struct nat_table *t, const struct nat_session *s)
{
	return t->born + (msec)(s->expires - 1) * NAT_TICK_MS;
}

/* ---- making and ending ----------------------------------------------------------------------- */

static void tell(const struct nat_table *t, enum nat_note what, const struct nat_session *s,
		 enum nat_why why)
{
	if (t->note)
		t->note(t->note_ctx, what, s, why);
}

static void session_link(struct nat_table *t, struct nat_mapping *m, struct nat_session *s)
{
	uint64_t hash = peer_hash(t, s->mapping, s->peer);
	nat_ref r = session_ref(t, s), *peer = peer_bucket(t, hash, s->peer_port);
	nat_ref *addr = addr_bucket(t, hash);

	s->peer_next = *peer;
	*peer = r;
	s->addr_next = *addr;
	if (*addr)
		session_at(t, *addr)->addr_prev = r;
	*addr = r;
	s->next = m->sessions;
	if (m->sessions)
		session_at(t, m->sessions)->prev = r;
	m->sessions = r;
	m->last = r;
}

static void session_leave(struct nat_table *t, struct nat_mapping *m, struct nat_session *s)
{
	uint64_t hash = peer_hash(t, s->mapping, s->peer);
	nat_ref r = session_ref(t, s), *at = peer_bucket(t, hash, s->peer_port);

	while (*at != r)
		at = &session_at(t, *at)->peer_next;
	*at = s->peer_next;
	/* All peer ports of one address are in one chain: it may be long, so it has two ways. */
	*(s->addr_prev ? &session_at(t, s->addr_prev)->addr_next : addr_bucket(t, hash)) =
		s->addr_next;
	if (s->addr_next)
		session_at(t, s->addr_next)->addr_prev = s->addr_prev;
	*(s->prev ? &session_at(t, s->prev)->next : &m->sessions) = s->next;
	if (s->next)
		session_at(t, s->next)->prev = s->prev;
	if (m->last == r)
		m->last = 0;
}

void nat_session_unlink(struct nat_table *t, struct nat_mapping *m, struct nat_session *s,
			enum nat_why why)
{
	tell(t, NAT_ENDED, s, why);
	session_leave(t, m, s);
	m->n_sessions--;
	if (m->proto != NAT_TCP || !nat_tcp_is_over(s->tcp))
		m->n_open--;
	nat_guest_of(t, m->addr)->sessions--;
	t->look[session_ref(t, s) - 1] = 0;
	s->mapping = 0;
	s->peer_next = t->free_sessions;
	t->free_sessions = session_ref(t, s);
	t->n_sessions--;
}

static struct nat_session *session_alloc(struct nat_table *t)
{
	struct nat_session *s = session_at(t, t->free_sessions);

	if (s)
		t->free_sessions = s->peer_next;
	else if (t->sessions_touched < t->set.max)
		s = &t->sessions[t->sessions_touched++];
	return s;
}

static struct nat_session *session_room(struct nat_table *t, struct nat_mapping *m, msec now)
{
	uint32_t left = t->set.max - t->n_sessions + t->n_closed;
	uint32_t share = MIN(t->set.max_guest, MAX(left, 1u));
	struct nat_session *s;

	if (nat_guest_of(t, m->addr)->sessions >= share && !nat_reclaim(t, m->addr, NULL, -1, now))
		return NULL;
	s = session_alloc(t);
	if (!s && nat_reclaim(t, 0, NULL, -1, now))
		s = session_alloc(t);
	return s;
}

/* What a mapping without any session was made for has no room. */
static void session_refuse(struct nat_table *t, struct nat_mapping *m, const struct nat_key *k,
			   msec now)
{
	t->refused++;
	if (t->lack)
		t->lack(t->note_ctx, NAT_LACK_FLOWS, k);
	if (!m->n_sessions && !m->forward)
		nat_mapping_del(t, m, NAT_END_ROOM, now);
	else if (!m->n_open)
		nat_closed_add(t, m);
}

struct nat_session *nat_session_add(struct nat_table *t, struct nat_mapping *m, be32 peer,
				    be16 peer_port, enum nat_cause cause, msec now)
{
	struct nat_key k = {m->ext, m->proto, m->addr, peer, m->port, peer_port};
	struct nat_session *s;

	/* Making room must not reclaim the very mapping that the room is for. */
	nat_closed_del(t, m);
	s = session_room(t, m, now);
	if (!s) {
		session_refuse(t, m, &k, now);
		return NULL;
	}
	*s = (struct nat_session){.mapping = mapping_ref(t, m),
				  .peer = peer,
				  .peer_port = peer_port,
				  .cause = (uint8_t)cause,
				  .fresh = true,
				  .created = nat_tick_of(t, now)};
	s->expires = s->created;
	session_link(t, m, s);
	t->look[session_ref(t, s) - 1] = MAX(s->expires, 1u);
	m->n_sessions++;
	m->n_open++;
	nat_guest_of(t, m->addr)->sessions++;
	t->n_sessions++;
	return s;
}

void nat_session_del(struct nat_table *t, struct nat_session *s, enum nat_why why, msec now)
{
	struct nat_mapping *m = nat_mapping_of(t, s);

	/* The last one takes its mapping along. */
	if (m->n_sessions == 1 && !m->forward) {
		nat_mapping_del(t, m, why, now);
		return;
	}
	nat_session_unlink(t, m, s, why);
	if (m->n_sessions && !m->n_open)
		nat_closed_add(t, m);
}

/* ---- passing --------------------------------------------------------------------------------- */

static msec session_timeout(const struct nat_table *t, const struct nat_mapping *m,
			    const struct nat_session *s)
{
	switch (m->proto) {
	case NAT_TCP:
		return nat_tcp_is_established(s->tcp) ? t->set.tcp_established_ms
						      : t->set.tcp_transitory_ms;
	case NAT_UDP:
		return s->peer_port == htons(53) ? t->set.udp_dns_ms : t->set.udp_ms;
	case NAT_OTHER:
		return t->set.other_ms;
	default:
		return t->set.icmp_ms;
	}
}

/* Move to the next TCP state; tells whether this packet keeps the session alive. A segment after
 * both ends are done does not (it would let a stranger keep the corpse). */
static bool session_step_tcp(struct nat_table *t, struct nat_mapping *m, struct nat_session *s,
			     enum nat_dir dir, uint8_t flags)
{
	enum nat_tcp_state old = s->tcp;
	bool was_over = !s->fresh && nat_tcp_is_over(old);

	if (s->fresh)
		s->tcp = dir == NAT_OUT ? NAT_TCP_SYN_OUT : NAT_TCP_SYN_IN;
	else
		s->tcp = (uint8_t)nat_tcp_next(old, dir, flags);
	if (nat_tcp_is_over(s->tcp) == was_over)
		return !was_over || s->tcp != old;
	if (was_over) {
		m->n_open++;
		nat_closed_del(t, m);
	} else if (!--m->n_open) {
		nat_closed_add(t, m);
	}
	return true;
}

/* Rounded up to the next tick: never early. */
static void session_keep(struct nat_table *t, const struct nat_mapping *m, struct nat_session *s,
			 msec now)
{
	msec until = now + session_timeout(t, m, s) + NAT_TICK_MS - 1;
	uint32_t *look = &t->look[session_ref(t, s) - 1];
	uint32_t old = s->expires;

	s->expires = nat_tick_of(t, until);
	if (s->fresh || (int32_t)(s->expires - old) < 0)
		*look = MAX(s->expires, 1u);
}

void nat_session_touch(struct nat_table *t, struct nat_session *s, enum nat_dir dir,
		       uint8_t tcp_flags, msec now)
{
	struct nat_mapping *m = nat_mapping_of(t, s);
	uint8_t old = s->tcp;
	bool fresh = s->fresh, keep, answered = dir == NAT_IN && !s->replied;

	if (m->proto == NAT_TCP)
		keep = session_step_tcp(t, m, s, dir, tcp_flags);
	else
		keep = dir == NAT_OUT || fresh || t->set.refresh_in; /* RFC 4787 REQ-6 */
	if (keep)
		session_keep(t, m, s, now);
	s->fresh = false;
	if (dir == NAT_IN)
		s->replied = true;
	if (fresh)
		tell(t, NAT_CREATED, s, 0);
	else if (s->tcp != old || (answered && m->proto != NAT_TCP))
		tell(t, NAT_CHANGED, s, 0);
}

/* ---- the round ------------------------------------------------------------------------------- */

static bool is_due(const struct nat_table *t, uint32_t i, uint32_t tick)
{
	return t->look[i] && (int32_t)(t->look[i] - tick) <= 0;
}

/* The time of session @i has come, or it had come before a packet passed. */
static void session_due(struct nat_table *t, uint32_t i, uint32_t tick, msec now)
{
	struct nat_session *s = &t->sessions[i];

	if ((int32_t)(s->expires - tick) > 0) {
		t->look[i] = MAX(s->expires, 1u);
		return;
	}
	nat_session_del(t, s,
			nat_mapping_of(t, s)->proto == NAT_TCP && nat_tcp_is_over(s->tcp)
				? NAT_END_CLOSED
				: NAT_END_IDLE,
			now);
}

/* Ending a session touches a handful of cache lines all over the table. They are asked for in two
 * steps, each for all of the piece, so that their ways from memory overlap. */
static void end_due(struct nat_table *t, const uint32_t due[], unsigned int n, uint32_t tick,
		    msec now)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct nat_session *s = &t->sessions[due[i]];

		__builtin_prefetch(nat_mapping_of(t, s), 1);
		nat_session_prefetch(t, s->mapping, s->peer, s->peer_port);
	}
	for (unsigned int i = 0; i < n; i++)
		nat_mapping_prefetch(t, nat_mapping_of(t, &t->sessions[due[i]]));
	for (unsigned int i = 0; i < n; i++) {
		/* Unless it went with another. */
		if (is_due(t, due[i], tick))
			session_due(t, due[i], tick, now);
	}
}

bool nat_table_run(struct nat_table *t, msec now)
{
	uint32_t tick = nat_tick_of(t, now), looked, due[NAT_RUN_ENDED];
	unsigned int n = 0;

	for (looked = 0; t->hand < t->sessions_touched; t->hand++, looked++) {
		if (n == NAT_RUN_ENDED || looked == NAT_RUN_LOOK)
			break;
		if (!is_due(t, t->hand, tick))
			continue;
		__builtin_prefetch(&t->sessions[t->hand], 1);
		due[n++] = t->hand;
	}
	end_due(t, due, n, tick, now);
	if (t->hand < t->sessions_touched)
		return true;
	t->hand = 0;
	return false;
}
