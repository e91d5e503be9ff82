/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_icmp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"

enum {
	ERROR_MAX = 576,  /* RFC 1812 4.3.2.3: as much of the cause as fits */
	ERROR_TOS = 0xc0, /* RFC 1812 4.3.2.5: precedence 6 */
	ERROR_TTL = 64,
	INNER_L4_MIN = 8, /* RFC 792: at least 64 bits of the original's data */
	TCP_CSUM_END = 18
};

bool nat_is_martian(be32 addr)
{
	uint8_t first = (uint8_t)(ntohl(addr) >> 24);

	return first == 0 || first == 127 || first >= 224;
}

bool nat_icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACH_ || type == ICMP_TIMXCEED_ || type == ICMP_PARAMPROB_;
}

/* ---- translation ----------------------------------------------------------------------------- */

static enum drop_reason inner_ports(struct nat_inner *in)
{
	switch (in->ip->proto) {
	case IPPROTO_TCP_:
		in->proto = NAT_TCP;
		break;
	case IPPROTO_UDP_:
		in->proto = NAT_UDP;
		break;
	case IPPROTO_ICMP_:
		/* Only queries have an identifier; an error about an error does not exist. */
		if (in->l4[0] != ICMP_ECHO_ && in->l4[0] != ICMP_ECHOREPLY_)
			return DROP_PROTO;
		in->proto = NAT_ICMP;
		memcpy(&in->sport, in->l4 + 4, 2);
		in->dport = in->sport;
		return DROP_NONE;
	default:
		in->proto = NAT_OTHER;
		in->sport = in->dport = htons(in->ip->proto);
		return DROP_NONE;
	}
	memcpy(&in->sport, in->l4, 2);
	memcpy(&in->dport, in->l4 + 2, 2);
	return DROP_NONE;
}

enum drop_reason nat_icmp_inner(const struct nat_view *v, struct nat_inner *in)
{
	uint32_t room = v->l4_len - (uint32_t)sizeof(struct icmp_hdr);
	struct ip4_hdr *ip = (void *)(v->l4 + sizeof(struct icmp_hdr));
	uint32_t ihl;

	if (!v->whole)
		return DROP_FRAGMENT;
	if (room < sizeof(*ip) || ip->ver_ihl >> 4 != 4)
		return DROP_BAD_L4;
	ihl = ip4_ihl(ip);
	if (ihl < sizeof(*ip) || room < ihl + INNER_L4_MIN)
		return DROP_BAD_L4;
	if (csum_ip4(ip, ihl) != 0)
		return DROP_BAD_CSUM;
	if (ntohs(ip->frag_off) & IP4_OFFMASK)
		return DROP_FRAGMENT;
	*in = (struct nat_inner){.ip = ip, .l4 = (uint8_t *)ip + ihl, .l4_len = room - ihl};
	return inner_ports(in);
}

/* Where the inner L4 checksum is, NULL when cut off or not made. */
static uint8_t *inner_csum(const struct nat_inner *in)
{
	if (in->proto == NAT_TCP)
		return in->l4_len >= TCP_CSUM_END ? in->l4 + 16 : NULL;
	if (in->proto == NAT_OTHER)
		return nat_udplite_csum(in->ip->proto, in->l4, in->l4_len);
	if (in->proto == NAT_UDP)
		return in->l4[6] | in->l4[7] ? in->l4 + 6 : NULL;
	return in->l4 + 2;
}

void nat_icmp_set_inner(struct nat_view *v, struct nat_inner *in, enum nat_end end, be32 addr,
			be16 port)
{
	struct icmp_hdr *icmp = (void *)v->l4;
	void *ip_addr = (uint8_t *)in->ip + (end == NAT_SRC ? offsetof(struct ip4_hdr, src)
							    : offsetof(struct ip4_hdr, dst));
	uint8_t *csum = inner_csum(in);
	uint8_t *field = in->proto == NAT_ICMP ? in->l4 + 4 : in->l4 + (end == NAT_SRC ? 0 : 2);
	be32 old;
	be16 sum;

	assert(in->l4);
	memcpy(&old, ip_addr, 4);
	nat_put32(ip_addr, addr, &in->ip->csum);
	if (csum && in->proto != NAT_ICMP) {
		memcpy(&sum, csum, 2);
		csum_update32(&sum, old, addr);
		memcpy(csum, &sum, 2);
	}
	if (in->proto == NAT_OTHER)
		; /* no port */
	else if (csum)
		nat_put16(field, port, csum);
	else
		memcpy(field, &port, 2);
	icmp->csum = 0;
	icmp->csum = csum_fold(csum_add(0, icmp, v->l4_len));
}

/* ---- our own --------------------------------------------------------------------------------- */

static bool may_answer(const struct nat_view *cause)
{
	if (ntohs(cause->ip->frag_off) & IP4_OFFMASK)
		return false;
	if (nat_is_martian(cause->ip->src) || nat_is_martian(cause->ip->dst))
		return false;
	/* RFC 1122 3.2.2: an error about anything but a query could go round for ever. */
	if (cause->ip->proto == IPPROTO_ICMP_)
		return cause->l4_len &&
		       (cause->l4[0] == ICMP_ECHO_ || cause->l4[0] == ICMP_ECHOREPLY_);
	return true;
}

struct pkt *nat_icmp_error(struct pkt_pool *pool, const struct nat_view *cause, be32 src,
			   uint8_t type, uint8_t code, uint32_t mtu, be16 id)
{
	uint32_t head = sizeof(struct ip4_hdr) + sizeof(struct icmp_hdr);
	uint32_t quote = MIN(cause->p->len - ETH_HLEN_, ERROR_MAX - head);
	struct icmp_hdr *icmp;
	struct ip4_hdr *ip;
	struct pkt *p;

	if (!may_answer(cause))
		return NULL;
	p = pkt_alloc(pool);
	if (!p)
		return NULL;
	if (cause->partial && !pkt_is_gso(cause->p))
		gso_csum_complete(cause->p);
	memset(p->data, 0, ETH_HLEN_ + head);
	p->len = ETH_HLEN_ + head + quote;
	ip = (void *)(p->data + ETH_HLEN_);
	icmp = (void *)(ip + 1);
	*ip = (struct ip4_hdr){.ver_ihl = 0x45,
			       .tos = ERROR_TOS,
			       .tot_len = htons((uint16_t)(head + quote)),
			       .id = id,
			       .ttl = ERROR_TTL,
			       .proto = IPPROTO_ICMP_,
			       .src = src,
			       .dst = cause->ip->src};
	ip->csum = csum_ip4(ip, sizeof(*ip));
	icmp->type = type;
	icmp->code = code;
	if (type == ICMP_UNREACH_ && code == ICMP_NEEDFRAG)
		icmp->frag.mtu = htons((uint16_t)MIN(mtu, 65535u));
	memcpy(icmp + 1, cause->ip, quote);
	icmp->csum = csum_fold(csum_add(0, icmp, sizeof(*icmp) + quote));
	return p;
}

void nat_icmp_echo_reply(struct nat_view *v)
{
	struct ip4_hdr *ip = v->ip;
	be32 src = ip->src;
	be16 word;

	ip->src = ip->dst;
	ip->dst = src;
	ip->ttl = ERROR_TTL;
	ip->csum = 0;
	ip->csum = csum_ip4(ip, ip4_ihl(ip));
	word = htons(ICMP_ECHOREPLY_ << 8 | v->l4[1]);
	nat_put16(v->l4, word, v->l4 + 2);
}
