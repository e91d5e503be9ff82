/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netdns_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"

enum { TTL = 64 };

/* ---- in -------------------------------------------------------------------------------------- */

/* The destination port at frame offset @l4. */
static bool to_port(const struct pkt *p, size_t l4)
{
	const struct udp_hdr *udp = pkt_at(p, l4, sizeof(*udp));

	return udp && udp->dport == htons(DNS_PORT);
}

static bool likely4(const struct pkt *p, struct ip_addr *dst)
{
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));

	if (!ip || (ip->proto != IPPROTO_UDP_ && ip->proto != IPPROTO_TCP_) ||
	    ip->frag_off & htons(IP4_OFFMASK) || !to_port(p, ETH_HLEN_ + ip4_ihl(ip)))
		return false;
	*dst = ip_addr_from4(ip->dst);
	return true;
}

static bool likely6(const struct pkt *p, struct ip_addr *dst)
{
	const struct ip6_hdr_wire *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));

	if (!ip || (ip->next != IPPROTO_UDP_ && ip->next != IPPROTO_TCP_) ||
	    !to_port(p, ETH_HLEN_ + sizeof(*ip)))
		return false;
	memcpy(dst->b, ip->dst, sizeof(dst->b));
	return true;
}

bool dns_frame_likely(const struct pkt *p, const struct mac *mac, struct ip_addr *dst)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	if (!eth || !mac_equal(&eth->dst, mac))
		return false;
	return eth->type == htons(ETHERTYPE_IP4)   ? likely4(p, dst)
	       : eth->type == htons(ETHERTYPE_IP6) ? likely6(p, dst)
						   : false;
}

/* The sum of pseudo header and @len bytes from @l4. */
static uint32_t l4_sum(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
		       const void *l4, size_t len)
{
	uint32_t sum = ip_addr_is4(src) ? csum_pseudo4(ip_addr_get4(src), ip_addr_get4(dst), proto,
						       (uint32_t)len)
					: csum_pseudo6(src->b, dst->b, proto, (uint32_t)len);

	return csum_add(sum, l4, len);
}

/* An unfinished checksum is the sender's offload, and the frame never left memory since. RFC 768:
 * over IPv4 a datagram may have none. */
static bool csum_ok(const struct pkt *p, const struct frame *f, const uint8_t *l4, size_t len)
{
	if (pkt_needs_csum(p) || p->vnet.flags & VIRTIO_NET_HDR_F_DATA_VALID)
		return true;
	if (f->proto == IPPROTO_UDP_ && f->l3_kind == L3_IP4 && !((const struct udp_hdr *)l4)->csum)
		return true;
	return csum_fold(l4_sum(&f->src, &f->dst, f->proto, l4, len)) == 0;
}

enum drop_reason dns_frame_read_any(const struct pkt *p, struct dns_frame *out)
{
	const struct ip4_hdr *ip;
	struct frame f;

	if (frame_parse(p->data, p->len, &f))
		return f.bad == FRAME_BAD_L4 ? DROP_BAD_L4 : DROP_BAD_IP;
	if (f.tags || (f.l3_kind != L3_IP4 && f.l3_kind != L3_IP6))
		return DROP_CONSUMED;
	if (f.fragment)
		return DROP_FRAGMENT;
	if (!f.has_l4 || (f.proto != IPPROTO_UDP_ && f.proto != IPPROTO_TCP_))
		return DROP_CONSUMED;
	ip = (const void *)(f.data + f.l3);
	if (f.l3_kind == L3_IP4 && csum_ip4(ip, ip4_ihl(ip)))
		return DROP_BAD_IP;
	*out = (struct dns_frame){.tcp = f.proto == IPPROTO_TCP_,
				  .l4 = f.data + f.l4,
				  .len = f.end - f.l4,
				  .own_port = f.dport,
				  .ends = {.mac = frame_eth(&f)->src,
					   .own_mac = frame_eth(&f)->dst,
					   .addr = f.src,
					   .own = f.dst,
					   .port = f.sport}};
	if (!out->tcp)
		out->len = ntohs(((const struct udp_hdr *)out->l4)->len);
	return csum_ok(p, &f, out->l4, out->len) ? DROP_NONE : DROP_BAD_CSUM;
}

