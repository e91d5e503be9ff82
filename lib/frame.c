/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/frame.h"

#include <arpa/inet.h>
#include <string.h>

/* @n bytes at offset @off of what ends at @end, or NULL. */
static const void *at(const struct frame *f, size_t end, size_t off, size_t n)
{
	return off <= end && n <= end - off ? f->data + off : NULL;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* ---- upper layers ---------------------------------------------------------------------------- */

/* Where the options of each neighbour discovery message begin (RFC 4861 4.1 to 4.5). */
static size_t nd_fixed_len(uint8_t type)
{
	switch (type) {
	case ND_RS:
		return 8;
	case ND_RA:
		return 16;
	case ND_NS:
	case ND_NA:
		return 24;
	default:
		return 40;
	}
}

/* Options fill the message to its end, none of length zero (RFC 4861 4.6). */
static enum frame_bad parse_nd(const struct frame *f)
{
	size_t off = f->l4 + nd_fixed_len(f->icmp_type);
	const uint8_t *opt;

	if (off > f->end)
		return FRAME_BAD_L4;
	for (; off < f->end; off += opt[1] * 8u) {
		opt = at(f, f->end, off, 2);
		if (!opt || !opt[1] || !at(f, f->end, off, opt[1] * 8u))
			return FRAME_BAD_L4;
	}
	return FRAME_OK;
}

static enum frame_bad parse_icmp(struct frame *f, size_t min)
{
	const uint8_t *icmp = at(f, f->end, f->l4, min);

	if (!icmp)
		return FRAME_BAD_L4;
	f->icmp_type = icmp[0];
	f->icmp_code = icmp[1];
	f->has_l4 = true;
	/* In a first fragment the rest is elsewhere; RFC 6980 5 forbids it anyhow. */
	return frame_is_nd(f) && !f->fragment ? parse_nd(f) : FRAME_OK;
}

/* Of a first fragment at least the 8 bytes that the smallest one has (RFC 791 3.2, RFC 1858 3). */
static enum frame_bad parse_ports(struct frame *f, size_t min)
{
	const uint8_t *l4 = at(f, f->end, f->l4, f->fragment ? 8 : min);

	if (!l4)
		return FRAME_BAD_L4;
	f->sport = get16(l4);
	f->dport = get16(l4 + 2);
	f->has_l4 = true;
	return FRAME_OK;
}

static enum frame_bad parse_udp(struct frame *f)
{
	enum frame_bad bad = parse_ports(f, sizeof(struct udp_hdr));
	uint16_t len;

	if (bad != FRAME_OK || f->fragment)
		return bad;
	len = get16(f->data + f->l4 + 4);
	return len < sizeof(struct udp_hdr) || len > f->end - f->l4 ? FRAME_BAD_L4 : FRAME_OK;
}

static enum frame_bad parse_tcp(struct frame *f)
{
	enum frame_bad bad = parse_ports(f, sizeof(struct tcp_hdr));
	size_t hdr;

	if (bad != FRAME_OK || f->fragment)
		return bad;
	hdr = (f->data[f->l4 + 12] >> 4) * 4u;
	return hdr < sizeof(struct tcp_hdr) || hdr > f->end - f->l4 ? FRAME_BAD_L4 : FRAME_OK;
}

static enum frame_bad parse_l4(struct frame *f)
{
	bool v6 = f->l3_kind == L3_IP6;

	if (f->frag_off)
		return FRAME_OK;
	if (f->proto == IPPROTO_UDP_)
		return parse_udp(f);
	if (f->proto == IPPROTO_TCP_)
		return parse_tcp(f);
	if (f->proto == IPPROTO_ICMP_ && !v6)
		return parse_icmp(f, sizeof(struct icmp_hdr));
	if (f->proto == IPPROTO_ICMP6_ && v6)
		return parse_icmp(f, 4); /* RFC 4443 2.1 */
	return FRAME_OK;
}

/* ---- IP and ARP ------------------------------------------------------------------------------ */

static enum frame_bad parse_ip4(struct frame *f)
{
	const struct ip4_hdr *ip = at(f, f->len, f->l3, sizeof(*ip));
	size_t ihl, len;

	if (!ip || ip->ver_ihl >> 4 != 4)
		return FRAME_BAD_IP;
	f->src = ip_addr_from4(ip->src);
	f->dst = ip_addr_from4(ip->dst);
	ihl = ip4_ihl(ip);
	len = ntohs(ip->tot_len);
	if (ihl < sizeof(*ip) || len < ihl || !at(f, f->len, f->l3, len))
		return FRAME_BAD_IP;
	f->proto = ip->proto;
	f->l4 = f->l3 + ihl;
	f->end = f->l3 + len;
	f->frag_off = (ntohs(ip->frag_off) & IP4_OFFMASK) * 8u;
	f->fragment = ip->frag_off & htons(IP4_MF | IP4_OFFMASK);
	return parse_l4(f);
}

/* Is @next a header that another one follows? RFC 8200 4, RFC 4302; 135, 139 and 140 have the
 * common format of RFC 6564. ESP is none: what is in it can't be read by anybody on the way. */
static bool is_extension(uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS_:
	case IPPROTO_ROUTING_:
	case IPPROTO_FRAGMENT_:
	case IPPROTO_AH_:
	case IPPROTO_DSTOPTS_:
	case IPPROTO_MH_:
	case IPPROTO_HIP_:
	case IPPROTO_SHIM6_:
		return true;
	default:
		return false;
	}
}

