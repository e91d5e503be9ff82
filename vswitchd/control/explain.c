/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/explain.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/csum.h"
#include "lib/frame.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { ETHERTYPE_EXPERIMENT = 0x88b5 }; /* IEEE 802 local experimental ethertype 1 */
enum { SOURCE_PORT = 49152, TTL = 64, ICMP6_ECHO_ = 128 };

/* ---- the frame ------------------------------------------------------------------------------- */

/* Append @len zero bytes, of which the caller makes something. */
static void *push_back(struct pkt *p, size_t len)
{
	uint8_t *at = p->data + p->len;

	memset(at, 0, len);
	p->len += (uint32_t)len;
	return at;
}

static void put_arp(struct pkt *p, const struct described *d)
{
	struct arp_hdr *arp = push_back(p, sizeof(*arp));

	arp->htype = htons(1);
	arp->ptype = htons(ETHERTYPE_IP4);
	arp->hlen = 6;
	arp->plen = 4;
	arp->op = htons(ARP_REQUEST);
	arp->sha = d->src;
	arp->spa = d->src_ip;
	arp->tpa = d->dst_ip;
}

static void put_l4_header(struct pkt *p, const struct described *d)
{
	if (d->proto == EXPLAIN_ICMP) {
		struct icmp_hdr *icmp = push_back(p, sizeof(*icmp));

		icmp->type = explain_is6(d) ? ICMP6_ECHO_ : ICMP_ECHO_;
	} else if (d->proto == EXPLAIN_UDP) {
		struct udp_hdr *udp = push_back(p, sizeof(*udp));

		udp->sport = htons(d->sport ? d->sport : SOURCE_PORT);
		udp->dport = htons(d->port);
	} else if (d->proto == EXPLAIN_TCP) {
		struct tcp_hdr *tcp = push_back(p, sizeof(*tcp));

		tcp->sport = htons(d->sport ? d->sport : SOURCE_PORT);
		tcp->dport = htons(d->port);
		tcp->off = sizeof(*tcp) / 4 << 4;
		tcp->flags = TCP_SYN;
	}
}

/* @pseudo: the sum of the pseudo header, which ICMP of IPv4 does not have. */
static void fill_l4(const struct described *d, uint32_t pseudo, uint8_t *l4, uint32_t len)
{
	struct icmp_hdr *icmp = (void *)l4;
	struct udp_hdr *udp = (void *)l4;
	struct tcp_hdr *tcp = (void *)l4;

	if (d->proto == EXPLAIN_ICMP || d->proto == EXPLAIN_ARP) {
		icmp->csum = csum_fold(csum_add(explain_is6(d) ? pseudo : 0, l4, len));
	} else if (d->proto == EXPLAIN_UDP) {
		udp->len = htons((uint16_t)len);
		udp->csum = csum_fold(csum_add(pseudo, l4, len));
	} else if (d->proto == EXPLAIN_TCP) {
		tcp->csum = csum_fold(csum_add(pseudo, l4, len));
	}
}

/* RFC 4861 4.3, with the sender's own address. */
static void put_solicitation(struct pkt *p, const struct described *d)
{
	uint8_t *msg = push_back(p, 32);

	msg[0] = ND_NS;
	memcpy(msg + 8, d->dst6.b, sizeof(d->dst6.b));
	msg[24] = ND_OPT_SOURCE_LL;
	msg[25] = 1;
	memcpy(msg + 26, &d->src, sizeof(d->src));
}

static void put_ip6(struct pkt *p, const struct described *d, uint32_t len)
{
	static const uint8_t protos[] = {[EXPLAIN_ARP] = IPPROTO_ICMP6_,
					 [EXPLAIN_ICMP] = IPPROTO_ICMP6_,
					 [EXPLAIN_UDP] = IPPROTO_UDP_,
					 [EXPLAIN_TCP] = IPPROTO_TCP_};
	struct ip6_hdr_wire *ip = push_back(p, sizeof(*ip));
	uint32_t l4 = p->len;
	bool asks = d->proto == EXPLAIN_ARP;

	if (asks)
		put_solicitation(p, d);
	else
		put_l4_header(p, d);
	if (!asks && len > p->len)
		push_back(p, len - p->len);
	ip->ver_class_flow = htonl(6u << 28);
	ip->payload_len = htons((uint16_t)(p->len - l4));
	ip->next = d->proto == EXPLAIN_IP ? d->ip_proto : protos[d->proto];
	ip->hop_limit = asks ? 255 : TTL;
	memcpy(ip->src, d->src6.b, sizeof(ip->src));
	memcpy(ip->dst, d->dst6.b, sizeof(ip->dst));
	if (asks) { /* to the group of those whose addresses end alike (RFC 4291 2.7.1) */
		memset(ip->dst, 0, 13);
		ip->dst[0] = 0xff;
		ip->dst[1] = 2;
		ip->dst[11] = 1;
		ip->dst[12] = 0xff;
	}
	fill_l4(d, csum_pseudo6(ip->src, ip->dst, ip->next, p->len - l4), p->data + l4,
		p->len - l4);
}

