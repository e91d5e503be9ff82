/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 from inside to outside. Nothing is changed in the packet before every check has passed, so
 * that an error quotes it as it was sent.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/gso.h"
#include "modes/nat/nat6.h"
#include "modes/nat/nat_reset.h"
#include "modes/nat/nat_xlate.h"

/* What has been decided for a packet before it is changed. */
struct flow6 {
	struct nat6_route rt;
	struct nat_mapping *m;
	struct nat_session *s;
};

/* ---- for both directions --------------------------------------------------------------------- */

uint32_t nat6_wire_len(const struct nat6_view *v)
{
	return gso_frame_len(v->p) - ETH_HLEN_;
}

/* The same rule as for IPv4 (nat_out.c), also for port forwards. */
bool nat6_may_open(const struct nat6_view *v, const struct nat_mapping *m)
{
	if (v->proto == NAT_TCP && m && m->forward)
		return !(nat6_tcp_flags(v) & TCP_RST);
	if (v->proto == NAT_TCP)
		return (nat6_tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	return v->proto == NAT_UDP || v->l4[0] == ICMP6_ECHO;
}

enum drop_reason nat6_frag_check(struct nat_frags *f, const struct nat6_view *v, uint32_t share,
				 msec now)
{
	struct nat_frag_key k = nat6_frag_key(v);
	uint32_t len, at = nat6_part_at(v, &len);

	return nat_frags_see(f, &k, share, at, len, now) == NAT_FRAG_NEW ? DROP_NONE
									 : DROP_FRAGMENT;
}

/* ---- fragments ------------------------------------------------------------------------------- */

static enum drop_reason send_out(struct nat6 *n, struct nat6_view *v, const struct nat6_route *rt)
{
	struct nat6 *owner;

	v->ip->hop_limit--;
	if (rt->local)
		return nat6_deliver(rt->ext, v, n, n->now, &owner);
	n->env.outside(n->env.ctx, rt, v->p);
	return DROP_NONE;
}

static enum drop_reason later_part(struct nat6 *n, struct nat6_view *v,
				   const struct nat_frag_fate *fate, const struct nat6_route *rt)
{
	if (rt->ext != fate->ext)
		return DROP_FRAGMENT;
	memcpy(v->ip->src, fate->src.b, 16);
	v->frag->id = fate->id;
	return send_out(n, v, rt);
}

static enum drop_reason part_out(struct nat6 *n, struct nat6_view *v, uint32_t share,
				 const struct nat6_route *rt)
{
	struct nat_frag_key k = nat6_frag_key(v);
	const struct nat_frag_fate *fate = nat_frags_find(n->frags, &k, n->now);

	if (fate)
		return later_part(n, v, fate, rt);
	if (!nat_frags_hold(n->frags, &k, share, v->p, n->now))
		return DROP_FRAGMENT;
	pkt_put(v->p);
	return DROP_NONE;
}

/* The first part has been translated; do the same to those that came before it. */
static void release(struct nat6 *n, const struct nat_frag_key *k, const struct nat6_route *rt)
{
	struct pkt *p;

	while ((p = nat_frags_release(n->frags, k, n->env.pool))) {
		const struct nat_frag_fate *fate = nat_frags_find(n->frags, k, n->now);
		struct nat6_view v;

		if (!fate || nat6_parse(p, &v) != DROP_NONE ||
		    later_part(n, &v, fate, rt) != DROP_NONE)
			pkt_put(p);
	}
}

/* Guests' identifications are their own business and may be equal: outside each datagram has one of
 * ours, which nobody can guess (RFC 7739). */
static void decide_part(struct nat6 *n, struct nat6_view *v, const struct nat_frag_key *k,
			uint32_t share, const struct nat6_route *rt)
{
	struct nat_frag_fate fate = {.ext = rt->ext,
				     .src = nat6_src(v),
				     .dst = nat6_dst(v),
				     .id = htonl((uint32_t)nat_random(&n->table))};

	v->frag->id = fate.id;
	nat_frags_decide(n->frags, k, share, &fate, n->now);
}

/* ---- flows ----------------------------------------------------------------------------------- */

static be16 peer_port(const struct nat6_view *v)
{
	return v->proto == NAT_ICMP ? 0 : v->dport;
}

static enum drop_reason open_out(struct nat6 *n, const struct nat6_view *v, struct nat_key *k,
				 struct flow6 *f)
{
	struct ip_addr dst = nat6_dst(v);

	k->peer = nat6_peer_name(n, &dst, true);
	if (!k->peer)
		return DROP_TABLE_FULL;
	/* Held while room is made, which may end other sessions of both. */
	nat6_names_get(n, k->addr, k->peer);
	if (!f->m)
		f->m = nat_mapping_find(&n->table, k);
	if (!f->m)
		f->m = nat_mapping_add(&n->table, k, n->now);
	if (f->m)
		f->s = nat_session_add(&n->table, f->m, k->peer, k->peer_port, NAT_BY_GUEST,
				       n->now);
	if (f->s)
		return DROP_NONE;
	nat6_names_put(n, k->addr, k->peer);
	return DROP_TABLE_FULL;
}

static enum drop_reason find_out(struct nat6 *n, const struct nat6_view *v,
				 const struct nat6_neigh *from, struct flow6 *f)
{
	struct ip_addr dst = nat6_dst(v);
	struct nat_key k = {.ext = f->rt.ext,
			    .proto = v->proto,
			    .addr = nat6_neigh_name(n, from),
			    .peer = nat6_peer_name(n, &dst, false),
			    .port = v->sport,
			    .peer_port = peer_port(v)};

	/* A forward's mapping is there without any peer. */
	f->m = nat_mapping_find(&n->table, &k);
	if (k.peer && f->m)
		f->s = nat_session_find(&n->table, f->m, k.peer, k.peer_port);
	if (f->s)
		return DROP_NONE;
	return nat6_may_open(v, f->m) ? open_out(n, v, &k, f) : DROP_NO_MAPPING;
}

/* A guest's error about a packet that came in to it (RFC 5508 REQ-5). */
static enum drop_reason error_out(struct nat6 *n, struct nat6_view *v,
				  const struct nat6_neigh *from, const struct nat6_route *rt)
{
	struct nat_key k = {.ext = rt->ext, .addr = nat6_neigh_name(n, from)};
	struct nat6_inner in;
	struct nat_mapping *m;
	struct ip_addr peer;
	enum drop_reason why = nat6_inner(v, &in);

	if (why)
		return why;
	memcpy(peer.b, in.ip->src, 16);
	if (memcmp(in.ip->dst, v->ip->src, 16) != 0 || memcmp(peer.b, v->ip->dst, 16) != 0)
		return DROP_SPOOFED;
	k.proto = in.proto;
	k.port = in.dport;
	k.peer = nat6_peer_name(n, &peer, false);
	k.peer_port = in.proto == NAT_ICMP ? 0 : in.sport;
	m = k.peer ? nat_mapping_find(&n->table, &k) : NULL;
	if (!m || !nat_session_find(&n->table, m, k.peer, k.peer_port))
		return DROP_NO_MAPPING;
	memcpy(v->ip->src, rt->ext->addr6.b, 16);
	nat6_set_inner(v, &in, NAT_DST, &rt->ext->addr6, m->ext_port);
	return DROP_NONE;
}

static enum drop_reason flow_out(struct nat6 *n, struct nat6_view *v, const struct nat6_neigh *from,
				 struct flow6 *f)
{
	enum drop_reason why = find_out(n, v, from, f);
	uint32_t most;

	if (why)
		return why;
	nat_session_touch(&n->table, f->s, NAT_OUT, nat6_tcp_flags(v), n->now);
	f->s->tx_bytes += v->p->len - ETH_HLEN_;
	nat6_set_addr(v, NAT_SRC, &f->rt.ext->addr6);
	nat6_set_port(v, NAT_SRC, f->m->ext_port);
	most = nat_mss_most(n->table.set.mss, MIN(f->rt.mtu, n->conf.mtu), NAT6_TCP_HEADERS);
	if (most && nat6_tcp_flags(v) & TCP_SYN)
		nat_mss_lower(v->l4, v->l4_len, v->partial, most);
	return DROP_NONE;
}

static enum drop_reason refuse(struct nat6 *n, const struct nat6_view *v, enum drop_reason why,
			       const struct nat6_neigh *from)
{
	bool orphan = v->proto == NAT_TCP && v->l4 && !nat6_may_open(v, NULL);

	if (orphan && (why == DROP_NO_MAPPING || why == DROP_NO_ROUTE))
		nat6_reset_inside(n, v, from);
	else if (why == DROP_TTL_EXCEEDED)
		nat6_error_inside(n, v, ICMP6_TIMXCEED, 0, 0);
	else if (why == DROP_NO_ROUTE)
		nat6_error_inside(n, v, ICMP6_UNREACH, ICMP6_NO_ROUTE, 0);
	else if (why == DROP_MODE || why == DROP_TABLE_FULL)
		nat6_error_inside(n, v, ICMP6_UNREACH, ICMP6_PROHIBITED, 0);
	return why;
}

/* RFC 2827: a guest speaks with its own address or not at all. */
static enum drop_reason check_addresses(const struct nat6 *n, const struct nat6_view *v)
{
	struct ip_addr src = nat6_src(v), dst = nat6_dst(v);

	if (!nat6_is_inside(n, &src) || nat6_is_own(n, &src))
		return DROP_SPOOFED;
	return nat6_is_martian(&dst) || nat6_is_inside(n, &dst) ? DROP_MARTIAN : DROP_NONE;
}

/* To one of our outside addresses: only what a mapping of this very network takes has anywhere to
 * go. The rest is for the host, which is reached by its leg. */
static bool has_taker(const struct nat6 *n, const struct nat6_view *v, const struct nat6_route *rt)
{
	struct nat *owner;

	if (!rt->local || !v->l4 || nat6_is_error(v))
		return true;
	if (v->proto == NAT_ICMP)
		return false;
	return nat_ext_find(rt->ext, v->proto, v->dport, &owner) && owner == n->table.owner;
}

static enum drop_reason find_way(struct nat6 *n, struct nat6_view *v, struct nat6_route *rt)
{
	struct ip_addr dst = nat6_dst(v);
	enum drop_reason why =
		v->ip->hop_limit <= 1 ? DROP_TTL_EXCEEDED : n->env.route(n->env.ctx, &dst, rt);

	if (!why && !has_taker(n, v, rt))
		why = DROP_MODE;
	if (why || rt->local || nat6_wire_len(v) <= rt->mtu)
		return why;
	nat6_error_inside(n, v, ICMP6_TOO_BIG, 0, MAX(rt->mtu, (uint32_t)IP6_MIN_MTU));
	return DROP_NEEDS_FRAG;
}

static enum drop_reason translate(struct nat6 *n, struct nat6_view *v,
				  const struct nat6_neigh *from, struct flow6 *f)
{
	if (nat6_is_error(v))
		return error_out(n, v, from, &f->rt);
	if (v->proto == NAT_ICMP && !nat6_is_echo(v))
		return DROP_PROTO;
	return flow_out(n, v, from, f);
}

/* The packet, or its first part. */
static enum drop_reason first_out(struct nat6 *n, struct nat6_view *v,
				  const struct nat6_neigh *from, uint32_t share, struct flow6 *f)
{
	bool part = v->part; /* the packet may be gone below */
	struct nat_frag_key k;
	enum drop_reason why;

	if (part)
		k = nat6_frag_key(v);
	why = translate(n, v, from, f);
	if (why)
		return refuse(n, v, why, from);
	if (part)
		decide_part(n, v, &k, share, &f->rt);
	why = send_out(n, v, &f->rt);
	if (part)
		release(n, &k, &f->rt);
	return why;
}

enum drop_reason nat6_from_inside(struct nat6 *n, struct nat6_view *v, const struct mac *from)
{
	struct ip_addr src = nat6_src(v);
	struct nat6_neigh *neigh;
	struct flow6 f = {0};
	uint32_t share;
	enum drop_reason why = check_addresses(n, v);

	if (why)
		return why;
	neigh = nat6_neigh_learn(n, &src, from, n->now);
	if (!neigh)
		return DROP_TABLE_FULL;
	why = find_way(n, v, &f.rt);
	if (why)
		return refuse(n, v, why, neigh);
	share = nat6_guest_number(nat6_neigh_name(n, neigh));
	if (v->part)
		why = nat6_frag_check(n->frags, v, share, n->now);
	if (why)
		return why;
	return v->l4 ? first_out(n, v, neigh, share, &f) : part_out(n, v, share, &f.rt);
}
