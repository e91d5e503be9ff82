/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing here trusts hdr_len (VIRTIO 1.2 5.1.6.2.2: the device must not rely on it): offsets come
 * from walking the frame's own headers.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"

enum {
	VLAN_TAGS_MAX = 2,
	IP6_EXT_MAX = 8,
	TCP_CSUM_OFF = 16,
	UDP_CSUM_OFF = 6,
	/* One frame must not make the switch work for thousands: 64 bytes in each piece of a
	 * full super-frame is far below what any real MSS leads to. */
	GSO_SEGS_MAX = 1024,
};

/* RFC 3168 6.1.2: congestion window reduced, said once per super-frame */
enum { TCP_CWR_ = 0x80 };

/* RFC 8200 4: extension headers that may stand before TCP and UDP, all with a length byte */
enum { IP6_HOPOPTS = 0, IP6_ROUTING = 43, IP6_DSTOPTS = 60 };

/* Where things are in a frame that carries TCP or UDP. Offsets from the frame's first byte. */
struct layout {
	uint32_t l3, l4;
	uint32_t hdr_len; /* to the end of the TCP or UDP header */
	uint32_t end;	  /* end of the IP packet; bytes after it are padding */
	bool v6;
	uint8_t proto;
};

static bool parse_eth(const struct pkt *p, uint32_t *l3, uint16_t *type)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	uint32_t off = sizeof(*eth);

	if (!eth)
		return false;
	*type = ntohs(eth->type);
	for (int i = 0; *type == ETHERTYPE_CTAG || *type == ETHERTYPE_STAG; i++) {
		const be16 *tag = pkt_at(p, off, 4);
		be16 inner;

		if (!tag || i == VLAN_TAGS_MAX)
			return false;
		memcpy(&inner, (const uint8_t *)tag + 2, sizeof(inner));
		*type = ntohs(inner);
		off += 4;
	}
	*l3 = off;
	return true;
}

static bool parse_ip4(const struct pkt *p, struct layout *l)
{
	const struct ip4_hdr *ip = pkt_at(p, l->l3, sizeof(*ip));
	unsigned int ihl, total;

	if (!ip || ip->ver_ihl >> 4 != 4)
		return false;
	ihl = ip4_ihl(ip);
	total = ntohs(ip->tot_len);
	if (ihl < sizeof(*ip) || total < ihl || !pkt_at(p, l->l3, total))
		return false;
	/* Nothing with offsets into a transport header can be a fragment. */
	if (ntohs(ip->frag_off) & (IP4_MF | IP4_OFFMASK))
		return false;
	l->proto = ip->proto;
	l->l4 = l->l3 + ihl;
	l->end = l->l3 + total;
	return true;
}

static bool parse_ip6(const struct pkt *p, struct layout *l)
{
	const struct ip6_hdr_wire *ip = pkt_at(p, l->l3, sizeof(*ip));
	uint32_t off = l->l3 + (uint32_t)sizeof(*ip);

	if (!ip || ntohl(ip->ver_class_flow) >> 28 != 6)
		return false;
	l->end = off + ntohs(ip->payload_len);
	if (l->end > p->len)
		return false;
	l->proto = ip->next;
	for (int i = 0; i < IP6_EXT_MAX; i++) {
		const uint8_t *ext;

		if (l->proto != IP6_HOPOPTS && l->proto != IP6_ROUTING && l->proto != IP6_DSTOPTS)
			break;
		ext = pkt_at(p, off, 8);
		if (!ext)
			return false;
		l->proto = ext[0];
		off += 8 + 8u * ext[1];
	}
	l->l4 = off;
	return off <= l->end;
}