/* The rest of the frame, up to @len bytes, is the packet's payload. */
static void put_ip(struct pkt *p, const struct described *d, uint32_t len)
{
	static const uint8_t protos[] = {[EXPLAIN_ICMP] = IPPROTO_ICMP_,
					 [EXPLAIN_UDP] = IPPROTO_UDP_,
					 [EXPLAIN_TCP] = IPPROTO_TCP_};
	size_t at = p->len;
	struct ip4_hdr *ip = push_back(p, sizeof(*ip));
	uint32_t l4 = p->len;

	put_l4_header(p, d);
	if (len > p->len)
		push_back(p, len - p->len);
	ip->ver_ihl = 0x45;
	ip->tot_len = htons((uint16_t)(p->len - at));
	ip->ttl = TTL;
	ip->proto = d->proto == EXPLAIN_IP ? d->ip_proto : protos[d->proto];
	ip->src = d->src_ip;
	ip->dst = d->dst_ip;
	ip->csum = csum_ip4(ip, sizeof(*ip));
	fill_l4(d, csum_pseudo4(ip->src, ip->dst, ip->proto, p->len - l4), p->data + l4,
		p->len - l4);
}

struct pkt *explain_build(struct pkt_pool *pool, const struct described *d)
{
	uint16_t type = d->proto == EXPLAIN_ETHER ? ETHERTYPE_EXPERIMENT
			: explain_is6(d)	  ? ETHERTYPE_IP6
			: d->proto == EXPLAIN_ARP ? ETHERTYPE_ARP_
						  : ETHERTYPE_IP4;
	uint32_t len = d->len ? MIN(d->len, (uint32_t)EXPLAIN_LEN_MAX) : EXPLAIN_LEN_MIN;
	struct pkt *p = pkt_alloc(pool);
	be16 *tag;

	if (!p)
		return NULL;
	memcpy(push_back(p, sizeof(d->dst)), &d->dst, sizeof(d->dst));
	memcpy(push_back(p, sizeof(d->src)), &d->src, sizeof(d->src));
	if (d->vlan) {
		tag = push_back(p, 4);
		tag[0] = htons(ETHERTYPE_CTAG);
		tag[1] = htons(d->vlan);
	}
	*(be16 *)push_back(p, sizeof(be16)) = htons(type);
	if (d->proto != EXPLAIN_ETHER && explain_is6(d))
		put_ip6(p, d, len);
	else if (d->proto == EXPLAIN_ARP)
		put_arp(p, d);
	else if (d->proto != EXPLAIN_ETHER)
		put_ip(p, d, len);
	if (len > p->len)
		push_back(p, len - p->len);
	return p;
}

/* ---- the walk -------------------------------------------------------------------------------- */

void explain_walk(struct port *from, struct pkt *p, struct explanation *e)
{
	struct walk w = {.net = from->net, .from = from, .p = p, .trace = &e->told.trace};

	memset(e, 0, sizeof(*e));
	narration_init(&e->told);
	walk_dry(&w);
	e->copies = w.copies;
	e->dropped = w.dropped;
	e->delivered = w.copies || w.dropped == DROP_CONSUMED;
	walk_verdict(&w, e->verdict, sizeof(e->verdict));
	pkt_put(w.p);
}

/* ---- who has an address ---------------------------------------------------------------------- */

struct search {
	const struct net *net;
	be32 addr;
	be32 (*lease)(const struct net *net, const struct mac *mac);
	bool found;
	struct mac mac;
};

static void search_lease(struct search *s, const struct mac *mac)
{
	if (!s->found && s->lease(s->net, mac) == s->addr) {
		s->found = true;
		s->mac = *mac;
	}
}

static void search_learnt(void *ctx, const struct fdb_row *row)
{
	search_lease(ctx, &row->mac);
}

bool explain_resolve(const struct net *net, be32 addr,
		     be32 (*lease)(const struct net *net, const struct mac *mac), struct mac *out,
		     char *how, size_t size)
{
	struct search s = {.net = net, .addr = addr, .lease = lease};

	for (const struct port *port = net->ports; port; port = port->next)
		if (port->said_addr == addr && !mac_is_zero(&port->mac)) {
			*out = port->mac;
			snprintf(how, size, "%s has said so", port->name);
			return true;
		}
	for (const struct port *port = net->ports; lease && port && !s.found; port = port->next)
		if (!mac_is_zero(&port->mac))
			search_lease(&s, &port->mac);
	if (lease && !s.found)
		fdb_each(net->fdb, net->runner->now, search_learnt, &s);
	if (!s.found)
		return false;
	*out = s.mac;
	snprintf(how, size, "our DHCP server has leased it to that address");
	return true;
}
