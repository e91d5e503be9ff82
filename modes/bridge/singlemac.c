/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/wire.h"
#include "modes/bridge/singlemac_table.h"

/* ---- what is in a frame ------------------------------------------------------------------- */

static struct ip_any ip_any6(const uint8_t addr[16])
{
	struct ip_any a;

	memcpy(a.b, addr, sizeof(a.b));
	return a;
}

/* An address that one machine can have: not 0.0.0.0, 127/8 or 224.0.0.0 and up. */
static bool unicast4(be32 addr)
{
	uint32_t a = ntohl(addr);

	return a >> 24 != 0 && a >> 24 != 127 && a < 0xe0000000;
}

static bool unicast6(const uint8_t addr[16])
{
	static const uint8_t none[15];

	/* :: and ::1 (RFC 4291 2.5.2, 2.5.3) */
	return addr[0] != 0xff && (memcmp(addr, none, sizeof(none)) != 0 || addr[15] > 1);
}

static struct arp_hdr *arp_at(const struct pkt *p)
{
	struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	if (!arp || arp->htype != htons(1) || arp->ptype != htons(ETHERTYPE_IP4) ||
	    arp->hlen != ETH_ALEN_ || arp->plen != 4)
		return NULL;
	return arp;
}

static struct ip4_hdr *ip4_at(const struct pkt *p)
{
	struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));

	if (!ip || ip->ver_ihl >> 4 != 4 || ip4_ihl(ip) < sizeof(*ip) ||
	    !pkt_at(p, ETH_HLEN_, ip4_ihl(ip)))
		return NULL;
	return ip;
}

static struct ip6_hdr_wire *ip6_at(const struct pkt *p)
{
	struct ip6_hdr_wire *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));

	return ip && (ntohl(ip->ver_class_flow) >> 28) == 6 ? ip : NULL;
}

/* ---- DHCP --------------------------------------------------------------------------------- */

/* RFC 2131 2: the fields that matter here. */
struct bootp {
	uint8_t op, htype, hlen, hops;
	be32 xid;
	be16 secs, flags;
	be32 ciaddr, yiaddr, siaddr, giaddr;
	struct mac chaddr;
} WIRE_PACKED;
enum { BOOTP_SERVER = 67, BOOTP_CLIENT = 68, BOOTP_BROADCAST = 0x8000 };

/* The DHCP message in the UDP datagram of @ip, from port @sport to @dport; NULL when there is
 * none. Not in fragments. */
static struct bootp *bootp_at(const struct pkt *p, const struct ip4_hdr *ip, uint16_t sport,
			      uint16_t dport, struct udp_hdr **udp)
{
	size_t off = ETH_HLEN_ + ip4_ihl(ip);

	if (ip->proto != IPPROTO_UDP_ || (ip->frag_off & htons(IP4_MF | IP4_OFFMASK)))
		return NULL;
	*udp = pkt_at(p, off, sizeof(**udp));
	if (!*udp || (*udp)->sport != htons(sport) || (*udp)->dport != htons(dport))
		return NULL;
	return pkt_at(p, off + sizeof(**udp), sizeof(struct bootp));
}

/* A client that has no address yet would be answered by unicast to its chaddr, which the NIC never
 * gets: let it ask for broadcast. */
static void dhcp_ask_broadcast(struct pkt *p, const struct ip4_hdr *ip)
{
	struct udp_hdr *udp;
	struct bootp *bootp = bootp_at(p, ip, BOOTP_CLIENT, BOOTP_SERVER, &udp);
	be16 flags, csum = bootp ? udp->csum : 0;

	if (!bootp || bootp->op != 1 || bootp->ciaddr)
		return;
	flags = bootp->flags | htons(BOOTP_BROADCAST);
	/* Zero: the sender made no checksum (RFC 768). One that is still to be completed has not
	 * seen the payload. */
	if (csum && !pkt_needs_csum(p)) {
		csum_update16(&csum, bootp->flags, flags);
		udp->csum = csum;
	}
	bootp->flags = flags;
}

/* ---- neighbour discovery ------------------------------------------------------------------ */

struct icmp6_hdr_wire {
	uint8_t type, code;
	be16 csum;
	be32 rest;
} WIRE_PACKED;
enum { NEXT_ICMP6 = 58, ND_RS = 133, ND_RA, ND_NS, ND_NA, ND_REDIRECT };

/* Bytes of a message before its options, RFC 4861 4.1 to 4.5; 0: not neighbour discovery. */
static size_t nd_fixed_len(uint8_t type)
{
	static const uint8_t len[] = {8, 16, 24, 24, 40};

	return type >= ND_RS && type <= ND_REDIRECT ? len[type - ND_RS] : 0;
}

static be16 mac_under_csum(struct mac *field, const struct mac *to, be16 csum)
{
	be16 was[3], is[3];

	memcpy(was, field, sizeof(was));
	memcpy(is, to, sizeof(is));
	for (int i = 0; i < 3; i++)
		csum_update16(&csum, was[i], is[i]);
	*field = *to;
	return csum;
}

/* Options 1 and 2 (source and target link-layer address) that name @from name @to. */
static void nd_rename(struct pkt *p, const struct mac *from, const struct mac *to)
{
	const size_t l4 = ETH_HLEN_ + sizeof(struct ip6_hdr_wire);
	const struct ip6_hdr_wire *ip = ip6_at(p);
	struct icmp6_hdr_wire *icmp = pkt_at(p, l4, sizeof(*icmp));
	size_t fixed = icmp && ip->next == NEXT_ICMP6 ? nd_fixed_len(icmp->type) : 0;
	const uint8_t *opt;

	if (!fixed)
		return;
	for (size_t off = l4 + fixed; (opt = pkt_at(p, off, 2)); off += opt[1] * 8u) {
		if (!opt[1])
			return; /* RFC 4861 4.6: such a packet is discarded by its receiver */
		if ((opt[0] == 1 || opt[0] == 2) && pkt_at(p, off + 2, ETH_ALEN_)) {
			struct mac *lladdr = pkt_at(p, off + 2, ETH_ALEN_);

			if (mac_equal(lladdr, from))
				icmp->csum = mac_under_csum(lladdr, to, icmp->csum);
		}
	}
}

