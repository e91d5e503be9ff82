/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_host.h"

#include <arpa/inet.h>

#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_reset.h"

static bool may_open(const struct nat_view *v)
{
	return v->proto == NAT_UDP || (nat_tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static enum drop_reason find_flow(struct nat *n, const struct nat_view *v, const struct nat_key *k,
				  struct nat_mapping **m, struct nat_session **s)
{
	*m = nat_mapping_find(&n->table, k);
	*s = *m ? nat_session_find(&n->table, *m, k->peer, k->peer_port) : NULL;
	if (*s)
		return DROP_NONE;
	if (!may_open(v))
		return DROP_NO_MAPPING;
	if (!*m)
		*m = nat_mapping_add(&n->table, k, n->now);
	if (*m)
		*s = nat_session_add(&n->table, *m, k->peer, k->peer_port, NAT_BY_GUEST, n->now);
	return *s ? DROP_NONE : DROP_TABLE_FULL;
}

static void refuse(struct nat *n, const struct nat_view *v, enum drop_reason why)
{
	if (why == DROP_TABLE_FULL) /* RFC 5508 REQ-8 */
		nat_error_inside(n, v, ICMP_UNREACH_, NAT_UNREACH_PROHIBITED, 0);
	else if (v->proto == NAT_TCP && !(nat_tcp_flags(v) & TCP_RST))
		nat_reset_inside(n, v);
}

enum drop_reason nat_to_host(struct gateway *g, struct nat_view *v)
{
	struct eth_hdr *eth = (void *)v->p->data;
	struct nat_key k = {g->host_ext, v->proto, v->ip->src, g->host_to, v->sport, v->dport};
	struct nat *n = g->nat;
	enum drop_reason why;
	struct nat_session *s;
	struct nat_mapping *m;

	if (!v->whole)
		return DROP_FRAGMENT;
	why = find_flow(n, v, &k, &m, &s);
	if (why) {
		refuse(n, v, why);
		return why;
	}
	s->tx_bytes += v->p->len - ETH_HLEN_;
	nat_session_touch(&n->table, s, NAT_OUT, v->proto == NAT_TCP ? nat_tcp_flags(v) : 0,
			  n->now);
	nat_set_addr(v, NAT_SRC, g->addr);
	nat_set_port(v, NAT_SRC, m->ext_port);
	nat_set_addr(v, NAT_DST, g->host_to);
	eth->dst = g->host_mac;
	eth->src = g->mac;
	g->emit(g->ctx, v->p);
	return DROP_NONE;
}

/* The host says that nobody listens: told as if the gateway had said it. */
static enum drop_reason error_from_host(struct gateway *g, struct nat_view *v)
{
	struct nat_inner in;
	enum drop_reason why = nat_icmp_inner(v, &in);
	struct nat_mapping *m;
	struct nat *owner;

	if (why)
		return why;
	m = !nat_has_ports(in.proto) || in.ip->src != g->addr || in.ip->dst != g->host_to
		    ? NULL
		    : nat_ext_find(g->host_ext, in.proto, in.sport, &owner);
	if (!m || !nat_session_find(&g->nat->table, m, in.ip->dst, in.dport))
		return DROP_NO_MAPPING;
	nat_icmp_set_inner(v, &in, NAT_SRC, m->addr, m->port);
	nat_icmp_set_inner(v, &in, NAT_DST, g->addr, in.dport);
	nat_set_addr(v, NAT_SRC, g->addr);
	nat_set_addr(v, NAT_DST, m->addr);
	gateway_send(g, m->addr, v->p, g->nat->now);
	return DROP_NONE;
}

enum drop_reason nat_from_host(struct gateway *g, struct nat_view *v)
{
	struct nat_table *t = &g->nat->table;
	struct nat_session *s;
	struct nat_mapping *m;
	struct nat *owner;

	/* A service of all addresses may answer by UDP from the leg's, whichever was asked. */
	if (v->ip->src != g->host_to && v->ip->src != g->nat->conf.host)
		return DROP_SPOOFED;
	if (!v->whole)
		return DROP_FRAGMENT;
	if (v->proto == NAT_ICMP)
		return nat_icmp_is_error(v->l4[0]) ? error_from_host(g, v) : DROP_NO_MAPPING;
	m = nat_has_ports(v->proto) ? nat_ext_find(g->host_ext, v->proto, v->dport, &owner) : NULL;
	s = m ? nat_session_find(t, m, g->host_to, v->sport) : NULL;
	if (!s)
		return DROP_NO_MAPPING;
	s->rx_bytes += v->p->len - ETH_HLEN_;
	nat_session_touch(t, s, NAT_IN, v->proto == NAT_TCP ? nat_tcp_flags(v) : 0, g->nat->now);
	nat_set_addr(v, NAT_SRC, g->addr);
	nat_set_addr(v, NAT_DST, m->addr);
	nat_set_port(v, NAT_DST, m->port);
	gateway_send(g, m->addr, v->p, g->nat->now);
	return DROP_NONE;
}
