/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netsix_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"

enum {
	ND_HOPS = 255, /* RFC 4861 3.1: nobody off the link can send these */
	HOPS = 64,
	NS_LEN = 24, /* NS and NA without options */
	ECHO = 128,  /* RFC 4443 4.1, 4.2 */
	ECHO_REPLY = 129,
	ECHO_MAX = 1500,
	NA_SOLICITED = 0x40, /* RFC 4861 4.4 */
	NA_OVERRIDE = 0x20
};

const struct ip_addr six_all_nodes = {{0xff, 0x02, [15] = 1}};
const struct mac six_all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

/* ---- in -------------------------------------------------------------------------------------- */

static struct six_info ignored(enum drop_reason why)
{
	return (struct six_info){.kind = SIX_IGNORED, .drop = why};
}

/* An unfinished checksum is the sender's offload, and the frame never left memory since. */
static bool csum_ok(const struct pkt *p, const struct frame *f, size_t len)
{
	const struct ip6_hdr_wire *ip = (const void *)(f->data + f->l3);
	uint32_t sum;

	if (pkt_needs_csum(p) || p->vnet.flags & VIRTIO_NET_HDR_F_DATA_VALID)
		return true;
	sum = csum_pseudo6(ip->src, ip->dst, f->proto, (uint32_t)len);
	return csum_fold(csum_add(sum, f->data + f->l4, len)) == 0;
}

static bool is_multicast(const struct ip_addr *a)
{
	return a->b[0] == 0xff;
}

/* RFC 4291 2.7.1 */
static bool is_solicited_node(const struct ip_addr *a)
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 1, 0xff};

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

/* RFC 4861 6.1.1, 7.1.1, 7.1.2; frame_parse() has looked at lengths and options. */
static bool nd_valid(const struct frame *f, const struct six_info *i)
{
	const struct ip6_hdr_wire *ip = (const void *)(f->data + f->l3);
	bool anonymous = ip_addr_is_zero(&i->src);

	if (ip->hop_limit != ND_HOPS || f->icmp_code)
		return false;
	if (f->icmp_type == ND_NS && anonymous && !is_solicited_node(&i->dst))
		return false;
	if (f->icmp_type != ND_NA && anonymous) {
		for (const struct nd_option *o = frame_nd_option(f, NULL); o;
		     o = frame_nd_option(f, o))
			if (o->type == ND_OPT_SOURCE_LL)
				return false;
	}
	return f->icmp_type == ND_RS || !is_multicast(&i->target);
}

static struct six_info nd_info(const struct frame *f, struct six_info i)
{
	if (f->icmp_type != ND_RS && f->icmp_type != ND_NS && f->icmp_type != ND_NA)
		return ignored(DROP_NONE);
	if (f->icmp_type != ND_RS)
		i.target = frame_nd_target(f);
	if (!nd_valid(f, &i))
		return ignored(DROP_BAD_L4);
	i.kind = f->icmp_type == ND_RS ? SIX_RS : f->icmp_type == ND_NS ? SIX_NS : SIX_NA;
	return i;
}

static struct six_info icmp_info(const struct pkt *p, const struct frame *f, struct six_info i)
{
	i.payload = f->data + f->l4;
	i.len = f->end - f->l4;
	if (!csum_ok(p, f, i.len))
		return ignored(DROP_BAD_CSUM);
	if (frame_is_nd(f))
		return nd_info(f, i);
	if (f->icmp_type != ECHO || f->icmp_code || !i.to_us || ip_addr_is_zero(&i.src))
		return ignored(DROP_NONE);
	if (i.len < sizeof(struct icmp_hdr) || i.len > ECHO_MAX)
		return ignored(DROP_BAD_L4);
	i.kind = SIX_ECHO;
	return i;
}

static struct six_info udp_info(const struct pkt *p, const struct frame *f, struct six_info i)
{
	const struct udp_hdr *udp = (const void *)(f->data + f->l4);
	size_t len = ntohs(udp->len);

	/* RFC 8200 8.1: over IPv6 a checksum is a must. */
	if ((!udp->csum && !pkt_needs_csum(p)) || !csum_ok(p, f, len))
		return ignored(DROP_BAD_CSUM);
	i.kind = SIX_UDP;
	i.sport = f->sport;
	i.dport = f->dport;
	i.payload = (const uint8_t *)(udp + 1);
	i.len = len - sizeof(*udp);
	return i;
}

struct six_info six_classify(const struct six_host *host, const struct pkt *p)
{
	struct six_info i = {.kind = SIX_IGNORED};
	struct frame f;

