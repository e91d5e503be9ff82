/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_out.c - packets out: headers, checksums, and the way to the next hop.
 */
#include <string.h>

#include "probe/probe_int.h"

void probe_arp(struct probe *p, uint16_t op, be32 to, const struct mac *mac)
{
	uint8_t frame[60] = {0}; /* the shortest that Ethernet knows, without the FCS */
	struct eth_hdr *eth = (void *)frame;
	struct arp_hdr *arp = (void *)(eth + 1);

	*eth = (struct eth_hdr){mac ? *mac : MAC_BROADCAST, p->conf.mac, htons(ETHERTYPE_ARP_)};
	*arp = (struct arp_hdr){.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = ETH_ALEN_,
				.plen = 4,
				.op = htons(op),
				.sha = p->conf.mac,
				.spa = p->conf.addr.addr,
				.tpa = to};
	if (mac)
		arp->tha = *mac;
	p->env.send(p->env.ctx, frame, sizeof(frame));
}

static be16 sum_of(const struct ip4_hdr *ip, const void *l4, size_t len)
{
	uint32_t sum = ip->proto == IPPROTO_ICMP_
			       ? 0
			       : csum_pseudo4(ip->src, ip->dst, ip->proto, (uint32_t)len);
	be16 csum = csum_fold(csum_add(sum, l4, len));

	return csum || ip->proto != IPPROTO_UDP_ ? csum : 0xffff; /* RFC 768: 0 is none */
}

static void checksum(const struct ip4_hdr *ip, void *l4, size_t len)
{
	be16 csum = sum_of(ip, l4, len);

	if (ip->proto == IPPROTO_ICMP_)
		((struct icmp_hdr *)l4)->csum = csum;
	else if (ip->proto == IPPROTO_UDP_)
		((struct udp_hdr *)l4)->csum = csum;
	else
		((struct tcp_hdr *)l4)->csum = csum;
}

/* To the router, whose address is asked for when it is not known: the frame waits then, instead of
 * the one that did. */
static void send_to_router(struct probe *p, uint8_t *frame, size_t len, msec now)
{
	struct eth_hdr *eth = (void *)frame;

	if (!p->conf.router)
		return;
	if (p->router_until_ms > now) {
		eth->dst = p->router_mac;
		p->env.send(p->env.ctx, frame, len);
		return;
	}
	memcpy(p->waiting.frame, frame, len);
	p->waiting.len = (uint16_t)len;
	probe_arp(p, ARP_REQUEST, p->conf.router, NULL);
}

void probe_router_told(struct probe *p, const struct mac *mac, msec now)
{
	size_t len = p->waiting.len;

	p->router_mac = *mac;
	p->router_until_ms = now + PROBE_ROUTER_MS;
	p->waiting.len = 0;
	if (len)
		send_to_router(p, p->waiting.frame, len, now);
}

void probe_send(struct probe *p, struct probe_out *o, be32 to, uint8_t proto, size_t len,
		const struct mac *via, msec now)
{
	struct eth_hdr *eth = (void *)o->frame;
	struct ip4_hdr *ip = (void *)(eth + 1);

	*eth = (struct eth_hdr){
		.dst = via ? *via : p->conf.mac, .src = p->conf.mac, .type = htons(ETHERTYPE_IP4)};
	*ip = (struct ip4_hdr){.ver_ihl = 0x45,
			       .tot_len = htons((uint16_t)(sizeof(*ip) + len)),
			       .frag_off = htons(IP4_DF),
			       .ttl = PROBE_TTL,
			       .proto = proto,
			       .src = p->conf.addr.addr,
			       .dst = to};
	ip->csum = csum_ip4(ip, sizeof(*ip));
	checksum(ip, probe_l4(o), len);
	if (via)
		p->env.send(p->env.ctx, o->frame, PROBE_HEADERS + len);
	else
		send_to_router(p, o->frame, PROBE_HEADERS + len, now);
}

const struct mac *probe_back(const struct probe *p, const struct probe_in *in)
{
	return probe_near(p, in->ip->src) ? &in->eth->src : NULL;
}

void probe_send_tcp(struct probe *p, be32 to, const struct probe_segment *s, const void *data,
		    size_t len, const struct mac *via, msec now)
{
	static const uint8_t mss[] = {2, 4, PROBE_MSS >> 8, PROBE_MSS & 0xff}; /* RFC 9293 3.7.1 */
	size_t options = s->flags & TCP_SYN ? sizeof(mss) : 0;
	struct probe_out out;
	struct tcp_hdr *tcp = probe_l4(&out);

	*tcp = (struct tcp_hdr){.sport = s->sport,
				.dport = s->dport,
				.seq = htonl(s->seq),
				.ack = htonl(s->ack),
				.off = (uint8_t)((sizeof(*tcp) + options) / 4 << 4),
				.flags = s->flags,
				.window = htons(PROBE_PAGE_MAX)};
	memcpy(tcp + 1, mss, options);
	if (len)
		memcpy((uint8_t *)(tcp + 1) + options, data, len);
	probe_send(p, &out, to, IPPROTO_TCP_, sizeof(*tcp) + options + len, via, now);
}
