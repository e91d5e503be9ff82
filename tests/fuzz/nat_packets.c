/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/nat_packets.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"

be32 nat_extra_addr(unsigned int i)
{
	return htonl(ntohl(ip("198.51.100.50")) + i);
}

/* What a packet from outside is for: one in four for an extra address. */
static struct nat_ext *target(const struct world *w, const struct ip4_hdr *h)
{
	uint8_t b = (uint8_t)h->dst;

	return b & 3 ? w->ext : w->extras[b >> 2 & 3];
}

static be32 pick(be32 addr, bool inside)
{
	const be32 near[] = {GUEST_A, GUEST_B, GATEWAY, OUTSIDE};
	const be32 far[] = {PEER_1, PEER_2, ROUTER, OUTSIDE, GUEST_A, GUEST_B};
	uint8_t b = (uint8_t)addr;

	/* One in eight stays what the fuzzer says. */
	if (b >= 224)
		return addr;
	if (b >= 216 && !inside)
		return nat_extra_addr(b & 3);
	return inside ? near[b % (b < 200 ? 2 : 4)] : far[b % (b < 200 ? 2 : 6)];
}

/* One of each kind. */
static uint8_t pick_proto(uint8_t proto)
{
	const uint8_t few[] = {IPPROTO_UDPLITE_, IPPROTO_UDP_,	IPPROTO_ESP_,  IPPROTO_TCP_,
			       IPPROTO_SCTP_,	 IPPROTO_ICMP_, IPPROTO_AUTH_, IPPROTO_GRE_};

	return proto >= 248 || proto == IPPROTO_ICMP_ || proto == IPPROTO_TCP_ ||
			       proto == IPPROTO_UDP_
		       ? proto
		       : few[proto % 8];
}

be32 nat_gateway_end(be32 addr, bool from_host, bool src)
{
	const be32 of_host[] = {HOST_LEG, ip("127.0.0.1"), GUEST_A, GATEWAY};
	const be32 of_guest[] = {GUEST_A, GUEST_B, GUEST_A, HOST_LEG};
	const be32 to[] = {GATEWAY, GATEWAY, PEER_1, GUEST_B};
	uint8_t b = (uint8_t)addr;

	return b >= 224 ? addr : (src ? (from_host ? of_host : of_guest) : to)[b % 4];
}

static uint8_t *csum_field(const struct pkt *p, uint32_t *at)
{
	const struct ip4_hdr *h = ip_of(p);
	uint32_t len = p->len - ETH_HLEN_ - ip4_ihl(h);

	*at = h->proto == IPPROTO_TCP_ ? 16 : h->proto == IPPROTO_ICMP_ ? 2 : 6;
	if (h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_UDP_ && h->proto != IPPROTO_ICMP_ &&
	    h->proto != IPPROTO_UDPLITE_)
		return NULL;
	return len >= *at + 2 ? l4_of(p) + *at : NULL;
}

static void mend_l4(struct pkt *p, uint8_t what)
{
	const struct ip4_hdr *h = ip_of(p);
	uint32_t len = p->len - ETH_HLEN_ - ip4_ihl(h), at;
	uint32_t pseudo =
		h->proto == IPPROTO_ICMP_ ? 0 : csum_pseudo4(h->src, h->dst, h->proto, len);
	uint8_t *field = csum_field(p, &at);
	bool lite = h->proto == IPPROTO_UDPLITE_;
	be16 sum = 0;

	if (!field)
		return;
	/* RFC 3828: only the header is covered. */
	if (lite && len >= 8)
		l4_of(p)[4] = 0, l4_of(p)[5] = 8;
	memcpy(field, &sum, 2);
	if (h->proto == IPPROTO_UDP_ && len >= 8 && !(what & RAW))
		l4_of(p)[4] = (uint8_t)(len >> 8), l4_of(p)[5] = (uint8_t)len;
	if ((what & PARTIAL) && h->proto != IPPROTO_ICMP_ && !lite) {
		sum = csum_fold(pseudo) ^ 0xffff;
		p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		p->vnet.csum_start = htole16((uint16_t)(ETH_HLEN_ + ip4_ihl(h)));
		p->vnet.csum_offset = htole16((uint16_t)at);
		if (what & GSO) {
			p->vnet.gso_type = h->proto == IPPROTO_TCP_ ? VIRTIO_NET_HDR_GSO_TCPV4
								    : VIRTIO_NET_HDR_GSO_UDP_L4;
			p->vnet.gso_size = htole16(64);
		}
	} else {
		sum = csum_fold(csum_add(pseudo, l4_of(p), lite ? MIN(len, 8u) : len));
		if (!sum && h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_ICMP_)
			sum = 0xffff;
	}
	memcpy(field, &sum, 2);
}

struct pkt *nat_packet_build(struct world *w, uint8_t what, const uint8_t *data, uint32_t len,
			     uint16_t last_port)
{
	struct pkt *p = pkt_alloc(w->pool);
	struct ip4_hdr *h;

	if (!p)
		abort(); /* the last record has leaked all */
	memset(p->data, 0, ETH_HLEN_);
	memcpy(p->data + ETH_HLEN_, data, len);
	p->len = ETH_HLEN_ + len;
	if (len < sizeof(*h) || (what & RAW))
		return p;
	h = ip_of(p);
	if (what & TO_GATEWAY) {
		h->src = nat_gateway_end(h->src, what & OUTSIDE_IN, true);
		h->dst = nat_gateway_end(h->dst, what & OUTSIDE_IN, false);
	} else {
		h->src = pick(h->src, !(what & OUTSIDE_IN));
		h->dst = what & OUTSIDE_IN ? target(w, h)->addr : pick(h->dst, false);
	}
	h->proto = pick_proto(h->proto);
	h->ver_ihl = (uint8_t)(0x40 | (h->ver_ihl & 0xf));
	h->tot_len = htons((uint16_t)len);
	if (ip4_ihl(h) < 20 || ip4_ihl(h) > len)
		h->ver_ihl = 0x45;
	if ((what & LAST_PORT) && len >= ip4_ihl(h) + 8) {
		be16 port = htons(last_port);

		memcpy(l4_of(p) + (h->proto == IPPROTO_ICMP_ ? 4 : 2), &port, 2);
	}
	mend_l4(p, what);
	h->csum = 0;
	h->csum = csum_ip4(h, ip4_ihl(h));
	return p;
}
