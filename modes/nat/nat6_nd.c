/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gateway as an IPv6 router on its link: advertisements (RFC 4861 6.2), neighbour discovery
 * (RFC 4861 7.2), echo. Guests are learnt from what they send; they are not asked for, because
 * every flow begins with a packet of theirs.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "modes/nat/nat6.h"

enum {
	ND_HOPS = 255, /* RFC 4861 3.1: nobody off the link can send these */
	NS_LEN = 24,   /* NS and NA without options */
	RA_FAST = 3,   /* RFC 4861 10: the first few, each at most so much later */
	RA_FAST_MS = 16000,
	RA_MIN_MS = 200000,
	RA_MAX_MS = 600000,
	RA_GAP_MS = 3000, /* RFC 4861 10, MIN_DELAY_BETWEEN_RAS */
	RA_LIFETIME_S = 1800,
	PREFIX_VALID_S = 86400,
	PREFIX_PREFERRED_S = 14400,
	NA_ROUTER = 0x80,
	NA_SOLICITED = 0x40,
	NA_OVERRIDE = 0x20,
	PIO_ON_LINK = 0x80,
	PIO_AUTONOMOUS = 0x40
};
enum { OPT_PREFIX = 3, OPT_MTU = 5, OPT_RDNSS = 25 };

struct ra_hdr {
	struct icmp_hdr icmp; /* rest: hop limit, flags, router lifetime */
	be32 reachable, retrans;
} WIRE_PACKED;

struct ra_prefix {
	uint8_t type, len, plen, flags;
	be32 valid, preferred, reserved;
	struct ip_addr prefix;
} WIRE_PACKED;

struct ra_mtu {
	uint8_t type, len;
	be16 reserved;
	be32 mtu;
} WIRE_PACKED;

struct nd_ll {
	uint8_t type, len;
	struct mac mac;
} WIRE_PACKED;

/* RFC 8106 5.1 */
struct ra_rdnss {
	uint8_t type, len;
	be16 reserved;
	be32 lifetime;
	struct ip_addr addr;
} WIRE_PACKED;

static const struct ip_addr all_nodes = {{0xff, 0x02, [15] = 1}};
static const struct mac all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

static void icmp_finish(struct pkt *p)
{
	struct nat6_view v = {.p = p,
			      .ip = (void *)(p->data + ETH_HLEN_),
			      .l4 = p->data + ETH_HLEN_ + IP6_HLEN,
			      .l4_len = p->len - ETH_HLEN_ - IP6_HLEN,
			      .proto = NAT_ICMP};

	nat6_icmp_sum(&v);
}

/* ---- advertisements -------------------------------------------------------------------------- */

struct ra {
	struct ra_hdr hdr;
	struct nd_ll ll;
	struct ra_mtu mtu;
	struct ra_prefix prefix;
	struct ra_rdnss dns; /* last: left out when there is none */
} WIRE_PACKED;

static void ra_fill(const struct nat6 *n, struct ra *ra, uint16_t lifetime)
{
	uint32_t rest =
		64u << 24 | lifetime; /* hop limit, no flags: addresses are made by guests */

	*ra = (struct ra){
		.hdr = {.icmp = {.type = ND_RA, .rest = htonl(rest)}},
		.ll = {ND_OPT_SOURCE_LL, 1, n->conf.mac},
		.mtu = {OPT_MTU, 1, 0, htonl(n->conf.mtu)},
		.prefix = {.type = OPT_PREFIX,
			   .len = sizeof(ra->prefix) / 8,
			   .plen = 64,
			   .flags = PIO_ON_LINK | PIO_AUTONOMOUS,
			   .valid = htonl(PREFIX_VALID_S),
			   .preferred = htonl(PREFIX_PREFERRED_S),
			   .prefix = n->conf.prefix},
		.dns = {.type = OPT_RDNSS,
			.len = sizeof(ra->dns) / 8,
			.lifetime = htonl(RA_LIFETIME_S),
			.addr = n->conf.dns},
	};
}

/* To one guest or, with NULL, to all. */
static void ra_send(struct nat6 *n, const struct ip_addr *to, const struct mac *mac,
		    uint16_t lifetime)
{
	uint32_t len = sizeof(struct ra);
	struct pkt *p;

	if (ip_addr_is_zero(&n->conf.dns))
		len = offsetof(struct ra, dns);
	p = nat6_new(n->env.pool, &n->link_local, to ? to : &all_nodes, IPPROTO_ICMP6_, ND_HOPS,
		     sizeof(struct ra));
	if (!p)
		return;
	ra_fill(n, (void *)(p->data + ETH_HLEN_ + IP6_HLEN), lifetime);
	p->len = ETH_HLEN_ + IP6_HLEN + len;
	((struct ip6_hdr_wire *)(void *)(p->data + ETH_HLEN_))->payload_len = htons((uint16_t)len);
	icmp_finish(p);
	nat6_to_guest(n, mac ? mac : &all_nodes_mac, p);
}

static uint16_t lifetime_of(const struct nat6 *n)
{
	return n->ra.online ? RA_LIFETIME_S : 0;
}

void nat6_goodbye(struct nat6 *n)
{
	ra_send(n, NULL, NULL, 0);
}

void nat6_nd_tick(struct nat6 *n, bool online)
{
	struct nat6_ra *ra = &n->ra;

	if (online != ra->online) {
		ra->online = online;
		ra->wanted = true;
	}
	if (ra->last_ms && n->now - ra->last_ms < RA_GAP_MS)
		return;
	if (!ra->wanted && n->now < ra->next_ms)
		return;
	ra_send(n, NULL, NULL, lifetime_of(n));
	ra->wanted = false;
	ra->last_ms = n->now ? n->now : 1;
	ra->next_ms = n->now + RA_MIN_MS + nat_random(&n->table) % (RA_MAX_MS - RA_MIN_MS);
	if (ra->fast < RA_FAST) {
		ra->fast++;
		ra->next_ms = n->now + RA_FAST_MS;
	}
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

static void nd_input(struct nat6 *n, const struct nat6_view *v)
{
	const struct eth_hdr *eth = (const void *)v->p->data;
	struct ip_addr src = nat6_src(v), target = {{0}};
	struct mac from = eth->src;

	/* RFC 4861 6.1.1, 7.1.1, 7.1.2 */
	if (v->ip->hop_limit != ND_HOPS || v->l4[1] != 0)
		return;
	if (v->l4[0] == ND_RS && ip_addr_is_zero(&src))
		n->ra.wanted = true;
	else if (v->l4[0] == ND_RS)
		ra_send(n, &src, &from, lifetime_of(n));
	if (v->l4[0] != ND_NS && v->l4[0] != ND_NA)
		return;
	if (v->l4_len < NS_LEN)
		return;
	memcpy(target.b, v->l4 + sizeof(struct icmp_hdr), 16);
	if (v->l4[0] == ND_NS &&
	    (ip_addr_equal(&target, &n->addr) || ip_addr_equal(&target, &n->link_local)))
		answer_ns(n, &target, &src, &from);
	if (v->l4[0] == ND_NA && nat6_is_inside(n, &target) && !nat6_is_own(n, &target))
		nat6_neigh_learn(n, &target, &from, n->now);
}

static bool is_nd(const struct nat6_view *v)
{
	return v->proto == NAT_ICMP && v->l4 && v->l4[0] >= ND_RS && v->l4[0] <= ND_REDIRECT_;
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

	if (v->proto == NAT_ICMP && v->l4[0] == ICMP6_ECHO && !ip_addr_is_zero(&src) &&
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
