/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gateway as an IPv6 router on its link: advertisements (RFC 4861 6.2), neighbour discovery
 * (RFC 4861 7.2), echo. Guests are learnt from what they send. Only those that a port forward leads
 * to are asked for: every other flow begins with a packet of theirs.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "modes/nat/nat6.h"

enum {
	ND_HOPS = 255, /* RFC 4861 3.1: nobody off the link can send these */
	NS_LEN = 24,   /* NS and NA without options */
	NA_ROUTER = 0x80,
	NA_SOLICITED = 0x40,
	NA_OVERRIDE = 0x20
};

struct nd_ll {
	uint8_t type, len;
	struct mac mac;
} WIRE_PACKED;

static const struct ip_addr all_nodes = {{0xff, 0x02, [15] = 1}};
static const struct mac all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

static void icmp_finish(struct pkt *p)
{
	struct nat6_view v = {.p = p,
			      .ip = (void *)(p->data + ETH_HLEN_),
			      .l4 = p->data + ETH_HLEN_ + IP6_HLEN,
			      .l4_len = p->len - ETH_HLEN_ - IP6_HLEN,
			      .next = IPPROTO_ICMP6_,
			      .proto = NAT_ICMP};

	nat6_icmp_sum(&v);
}

/* ---- advertisements -------------------------------------------------------------------------- */

void nat6_advertise(struct nat6 *n, const struct ra_conf *ra)
{
	n->ra = *ra;
	n->ra.mac = n->conf.mac;
	n->ra.mtu = n->conf.mtu;
	n->ra.prefix = n->conf.prefix;
	n->ra_timer.wanted = true;
}

/* To one guest or, with NULL, to all. */
static void ra_send(struct nat6 *n, const struct ip_addr *to, const struct mac *mac, bool ending)
{
	struct ra_conf ra = n->ra;
	uint8_t msg[RA_LEN_MAX];
	struct pkt *p;
	size_t len;

	ra.lifetime_s = n->online ? RA_LIFETIME_S : 0;
	ra.ending = ending;
	len = ra_build(&ra, msg);
	p = nat6_new(n->env.pool, &n->link_local, to ? to : &all_nodes, IPPROTO_ICMP6_, ND_HOPS,
		     (uint32_t)len);
	if (!p)
		return;
	memcpy(p->data + ETH_HLEN_ + IP6_HLEN, msg, len);
	icmp_finish(p);
	nat6_to_guest(n, mac ? mac : &all_nodes_mac, p);
}

void nat6_goodbye(struct nat6 *n)
{
	ra_send(n, NULL, NULL, true);
}

void nat6_nd_tick(struct nat6 *n, bool online)
{
	n->ra_timer.wanted |= online != n->online;
	n->online = online;
	if (ra_timer_due(&n->ra_timer, n->now, nat_random(&n->table)))
		ra_send(n, NULL, NULL, false);
}

/* ---- neighbour discovery --------------------------------------------------------------------- */

/* RFC 4861 7.2.4; to all nodes when the asker has no address yet (7.2.4, and so RFC 4862 5.4 sees
 * that ours is taken). */
static void answer_ns(struct nat6 *n, const struct ip_addr *target, const struct ip_addr *to,
		      const struct mac *mac)
{
	bool anonymous = ip_addr_is_zero(to);
	struct pkt *p = nat6_new(n->env.pool, target, anonymous ? &all_nodes : to, IPPROTO_ICMP6_,
				 ND_HOPS, NS_LEN + sizeof(struct nd_ll));
	struct icmp_hdr *icmp;

	if (!p)
		return;
	icmp = (void *)(p->data + ETH_HLEN_ + IP6_HLEN);
	icmp->type = ND_NA;
	icmp->rest =
		htonl((uint32_t)(NA_ROUTER | NA_OVERRIDE | (anonymous ? 0 : NA_SOLICITED)) << 24);
	memcpy(icmp + 1, target, sizeof(*target));
	memcpy((uint8_t *)icmp + NS_LEN, &(struct nd_ll){ND_OPT_TARGET_LL, 1, n->conf.mac},
	       sizeof(struct nd_ll));
	icmp_finish(p);
	nat6_to_guest(n, anonymous ? &all_nodes_mac : mac, p);
}

/* RFC 4861 7.2.2: to the group of those whose addresses end alike (RFC 4291 2.7.1). */
void nat6_solicit(struct nat6 *n, const struct ip_addr *addr)
{
	struct ip_addr group = {{0xff, 0x02, [11] = 1, [12] = 0xff}};
	struct mac mac = {{0x33, 0x33, 0xff, addr->b[13], addr->b[14], addr->b[15]}};
	struct icmp_hdr *icmp;
	struct pkt *p;

	memcpy(group.b + 13, addr->b + 13, 3);
	p = nat6_new(n->env.pool, &n->link_local, &group, IPPROTO_ICMP6_, ND_HOPS,
		     NS_LEN + sizeof(struct nd_ll));
	if (!p)
		return;
	icmp = (void *)(p->data + ETH_HLEN_ + IP6_HLEN);
	icmp->type = ND_NS;
	memcpy(icmp + 1, addr, sizeof(*addr));
	memcpy((uint8_t *)icmp + NS_LEN, &(struct nd_ll){ND_OPT_SOURCE_LL, 1, n->conf.mac},
	       sizeof(struct nd_ll));
	icmp_finish(p);
	nat6_to_guest(n, &mac, p);
}

