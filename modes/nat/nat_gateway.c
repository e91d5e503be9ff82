/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_host.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"

enum {
	NEIGHS_MAX = 65536,
	ARP_TRIES = 3,
	ARP_RETRY_MS = 1000,
	/* RFC 1122 2.3.2.1: unused knowledge is asked for again; a guest's own traffic keeps it. */
	NEIGH_FRESH_MS = 60000,
	ARP_FRAME = ETH_HLEN_ + 28
};

int gateway_init(struct gateway *g, uint8_t plen)
{
	uint32_t n = plen > 16 ? 1u << (32 - plen) : NEIGHS_MAX;

	g->mask = n - 1;
	g->waiting = NULL;
	g->neighs = calloc(n, sizeof(*g->neighs));
	return g->neighs ? 0 : -ENOMEM;
}

void gateway_fini(struct gateway *g)
{
	for (struct gateway_neigh *w = g->waiting; w; w = w->next_waiting) {
		for (int i = 0; i < GATEWAY_HOLD; i++)
			pkt_put(w->hold[i]);
	}
	free(g->neighs);
	g->neighs = g->waiting = NULL;
}

static struct gateway_neigh *neigh_of(const struct gateway *g, be32 addr)
{
	return &g->neighs[ntohl(addr) & g->mask];
}

const struct mac *gateway_mac_of(const struct gateway *g, be32 addr)
{
	const struct gateway_neigh *e = neigh_of(g, addr);

	return e->addr == addr && e->known ? &e->mac : NULL;
}

be32 gateway_addr_of(const struct gateway *g, const struct mac *mac)
{
	const struct gateway_neigh *last = NULL;

	for (uint32_t i = 0; i <= g->mask; i++) {
		const struct gateway_neigh *e = &g->neighs[i];

		if (e->known && mac_equal(&e->mac, mac) && (!last || e->heard_ms > last->heard_ms))
			last = e;
	}
	return last ? last->addr : 0;
}

/* ---- ARP ------------------------------------------------------------------------------------- */

static void emit_arp(struct gateway *g, uint16_t op, const struct mac *to, be32 tpa)
{
	struct pkt *p = pkt_alloc(g->pool);
	struct eth_hdr *eth;
	struct arp_hdr *arp;

	if (!p)
		return;
	p->len = ARP_FRAME;
	eth = (void *)p->data;
	arp = (void *)(eth + 1);
	*eth = (struct eth_hdr){to ? *to : MAC_BROADCAST, g->mac, htons(ETHERTYPE_ARP_)};
	*arp = (struct arp_hdr){.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = ETH_ALEN_,
				.plen = 4,
				.op = htons(op),
				.sha = g->mac,
				.spa = g->addr,
				.tpa = tpa};
	if (to)
		arp->tha = *to;
	g->emit(g->ctx, p);
}

static void give(struct gateway *g, const struct gateway_neigh *e, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;

	*eth = (struct eth_hdr){e->mac, g->mac, htons(ETHERTYPE_IP4)};
	g->emit(g->ctx, p);
}

static void wait_del(struct gateway *g, struct gateway_neigh *e)
{
	for (struct gateway_neigh **at = &g->waiting; *at; at = &(*at)->next_waiting) {
		if (*at == e) {
			*at = e->next_waiting;
			break;
		}
	}
	e->next_waiting = NULL;
	e->asked = 0;
}

/* Let go of what waited, to the guest or to nobody. */
static void release(struct gateway *g, struct gateway_neigh *e)
{
	for (int i = 0; i < GATEWAY_HOLD; i++) {
		struct pkt *p = e->hold[i];

		e->hold[i] = NULL;
		if (p && e->known)
			give(g, e, p);
		else if (p)
			g->lost(g->ctx, DROP_NO_NEIGHBOUR, p);
	}
}

