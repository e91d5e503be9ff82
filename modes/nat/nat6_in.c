/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 from outside to inside. Until a mapping is found nothing is answered, changed or kept but
 * fragments, which time out.
 */
#include <arpa/inet.h>
#include <string.h>

#include "modes/nat/nat6.h"
#include "modes/nat/nat_reset.h"
#include "modes/nat/nat_xlate.h"

struct target6 {
	const struct nat6 *from; /* hairpin: the network that it comes from */
	struct nat6 *n;
	struct nat_mapping *m;
	struct nat_session *s;
	be32 peer; /* name; 0: no session is with it */
	struct nat6_inner inner;
};

/* ---- finding --------------------------------------------------------------------------------- */

static struct nat_mapping *find_mapping(struct nat_ext *ext, enum nat_proto proto, be16 port,
					struct nat6 **n)
{
	struct nat *owner = NULL;
	struct nat_mapping *m = nat_ext_find(ext, proto, port, &owner);

	*n = owner ? owner->six : NULL;
	return *n ? m : NULL;
}

static enum drop_reason find_error(struct nat_ext *ext, struct nat6_view *v, struct target6 *t)
{
	enum drop_reason why = nat6_inner(v, &t->inner);
	struct ip_addr peer;
	be32 name;

	if (why)
		return why;
	if (memcmp(t->inner.ip->src, ext->addr6.b, 16) != 0)
		return DROP_NO_MAPPING;
	t->m = find_mapping(ext, t->inner.proto, t->inner.sport, &t->n);
	if (!t->m)
		return DROP_NO_MAPPING;
	memcpy(peer.b, t->inner.ip->dst, 16);
	name = nat6_peer_name(t->n, &peer, false);
	t->s = name ? nat_session_find(&t->n->table, t->m, name,
				       t->inner.proto == NAT_ICMP ? 0 : t->inner.dport)
		    : NULL;
	return t->s ? DROP_NONE : DROP_NO_MAPPING;
}

static be16 peer_port(const struct nat6_view *v)
{
	return v->proto == NAT_ICMP ? 0 : v->sport;
}

static enum drop_reason find_flow(struct nat_ext *ext, struct nat6_view *v, struct target6 *t)
{
	struct ip_addr src = nat6_src(v);

	if (v->proto == NAT_ICMP && v->l4[0] != ICMP6_ECHOREPLY)
		return DROP_NO_MAPPING;
	t->m = find_mapping(ext, v->proto, v->dport, &t->n);
	if (!t->m)
		return DROP_NO_MAPPING;
	t->peer = nat6_peer_name(t->n, &src, false);
	if (t->peer)
		t->s = nat_session_find(&t->n->table, t->m, t->peer, peer_port(v));
	if (t->s)
		return DROP_NONE;
	if (v->proto == NAT_ICMP || !nat6_may_open(v, NULL))
		return DROP_FILTERED;
	/* A neighbour of the guest could speak to it directly: RFC 4787 REQ-9 must not depend on
	 * REQ-8. */
	return t->from || nat_session_admits(&t->n->table, t->m, t->peer, v->sport) ? DROP_NONE
										    : DROP_FILTERED;
}

/* The session is made only when everything else has passed. */
static enum drop_reason open_in(struct nat6_view *v, struct target6 *t)
{
	struct ip_addr src = nat6_src(v);
	enum nat_cause cause = t->from	       ? NAT_BY_NEIGHBOUR
			       : t->m->forward ? NAT_BY_FORWARD
					       : NAT_BY_PEER;
	be32 inside = t->m->addr;

