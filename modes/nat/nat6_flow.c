/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 from inside to outside and back. Nothing is changed in the packet before every check has
 * passed, so that an error quotes it as it was sent.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"
#include "modes/nat/nat6.h"
#include "modes/nat/nat_tcp.h"
#include "modes/nat/nat_xlate.h"

struct flow6 {
	struct nat6_route rt;
	struct nat_mapping *m;
	struct nat_session *s;
};

static uint8_t tcp_flags(const struct nat6_view *v)
{
	return v->proto == NAT_TCP ? v->l4[13] : 0;
}

static uint32_t packet_len(const struct nat6_view *v)
{
	return gso_frame_len(v->p) - ETH_HLEN_;
}

/* ---- out ------------------------------------------------------------------------------------- */

/* The same rule as for IPv4: in the middle of a connection nothing begins. */
static bool may_open(const struct nat6_view *v)
{
	if (v->proto == NAT_TCP)
		return (tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	return v->proto == NAT_UDP || v->l4[0] == ICMP6_ECHO;
}

static be16 peer_port(const struct nat6_view *v, be16 port)
{
	return v->proto == NAT_ICMP ? 0 : port;
}

static enum drop_reason open_out(struct nat6 *n, const struct nat6_view *v, struct nat_key *k,
				 struct flow6 *f)
{
	struct ip_addr dst = nat6_dst(v);

	k->peer = nat6_peer_name(n, &dst, true);
	if (!k->peer)
		return DROP_TABLE_FULL;
	/* Held while room is made, which may end the peer's other sessions. */
	nat6_peer_ref(n, k->peer);
	if (!f->m)
		f->m = nat_mapping_find(&n->table, k);
	if (!f->m)
		f->m = nat_mapping_add(&n->table, k, n->now);
	if (f->m)
		f->s = nat_session_add(&n->table, f->m, k->peer, k->peer_port, NAT_BY_GUEST,
				       n->now);
	if (f->s)
		return DROP_NONE;
	n->peers[ntohl(k->peer) - 1].refs--;
	nat6_peer_unused(n, k->peer);
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
			    .peer_port = peer_port(v, v->dport)};

	if (k.peer) {
		f->m = nat_mapping_find(&n->table, &k);
		f->s = f->m ? nat_session_find(&n->table, f->m, k.peer, k.peer_port) : NULL;
	}
	if (f->s)
		return DROP_NONE;
	return may_open(v) ? open_out(n, v, &k, f) : DROP_NO_MAPPING;
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

	if (why)
		return why;
	nat_session_touch(&n->table, f->s, NAT_OUT, tcp_flags(v), n->now);
	f->s->tx_bytes += v->p->len - ETH_HLEN_;
	nat6_set_addr(v, NAT_SRC, &f->rt.ext->addr6);
	nat6_set_port(v, NAT_SRC, f->m->ext_port);
	return DROP_NONE;
}

/* RFC 9293 3.10.7.1, as nat_reset.c does it for IPv4. */
static void reset_inside(struct nat6 *n, const struct nat6_view *v, const struct mac *to)
{
	const struct tcp_hdr *seg = (const void *)v->l4;
	uint32_t head = (seg->off >> 4) * 4u, len = v->l4_len > head ? v->l4_len - head : 0;
	struct ip_addr src = nat6_dst(v), dst = nat6_src(v);
	struct tcp_hdr *tcp;
	struct pkt *p;

	if (seg->flags & TCP_RST)
		return;
	p = nat6_new(n->env.pool, &src, &dst, IPPROTO_TCP_, 64, sizeof(*tcp));
	if (!p)
		return;
	tcp = (void *)(p->data + ETH_HLEN_ + IP6_HLEN);
	*tcp = (struct tcp_hdr){.sport = seg->dport,
				.dport = seg->sport,
				.off = sizeof(*tcp) / 4 << 4,
				.flags = TCP_RST};
	if (seg->flags & TCP_ACK) {
		tcp->seq = seg->ack;
	} else {
		len += !!(seg->flags & TCP_SYN) + 0u + !!(seg->flags & TCP_FIN);
		tcp->ack = htonl(ntohl(seg->seq) + len);
		tcp->flags |= TCP_ACK;
	}
	tcp->csum = csum_fold(csum_add(csum_pseudo6(src.b, dst.b, IPPROTO_TCP_, sizeof(*tcp)), tcp,
				       sizeof(*tcp)));
	nat6_to_guest(n, to, p);
}