static bool parse_l4(const struct pkt *p, struct layout *l)
{
	if (l->proto == IPPROTO_TCP_) {
		const struct tcp_hdr *tcp = pkt_at(p, l->l4, sizeof(*tcp));

		if (!tcp || (tcp->off >> 4) * 4u < sizeof(*tcp))
			return false;
		l->hdr_len = l->l4 + (tcp->off >> 4) * 4u;
	} else if (l->proto == IPPROTO_UDP_) {
		l->hdr_len = l->l4 + (uint32_t)sizeof(struct udp_hdr);
	} else {
		return false;
	}
	return l->hdr_len <= l->end;
}

static bool layout_parse(const struct pkt *p, struct layout *l)
{
	uint16_t type;

	if (!parse_eth(p, &l->l3, &type))
		return false;
	l->v6 = type == ETHERTYPE_IP6;
	if (type == ETHERTYPE_IP4 ? !parse_ip4(p, l) : !l->v6 || !parse_ip6(p, l))
		return false;
	return parse_l4(p, l);
}

/* Does the frame carry what its GSO type says? (VIRTIO 1.2 5.1.6.2.1) */
static bool type_matches(unsigned int gso_type, const struct layout *l)
{
	switch (gso_type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return l->proto == IPPROTO_TCP_ && !l->v6;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return l->proto == IPPROTO_TCP_ && l->v6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return l->proto == IPPROTO_UDP_;
	default:
		return false;
	}
}

static unsigned int gso_type(const struct pkt *p)
{
	return p->vnet.gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
}

static enum drop_reason check_super(const struct pkt *p)
{
	uint32_t size = le16toh(p->vnet.gso_size), csum_off, payload;
	struct layout l;

	/* Whole UDP datagrams left to be cut into IP fragments: nobody offers that since
	 * Linux 4.14, and the fragments' reassembly is worse than a named drop. */
	if (gso_type(p) == VIRTIO_NET_HDR_GSO_UDP)
		return DROP_GSO_UNSUPPORTED;
	if (!size || !layout_parse(p, &l) || !type_matches(gso_type(p), &l))
		return DROP_BAD_VNET_HDR;
	payload = l.end - l.hdr_len;
	if (!payload || payload > size * GSO_SEGS_MAX)
		return DROP_BAD_VNET_HDR;
	/* VIRTIO 1.2 5.1.6.2.1: a driver that sets a GSO type must set NEEDS_CSUM too, and then
	 * the fields can only point at the TCP or UDP checksum. */
	csum_off = l.proto == IPPROTO_TCP_ ? TCP_CSUM_OFF : UDP_CSUM_OFF;
	if (!pkt_needs_csum(p) || le16toh(p->vnet.csum_start) != l.l4 ||
	    le16toh(p->vnet.csum_offset) != csum_off)
		return DROP_BAD_VNET_HDR;
	return DROP_NONE;
}

enum drop_reason gso_check(const struct pkt *p)
{
	/* The common case: nothing left undone. */
	if (!pkt_needs_csum(p) && p->vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return DROP_NONE;
	if (le16toh(p->vnet.hdr_len) > p->len)
		return DROP_BAD_VNET_HDR;
	if (pkt_needs_csum(p)) {
		uint32_t start = le16toh(p->vnet.csum_start);
		uint32_t field = start + le16toh(p->vnet.csum_offset);

		if (start < ETH_HLEN_ || !pkt_at(p, field, sizeof(be16)))
			return DROP_BAD_VNET_HDR;
	}
	return pkt_is_gso(p) ? check_super(p) : DROP_NONE;
}

unsigned int gso_needs(const struct pkt *p)
{
	unsigned int needs = pkt_needs_csum(p) ? OFFLOAD_CSUM : 0;

	switch (gso_type(p)) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return needs | OFFLOAD_TSO4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return needs | OFFLOAD_TSO6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return needs | OFFLOAD_USO;
	default:
		return needs;
	}
}

uint32_t gso_frame_len(const struct pkt *p)
{
	struct layout l;

	if (!pkt_is_gso(p) || !layout_parse(p, &l))
		return p->len;
	return MIN(l.hdr_len + le16toh(p->vnet.gso_size), p->len);
}

