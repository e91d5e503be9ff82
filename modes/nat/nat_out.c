/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From inside to outside. Nothing is changed in the packet before every check has passed, so that
 * an error quotes it as it was sent.
 */
#include <arpa/inet.h>
#include <endian.h>

#include "modes/nat/nat_extra.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_reset.h"

/* What has been decided for a packet before it is changed. */
struct decision {
	struct nat_route rt;
	struct nat_mapping *m;
	struct nat_session *s;
	be16 id; /* new IP identification; valid when set_id */
	bool set_id;
};

static bool is_ours(const struct nat *n, be32 a)
{
	return a == n->conf.gateway || a == n->conf.host || a == n->conf.dhcp;
}

/* RFC 2827: a guest speaks with its own address or not at all. */
static enum drop_reason check_addresses(const struct nat *n, const struct ip4_hdr *ip)
{
	struct ip4_prefix net = n->conf.subnet;

	if (!ip4_prefix_has(net, ip->src) || is_ours(n, ip->src) || ip->src == ip4_network(net) ||
	    ip->src == ip4_broadcast(net))
		return DROP_SPOOFED;
	if (nat_is_martian(ip->dst) || ip4_prefix_has(net, ip->dst))
		return DROP_MARTIAN;
	return DROP_NONE;
}

/* ---- fragments ------------------------------------------------------------------------------- */

/* RFC 6864 4.3: what may be in pieces gets an identification of our own, as two guests may use the
 * same one towards one host. */
static void decide_id(struct decision *d, const struct nat_view *v)
{
	uint32_t pieces = 1;

	if (v->whole && nat_is_df(v))
		return;
	if (pkt_is_gso(v->p))
		pieces = v->l4_len / le16toh(v->p->vnet.gso_size) + 1;
	d->id = htons(d->rt.ext->next_id);
	d->rt.ext->next_id = (uint16_t)(d->rt.ext->next_id + pieces);
	d->set_id = true;
}

static enum drop_reason later_fragment(struct nat *n, struct nat_view *v,
				       const struct nat_frag_fate *fate, const struct nat_route *rt)
{
	struct nat *owner;

	if (rt->ext != fate->ext)
		return DROP_FRAGMENT;
	nat_set_addr(v, NAT_SRC, ip_addr_get4(&fate->src));
	nat_set_id(v, (be16)fate->id);
	nat_lower_ttl(v);
	if (rt->local)
		return nat_deliver(nat_route_to(rt), v, n, n->now, &owner);
	return nat_leave_outside(n, v, rt);
}

static enum drop_reason fragment(struct nat *n, struct nat_view *v, const struct nat_route *rt)
{
	struct nat_frag_key k = nat_frag_key_of(v);
	const struct nat_frag_fate *fate = nat_frags_find(n->frags, &k, n->now);

	if (fate)
		return later_fragment(n, v, fate, rt);
	if (!nat_frags_hold(n->frags, &k, nat_frag_share(&k), v->p, n->now))
		return DROP_FRAGMENT;
	pkt_put(v->p);
	return DROP_NONE;
}

/* The first fragment has been translated; do the same to those that came before it. */
static void release(struct nat *n, const struct nat_frag_key *k, const struct nat_route *rt)
{
	struct pkt *p;

	while ((p = nat_frags_release(n->frags, k, n->env.pool))) {
		const struct nat_frag_fate *fate = nat_frags_find(n->frags, k, n->now);
		struct nat_view v;

		if (!fate || nat_parse(p, &v) != DROP_NONE ||
		    later_fragment(n, &v, fate, rt) != DROP_NONE)
			pkt_put(p);
	}
}

/* ---- flows ----------------------------------------------------------------------------------- */

/* Only what can begin a conversation makes a mapping. A segment in the middle of a connection does
 * not: its peer knows it by a number that is lost, so a RST is all that can help (nat_reset.h). By
 * a port forward the number is the same as ever, and the connection may be older than this daemon.
 */