static enum drop_reason refuse(struct nat6 *n, const struct nat6_view *v, enum drop_reason why,
			       const struct nat6_neigh *from)
{
	bool orphan = v->proto == NAT_TCP && v->l4 && !may_open(v);

	if (orphan && (why == DROP_NO_MAPPING || why == DROP_NO_ROUTE))
		reset_inside(n, v, &from->mac);
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

static enum drop_reason translate_out(struct nat6 *n, struct nat6_view *v,
				      const struct nat6_neigh *from, struct flow6 *f)
{
	struct ip_addr dst = nat6_dst(v);
	enum drop_reason why =
		v->ip->hop_limit <= 1 ? DROP_TTL_EXCEEDED : n->env.route(n->env.ctx, &dst, &f->rt);

	if (why)
		return why;
	if (f->rt.local)
		return DROP_MODE;
	if (packet_len(v) > f->rt.mtu) {
		nat6_error_inside(n, v, ICMP6_TOO_BIG, 0, MAX(f->rt.mtu, (uint32_t)IP6_MIN_MTU));
		return DROP_NEEDS_FRAG;
	}
	if (nat6_is_error(v))
		return error_out(n, v, from, &f->rt);
	if (v->proto == NAT_ICMP && !nat6_is_echo(v))
		return DROP_PROTO;
	return flow_out(n, v, from, f);
}

enum drop_reason nat6_from_inside(struct nat6 *n, struct nat6_view *v, const struct mac *from)
{
	struct ip_addr src = nat6_src(v);
	struct nat6_neigh *neigh;
	struct flow6 f = {0};
	enum drop_reason why = check_addresses(n, v);

	if (why)
		return why;
	neigh = nat6_neigh_learn(n, &src, from, n->now);
	if (!neigh)
		return DROP_TABLE_FULL;
	why = translate_out(n, v, neigh, &f);
	if (why)
		return refuse(n, v, why, neigh);
	v->ip->hop_limit--;
	n->env.outside(n->env.ctx, &f.rt, v->p);
	return DROP_NONE;
}

/* ---- in -------------------------------------------------------------------------------------- */

struct target6 {
	struct nat6 *n;
	struct nat_mapping *m;
	struct nat_session *s;
	struct nat6_inner inner;
};

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

/* Let in by the filtering rule: a session of its own. */
static enum drop_reason open_in(struct nat6_view *v, struct target6 *t, be32 name)
{
	struct ip_addr src = nat6_src(v);
	struct nat6 *n = t->n;

	if (v->proto == NAT_ICMP || !may_open(v) ||
	    !nat_session_admits(&n->table, t->m, name, v->sport))
		return DROP_FILTERED;
	name = nat6_peer_name(n, &src, true);
	if (!name)
		return DROP_TABLE_FULL;
	nat6_peer_ref(n, name);
	t->s = nat_session_add(&n->table, t->m, name, v->sport, NAT_BY_PEER, n->now);
	if (t->s)
		return DROP_NONE;
	n->peers[ntohl(name) - 1].refs--;
	nat6_peer_unused(n, name);
	return DROP_TABLE_FULL;
}

static enum drop_reason find_flow(struct nat_ext *ext, struct nat6_view *v, struct target6 *t)
{
	struct ip_addr src = nat6_src(v);
	be32 name;

	if (v->proto == NAT_ICMP && v->l4[0] != ICMP6_ECHOREPLY)
		return DROP_NO_MAPPING;
	t->m = find_mapping(ext, v->proto, v->dport, &t->n);
	if (!t->m)
		return DROP_NO_MAPPING;
	name = nat6_peer_name(t->n, &src, false);
	t->s = name ? nat_session_find(&t->n->table, t->m, name, peer_port(v, v->sport)) : NULL;
	return t->s ? DROP_NONE : open_in(v, t, name);
}

static void error_outside(struct nat6 *n, struct nat_ext *ext, const struct nat6_view *v,
			  uint8_t type, uint32_t word)
{
	struct ip_addr to = nat6_src(v);
	struct nat6_route rt;
	struct pkt *p;

	if (n->env.route(n->env.ctx, &to, &rt) != DROP_NONE || rt.ext != ext)
		return;
	p = nat6_error(n->env.pool, v, &ext->addr6, type, 0, word);
	if (!p)
		return;
	n->errors_sent++;
	n->env.outside(n->env.ctx, &rt, p);
}

static enum drop_reason check_fit(struct nat_ext *ext, const struct nat6_view *v, struct nat6 *n)
{
	if (v->ip->hop_limit <= 1) {
		error_outside(n, ext, v, ICMP6_TIMXCEED, 0);
		return DROP_TTL_EXCEEDED;
	}
	if (packet_len(v) > n->conf.mtu) {
		error_outside(n, ext, v, ICMP6_TOO_BIG, n->conf.mtu);
		return DROP_NEEDS_FRAG;
	}
	return DROP_NONE;
}

static void enter(struct nat6_view *v, struct target6 *t)
{
	const struct nat6_neigh *to = &t->n->neighs[ntohl(t->m->addr) % NAT6_NEIGHS];

	if (nat6_is_error(v)) {
		memcpy(v->ip->dst, to->addr.b, 16);
		nat6_set_inner(v, &t->inner, NAT_SRC, &to->addr, t->m->port);
	} else {
		t->s->rx_bytes += v->p->len - ETH_HLEN_;
		nat_session_touch(&t->n->table, t->s, NAT_IN, tcp_flags(v), t->n->now);
		nat6_set_addr(v, NAT_DST, &to->addr);
		nat6_set_port(v, NAT_DST, t->m->port);
	}
	v->ip->hop_limit--;
	nat6_to_guest(t->n, &to->mac, v->p);
}

enum drop_reason nat6_from_outside(struct nat_ext *ext, struct pkt *p, msec now,
				   struct nat6 **owner)
{
	struct target6 t = {0};
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
	why = nat6_is_error(&v) ? find_error(ext, &v, &t) : find_flow(ext, &v, &t);
	*owner = t.n;
	if (t.n)
		t.n->now = now;
	if (!why)
		why = check_fit(ext, &v, t.n);
	if (!why)
		enter(&v, &t);
	return why;
}

/* ---- the way out is gone --------------------------------------------------------------------- */

void nat6_undeliverable(struct nat6 *n, struct nat_ext *ext, struct pkt *p, msec now)
{
	struct nat6_view cause;
	struct nat6 *owner;
	struct pkt *q;

	if (nat6_parse(p, &cause) != DROP_NONE)
		return;
	/* It is about the packet as it is outside: let it come in like any other error. */
	q = nat6_error(n->env.pool, &cause, &n->addr, ICMP6_UNREACH, ICMP6_ADDR_UNREACH, 0);
	if (q && nat6_from_outside(ext, q, now, &owner) != DROP_NONE)
		pkt_put(q);
}

struct tell6 {
	struct nat6 *n;
	const struct nat_ext *ext;
	unsigned int left;
};

/* As nat_reset.h has it: a segment that can't be acceptable makes the guest say where it is. */
static void tell_one(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct tell6 *t = ctx;
	const struct nat6_neigh *to = &t->n->neighs[ntohl(m->addr) % NAT6_NEIGHS];
	struct ip_addr peer = nat6_peer_addr(t->n, s->peer);
	uint64_t random;
	struct tcp_hdr *tcp;
	struct pkt *p;

	if (m->ext != t->ext || m->proto != NAT_TCP || nat_tcp_is_over(s->tcp) || !t->left)
		return;
	t->left--;
	p = nat6_new(t->n->env.pool, &peer, &to->addr, IPPROTO_TCP_, 64, sizeof(*tcp));
	if (!p)
		return;
	random = nat_random(&t->n->table);
	tcp = (void *)(p->data + ETH_HLEN_ + IP6_HLEN);
	*tcp = (struct tcp_hdr){.sport = s->peer_port,
				.dport = m->port,
				.seq = htonl((uint32_t)random),
				.ack = htonl((uint32_t)(random >> 32)),
				.off = sizeof(*tcp) / 4 << 4,
				.flags = TCP_ACK};
	tcp->csum = csum_fold(csum_add(csum_pseudo6(peer.b, to->addr.b, IPPROTO_TCP_, sizeof(*tcp)),
				       tcp, sizeof(*tcp)));
	nat6_to_guest(t->n, &to->mac, p);
}

unsigned int nat6_drop_ext(struct nat6 *n, struct nat_ext *ext, msec now)
{
	struct tell6 t = {n, ext, 2048};

	n->now = now;
	nat_table_each(&n->table, tell_one, &t);
	return nat_table_drop_ext(&n->table, ext, now);
}