static void learn(struct gateway *g, be32 addr, const struct mac *mac, msec now)
{
	struct gateway_neigh *e = neigh_of(g, addr);

	if (e->addr == addr && e->known && mac_equal(&e->mac, mac)) {
		e->heard_ms = now;
		if (e->asked)
			wait_del(g, e);
		return;
	}
	if (e->asked)
		wait_del(g, e);
	if (e->addr != addr) {
		e->known = false;
		release(g, e);
	}
	e->addr = addr;
	e->mac = *mac;
	e->known = true;
	e->heard_ms = now;
	release(g, e);
}

static bool is_guest_addr(const struct gateway *g, be32 addr)
{
	const struct nat_conf *c = &g->nat->conf;

	return ip4_prefix_has(c->subnet, addr) && addr != c->gateway && addr != c->host &&
	       addr != c->dhcp && addr != ip4_network(c->subnet) &&
	       addr != ip4_broadcast(c->subnet);
}

/* The network's own members that may be spoken to but are not guests. */
static bool is_own_addr(const struct gateway *g, be32 addr)
{
	const struct nat_conf *c = &g->nat->conf;

	return addr == c->host || addr == c->dhcp;
}

/* RFC 826, with its fields believed only when they agree with the frame. */
static const struct arp_hdr *arp_of(const struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	const struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	if (!arp || arp->htype != htons(1) || arp->ptype != htons(ETHERTYPE_IP4) ||
	    arp->hlen != ETH_ALEN_ || arp->plen != 4 || !mac_equal(&arp->sha, &eth->src))
		return NULL;
	return arp;
}

static enum drop_reason arp_input(struct gateway *g, const struct pkt *p, msec now)
{
	const struct arp_hdr *arp = arp_of(p);
	struct mac sha;

	if (!arp || (arp->op != htons(ARP_REQUEST) && arp->op != htons(ARP_REPLY)))
		return DROP_BAD_ARP;
	sha = arp->sha;
	/* RFC 5227 1.1: a probe has no sender address and teaches nothing. */
	if (is_guest_addr(g, arp->spa))
		learn(g, arp->spa, &sha, now);
	/* A service on loopback has Linux ask in the name of 127.0.0.1. */
	if (arp->op == htons(ARP_REQUEST) && arp->tpa == g->addr &&
	    (arp->spa == 0 || is_guest_addr(g, arp->spa) || is_own_addr(g, arp->spa) ||
	     (g->host_ext && mac_equal(&sha, &g->host_mac))))
		emit_arp(g, ARP_REPLY, &sha, arp->spa);
	return DROP_CONSUMED;
}