/* ---- out ---------------------------------------------------------------------------------- */

static enum drop_reason out_arp(struct singlemac *s, struct pkt *p, const struct mac *guest,
				msec now)
{
	struct arp_hdr *arp = arp_at(p);
	struct ip_any addr;
	enum drop_reason reason = DROP_NONE;

	if (!arp)
		return DROP_BAD_ARP;
	addr = ip_any4(arp->spa);
	if (unicast4(arp->spa))
		reason = table_learn(s, &addr, guest, now);
	arp->sha = *table_nic(s);
	return reason;
}

static enum drop_reason out_ip4(struct singlemac *s, struct pkt *p, const struct mac *guest,
				msec now)
{
	struct ip4_hdr *ip = ip4_at(p);
	struct ip_any addr;

	if (!ip)
		return DROP_BAD_IP;
	dhcp_ask_broadcast(p, ip);
	addr = ip_any4(ip->src);
	return unicast4(ip->src) ? table_learn(s, &addr, guest, now) : DROP_NONE;
}

static enum drop_reason out_ip6(struct singlemac *s, struct pkt *p, const struct mac *guest,
				msec now)
{
	struct ip6_hdr_wire *ip = ip6_at(p);
	struct ip_any addr;

	if (!ip)
		return DROP_BAD_IP;
	nd_rename(p, guest, table_nic(s));
	addr = ip_any6(ip->src);
	return unicast6(ip->src) ? table_learn(s, &addr, guest, now) : DROP_NONE;
}

enum drop_reason singlemac_out(struct singlemac *s, struct pkt *p, msec now)
{
	struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	struct mac guest;
	enum drop_reason reason;

	if (!eth)
		return DROP_RUNT;
	guest = eth->src;
	switch (ntohs(eth->type)) {
	case ETHERTYPE_ARP_:
		reason = out_arp(s, p, &guest, now);
		break;
	case ETHERTYPE_IP4:
		reason = out_ip4(s, p, &guest, now);
		break;
	case ETHERTYPE_IP6:
		reason = out_ip6(s, p, &guest, now);
		break;
	default:
		return DROP_PROTO;
	}
	eth->src = *table_nic(s);
	return reason;
}

/* ---- in ----------------------------------------------------------------------------------- */

/* Which guest is @p for, by its IP destination? Also: who sent it, if that is a guest. */
struct ends {
	struct entry *from, *to;
};

static void ends_set(struct singlemac *s, struct ends *e, struct ip_any from, struct ip_any to,
		     msec now)
{
	e->from = table_find(s, &from, now);
	e->to = table_find(s, &to, now);
}

static struct ends ends_of(struct singlemac *s, const struct pkt *p, be16 type, msec now)
{
	struct ends e = {0};
	const struct arp_hdr *arp;
	const struct ip4_hdr *ip4;
	const struct ip6_hdr_wire *ip6;

	if (type == htons(ETHERTYPE_ARP_) && (arp = arp_at(p)))
		ends_set(s, &e, ip_any4(arp->spa), ip_any4(arp->tpa), now);
	else if (type == htons(ETHERTYPE_IP4) && (ip4 = ip4_at(p)))
		ends_set(s, &e, ip_any4(ip4->src), ip_any4(ip4->dst), now);
	else if (type == htons(ETHERTYPE_IP6) && (ip6 = ip6_at(p)))
		ends_set(s, &e, ip_any6(ip6->src), ip_any6(ip6->dst), now);
	return e;
}

/* A server that does not heed the broadcast flag: chaddr tells which guest it answers. */
static bool in_dhcp(const struct singlemac *s, struct pkt *p, struct eth_hdr *eth)
{
	const struct ip4_hdr *ip = eth->type == htons(ETHERTYPE_IP4) ? ip4_at(p) : NULL;
	const struct bootp *bootp;
	struct udp_hdr *udp;

	bootp = ip ? bootp_at(p, ip, BOOTP_SERVER, BOOTP_CLIENT, &udp) : NULL;
	if (!bootp || bootp->op != 2 || mac_equal(&bootp->chaddr, table_nic(s)) ||
	    mac_is_multicast(&bootp->chaddr))
		return false;
	eth->dst = bootp->chaddr;
	return true;
}

enum drop_reason singlemac_in(struct singlemac *s, struct pkt *p, msec now)
{
	struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	struct ends e;
	struct arp_hdr *arp;

	if (!eth)
		return DROP_RUNT;
	e = ends_of(s, p, eth->type, now);
	/* An access point sends a station's broadcasts back to it. */
	if (mac_equal(&eth->src, table_nic(s)) && e.from)
		return DROP_SPOOFED;
	if (!mac_equal(&eth->dst, table_nic(s)))
		return DROP_NONE;
	if (!e.to)
		return in_dhcp(s, p, eth) ? DROP_NONE : DROP_CONSUMED;
	e.to->seen_ms = now;
	eth->dst = e.to->mac;
	arp = eth->type == htons(ETHERTYPE_ARP_) ? arp_at(p) : NULL;
	if (arp && mac_equal(&arp->tha, table_nic(s)))
		arp->tha = e.to->mac;
	return DROP_NONE;
}