	if (pkt_is_gso(p) || frame_parse(p->data, p->len, &f) == FRAME_BAD_ETH)
		return ignored(DROP_NONE);
	if (!mac_is_multicast(&frame_eth(&f)->dst) && !mac_equal(&frame_eth(&f)->dst, &host->mac))
		return ignored(DROP_NONE);
	if (f.bad || f.l3_kind != L3_IP6 || f.tags)
		return ignored(f.bad == FRAME_BAD_L4 ? DROP_BAD_L4
			       : f.bad		     ? DROP_BAD_IP
						     : DROP_NONE);
	if (is_multicast(&f.src) || (f.src.b[0] == 0 && !ip_addr_is_zero(&f.src)))
		return ignored(DROP_MARTIAN);
	i.from = frame_eth(&f)->src;
	i.src = f.src;
	i.dst = f.dst;
	i.to_us = six_is_own(host, &f.dst);
	if (!i.to_us && !is_multicast(&f.dst))
		return ignored(DROP_NONE);
	if (f.fragment)
		return ignored(DROP_FRAGMENT);
	if (f.has_l4 && f.proto == IPPROTO_ICMP6_)
		return icmp_info(p, &f, i);
	return f.has_l4 && f.proto == IPPROTO_UDP_ ? udp_info(p, &f, i) : ignored(DROP_NONE);
}

/* ---- out ------------------------------------------------------------------------------------- */

/* Ethernet and IPv6 before @len bytes. Returns where these go. */
static uint8_t *push_ip6(struct pkt *out, const struct six_host *host, const struct ip_addr *src,
			 const struct ip_addr *dst, const struct mac *to, uint8_t next,
			 uint8_t hops, size_t len)
{
	struct eth_hdr *eth = (void *)out->data;
	struct ip6_hdr_wire *ip = (void *)(eth + 1);

	*eth = (struct eth_hdr){.dst = *to, .src = host->mac, .type = htons(ETHERTYPE_IP6)};
	*ip = (struct ip6_hdr_wire){.ver_class_flow = htonl(6u << 28),
				    .payload_len = htons((uint16_t)len),
				    .next = next,
				    .hop_limit = hops};
	memcpy(ip->src, src, sizeof(ip->src));
	memcpy(ip->dst, dst, sizeof(ip->dst));
	out->len = (uint32_t)(sizeof(*eth) + sizeof(*ip) + len);
	return (uint8_t *)(ip + 1);
}

void six_icmp(struct pkt *out, const struct six_host *host, const struct ip_addr *src,
	      const struct ip_addr *dst, const struct mac *to, const void *msg, size_t len)
{
	bool nd = *(const uint8_t *)msg >= ND_RS;
	struct icmp_hdr *icmp =
		(void *)push_ip6(out, host, src, dst, to, IPPROTO_ICMP6_, nd ? ND_HOPS : HOPS, len);
	uint32_t sum = csum_pseudo6(src->b, dst->b, IPPROTO_ICMP6_, (uint32_t)len);

	memcpy(icmp, msg, len);
	icmp->csum = 0;
	icmp->csum = csum_fold(csum_add(sum, icmp, len));
}

void six_udp(struct pkt *out, const struct six_host *host, const struct ip_addr *src,
	     const struct ip_addr *dst, const struct mac *to, uint16_t sport, uint16_t dport,
	     const void *data, size_t len)
{
	size_t total = sizeof(struct udp_hdr) + len;
	struct udp_hdr *udp = (void *)push_ip6(out, host, src, dst, to, IPPROTO_UDP_, HOPS, total);
	uint32_t sum = csum_pseudo6(src->b, dst->b, IPPROTO_UDP_, (uint32_t)total);

	*udp = (struct udp_hdr){htons(sport), htons(dport), htons((uint16_t)total), 0};
	memcpy(udp + 1, data, len);
	udp->csum = csum_fold(csum_add(sum, udp, total));
	if (!udp->csum)
		udp->csum = 0xffff; /* RFC 768: all ones stand for a sum of zero */
}

void six_advertise(struct pkt *out, const struct six_host *host, const struct six_info *ns)
{
	struct {
		struct icmp_hdr icmp;
		struct ip_addr target;
		uint8_t type, len;
		struct mac mac;
	} WIRE_PACKED na = {.icmp = {.type = ND_NA},
			    .target = ns->target,
			    .type = ND_OPT_TARGET_LL,
			    .len = 1,
			    .mac = host->mac};
	/* To all nodes when the asker has no address yet: so it sees that ours is taken. */
	bool anonymous = ip_addr_is_zero(&ns->src);

	na.icmp.rest = htonl((uint32_t)(NA_OVERRIDE | (anonymous ? 0 : NA_SOLICITED)) << 24);
	six_icmp(out, host, &ns->target, anonymous ? &six_all_nodes : &ns->src,
		 anonymous ? &six_all_nodes_mac : &ns->from, &na, sizeof(na));
}

void six_echo_reply(struct pkt *out, const struct six_host *host, const struct six_info *req)
{
	uint8_t msg[ECHO_MAX];

	memcpy(msg, req->payload, req->len);
	msg[0] = ECHO_REPLY;
	six_icmp(out, host, &req->dst, &req->src, &req->from, msg, req->len);
}
