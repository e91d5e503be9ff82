/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netdhcp_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"

enum { TTL = 64, ECHO_MAX = 9000 };

/* ---- in -------------------------------------------------------------------------------------- */

static struct frame_info ignored(enum drop_reason why)
{
	return (struct frame_info){.kind = FRAME_IGNORED, .drop = why};
}

/* RFC 826: only ARP for IPv4 over Ethernet, and only a sender that can be one. */
static struct frame_info classify_arp(const struct pkt *p)
{
	const struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	if (!arp || arp->htype != htons(1) || arp->ptype != htons(ETHERTYPE_IP4) ||
	    arp->hlen != ETH_ALEN_ || arp->plen != 4 || mac_is_multicast(&arp->sha) ||
	    mac_is_zero(&arp->sha))
		return ignored(DROP_BAD_ARP);
	return (struct frame_info){.kind = FRAME_ARP, .arp = arp};
}

bool dhcp_host_is(const struct dhcp_host *host, be32 addr)
{
	for (unsigned int i = 0; i < host->n; i++)
		if (addr == host->own[i].addr)
			return true;
	return false;
}

static bool to_everybody(const struct dhcp_host *host, be32 dst)
{
	for (unsigned int i = 0; i < host->n; i++)
		if (dst == ip4_broadcast(host->own[i].subnet))
			return true;
	return dst == htonl(0xffffffff);
}

/* A checksum of 0 is none (RFC 768); an unfinished one is the sender's offload, and the frame never
 * left memory since. */
static bool udp_csum_ok(const struct pkt *p, const struct ip4_hdr *ip, const struct udp_hdr *udp,
			size_t len)
{
	uint32_t sum;

	if (!udp->csum || pkt_needs_csum(p) || p->vnet.flags & VIRTIO_NET_HDR_F_DATA_VALID)
		return true;
	sum = csum_pseudo4(ip->src, ip->dst, IPPROTO_UDP_, (uint32_t)len);
	return csum_fold(csum_add(sum, udp, len)) == 0;
}

static struct frame_info classify_udp(const struct pkt *p, const struct ip4_hdr *ip,
				      const uint8_t *l4, size_t len)
{
	const struct udp_hdr *udp = (const void *)l4;
	size_t udp_len;

	if (len < sizeof(*udp))
		return ignored(DROP_BAD_L4);
	udp_len = ntohs(udp->len);
	if (udp_len < sizeof(*udp) || udp_len > len)
		return ignored(DROP_BAD_L4);
	if (udp->dport != htons(DHCP_PORT_SERVER))
		return ignored(DROP_NONE);
	if (!udp_csum_ok(p, ip, udp, udp_len))
		return ignored(DROP_BAD_CSUM);
	return (struct frame_info){
		.kind = FRAME_DHCP, .payload = l4 + sizeof(*udp), .len = udp_len - sizeof(*udp)};
}

static struct frame_info classify_icmp(const struct dhcp_host *host, const struct ip4_hdr *ip,
				       const uint8_t *l4, size_t len)
{
	const struct icmp_hdr *icmp = (const void *)l4;

	if (len < sizeof(*icmp) || len > ECHO_MAX)
		return ignored(DROP_BAD_L4);
	if (icmp->type != ICMP_ECHO_ || icmp->code || !dhcp_host_is(host, ip->dst))
		return ignored(DROP_NONE);
	if (csum_fold(csum_add(0, l4, len)))
		return ignored(DROP_BAD_CSUM);
	return (struct frame_info){.kind = FRAME_ECHO, .payload = l4, .len = len};
}

static struct frame_info classify_ip4(const struct dhcp_host *host, const struct pkt *p)
{
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	struct frame_info f;
	size_t ihl, len;

	if (!ip || ip->ver_ihl >> 4 != 4 || ip4_ihl(ip) < sizeof(*ip))
		return ignored(DROP_BAD_IP);
	ihl = ip4_ihl(ip);
	len = ntohs(ip->tot_len);
	if (len < ihl || !pkt_at(p, ETH_HLEN_, len) || csum_ip4(ip, ihl))
		return ignored(DROP_BAD_IP);
	if (!dhcp_host_is(host, ip->dst) && !to_everybody(host, ip->dst))
		return ignored(DROP_NONE);
	if (ip->frag_off & htons(IP4_MF | IP4_OFFMASK))
		return ignored(DROP_FRAGMENT);
	if (ip->proto == IPPROTO_UDP_)
		f = classify_udp(p, ip, (const uint8_t *)ip + ihl, len - ihl);
	else if (ip->proto == IPPROTO_ICMP_)
		f = classify_icmp(host, ip, (const uint8_t *)ip + ihl, len - ihl);
	else
		f = ignored(DROP_NONE);
	f.ip = ip;
	f.unicast = dhcp_host_is(host, ip->dst);
	return f;
}

