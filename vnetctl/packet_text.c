/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/packet_text.h"

#include <arpa/inet.h>

#include "lib/addr.h"

/* The rest of the packet; NULL-safe through len. */
struct rest {
	const uint8_t *p;
	size_t len;
};

static const void *take(struct rest *r, size_t n)
{
	const void *at = r->p;

	if (r->len < n)
		return NULL;
	r->p += n;
	r->len -= n;
	return at;
}

static void print_arp(FILE *out, struct rest *r)
{
	const struct arp_hdr *arp = take(r, sizeof(*arp));
	char a[IP4_STR], b[IP4_STR], mac[MAC_STR];

	if (!arp)
		fputs("ARP, cut off", out);
	else if (ntohs(arp->op) == ARP_REQUEST)
		fprintf(out, "ARP who has %s? tell %s", ip4_format(arp->tpa, a),
			ip4_format(arp->spa, b));
	else
		fprintf(out, "ARP %s is at %s", ip4_format(arp->spa, a),
			mac_format(&arp->sha, mac));
}

static void tcp_flags(FILE *out, uint8_t flags)
{
	static const char letters[] = "FSRPAU";

	for (int i = 0; letters[i]; i++)
		if (flags & (1 << i))
			fputc(letters[i], out);
}

static void print_l4(FILE *out, struct rest *r, uint8_t proto, const char *src, const char *dst)
{
	const struct udp_hdr *ports = r->len >= 4 ? (const void *)r->p : NULL;

	if (proto == IPPROTO_TCP_ && r->len >= sizeof(struct tcp_hdr)) {
		const struct tcp_hdr *tcp = (const void *)r->p;

		fprintf(out, "TCP %s:%u > %s:%u ", src, ntohs(tcp->sport), dst, ntohs(tcp->dport));
		tcp_flags(out, tcp->flags);
	} else if (proto == IPPROTO_UDP_ && ports) {
		fprintf(out, "UDP %s:%u > %s:%u", src, ntohs(ports->sport), dst,
			ntohs(ports->dport));
	} else if (proto == IPPROTO_ICMP_ && r->len >= 2) {
		fprintf(out, "ICMP %s > %s type %u code %u", src, dst, r->p[0], r->p[1]);
	} else {
		fprintf(out, "IP %s > %s protocol %u", src, dst, proto);
	}
}

static void print_ip4(FILE *out, struct rest *r)
{
	const struct ip4_hdr *ip = r->len >= sizeof(*ip) ? (const void *)r->p : NULL;
	char src[IP4_STR], dst[IP4_STR];

	if (!ip || ip4_ihl(ip) < sizeof(*ip) || !take(r, ip4_ihl(ip))) {
		fputs("IP, cut off", out);
		return;
	}
	ip4_format(ip->src, src);
	ip4_format(ip->dst, dst);
	if (ntohs(ip->frag_off) & IP4_OFFMASK)
		fprintf(out, "IP %s > %s fragment", src, dst);
	else
		print_l4(out, r, ip->proto, src, dst);
}

static void print_ip6(FILE *out, struct rest *r)
{
	const struct ip6_hdr_wire *ip = take(r, sizeof(*ip));
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	if (!ip) {
		fputs("IP6, cut off", out);
		return;
	}
	inet_ntop(AF_INET6, ip->src, src, sizeof(src));
	inet_ntop(AF_INET6, ip->dst, dst, sizeof(dst));
	fprintf(out, "IP6 %s > %s next header %u", src, dst, ip->next);
}

static void print_frame(FILE *out, struct rest *r)
{
	const struct eth_hdr *eth = take(r, sizeof(*eth));
	char src[MAC_STR], dst[MAC_STR];
	uint16_t type = eth ? ntohs(eth->type) : 0;
	const be16 *tag;

	if (!eth) {
		fputs("shorter than an Ethernet header", out);
		return;
	}
	fprintf(out, "%s > %s ", mac_format(&eth->src, src), mac_format(&eth->dst, dst));
	if (type == ETHERTYPE_CTAG && (tag = take(r, 4))) {
		fprintf(out, "VLAN %u ", ntohs(tag[0]) & 0xfff);
		type = ntohs(tag[1]);
	}
	if (type == ETHERTYPE_ARP_)
		print_arp(out, r);
	else if (type == ETHERTYPE_IP4)
		print_ip4(out, r);
	else if (type == ETHERTYPE_IP6)
		print_ip6(out, r);
	else
		fprintf(out, "type 0x%04x", type);
}

void packet_print(FILE *out, const uint8_t *data, size_t caplen, size_t len)
{
	struct rest r = {data, caplen};

	print_frame(out, &r);
	fprintf(out, " (%zu bytes)", len);
}