enum drop_reason dns_frame_read(const struct pkt *p, struct dns_frame *out)
{
	enum drop_reason why = dns_frame_read_any(p, out);

	return !why && out->own_port != DNS_PORT ? DROP_CONSUMED : why;
}

/* ---- out ------------------------------------------------------------------------------------- */

static uint8_t *push_ip4(struct pkt *out, const struct dns_ends *e, uint8_t proto, size_t len)
{
	struct ip4_hdr *ip = (void *)(out->data + ETH_HLEN_);

	*ip = (struct ip4_hdr){.ver_ihl = 0x45,
			       .tot_len = htons((uint16_t)(sizeof(*ip) + len)),
			       .frag_off = htons(IP4_DF),
			       .ttl = TTL,
			       .proto = proto,
			       .src = ip_addr_get4(&e->own),
			       .dst = ip_addr_get4(&e->addr)};
	ip->csum = csum_ip4(ip, sizeof(*ip));
	return (uint8_t *)(ip + 1);
}

static uint8_t *push_ip6(struct pkt *out, const struct dns_ends *e, uint8_t proto, size_t len)
{
	struct ip6_hdr_wire *ip = (void *)(out->data + ETH_HLEN_);

	*ip = (struct ip6_hdr_wire){.ver_class_flow = htonl(6u << 28),
				    .payload_len = htons((uint16_t)len),
				    .next = proto,
				    .hop_limit = TTL};
	memcpy(ip->src, e->own.b, sizeof(ip->src));
	memcpy(ip->dst, e->addr.b, sizeof(ip->dst));
	return (uint8_t *)(ip + 1);
}

/* Headers before @len bytes of layer 4. Returns where these go; NULL: too long. */
static uint8_t *push_headers(struct pkt *out, const struct dns_ends *e, uint8_t proto, size_t len)
{
	bool four = ip_addr_is4(&e->own);
	struct eth_hdr *eth = (void *)out->data;
	uint8_t *l4;

	if (len > UINT16_MAX - sizeof(struct ip6_hdr_wire))
		return NULL;
	*eth = (struct eth_hdr){.dst = e->mac,
				.src = e->own_mac,
				.type = htons(four ? ETHERTYPE_IP4 : ETHERTYPE_IP6)};
	l4 = four ? push_ip4(out, e, proto, len) : push_ip6(out, e, proto, len);
	out->len = (uint32_t)((size_t)(l4 - out->data) + len);
	return l4;
}

bool dns_frame_udp(struct pkt *out, const struct dns_ends *e, const void *data, size_t len)
{
	return dns_frame_udp_from(out, e, DNS_PORT, data, len);
}

bool dns_frame_udp_from(struct pkt *out, const struct dns_ends *e, uint16_t sport, const void *data,
			size_t len)
{
	size_t total = sizeof(struct udp_hdr) + len;
	struct udp_hdr *udp = (void *)push_headers(out, e, IPPROTO_UDP_, total);

	if (!udp)
		return false;
	*udp = (struct udp_hdr){htons(sport), htons(e->port), htons((uint16_t)total), 0};
	memcpy(udp + 1, data, len);
	udp->csum = csum_fold(l4_sum(&e->own, &e->addr, IPPROTO_UDP_, udp, total));
	if (!udp->csum)
		udp->csum = 0xffff; /* RFC 768: all ones stand for a sum of zero */
	return true;
}

bool dns_frame_tcp(struct pkt *out, const struct dns_ends *e, const void *segment, size_t len)
{
	struct tcp_hdr *tcp = (void *)push_headers(out, e, IPPROTO_TCP_, len);

	if (!tcp)
		return false;
	memcpy(tcp, segment, len);
	tcp->csum = 0;
	tcp->csum = csum_fold(l4_sum(&e->own, &e->addr, IPPROTO_TCP_, tcp, len));
	return true;
}