static bool may_open(const struct nat_view *v, const struct nat_mapping *m)
{
	if (v->proto == NAT_TCP && m && m->forward)
		return !(nat_tcp_flags(v) & TCP_RST);
	if (v->proto == NAT_TCP)
		return (nat_tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	return v->proto != NAT_ICMP || v->l4[0] == ICMP_ECHO_;
}

struct nat_key nat_key_of(const struct nat_view *v, struct nat_ext *ext)
{
	struct nat_key k = {ext, v->proto, v->ip->src, v->ip->dst, v->sport, v->dport};

	if (v->proto == NAT_ICMP) {
		k.port = nat_echo_id(v);
		k.peer_port = 0;
	} else if (v->proto == NAT_OTHER) {
		k.port = htons(v->ip->proto);
	}
	return k;
}

/* The session that the packet has by another way out than @ext; NULL when none. */
static struct nat_session *find_elsewhere(struct nat *n, const struct nat_view *v,
					  const struct nat_ext *ext)
{
	struct nat_ext *other = NULL;

	if (!n->env.next_ext)
		return NULL;
	while ((other = n->env.next_ext(n->env.ctx, other))) {
		struct nat_key k = nat_key_of(v, other);
		struct nat_mapping *m = other == ext ? NULL : nat_mapping_find(&n->table, &k);
		struct nat_session *s =
			m ? nat_session_find(&n->table, m, k.peer, k.peer_port) : NULL;

		if (s)
			return s;
	}
	return NULL;
}

/* A segment of a connection that nobody knows any more. While a way out is only lost for a moment
 * its connections live on. */
static bool is_orphan(struct nat *n, const struct nat_view *v, enum drop_reason why)
{
	if (v->proto != NAT_TCP || !v->has_l4 || !v->l4 || nat_tcp_flags(v) & TCP_RST)
		return false;
	if (why == DROP_NO_MAPPING)
		return true;
	return why == DROP_NO_ROUTE && !may_open(v, NULL) && !find_elsewhere(n, v, NULL);
}

static enum drop_reason refuse(struct nat *n, const struct nat_view *v, enum drop_reason why)
{
	if (is_orphan(n, v, why)) {
		nat_reset_inside(n, v);
		return why;
	}
	switch (why) {
	case DROP_TTL_EXCEEDED:
		nat_error_inside(n, v, ICMP_TIMXCEED_, 0, 0);
		break;
	case DROP_NO_ROUTE:
		nat_error_inside(n, v, ICMP_UNREACH_, ICMP_NET_UNREACH, 0);
		break;
	case DROP_MODE:
		nat_error_inside(n, v, ICMP_UNREACH_, NAT_UNREACH_HOST_PROHIBITED, 0);
		break;
	case DROP_PROTO_TAKEN: /* RFC 1812 5.2.7.1: it is our policy, not a fault of the far end */
	case DROP_PROTO_HOST:
	case DROP_TABLE_FULL: /* RFC 5508 REQ-8 */
		nat_error_inside(n, v, ICMP_UNREACH_, NAT_UNREACH_PROHIBITED, 0);
		break;
	default:
		break;
	}
	return why;
}

/* A protocol without ports has room for one with each peer: is it somebody else's? */
static enum drop_reason check_pair(struct nat *n, const struct nat_key *k)
{
	uint8_t proto = (uint8_t)ntohs(k->port);
	struct nat *owner;
	const struct nat_mapping *holder;

	if (k->proto != NAT_OTHER)
		return DROP_NONE;
	holder = nat_ext_find_pair(k->ext, proto, k->peer, &owner);
	if (!holder && (!k->ext->pair_free || k->ext->pair_free(k->ext->ctx, proto, k->peer)))
		return DROP_NONE;
	if (n->env.taken)
		n->env.taken(n->env.ctx, k, holder, owner);
	return holder ? DROP_PROTO_TAKEN : DROP_PROTO_HOST;
}

static enum drop_reason find_flow(struct nat *n, const struct nat_view *v, struct decision *d)
{
	struct nat_key k = nat_key_of(v, d->rt.ext);
	struct nat_session *old;
	enum drop_reason why;

	d->m = nat_mapping_find(&n->table, &k);
	d->s = d->m ? nat_session_find(&n->table, d->m, k.peer, k.peer_port) : NULL;
	if (d->s)
		return DROP_NONE;
	/* The host's routes lead another way now: the peer would not know our new address. */
	old = find_elsewhere(n, v, d->rt.ext);
	if (old && !nat_mapping_of(&n->table, old)->forward)
		nat_session_del(&n->table, old, NAT_END_UPLINK, n->now);
	if (!may_open(v, d->m))
		return DROP_NO_MAPPING;
	why = d->m ? DROP_NONE : check_pair(n, &k);
	if (why)
		return why;
	if (!d->m)
		d->m = nat_mapping_add(&n->table, &k, n->now);
	if (!d->m)
		return DROP_TABLE_FULL;
	d->s = nat_session_add(&n->table, d->m, k.peer, k.peer_port, NAT_BY_GUEST, n->now);
	return d->s ? DROP_NONE : DROP_TABLE_FULL;
}

static void translate_flow(struct nat *n, struct nat_view *v, const struct decision *d)
{
	uint8_t flags = v->proto == NAT_TCP ? nat_tcp_flags(v) : 0;

	nat_session_touch(&n->table, d->s, NAT_OUT, flags, n->now);
	d->s->tx_bytes += v->p->len - ETH_HLEN_;
	nat_set_addr(v, NAT_SRC, d->m->ext->addr);
	if (v->proto == NAT_ICMP)
		nat_set_echo_id(v, d->m->ext_port);
	else if (v->proto != NAT_OTHER)
		nat_set_port(v, NAT_SRC, d->m->ext_port);
	nat_mss_clamp(v, n->table.set.mss, MIN(d->rt.mtu, n->conf.mtu));
}

/* RFC 5508 REQ-5: an error by a guest about a packet that came in to it. */
static enum drop_reason translate_error(struct nat *n, struct nat_view *v, struct decision *d)
{
	struct nat_inner in;
	enum drop_reason why = nat_icmp_inner(v, &in);
	struct nat_key k = {.ext = d->rt.ext};
	struct nat_mapping *m;

	if (why)
		return why;
	k.proto = in.proto;
	k.addr = in.ip->dst;
	k.port = in.dport;
	k.peer = in.ip->src;
	k.peer_port = nat_has_ports(in.proto) ? in.sport : 0;
	if (k.addr != v->ip->src || k.peer != v->ip->dst)
		return DROP_SPOOFED;
	m = nat_mapping_find(&n->table, &k);
	if (!m || !nat_session_find(&n->table, m, k.peer, k.peer_port))
		return DROP_NO_MAPPING;
	nat_icmp_set_inner(v, &in, NAT_DST, m->ext->addr, m->ext_port);
	nat_set_addr(v, NAT_SRC, m->ext->addr);
	return DROP_NONE;
}

static enum drop_reason translate(struct nat *n, struct nat_view *v, struct decision *d)
{
	struct nat_frag_key k = nat_frag_key_of(v);
	enum drop_reason why;

	if (nat_is_error(v)) {
		why = translate_error(n, v, d);
		if (why)
			return why;
	} else {
		if (v->proto == NAT_ICMP && v->l4[0] != ICMP_ECHO_ && v->l4[0] != ICMP_ECHOREPLY_)
			return DROP_PROTO;
		why = find_flow(n, v, d);
		if (why)
			return why;
		translate_flow(n, v, d);
	}
	nat_lower_ttl(v);
	decide_id(d, v);
	if (d->set_id)
		nat_set_id(v, d->id);
	if (!v->whole) {
		struct nat_frag_fate fate = {.ext = d->rt.ext,
					     .src = ip_addr_from4(v->ip->src),
					     .dst = ip_addr_from4(v->ip->dst),
					     .id = d->id};

		nat_frags_decide(n->frags, &k, nat_frag_share(&k), &fate, n->now);
	}
	return DROP_NONE;
}

static enum drop_reason send_first(struct nat *n, struct nat_view *v, const struct decision *d,
				   const struct nat_frag_key *k)
{
	bool whole = v->whole; /* the packet may be gone below */
	enum drop_reason why;
	struct nat *owner;

	if (d->rt.local)
		why = nat_deliver(nat_route_to(&d->rt), v, n, n->now, &owner);
	else
		why = nat_leave_outside(n, v, &d->rt);
	if (!whole)
		release(n, k, &d->rt);
	return why;
}

/* To one of our outside addresses: only what a mapping of this very network takes has anywhere to
 * go. The rest is for the host, which is reached by its leg, not by its uplink's address. */
static bool has_taker(const struct nat *n, const struct nat_view *v, const struct nat_route *rt)
{
	struct nat *owner;

	if (rt->local && nat_route_to(rt)->one_of)
		return nat_route_to(rt)->one_of == n;
	if (!rt->local || !v->has_l4 || nat_is_error(v))
		return true;
	if (!nat_has_ports(v->proto))
		return false;
	return nat_ext_find(nat_route_to(rt), v->proto, v->dport, &owner) && owner == n;
}

enum drop_reason nat_from_inside(struct nat *n, struct pkt *p, msec now)
{
	struct decision d = {0};
	struct nat_frag_key k;
	struct nat_view v;
	enum drop_reason why = nat_parse(p, &v);

	n->now = now;
	if (why)
		return why;
	why = check_addresses(n, v.ip);
	if (why)
		return why;
	if (v.ip->ttl <= 1)
		return refuse(n, &v, DROP_TTL_EXCEEDED);
	why = n->env.route(n->env.ctx, v.ip->dst, &d.rt);
	if (!why && !has_taker(n, &v, &d.rt))
		why = DROP_MODE;
	if (why)
		return refuse(n, &v, why);
	if (!d.rt.local && nat_is_df(&v) && nat_wire_len(&v) > d.rt.mtu) {
		nat_error_inside(n, &v, ICMP_UNREACH_, ICMP_NEEDFRAG, d.rt.mtu);
		return DROP_NEEDS_FRAG;
	}
	if (n->n_ones || n->n_pool)
		nat_extra_choose(n, &v, &d.rt);
	if (d.rt.ext->one_of)
		return nat_one_out(n, &v, &d.rt);
	if (!v.has_l4)
		return fragment(n, &v, &d.rt);
	k = nat_frag_key_of(&v);
	why = translate(n, &v, &d);
	if (why)
		return refuse(n, &v, why);
	return send_first(n, &v, &d, &k);
}