static void nd_input(struct nat6 *n, const struct nat6_view *v)
{
	const struct eth_hdr *eth = (const void *)v->p->data;
	struct ip_addr src = nat6_src(v), target = {{0}};
	struct mac from = eth->src;

	/* RFC 4861 6.1.1, 7.1.1, 7.1.2 */
	if (v->ip->hop_limit != ND_HOPS || v->l4[1] != 0)
		return;
	if (v->l4[0] == ND_RS && ip_addr_is_zero(&src))
		n->ra_timer.wanted = true;
	else if (v->l4[0] == ND_RS && ra_timer_answer(&n->ra_timer, n->now))
		ra_send(n, &src, &from, false);
	if (v->l4[0] != ND_NS && v->l4[0] != ND_NA)
		return;
	if (v->l4_len < NS_LEN)
		return;
	memcpy(target.b, v->l4 + sizeof(struct icmp_hdr), 16);
	if (v->l4[0] == ND_NS &&
	    (ip_addr_equal(&target, &n->addr) || ip_addr_equal(&target, &n->link_local)))
		answer_ns(n, &target, &src, &from);
	/* Who asks has an address, or is about to find out whether it may (RFC 4862 5.4.2). */
	if (v->l4[0] == ND_NS)
		target = src;
	if (nat6_is_inside(n, &target) && !nat6_is_own(n, &target))
		nat6_neigh_learn(n, &target, &from, n->now);
}

static bool is_nd(const struct nat6_view *v)
{
	/* RFC 6980 5: never in fragments. */
	return v->proto == NAT_ICMP && v->l4 && !v->frag && v->l4[0] >= ND_RS &&
	       v->l4[0] <= ND_REDIRECT_;
}

enum drop_reason nat6_check_claim(const struct nat6 *n, const struct pkt *p)
{
	struct ip_addr target;
	struct frame f;

	frame_parse(p->data, p->len, &f);
	if (f.bad || f.l3_kind != L3_IP6)
		return DROP_NONE;
	if (ip_addr_equal(&f.src, &n->addr) || ip_addr_equal(&f.src, &n->link_local))
		return DROP_SPOOFED;
	if (!frame_is_nd(&f) || f.fragment || f.icmp_type != ND_NA)
		return DROP_NONE;
	target = frame_nd_target(&f);
	return nat6_is_own(n, &target) ? DROP_SPOOFED : DROP_NONE;
}

/* ---- the gateway's own ----------------------------------------------------------------------- */

static void echo_reply(struct nat6 *n, struct nat6_view *v)
{
	struct ip_addr src = nat6_src(v), dst = nat6_dst(v);
	struct mac from = ((const struct eth_hdr *)(const void *)v->p->data)->src;

	memcpy(v->ip->src, dst.b, 16);
	memcpy(v->ip->dst, src.b, 16);
	v->ip->hop_limit = 64;
	v->l4[0] = ICMP6_ECHOREPLY;
	v->partial = false;
	v->p->vnet.flags = 0;
	nat6_icmp_sum(v);
	nat6_to_guest(n, &from, v->p);
}

static enum drop_reason own_input(struct nat6 *n, struct nat6_view *v)
{
	struct ip_addr src = nat6_src(v);
	struct mac from = ((const struct eth_hdr *)(const void *)v->p->data)->src;

	if (!v->l4)
		return DROP_CONSUMED;
	if (v->proto == NAT_ICMP && v->l4[0] == ICMP6_ECHO && !v->part && !ip_addr_is_zero(&src) &&
	    src.b[0] != 0xff) {
		echo_reply(n, v);
		return DROP_NONE;
	}
	if (v->proto != NAT_ICMP && nat6_is_inside(n, &src) &&
	    !(v->proto == NAT_TCP && v->l4[13] & TCP_RST) &&
	    nat6_neigh_learn(n, &src, &from, n->now))
		nat6_error_inside(n, v, ICMP6_UNREACH, ICMP6_PORT_UNREACH, 0);
	return DROP_CONSUMED;
}

enum drop_reason nat6_input(struct nat6 *n, struct pkt *p, msec now)
{
	struct mac from = ((const struct eth_hdr *)(const void *)p->data)->src;
	bool to_us = mac_equal(&((const struct eth_hdr *)(const void *)p->data)->dst, &n->conf.mac);
	enum drop_reason why;
	struct nat6_view v;
	struct ip_addr dst;

	n->now = now;
	why = nat6_parse(p, &v);
	if (!why && is_nd(&v)) {
		nd_input(n, &v);
		return DROP_CONSUMED;
	}
	/* Floods are everybody's, and no loss. */
	if (!to_us)
		return DROP_CONSUMED;
	if (why)
		return why;
	dst = nat6_dst(&v);
	if (ip_addr_equal(&dst, &n->addr) || ip_addr_equal(&dst, &n->link_local))
		return own_input(n, &v);
	return nat6_from_inside(n, &v, &from);
}