	t->peer = nat6_peer_name(t->n, &src, true);
	if (!t->peer)
		return DROP_TABLE_FULL;
	nat6_names_get(t->n, inside, t->peer);
	t->s = nat_session_add(&t->n->table, t->m, t->peer, v->sport, cause, t->n->now);
	if (t->s)
		return DROP_NONE;
	nat6_names_put(t->n, inside, t->peer);
	return DROP_TABLE_FULL;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void error_outside(struct nat6 *n, struct nat_ext *ext, const struct nat6_view *v,
			  uint8_t type, uint32_t word)
{
	struct ip_addr to = nat6_src(v);
	struct nat6_route rt;
	struct pkt *p;

	if (!nat_bucket_take(&n->outside_errors, n->now) ||
	    n->env.route(n->env.ctx, &to, &rt) != DROP_NONE || rt.ext != ext || rt.local)
		return;
	p = nat6_error(n->env.pool, v, &ext->addr6, type, 0, word);
	if (!p)
		return;
	n->errors_sent++;
	n->env.outside(n->env.ctx, &rt, p);
}

/* A hairpinned packet has been counted down and has a sender inside. */
static enum drop_reason check_fit(struct nat_ext *ext, const struct nat6_view *v, struct nat6 *n,
				  bool hairpin)
{
	if (!hairpin && v->ip->hop_limit <= 1) {
		error_outside(n, ext, v, ICMP6_TIMXCEED, 0);
		return DROP_TTL_EXCEEDED;
	}
	if (nat6_wire_len(v) > n->conf.mtu) {
		if (!hairpin)
			error_outside(n, ext, v, ICMP6_TOO_BIG, n->conf.mtu);
		return DROP_NEEDS_FRAG;
	}
	return DROP_NONE;
}

/* ---- fragments ------------------------------------------------------------------------------- */

static void send_in(struct nat6 *n, struct nat6_view *v, const struct mac *to,
		    const struct nat6 *from)
{
	if (!from)
		v->ip->hop_limit--;
	nat6_to_guest(n, to, v->p);
}

static enum drop_reason later_part(struct nat_ext *ext, struct nat6_view *v,
				   const struct nat_frag_fate *fate, const struct nat6 *from)
{
	struct nat6 *n = fate->owner->six;
	const struct nat6_neigh *to = nat6_neigh_find(n, &fate->dst);
	enum drop_reason why = check_fit(ext, v, n, from != NULL);

	if (why)
		return why;
	if (!to || (from && from != n))
		return DROP_NO_MAPPING;
	memcpy(v->ip->dst, to->addr.b, 16);
	send_in(n, v, &to->mac, from);
	return DROP_NONE;
}

static enum drop_reason part_in(struct nat_ext *ext, struct nat6_view *v, const struct nat6 *from,
				msec now)
{
	struct nat_frag_key k = nat6_frag_key(v);
	const struct nat_frag_fate *fate = nat_frags_find(ext->frags, &k, now);

	if (fate)
		return later_part(ext, v, fate, from);
	if (!nat_frags_hold(ext->frags, &k, nat_frag_share(&k), v->p, now))
		return DROP_FRAGMENT;
	pkt_put(v->p);
	return DROP_NONE;
}

static void release(struct nat_ext *ext, const struct target6 *t, const struct nat_frag_key *k)
{
	struct pkt *p;

	while ((p = nat_frags_release(ext->frags, k, t->n->env.pool))) {
		const struct nat_frag_fate *fate = nat_frags_find(ext->frags, k, t->n->now);
		struct nat6_view v;

		if (!fate || nat6_parse(p, &v) != DROP_NONE ||
		    later_part(ext, &v, fate, t->from) != DROP_NONE)
			pkt_put(p);
	}
}

/* ---- translating ----------------------------------------------------------------------------- */

static void translate(struct nat6_view *v, struct target6 *t, const struct ip_addr *to)
{
	struct nat6 *n = t->n;
	uint32_t most, mtu = t->m->ext->mtu;

	if (nat6_is_error(v)) {
		/* RFC 5508 REQ-6: neither refreshes nor ends anything. */
		memcpy(v->ip->dst, to->b, 16);
		nat6_set_inner(v, &t->inner, NAT_SRC, to, t->m->port);
		return;
	}
	t->s->rx_bytes += v->p->len - ETH_HLEN_;
	nat_session_touch(&n->table, t->s, NAT_IN, nat6_tcp_flags(v), n->now);
	nat6_set_addr(v, NAT_DST, to);
	nat6_set_port(v, NAT_DST, t->m->port);
	most = mtu ? nat_mss_most(n->table.set.mss, MIN(mtu, n->conf.mtu), NAT6_TCP_HEADERS) : 0;
	if (most && nat6_tcp_flags(v) & TCP_SYN)
		nat_mss_lower(v->l4, v->l4_len, v->partial, most);
}

static enum drop_reason enter(struct nat_ext *ext, struct nat6_view *v, struct target6 *t)
{
	const struct nat6_neigh *to = nat6_neigh_of(t->n, t->m->addr);
	enum drop_reason why = check_fit(ext, v, t->n, t->from != NULL);
	bool part = v->part;
	struct nat_frag_key k;

	if (!why && !t->s)
		why = open_in(v, t);
	if (why)
		return why;
	if (part) {
		struct nat_frag_fate fate = {.owner = t->n->table.owner, .dst = to->addr};

		k = nat6_frag_key(v);
		nat_frags_decide(ext->frags, &k, nat_frag_share(&k), &fate, t->n->now);
	}
	translate(v, t, &to->addr);
	send_in(t->n, v, &to->mac, t->from);
	if (part)
		release(ext, t, &k);
	return DROP_NONE;
}

enum drop_reason nat6_deliver(struct nat_ext *ext, struct nat6_view *v, const struct nat6 *from,
			      msec now, struct nat6 **owner)
{
	struct target6 t = {.from = from};
	enum drop_reason why;

	*owner = NULL;
	if (v->part) {
		struct nat_frag_key k = nat6_frag_key(v);

		why = nat6_frag_check(ext->frags, v, nat_frag_share(&k), now);
		if (why)
			return why;
	}
	if (!v->l4)
		return part_in(ext, v, from, now);
	why = nat6_is_error(v) ? find_error(ext, v, &t) : find_flow(ext, v, &t);
	if (from && t.n && t.n != from)
		return DROP_NO_MAPPING;
	*owner = t.n;
	if (why)
		return why;
	t.n->now = now;
	return enter(ext, v, &t);
}

enum drop_reason nat6_from_outside(struct nat_ext *ext, struct pkt *p, msec now,
				   struct nat6 **owner)
{
	struct nat6_view v;
	struct ip_addr src;
	enum drop_reason why = nat6_parse(p, &v);

	*owner = NULL;
	if (why)
		return why;
	src = nat6_src(&v);
	if (memcmp(v.ip->dst, ext->addr6.b, 16) != 0)
		return DROP_NOT_FOR_US;
	/* A link-local peer can't be answered through a router. */
	if (nat6_is_martian(&src) || ip_addr_equal(&src, &ext->addr6))
		return DROP_MARTIAN;
	return nat6_deliver(ext, &v, NULL, now, owner);
}
