/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"
#include "modes/nat/nat_tcp.h"

enum { TCP_CSUM_AT = 16, UDP_CSUM_AT = 6, IP_MAX = 65535 };
enum { SCTP_HLEN = 12, SCTP_CSUM_AT = 8, GRE_HLEN = 4, ESP_HLEN = 8 };
enum { OPT_END = 0, OPT_NOP = 1, OPT_LSRR = 131, OPT_SSRR = 137 };

/* ---- fields under a checksum ----------------------------------------------------------------- */

void nat_put16(void *field, be16 to, void *csum)
{
	be16 from, sum;

	memcpy(&from, field, 2);
	memcpy(&sum, csum, 2);
	csum_update16(&sum, from, to);
	memcpy(csum, &sum, 2);
	memcpy(field, &to, 2);
}

void nat_put32(void *field, be32 to, void *csum)
{
	be32 from;
	be16 sum;

	memcpy(&from, field, 4);
	memcpy(&sum, csum, 2);
	csum_update32(&sum, from, to);
	memcpy(csum, &sum, 2);
	memcpy(field, &to, 4);
}

/* The L4 checksum field, NULL when there is none to keep right here. */
static uint8_t *l4_csum(const struct nat_view *v)
{
	be16 sum;

	if (!v->has_l4 || v->proto == NAT_ICMP)
		return NULL;
	if (v->proto == NAT_TCP)
		return v->l4 + TCP_CSUM_AT;
	if (v->proto == NAT_OTHER)
		return nat_udplite_csum(v->ip->proto, v->l4, v->l4_len);
	memcpy(&sum, v->l4 + UDP_CSUM_AT, 2);
	/* RFC 768: zero means that the sender has not made one; it stays so (RFC 3022 4.1). */
	return sum || v->partial ? v->l4 + UDP_CSUM_AT : NULL;
}

/* RFC 768, RFC 3828 3.1: a checksum that comes out as zero is sent as all ones. */
static void udp_not_zero(const struct nat_view *v, uint8_t *csum)
{
	if ((v->proto == NAT_UDP || v->proto == NAT_OTHER) && !v->partial && !csum[0] && !csum[1])
		csum[0] = csum[1] = 0xff;
}

uint8_t *nat_udplite_csum(uint8_t proto, uint8_t *l4, uint32_t len)
{
	return proto == IPPROTO_UDPLITE_ && len >= sizeof(struct udp_hdr) ? l4 + UDP_CSUM_AT : NULL;
}

void nat_set_addr(struct nat_view *v, enum nat_end end, be32 addr)
{
	be32 from = end == NAT_SRC ? v->ip->src : v->ip->dst;
	uint8_t *csum = l4_csum(v);
	be16 sum;

	nat_put32(end == NAT_SRC ? (void *)&v->ip->src : (void *)&v->ip->dst, addr, &v->ip->csum);
	if (!csum)
		return;
	memcpy(&sum, csum, 2);
	if (v->partial)
		csum_partial_update32(&sum, from, addr);
	else
		csum_update32(&sum, from, addr);
	memcpy(csum, &sum, 2);
	udp_not_zero(v, csum);
}

void nat_set_port(struct nat_view *v, enum nat_end end, be16 port)
{
	uint8_t *field = v->l4 + (end == NAT_SRC ? 0 : 2);
	uint8_t *csum = l4_csum(v);

	assert(v->has_l4 && v->l4);
	/* Ports are outside the pseudo header: a partial checksum does not know them yet. */
	if (csum && !v->partial) {
		nat_put16(field, port, csum);
		udp_not_zero(v, csum);
	} else {
		memcpy(field, &port, 2);
	}
	*(end == NAT_SRC ? &v->sport : &v->dport) = port;
}

void nat_set_id(struct nat_view *v, be16 id)
{
	nat_put16(&v->ip->id, id, &v->ip->csum);
}

void nat_lower_ttl(struct nat_view *v)
{
	be16 word;

	memcpy(&word, &v->ip->ttl, 2);
	word = htons((uint16_t)(ntohs(word) - 0x100));
	nat_put16(&v->ip->ttl, word, &v->ip->csum);
}

be16 nat_echo_id(const struct nat_view *v)
{
	be16 id;

	memcpy(&id, v->l4 + 4, 2);
	return id;
}

void nat_set_echo_id(struct nat_view *v, be16 id)
{
	uint8_t *csum = v->l4 + 2;

	nat_put16(v->l4 + 4, id, csum);
	/* RFC 1624 3 yields zero also for a message that is all zeros, where only all ones verifies
	 * (an answer with identifier, number and payload of zero). Elsewhere either does. */
	if (!csum[0] && !csum[1])
		csum[0] = csum[1] = 0xff;
}

uint8_t nat_tcp_flags(const struct nat_view *v)
{
	return ((const struct tcp_hdr *)(const void *)v->l4)->flags;
}