/* RFC 8200 4.5. An atomic fragment (offset 0, nothing more) is a whole packet (RFC 6946). */
static void note_fragment(struct frame *f, const uint8_t *ext)
{
	uint16_t off = get16(ext + 2);

	f->frag_off = off & 0xfff8u;
	f->fragment = off & 0xfff9u;
}

/* Behind an extension header whose own bytes are at @ext. */
static size_t extension_len(uint8_t kind, const uint8_t *ext)
{
	if (kind == IPPROTO_FRAGMENT_)
		return 8;
	if (kind == IPPROTO_AH_)
		return (ext[1] + 2u) * 4; /* RFC 4302 2.2: in words of 4, less 2 */
	return (ext[1] + 1u) * 8;
}

/* Follow the whole chain (RFC 7112, RFC 7113 3); in a later fragment it ends at its header. */
static enum frame_bad parse_chain(struct frame *f)
{
	for (int i = 0; is_extension(f->proto) && !f->frag_off; i++) {
		const uint8_t *ext = at(f, f->end, f->l4, 8);
		uint8_t kind = f->proto;

		if (i == FRAME_EXT_MAX)
			return FRAME_DEEP;
		if (!ext || !at(f, f->end, f->l4, extension_len(kind, ext)))
			return FRAME_BAD_IP;
		if (kind == IPPROTO_FRAGMENT_)
			note_fragment(f, ext);
		f->proto = ext[0];
		f->l4 += extension_len(kind, ext);
	}
	return parse_l4(f);
}

static enum frame_bad parse_ip6(struct frame *f)
{
	const struct ip6_hdr_wire *ip = at(f, f->len, f->l3, sizeof(*ip));
	size_t len;

	if (!ip || f->data[f->l3] >> 4 != 6)
		return FRAME_BAD_IP;
	memcpy(f->src.b, ip->src, sizeof(ip->src));
	memcpy(f->dst.b, ip->dst, sizeof(ip->dst));
	len = sizeof(*ip) + ntohs(ip->payload_len);
	if (!at(f, f->len, f->l3, len))
		return FRAME_BAD_IP;
	f->proto = ip->next;
	f->l4 = f->l3 + sizeof(*ip);
	f->end = f->l3 + len;
	return parse_chain(f);
}

/* RFC 826, for Ethernet and IPv4; RARP (RFC 903) has the same form. */
static enum frame_bad parse_arp(struct frame *f)
{
	const struct arp_hdr *arp = at(f, f->len, f->l3, sizeof(*arp));

	if (!arp || arp->htype != htons(1) || arp->ptype != htons(ETHERTYPE_IP4) ||
	    arp->hlen != ETH_ALEN_ || arp->plen != 4)
		return FRAME_BAD_ARP;
	f->src = ip_addr_from4(arp->spa);
	f->dst = ip_addr_from4(arp->tpa);
	f->l4 = f->end = f->l3 + sizeof(*arp);
	return FRAME_OK;
}

/* ---- Ethernet -------------------------------------------------------------------------------- */

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_CTAG || type == ETHERTYPE_STAG;
}

static enum frame_bad parse_eth(struct frame *f)
{
	const uint8_t *eth = at(f, f->len, 0, ETH_HLEN_), *tag;

	if (!eth)
		return FRAME_BAD_ETH;
	f->type = get16(eth + 12);
	f->l3 = ETH_HLEN_;
	for (; is_tag(f->type); f->tags++) {
		tag = at(f, f->len, f->l3, 4);
		if (!tag)
			return FRAME_BAD_ETH;
		if (f->tags == FRAME_TAGS_MAX)
			return FRAME_DEEP;
		f->tci[f->tags] = get16(tag);
		f->type = get16(tag + 2);
		f->l3 += 4;
	}
	return FRAME_OK;
}

static enum frame_bad parse_l3(struct frame *f)
{
	f->l4 = f->end = f->l3;
	switch (f->type) {
	case ETHERTYPE_ARP_:
	case ETHERTYPE_RARP:
		f->l3_kind = L3_ARP;
		return parse_arp(f);
	case ETHERTYPE_IP4:
		f->l3_kind = L3_IP4;
		return parse_ip4(f);
	case ETHERTYPE_IP6:
		f->l3_kind = L3_IP6;
		return parse_ip6(f);
	default:
		return FRAME_OK;
	}
}

enum frame_bad frame_parse(const void *data, size_t len, struct frame *f)
{
	*f = (struct frame){.data = data, .len = len};
	f->bad = parse_eth(f);
	if (f->bad == FRAME_OK)
		f->bad = parse_l3(f);
	return f->bad;
}

/* ---- neighbour discovery --------------------------------------------------------------------- */

const struct nd_option *frame_nd_option(const struct frame *f, const struct nd_option *opt)
{
	size_t off = opt ? (size_t)((const uint8_t *)opt - f->data) + opt->len * 8u
			 : f->l4 + nd_fixed_len(f->icmp_type);

	return off < f->end ? (const void *)(f->data + off) : NULL;
}

struct ip_addr frame_nd_target(const struct frame *f)
{
	struct ip_addr a;

	memcpy(a.b, f->data + f->l4 + 8, sizeof(a.b));
	return a;
}
