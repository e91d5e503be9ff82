/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat6_packet.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "lib/gso.h"
#include "modes/nat/nat_tcp.h"

enum { TCP_CSUM_AT = 16, UDP_CSUM_AT = 6, ICMP_CSUM_AT = 2, ECHO_ID_AT = 4, INNER_L4_MIN = 8 };
enum { FRAG_OFF_MASK = 0xfff8, ROUTING_LEFT_AT = 3 };
enum { ERROR_HOPS = 64 };

bool nat6_is_martian(const struct ip_addr *a)
{
	static const uint8_t zero[15];

	return a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) || ip_addr_is4(a) ||
	       (memcmp(a->b, zero, sizeof(zero)) == 0 && a->b[15] <= 1);
}

/* ---- parsing --------------------------------------------------------------------------------- */

static uint32_t csum_at(enum nat_proto proto)
{
	return proto == NAT_TCP ? TCP_CSUM_AT : proto == NAT_UDP ? UDP_CSUM_AT : ICMP_CSUM_AT;
}

/* How long the extension header at @h is, of kind @kind; 0 when it is none that a translated packet
 * can have: a changed address breaks authentication, and the rest speaks of addresses. */
static uint32_t extension_len(uint8_t kind, const uint8_t *h)
{
	switch (kind) {
	case IPPROTO_HOPOPTS_:
	case IPPROTO_DSTOPTS_:
	case IPPROTO_ROUTING_:
		return (h[1] + 1u) * 8;
	case IPPROTO_FRAGMENT_:
		return sizeof(struct ip6_frag_wire);
	default:
		return 0;
	}
}

/* The headers before L4, which begins @end bytes into the packet; frame_parse() has found them to
 * be whole. */
static enum drop_reason walk_headers(struct nat6_view *v, size_t end)
{
	uint8_t *ip = (void *)v->ip;
	size_t off = IP6_HLEN;

	v->next = v->ip->next;
	while (off < end) {
		uint8_t *h = ip + off;
		uint32_t len = extension_len(v->next, h);

		if (!len)
			return DROP_PROTO;
		if (v->next == IPPROTO_ROUTING_ && h[ROUTING_LEFT_AT])
			return DROP_MARTIAN;
		if (v->next == IPPROTO_FRAGMENT_ && v->frag)
			return DROP_BAD_IP;
		if (v->next == IPPROTO_FRAGMENT_)
			v->frag = (void *)h;
		v->next = h[0];
		off += len;
	}
	return DROP_NONE;
}

/* As for IPv4: offload metadata must point at this packet's own checksum. Nobody segments what has
 * extension headers. */
static enum drop_reason check_vnet(struct nat6_view *v)
{
	const struct virtio_net_hdr *h = &v->p->vnet;
	uint8_t gso = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	v->partial = pkt_needs_csum(v->p);
	if (!v->partial && gso == VIRTIO_NET_HDR_GSO_NONE)
		return DROP_NONE;
	if (v->part || (v->partial && (le16toh(h->csum_start) != v->l4 - v->p->data ||
				       le16toh(h->csum_offset) != csum_at(v->proto))))
		return DROP_BAD_VNET_HDR;
	if (gso == VIRTIO_NET_HDR_GSO_NONE)
		return DROP_NONE;
	if (!h->gso_size || v->proto == NAT_ICMP || v->next != v->ip->next ||
	    gso != (v->proto == NAT_TCP ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_UDP_L4))
		return DROP_BAD_VNET_HDR;
	return DROP_NONE;
}

static be16 l4_sum(const struct nat6_view *v)
{
	return csum_fold(csum_add(csum_pseudo6(v->ip->src, v->ip->dst, v->next, v->l4_len), v->l4,
				  v->l4_len));
}

static enum drop_reason check_icmp(struct nat6_view *v)
{
	if (v->l4_len < sizeof(struct icmp_hdr))
		return DROP_BAD_L4;
	/* An error quotes less than what must be cut (RFC 4443 2.4 (c)). */
	if (v->part && nat6_is_error(v))
		return DROP_FRAGMENT;
	if (!v->part && !v->partial && l4_sum(v) != 0)
		return DROP_BAD_CSUM;
	if (nat6_is_echo(v)) {
		memcpy(&v->sport, v->l4 + ECHO_ID_AT, 2);
		v->dport = v->sport;
	}
	return DROP_NONE;
}

static enum drop_reason check_l4(struct nat6_view *v, const struct frame *f)
{
	v->sport = htons(f->sport);
	v->dport = htons(f->dport);
	switch (v->proto) {
	case NAT_TCP:
		/* RFC 1858 3: the first part has the whole header. */
		return v->l4_len >= sizeof(struct tcp_hdr) && nat_tcp_flags_valid(v->l4[13])
			       ? DROP_NONE
			       : DROP_BAD_L4;
	case NAT_UDP:
		/* RFC 8200 8.1: the checksum is not optional. */
		return v->partial || v->l4[6] | v->l4[7] ? DROP_NONE : DROP_BAD_CSUM;
	default:
		return check_icmp(v);
	}
}