uint32_t nat_wire_len(const struct nat_view *v)
{
	uint32_t total = ntohs(v->ip->tot_len), ihl = ip4_ihl(v->ip), l4;

	if (!pkt_is_gso(v->p))
		return total;
	l4 = v->proto == NAT_TCP ? (v->l4[12] >> 4) * 4u : sizeof(struct udp_hdr);
	return MIN(total, ihl + l4 + le16toh(v->p->vnet.gso_size));
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* RFC 791 3.1: walk the options; a source route would let the sender choose our way for us. */
static enum drop_reason check_options(const uint8_t *opt, uint32_t len)
{
	for (uint32_t i = 0; i < len && opt[i] != OPT_END;) {
		if (opt[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || opt[i + 1] < 2 || opt[i + 1] > len - i)
			return DROP_BAD_IP;
		if (opt[i] == OPT_LSRR || opt[i] == OPT_SSRR)
			return DROP_MARTIAN;
		i += opt[i + 1];
	}
	return DROP_NONE;
}

static enum drop_reason parse_ip(struct pkt *p, struct nat_view *v)
{
	struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	uint32_t ihl, total, off;

	if (!ip || ip->ver_ihl >> 4 != 4)
		return DROP_BAD_IP;
	ihl = ip4_ihl(ip);
	total = ntohs(ip->tot_len);
	if (ihl < sizeof(*ip) || total < ihl || total > p->len - ETH_HLEN_)
		return DROP_BAD_IP;
	if (csum_ip4(ip, ihl) != 0)
		return DROP_BAD_CSUM;
	off = (ntohs(ip->frag_off) & IP4_OFFMASK) * 8u;
	/* RFC 1858 and the old ping of death: nothing may reach past the longest packet. */
	if (off + total - ihl > IP_MAX - ihl)
		return DROP_BAD_IP;
	if ((ntohs(ip->frag_off) & IP4_MF) && ((total - ihl) % 8 || total == ihl))
		return DROP_BAD_IP;
	p->len = ETH_HLEN_ + total;
	*v = (struct nat_view){.p = p, .ip = ip, .l4 = (uint8_t *)ip + ihl, .l4_len = total - ihl};
	v->has_l4 = off == 0;
	v->whole = off == 0 && !(ntohs(ip->frag_off) & IP4_MF);
	return ihl > sizeof(*ip) ? check_options((uint8_t *)(ip + 1), ihl - sizeof(*ip))
				 : DROP_NONE;
}

static enum drop_reason parse_tcp(struct nat_view *v)
{
	const struct tcp_hdr *tcp = (const void *)v->l4;
	uint32_t off;

	if (v->l4_len < sizeof(*tcp))
		return DROP_BAD_L4;
	off = (tcp->off >> 4) * 4u;
	if (off < sizeof(*tcp) || (v->whole && off > v->l4_len) || !nat_tcp_flags_valid(tcp->flags))
		return DROP_BAD_L4;
	v->sport = tcp->sport;
	v->dport = tcp->dport;
	return DROP_NONE;
}

static enum drop_reason parse_udp(struct nat_view *v)
{
	const struct udp_hdr *udp = (const void *)v->l4;
	uint32_t len;

	if (v->l4_len < sizeof(*udp))
		return DROP_BAD_L4;
	len = ntohs(udp->len);
	/* Bytes after the datagram are the sender's own business (RFC 9868); less is a lie. */
	if (len < sizeof(*udp) || (v->whole && len > v->l4_len))
		return DROP_BAD_L4;
	v->sport = udp->sport;
	v->dport = udp->dport;
	return DROP_NONE;
}

static enum drop_reason parse_icmp(struct nat_view *v)
{
	if (v->l4_len < sizeof(struct icmp_hdr))
		return DROP_BAD_L4;
	/* RFC 5508 REQ-3; of a fragment the rest is not here. */
	if (v->whole && csum_fold(csum_add(0, v->l4, v->l4_len)) != 0)
		return DROP_BAD_CSUM;
	return DROP_NONE;
}

/* RFC 3828 3.1: a coverage of 0 is all of it; it is never less than the header. */
static enum drop_reason parse_udplite(const struct nat_view *v)
{
	const struct udp_hdr *lite = (const void *)v->l4;
	uint32_t coverage;

	if (v->l4_len < sizeof(*lite))
		return DROP_BAD_L4;
	coverage = ntohs(lite->len);
	if (coverage && (coverage < sizeof(*lite) || (v->whole && coverage > v->l4_len)))
		return DROP_BAD_L4;
	return DROP_NONE;
}

/* Nothing in them is looked at or changed; what could never be one is not worth a mapping. */
static enum drop_reason parse_other(const struct nat_view *v)
{
	switch (v->ip->proto) {
	case IPPROTO_UDPLITE_:
		return parse_udplite(v);
	case IPPROTO_SCTP_: /* RFC 9260 3.1 */
		return v->l4_len < SCTP_HLEN ? DROP_BAD_L4 : DROP_NONE;
	case IPPROTO_GRE_: /* RFC 2784 2.1 */
		return v->l4_len < GRE_HLEN ? DROP_BAD_L4 : DROP_NONE;
	case IPPROTO_ESP_: /* RFC 4303 2 */
		return v->l4_len < ESP_HLEN ? DROP_BAD_L4 : DROP_NONE;
	default:
		return DROP_NONE;
	}
}

static enum drop_reason parse_l4(struct nat_view *v)
{
	if (!v->has_l4) {
		/* RFC 1858 4: a fragment at offset 8 could overwrite TCP's flags. */
		bool tiny = v->proto == NAT_TCP && (ntohs(v->ip->frag_off) & IP4_OFFMASK) == 1;

		return tiny || !v->l4_len ? DROP_BAD_L4 : DROP_NONE;
	}
	switch (v->proto) {
	case NAT_TCP:
		return parse_tcp(v);
	case NAT_UDP:
		return parse_udp(v);
	case NAT_ICMP:
		return parse_icmp(v);
	default:
		return parse_other(v);
	}
}

/* An SCTP checksum that was left to a card (RFC 9260 6.8). Nobody behind us is able to finish it:
 * to a virtio-net header all checksums are sums. */
static void sctp_complete(struct nat_view *v)
{
	uint32_t crc;

	memset(v->l4 + SCTP_CSUM_AT, 0, sizeof(crc));
	crc = htole32(csum_crc32c(v->l4, v->l4_len));
	memcpy(v->l4 + SCTP_CSUM_AT, &crc, sizeof(crc));
	v->p->vnet.flags &= (uint8_t)~VIRTIO_NET_HDR_F_NEEDS_CSUM;
	v->p->vnet.csum_start = v->p->vnet.csum_offset = 0;
}

/* What was left undone in a protocol without ports is finished here: later it would be taken for
 * part of a TCP or UDP header. In a tunnel it is the inner packet's. */
static enum drop_reason finish_other(struct nat_view *v)
{
	const struct virtio_net_hdr *h = &v->p->vnet;
	uint32_t start = le16toh(h->csum_start), offset = le16toh(h->csum_offset);
	uint32_t l4 = (uint32_t)(v->l4 - v->p->data);

	if (pkt_is_gso(v->p))
		return DROP_GSO_UNSUPPORTED;
	if (!v->whole || start < l4)
		return DROP_BAD_VNET_HDR;
	if (v->ip->proto == IPPROTO_SCTP_) {
		if (start != l4 || offset != SCTP_CSUM_AT || v->l4_len < SCTP_HLEN)
			return DROP_BAD_VNET_HDR;
		sctp_complete(v);
	} else {
		if (start == l4 || !pkt_at(v->p, start + offset, sizeof(be16)))
			return DROP_BAD_VNET_HDR;
		gso_csum_complete(v->p);
	}
	v->partial = false;
	return DROP_NONE;
}

/* Offload metadata must point at this packet's own checksum, or the kernel would complete one
 * elsewhere in the frame after we have changed it. */
static enum drop_reason check_vnet(struct nat_view *v)
{
	const struct virtio_net_hdr *h = &v->p->vnet;
	uint8_t gso = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	v->partial = pkt_needs_csum(v->p);
	if (!v->partial && gso == VIRTIO_NET_HDR_GSO_NONE)
		return DROP_NONE;
	if (v->proto == NAT_OTHER)
		return finish_other(v);
	if (!v->whole || v->proto == NAT_ICMP)
		return DROP_BAD_VNET_HDR;
	if (v->partial &&
	    (le16toh(h->csum_start) != v->l4 - v->p->data ||
	     le16toh(h->csum_offset) != (v->proto == NAT_TCP ? TCP_CSUM_AT : UDP_CSUM_AT)))
		return DROP_BAD_VNET_HDR;
	if (gso == VIRTIO_NET_HDR_GSO_NONE)
		return DROP_NONE;
	if (!h->gso_size ||
	    gso != (v->proto == NAT_TCP ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_UDP_L4))
		return DROP_BAD_VNET_HDR;
	return DROP_NONE;
}

enum drop_reason nat_parse(struct pkt *p, struct nat_view *v)
{
	enum drop_reason why;

	*v = (struct nat_view){.p = p};
	why = parse_ip(p, v);
	if (why) {
		v->ip = NULL;
		return why;
	}
	switch (v->ip->proto) {
	case IPPROTO_TCP_:
		v->proto = NAT_TCP;
		break;
	case IPPROTO_UDP_:
		v->proto = NAT_UDP;
		break;
	case IPPROTO_ICMP_:
		v->proto = NAT_ICMP;
		break;
	default:
		v->proto = NAT_OTHER;
	}
	why = check_vnet(v);
	return why ? why : parse_l4(v);
}
