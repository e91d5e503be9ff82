/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From outside to inside. Most of what arrives for a host's address is the host's own: until a
 * mapping is found nothing is answered, changed or kept but fragments, which time out.
 */
#include <arpa/inet.h>

#include "modes/nat/nat_extra.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_reset.h"

struct target {
	const struct nat *from; /* hairpin: the network that it comes from */
	struct nat *n;
	struct nat_mapping *m;
	struct nat_session *s;
	struct nat_inner inner; /* ICMP errors */
	bool error;
};

/* ---- finding --------------------------------------------------------------------------------- */

/* RFC 5508 REQ-4: whose packet does the error quote? Any router may send it (RFC 4787 REQ-12a),
 * but the quoted packet must be of a session that exists. */
static enum drop_reason find_error(struct nat_ext *ext, struct nat_view *v, struct target *t)
{
	enum drop_reason why = nat_icmp_inner(v, &t->inner);

	if (why)
		return why;
	if (t->inner.ip->src != ext->addr)
		return DROP_NO_MAPPING;
	t->error = true;
	if (t->inner.proto == NAT_OTHER)
		t->m = nat_ext_find_pair(ext, t->inner.ip->proto, t->inner.ip->dst, &t->n);
	else
		t->m = nat_ext_find(ext, t->inner.proto, t->inner.sport, &t->n);
	if (!t->m)
		return DROP_NO_MAPPING;
	t->s = nat_session_find(&t->n->table, t->m, t->inner.ip->dst,
				nat_has_ports(t->inner.proto) ? t->inner.dport : 0);
	return t->s ? DROP_NONE : DROP_NO_MAPPING;
}