static bool proto_of(uint8_t next, enum nat_proto *proto)
{
	*proto = next == IPPROTO_TCP_ ? NAT_TCP : next == IPPROTO_UDP_ ? NAT_UDP : NAT_ICMP;
	return next == IPPROTO_TCP_ || next == IPPROTO_UDP_ || next == IPPROTO_ICMP6_;
}

/* RFC 8200 4.5: all but the last are multiples of 8 bytes, and nothing ends beyond 65,535. RFC 5722
 * has nothing against a part of no bytes; it is of no use to anybody either. */
static enum drop_reason check_part(const struct nat6_view *v)
{
	uint32_t len, at = nat6_part_at(v, &len);
	bool more = v->frag->off & htons(1);

	if (pkt_needs_csum(v->p) || pkt_is_gso(v->p))
		return DROP_BAD_VNET_HDR;
	return !len || (more && len % 8) || at + len > UINT16_MAX ? DROP_FRAGMENT : DROP_NONE;
}

enum drop_reason nat6_parse(struct pkt *p, struct nat6_view *v)
{
	enum drop_reason why;
	struct frame f;

	*v = (struct nat6_view){.p = p};
	frame_parse(p->data, p->len, &f);
	if (f.bad == FRAME_BAD_L4)
		return DROP_BAD_L4;
	if (f.bad || f.tags || f.l3_kind != L3_IP6 || f.l3 != ETH_HLEN_)
		return DROP_BAD_IP;
	p->len = (uint32_t)f.end;
	v->ip = (void *)(p->data + f.l3);
	v->part = f.fragment;
	why = walk_headers(v, f.l4 - f.l3);
	if (why)
		return why;
	if (v->part)
		why = check_part(v);
	if (why || f.frag_off)
		return why;
	if (!proto_of(v->next, &v->proto) || !f.has_l4)
		return DROP_PROTO;
	v->l4 = p->data + f.l4;
	v->l4_len = (uint32_t)(f.end - f.l4);
	why = check_vnet(v);
	return why ? why : check_l4(v, &f);
}

/* ---- changing -------------------------------------------------------------------------------- */

static void put_addr(uint8_t field[16], const struct ip_addr *addr, void *csum, bool partial)
{
	be16 sum;

	memcpy(&sum, csum, 2);
	for (unsigned int i = 0; i < 16; i += 4) {
		be32 from, to;

		memcpy(&from, field + i, 4);
		memcpy(&to, addr->b + i, 4);
		if (partial)
			csum_partial_update32(&sum, from, to);
		else
			csum_update32(&sum, from, to);
	}
	memcpy(csum, &sum, 2);
	memcpy(field, addr->b, 16);
}

/* RFC 8200 8.1: a UDP checksum of zero is sent as all ones. */
static void udp_not_zero(const struct nat6_view *v)
{
	if (v->proto == NAT_UDP && !v->partial && !v->l4[6] && !v->l4[7])
		v->l4[6] = v->l4[7] = 0xff;
}

void nat6_set_addr(struct nat6_view *v, enum nat_end end, const struct ip_addr *addr)
{
	put_addr(end == NAT_SRC ? v->ip->src : v->ip->dst, addr, v->l4 + csum_at(v->proto),
		 v->partial);
	udp_not_zero(v);
}

void nat6_set_port(struct nat6_view *v, enum nat_end end, be16 port)
{
	uint32_t at = v->proto == NAT_ICMP ? ECHO_ID_AT : end == NAT_SRC ? 0 : 2;

	if (v->partial)
		memcpy(v->l4 + at, &port, 2);
	else
		nat_put16(v->l4 + at, port, v->l4 + csum_at(v->proto));
	udp_not_zero(v);
	*(end == NAT_SRC ? &v->sport : &v->dport) = port;
}