/* A checksum of 0 is sent as 0xffff, its equal: in UDP 0 means "none" (RFC 768, RFC 8200 8.1). */
static be16 csum_fold_nonzero(uint32_t sum)
{
	be16 csum = csum_fold(sum);

	return csum ? csum : (be16)0xffff;
}

void gso_csum_complete(struct pkt *p)
{
	uint32_t start = le16toh(p->vnet.csum_start);
	uint32_t field = start + le16toh(p->vnet.csum_offset);
	be16 csum;

	if (!pkt_needs_csum(p))
		return;
	/* The field holds the pseudo header's sum, and is itself part of what is summed. */
	csum = csum_fold_nonzero(csum_add(0, p->data + start, p->len - start));
	memcpy(p->data + field, &csum, sizeof(csum));
	p->vnet.flags &= (uint8_t)~VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = p->vnet.csum_offset = 0;
}

/* Lengths, IPv4 identification and header checksum of the @index-th piece. Returns the sum of the
 * pseudo header. */
static uint32_t segment_l3(struct pkt *seg, const struct layout *l, unsigned int index)
{
	uint32_t l4_len = seg->len - l->l4;

	if (l->v6) {
		struct ip6_hdr_wire *ip = (void *)(seg->data + l->l3);

		ip->payload_len = htons((uint16_t)(seg->len - l->l3 - sizeof(*ip)));
		return csum_pseudo6(ip->src, ip->dst, l->proto, l4_len);
	}

	struct ip4_hdr *ip = (void *)(seg->data + l->l3);

	ip->tot_len = htons((uint16_t)(seg->len - l->l3));
	/* Each piece is a datagram of its own (RFC 6864 4.2). */
	ip->id = htons((uint16_t)(ntohs(ip->id) + index));
	ip->csum = 0;
	ip->csum = csum_ip4(ip, ip4_ihl(ip));
	return csum_pseudo4(ip->src, ip->dst, l->proto, l4_len);
}

/* The TCP or UDP header of the piece whose payload begins @off bytes into the super-frame's. */
static void segment_l4(struct pkt *seg, const struct layout *l, uint32_t pseudo, uint32_t off,
		       bool last)
{
	uint8_t *l4 = seg->data + l->l4;
	uint32_t l4_len = seg->len - l->l4;

	if (l->proto == IPPROTO_UDP_) {
		struct udp_hdr *udp = (void *)l4;

		udp->len = htons((uint16_t)l4_len);
		udp->csum = 0;
		udp->csum = csum_fold_nonzero(csum_add(pseudo, l4, l4_len));
		return;
	}

	struct tcp_hdr *tcp = (void *)l4;

	tcp->seq = htonl(ntohl(tcp->seq) + off);
	if (off)
		tcp->flags &= (uint8_t)~TCP_CWR_;
	if (!last)
		tcp->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	tcp->csum = 0;
	tcp->csum = csum_fold(csum_add(pseudo, l4, l4_len));
}

enum drop_reason gso_segment(const struct pkt *p, gso_emit_fn *emit, void *ctx)
{
	uint32_t size = le16toh(p->vnet.gso_size), payload;
	unsigned int index = 0;
	struct layout l;

	if (!size || !layout_parse(p, &l) || !type_matches(gso_type(p), &l))
		return DROP_GSO_UNSUPPORTED;
	payload = l.end - l.hdr_len;
	for (uint32_t off = 0; off < payload; off += size, index++) {
		uint32_t n = MIN(size, payload - off);
		struct pkt *seg = pkt_from(p->pool, p->data, l.hdr_len);

		if (!seg)
			return DROP_NO_BUFFER;
		memcpy(seg->data + l.hdr_len, p->data + l.hdr_len + off, n);
		seg->len += n;
		segment_l4(seg, &l, segment_l3(seg, &l, index), off, off + n == payload);
		emit(ctx, seg);
	}
	return DROP_NONE;
}