/* May this packet begin a session with a mapping that exists? */
static bool may_open(const struct nat_view *v)
{
	if (v->proto == NAT_TCP)
		return (nat_tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	return v->proto == NAT_UDP;
}

static enum drop_reason find_flow(struct nat_ext *ext, struct nat_view *v, struct target *t)
{
	be16 port = v->dport, peer_port = v->sport;

	if (v->proto == NAT_ICMP) {
		if (v->l4[0] != ICMP_ECHOREPLY_)
			return DROP_NO_MAPPING;
		port = nat_echo_id(v);
		peer_port = 0;
	}
	t->m = v->proto == NAT_OTHER ? nat_ext_find_pair(ext, v->ip->proto, v->ip->src, &t->n)
				     : nat_ext_find(ext, v->proto, port, &t->n);
	if (!t->m)
		return DROP_NO_MAPPING;
	t->s = nat_session_find(&t->n->table, t->m, v->ip->src, peer_port);
	if (t->s)
		return DROP_NONE;
	if (!may_open(v))
		return DROP_FILTERED;
	/* A neighbour of the guest could speak to it directly; REQ-9 must not depend on REQ-8. */
	if (!t->from && !nat_session_admits(&t->n->table, t->m, v->ip->src, peer_port))
		return DROP_FILTERED;
	return DROP_NONE;
}

/* The session is made only when everything else has passed. */
static enum drop_reason open_session(struct nat_view *v, struct target *t, msec now)
{
	enum nat_cause cause = t->from	       ? NAT_BY_NEIGHBOUR
			       : t->m->forward ? NAT_BY_FORWARD
					       : NAT_BY_PEER;

	if (!t->s)
		t->s = nat_session_add(&t->n->table, t->m, v->ip->src, v->sport, cause, now);
	return t->s ? DROP_NONE : DROP_TABLE_FULL;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void error_outside(struct nat *n, struct nat_ext *ext, const struct nat_view *v,
			  uint8_t type, uint8_t code, uint32_t mtu)
{
	struct nat_route rt;
	struct pkt *p;

	if (!nat_may_send_error(n, 0) || n->env.route(n->env.ctx, v->ip->src, &rt) != DROP_NONE ||
	    rt.ext != nat_ext_way(ext) || rt.local)
		return;
	rt.ext = ext; /* as the packet came, the error leaves */
	p = nat_icmp_error(n->env.pool, v, ext->addr, type, code, mtu, htons(ext->next_id++));
	if (!p)
		return;
	n->errors_sent++;
	n->env.outside(n->env.ctx, &rt, p);
}

enum drop_reason nat_check_fit(struct nat_ext *ext, const struct nat_view *v, struct nat *n,
			       bool hairpin)
{
	if (!hairpin && v->ip->ttl <= 1) {
		error_outside(n, ext, v, ICMP_TIMXCEED_, 0, 0);
		return DROP_TTL_EXCEEDED;
	}
	if (nat_is_df(v) && nat_wire_len(v) > n->conf.mtu) {
		if (!hairpin)
			error_outside(n, ext, v, ICMP_UNREACH_, ICMP_NEEDFRAG, n->conf.mtu);
		return DROP_NEEDS_FRAG;
	}
	return DROP_NONE;
}

/* ---- fragments ------------------------------------------------------------------------------- */

static enum drop_reason later_fragment(struct nat_ext *ext, struct nat_view *v,
				       const struct nat_frag_fate *fate, const struct nat *from)
{
	be32 dst = ip_addr_get4(&fate->dst);
	struct nat *n = fate->owner;
	enum drop_reason why = nat_check_fit(ext, v, n, from != NULL);

	if (why)
		return why;
	if (from && from != n)
		return DROP_NO_MAPPING;
	nat_set_addr(v, NAT_DST, dst);
	if (!from)
		nat_lower_ttl(v);
	return nat_leave_inside(n, v, dst);
}

static enum drop_reason fragment(struct nat_ext *ext, struct nat_view *v, const struct nat *from,
				 msec now)
{
	struct nat_frag_key k = nat_frag_key_of(v);
	const struct nat_frag_fate *fate = nat_frags_find(ext->frags, &k, now);

	if (fate)
		return later_fragment(ext, v, fate, from);
	if (!nat_frags_hold(ext->frags, &k, nat_frag_share(&k), v->p, now))
		return DROP_FRAGMENT;
	pkt_put(v->p);
	return DROP_NONE;
}

static void release(struct nat_ext *ext, const struct target *t, const struct nat_frag_key *k,
		    msec now)
{
	struct pkt *p;

	while ((p = nat_frags_release(ext->frags, k, t->n->env.pool))) {
		const struct nat_frag_fate *fate = nat_frags_find(ext->frags, k, now);
		struct nat_view v;

		if (!fate || nat_parse(p, &v) != DROP_NONE ||
		    later_fragment(ext, &v, fate, t->from) != DROP_NONE)
			pkt_put(p);
	}
}

/* ---- translating ----------------------------------------------------------------------------- */

static void translate(struct nat_view *v, struct target *t, msec now)
{
	struct nat_mapping *m = t->m;

	if (t->error) {
		/* RFC 5508 REQ-6: neither refreshes nor ends anything. */
		nat_icmp_set_inner(v, &t->inner, NAT_SRC, m->addr, m->port);
		nat_set_addr(v, NAT_DST, m->addr);
		return;
	}
	t->s->rx_bytes += v->p->len - ETH_HLEN_;
	nat_session_touch(&t->n->table, t->s, NAT_IN, v->proto == NAT_TCP ? nat_tcp_flags(v) : 0,
			  now);
	nat_set_addr(v, NAT_DST, m->addr);
	if (v->proto == NAT_ICMP)
		nat_set_echo_id(v, m->port);
	else if (v->proto != NAT_OTHER)
		nat_set_port(v, NAT_DST, m->port);
	if (nat_ext_way(m->ext)->mtu)
		nat_mss_clamp(v, t->n->table.set.mss,
			      MIN(nat_ext_way(m->ext)->mtu, t->n->conf.mtu));
}

static enum drop_reason enter(struct nat_ext *ext, struct nat_view *v, struct target *t, msec now)
{
	struct nat_frag_key k = nat_frag_key_of(v);
	struct nat *n = t->n;
	be32 dst = t->m->addr;
	bool whole = v->whole;
	enum drop_reason why = nat_check_fit(ext, v, n, t->from != NULL);

	if (!why && !t->error)
		why = open_session(v, t, now);
	if (why)
		return why;
	translate(v, t, now);
	if (!t->from)
		nat_lower_ttl(v);
	if (!whole) {
		struct nat_frag_fate fate = {.owner = n, .dst = ip_addr_from4(dst)};

		nat_frags_decide(ext->frags, &k, nat_frag_share(&k), &fate, now);
	}
	why = nat_leave_inside(n, v, dst);
	if (!whole)
		release(ext, t, &k, now);
	return why;
}

enum drop_reason nat_deliver(struct nat_ext *ext, struct nat_view *v, const struct nat *from,
			     msec now, struct nat **owner)
{
	struct target t = {.from = from};
	enum drop_reason why;

	*owner = ext->one_of;
	if (ext->one_of) {
		if (from && from != ext->one_of)
			return DROP_NO_MAPPING;
		ext->one_of->now = now;
		return nat_one_in(ext, v, from);
	}
	if (!v->has_l4)
		return fragment(ext, v, from, now);
	if (v->proto == NAT_ICMP && nat_icmp_is_error(v->l4[0]))
		why = find_error(ext, v, &t);
	else
		why = find_flow(ext, v, &t);
	if (from && t.n && t.n != from)
		return DROP_NO_MAPPING;
	*owner = t.n;
	if (why)
		return why;
	t.n->now = now;
	return enter(ext, v, &t, now);
}

enum drop_reason nat_from_outside(struct nat_ext *ext, struct pkt *p, msec now, struct nat **owner)
{
	struct nat_view v;
	enum drop_reason why = nat_parse(p, &v);

	*owner = NULL;
	if (why)
		return why;
	if (v.ip->dst != ext->addr)
		return DROP_NOT_FOR_US;
	/* RFC 4787 section 5 and plain sense: our own address does not come from outside. */
	if (nat_is_martian(v.ip->src) || v.ip->src == ext->addr)
		return DROP_MARTIAN;
	return nat_deliver(ext, &v, NULL, now, owner);
}