enum drop_reason gateway_check_claim(const struct gateway *g, const struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	const struct arp_hdr *arp;

	if (mac_equal(&eth->src, &g->mac))
		return DROP_SPOOFED;
	if (eth->type != htons(ETHERTYPE_ARP_))
		return DROP_NONE;
	arp = arp_of(p);
	if (!arp)
		return DROP_BAD_ARP;
	return arp->spa == g->addr || (arp->spa && is_own_addr(g, arp->spa)) ? DROP_SPOOFED
									     : DROP_NONE;
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

/* Something for the gateway itself: it answers echo, and has no service but what the host lends it.
 * Takes @p unless it says why not. */
static enum drop_reason own_input(struct gateway *g, struct nat_view *v, const struct mac *from)
{
	struct eth_hdr *eth = (void *)v->p->data;

	if (v->proto == NAT_ICMP && v->whole && v->l4[0] == ICMP_ECHO_) {
		nat_icmp_echo_reply(v);
		eth->dst = *from;
		eth->src = g->mac;
		g->emit(g->ctx, v->p);
		return DROP_NONE;
	}
	if (v->proto == NAT_OTHER) { /* RFC 1122 3.2.2.1 */
		nat_error_inside(g->nat, v, ICMP_UNREACH_, ICMP_PROT_UNREACH_, 0);
		return DROP_CONSUMED;
	}
	if (g->host_ext && v->proto != NAT_ICMP && is_guest_addr(g, v->ip->src))
		return nat_to_host(g, v);
	if (v->proto != NAT_ICMP && v->has_l4 &&
	    !(v->proto == NAT_TCP && (nat_tcp_flags(v) & TCP_RST)))
		nat_error_inside(g->nat, v, ICMP_UNREACH_, ICMP_PORT_UNREACH_, 0);
	return DROP_CONSUMED;
}

static enum drop_reason ip_input(struct gateway *g, struct pkt *p, msec now)
{
	const struct eth_hdr *eth = (const void *)p->data;
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	struct mac from = eth->src;
	struct nat_view v;
	enum drop_reason why;

	if (!ip)
		return DROP_BAD_IP;
	if (is_guest_addr(g, ip->src))
		learn(g, ip->src, &from, now);
	if (ip->dst != g->addr)
		return nat_from_inside(g->nat, p, now);
	g->nat->now = now;
	if (g->host_ext && mac_equal(&from, &g->host_mac)) {
		why = nat_parse(p, &v);
		if (!why)
			why = nat_from_host(g, &v);
		/* The host may also ping the gateway, or speak to it by mistake. */
		if (why != DROP_NO_MAPPING || !is_own_addr(g, ip->src))
			return why;
	}
	if (!is_guest_addr(g, ip->src) && !is_own_addr(g, ip->src))
		return DROP_SPOOFED;
	why = nat_parse(p, &v);
	return why ? why : own_input(g, &v, &from);
}

void gateway_input(struct gateway *g, struct pkt *p, msec now)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	enum drop_reason why = DROP_CONSUMED;

	if (!eth) {
		why = DROP_RUNT;
	} else if (eth->type == htons(ETHERTYPE_ARP_)) {
		why = arp_input(g, p, now);
	} else if (eth->type == htons(ETHERTYPE_IP4) && mac_equal(&eth->dst, &g->mac)) {
		p = pkt_writable(p);
		why = p ? ip_input(g, p, now) : DROP_NO_BUFFER;
	}
	/* Floods that are not for the gateway are everybody's, and no loss. */
	if (why == DROP_CONSUMED)
		pkt_put(p);
	else if (why != DROP_NONE)
		g->lost(g->ctx, why, p);
}

/* ---- towards guests -------------------------------------------------------------------------- */

static void ask(struct gateway *g, struct gateway_neigh *e, msec now)
{
	if (!e->asked) {
		e->next_waiting = g->waiting;
		g->waiting = e;
	}
	e->asked++;
	e->asked_ms = now;
	emit_arp(g, ARP_REQUEST, NULL, e->addr);
}

void gateway_send(struct gateway *g, be32 dst, struct pkt *p, msec now)
{
	struct gateway_neigh *e = neigh_of(g, dst);

	if (e->addr != dst) {
		if (e->asked)
			wait_del(g, e);
		e->known = false;
		release(g, e);
		e->addr = dst;
	}
	if (e->known) {
		if (!e->asked && now - e->heard_ms > NEIGH_FRESH_MS)
			ask(g, e, now);
		give(g, e, p);
		return;
	}
	if (e->hold[0] && e->hold[1])
		g->lost(g->ctx, DROP_NO_NEIGHBOUR, p);
	else
		e->hold[e->hold[0] ? 1 : 0] = p;
	if (!e->asked)
		ask(g, e, now);
}

void gateway_tick(struct gateway *g, msec now)
{
	struct gateway_neigh *next;

	for (struct gateway_neigh *e = g->waiting; e; e = next) {
		next = e->next_waiting;
		if (now < e->asked_ms + ARP_RETRY_MS)
			continue;
		if (e->asked < ARP_TRIES) {
			e->asked++;
			e->asked_ms = now;
			emit_arp(g, ARP_REQUEST, NULL, e->addr);
			continue;
		}
		e->known = false;
		wait_del(g, e);
		release(g, e);
	}
}