void nat6_icmp_sum(struct nat6_view *v)
{
	be16 sum;

	memset(v->l4 + ICMP_CSUM_AT, 0, 2);
	sum = l4_sum(v);
	memcpy(v->l4 + ICMP_CSUM_AT, &sum, 2);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* To the L4 header of the quoted packet, of which @room bytes are there behind the fixed header. */
static enum drop_reason inner_l4(struct nat6_inner *in, uint32_t room)
{
	uint8_t next = in->ip->next, *at = (uint8_t *)in->ip + IP6_HLEN;
	uint32_t len;

	while (!proto_of(next, &in->proto)) {
		if (room < 8)
			return DROP_BAD_L4;
		len = extension_len(next, at);
		if (next == IPPROTO_FRAGMENT_ && ((at[2] << 8 | at[3]) & FRAG_OFF_MASK))
			return DROP_FRAGMENT;
		if (!len)
			return DROP_PROTO;
		if (len > room)
			return DROP_BAD_L4;
		next = at[0];
		at += len;
		room -= len;
	}
	in->l4 = at;
	in->l4_len = room;
	return room < INNER_L4_MIN ? DROP_BAD_L4 : DROP_NONE;
}

enum drop_reason nat6_inner(const struct nat6_view *v, struct nat6_inner *in)
{
	uint32_t room = v->l4_len - (uint32_t)sizeof(struct icmp_hdr);
	enum drop_reason why;

	*in = (struct nat6_inner){.ip = (void *)(v->l4 + sizeof(struct icmp_hdr))};
	if (room < IP6_HLEN || ((const uint8_t *)in->ip)[0] >> 4 != 6)
		return DROP_BAD_L4;
	why = inner_l4(in, room - IP6_HLEN);
	if (why)
		return why;
	if (in->proto == NAT_ICMP) {
		if (in->l4[0] != ICMP6_ECHO && in->l4[0] != ICMP6_ECHOREPLY)
			return DROP_PROTO;
		memcpy(&in->sport, in->l4 + ECHO_ID_AT, 2);
		in->dport = in->sport;
		return DROP_NONE;
	}
	memcpy(&in->sport, in->l4, 2);
	memcpy(&in->dport, in->l4 + 2, 2);
	return DROP_NONE;
}

void nat6_set_inner(struct nat6_view *v, struct nat6_inner *in, enum nat_end end,
		    const struct ip_addr *addr, be16 port)
{
	uint32_t at = in->proto == NAT_ICMP ? ECHO_ID_AT : end == NAT_SRC ? 0 : 2;
	uint8_t none[2], *csum = in->l4 + csum_at(in->proto);

	if (csum_at(in->proto) + 2 > in->l4_len)
		csum = none; /* cut off: what is changed there is seen by nobody */
	memset(none, 0, sizeof(none));
	put_addr(end == NAT_SRC ? in->ip->src : in->ip->dst, addr, csum, false);
	nat_put16(in->l4 + at, port, csum);
	v->partial = false;
	v->p->vnet.flags = 0;
	nat6_icmp_sum(v);
}

struct pkt *nat6_new(struct pkt_pool *pool, const struct ip_addr *src, const struct ip_addr *dst,
		     uint8_t next, uint8_t hop_limit, uint32_t l4_len)
{
	struct pkt *p = pkt_alloc(pool);
	struct ip6_hdr_wire *ip;

	if (!p)
		return NULL;
	p->len = ETH_HLEN_ + IP6_HLEN + l4_len;
	memset(p->data, 0, p->len);
	((struct eth_hdr *)(void *)p->data)->type = htons(ETHERTYPE_IP6);
	ip = (void *)(p->data + ETH_HLEN_);
	ip->ver_class_flow = htonl(6u << 28);
	ip->payload_len = htons((uint16_t)l4_len);
	ip->next = next;
	ip->hop_limit = hop_limit;
	memcpy(ip->src, src->b, 16);
	memcpy(ip->dst, dst->b, 16);
	return p;
}

/* RFC 4443 2.4 (e): never about an error, nor to what is not one host. */
static bool may_answer(const struct nat6_view *cause)
{
	struct ip_addr src = nat6_src(cause), dst = nat6_dst(cause);

	if (nat6_is_martian(&src) || nat6_is_martian(&dst))
		return false;
	return !cause->l4 || cause->proto != NAT_ICMP || nat6_is_echo(cause);
}

struct pkt *nat6_error(struct pkt_pool *pool, const struct nat6_view *cause,
		       const struct ip_addr *src, uint8_t type, uint8_t code, uint32_t word)
{
	uint32_t quote = MIN(cause->p->len - ETH_HLEN_,
			     IP6_MIN_MTU - IP6_HLEN - (uint32_t)sizeof(struct icmp_hdr));
	struct ip_addr to = nat6_src(cause);
	struct nat6_view v;
	struct pkt *p;

	if (!may_answer(cause))
		return NULL;
	if (cause->partial && !pkt_is_gso(cause->p))
		gso_csum_complete(cause->p);
	p = nat6_new(pool, src, &to, IPPROTO_ICMP6_, ERROR_HOPS,
		     (uint32_t)sizeof(struct icmp_hdr) + quote);
	if (!p)
		return NULL;
	v = (struct nat6_view){.p = p,
			       .ip = (void *)(p->data + ETH_HLEN_),
			       .l4 = p->data + ETH_HLEN_ + IP6_HLEN,
			       .l4_len = (uint32_t)sizeof(struct icmp_hdr) + quote,
			       .next = IPPROTO_ICMP6_,
			       .proto = NAT_ICMP};
	v.l4[0] = type;
	v.l4[1] = code;
	word = htonl(word);
	memcpy(v.l4 + 4, &word, 4);
	memcpy(v.l4 + sizeof(struct icmp_hdr), cause->ip, quote);
	nat6_icmp_sum(&v);
	return p;
}