struct frame_info frame_classify(const struct dhcp_host *host, const struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	struct frame_info f;

	if (!eth)
		return ignored(DROP_RUNT);
	if (pkt_is_gso(p) || (!mac_is_multicast(&eth->dst) && !mac_equal(&eth->dst, &host->mac)))
		return ignored(DROP_NONE);
	if (eth->type == htons(ETHERTYPE_ARP_))
		f = classify_arp(p);
	else if (eth->type == htons(ETHERTYPE_IP4))
		f = classify_ip4(host, p);
	else
		f = ignored(DROP_NONE);
	f.src = eth->src;
	return f;
}

/* ---- out ------------------------------------------------------------------------------------- */

static void *push_eth(struct pkt *out, const struct mac *src, const struct mac *dst, uint16_t type)
{
	struct eth_hdr *eth = (void *)out->data;

	*eth = (struct eth_hdr){.dst = *dst, .src = *src, .type = htons(type)};
	out->len = sizeof(*eth);
	return out->data + out->len;
}

/* Header before @len bytes of payload. Returns where the payload goes. */
static uint8_t *push_ip4(struct pkt *out, be32 src, be32 dst, uint8_t proto, size_t len)
{
	struct ip4_hdr *ip = (void *)(out->data + out->len);

	*ip = (struct ip4_hdr){.ver_ihl = 0x45,
			       .tot_len = htons((uint16_t)(sizeof(*ip) + len)),
			       .ttl = TTL,
			       .proto = proto,
			       .src = src,
			       .dst = dst};
	ip->csum = csum_ip4(ip, sizeof(*ip));
	out->len += (uint32_t)(sizeof(*ip) + len);
	return (uint8_t *)(ip + 1);
}

void frame_arp_reply(struct pkt *out, const struct dhcp_host *host, const struct arp_hdr *req)
{
	struct arp_hdr *arp = push_eth(out, &host->mac, &req->sha, ETHERTYPE_ARP_);

	*arp = *req;
	arp->op = htons(ARP_REPLY);
	arp->tha = req->sha;
	arp->tpa = req->spa;
	arp->sha = host->mac;
	arp->spa = req->tpa;
	out->len += sizeof(*arp);
}

void frame_arp_probe(struct pkt *out, const struct dhcp_host *host, be32 addr)
{
	struct arp_hdr *arp = push_eth(out, &host->mac, &MAC_BROADCAST, ETHERTYPE_ARP_);

	*arp = (struct arp_hdr){.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = ETH_ALEN_,
				.plen = 4,
				.op = htons(ARP_REQUEST),
				.sha = host->mac,
				.tpa = addr};
	out->len += sizeof(*arp);
}

/* RFC 792: the data comes back as it was sent. */
void frame_echo_reply(struct pkt *out, const struct dhcp_host *host, const struct frame_info *req)
{
	struct icmp_hdr *icmp;

	push_eth(out, &host->mac, &req->src, ETHERTYPE_IP4);
	icmp = (void *)push_ip4(out, req->ip->dst, req->ip->src, IPPROTO_ICMP_, req->len);
	memcpy(icmp, req->payload, req->len);
	icmp->type = ICMP_ECHOREPLY_;
	icmp->csum = 0;
	icmp->csum = csum_fold(csum_add(0, icmp, req->len));
}

void frame_dhcp(struct pkt *out, const struct dhcp_host *host, const struct dhcp_reply *reply)
{
	size_t len = sizeof(struct udp_hdr) + reply->len;
	struct udp_hdr *udp;
	uint32_t sum;

	push_eth(out, &host->mac, &reply->mac, ETHERTYPE_IP4);
	udp = (void *)push_ip4(out, reply->src, reply->dst, IPPROTO_UDP_, len);
	*udp = (struct udp_hdr){.sport = htons(DHCP_PORT_SERVER),
				.dport = htons(reply->dport),
				.len = htons((uint16_t)len)};
	memcpy(udp + 1, reply->data, reply->len);
	sum = csum_pseudo4(reply->src, reply->dst, IPPROTO_UDP_, (uint32_t)len);
	udp->csum = csum_fold(csum_add(sum, udp, len));
	if (!udp->csum)
		udp->csum = 0xffff; /* RFC 768: all ones stand for a sum of zero */
}
