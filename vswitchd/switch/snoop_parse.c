/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/wire.h"
#include "vswitchd/switch/snoop_parse.h"

enum { PROTO_HOPOPTS = 0, PROTO_IGMP = 2, PROTO_ICMP6 = 58, PROTO_PIM = 103 };
enum { /* RFC 3376 4, RFC 2236 2, RFC 4286 */
       IGMP_QUERY = 0x11,
       IGMP_V1_REPORT = 0x12,
       IGMP_V2_REPORT = 0x16,
       IGMP_LEAVE = 0x17,
       IGMP_V3_REPORT = 0x22,
       IGMP_MRD_ADVERT = 0x30,
       IGMP_MRD_END = 0x32
};
enum { /* RFC 2710 3, RFC 3810 5, RFC 4286 */
       MLD_QUERY = 130,
       MLD_V1_REPORT = 131,
       MLD_DONE = 132,
       MLD_V2_REPORT = 143,
       MLD_MRD_ADVERT = 151,
       MLD_MRD_END = 153
};
enum { /* RFC 3376 4.2.12, the same in MLDv2 */
       IS_INCLUDE = 1,
       IS_EXCLUDE = 2,
       TO_INCLUDE = 3,
       TO_EXCLUDE = 4,
       ALLOW_NEW = 5
};
enum { QUERY_INTERVAL_S = 125, QUERY_RESPONSE_MS = 10000, PIM_HOLD_S = 105, MRD_HOLD_S = 60 };

/* The message behind the IP header. */
struct body {
	const uint8_t *at;
	size_t len;
};

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void set_group4(struct snoop_group *g, const void *addr)
{
	memset(g->b, 0, 10);
	memset(g->b + 10, 0xff, 2);
	memcpy(g->b + 12, addr, 4);
}

/* A group that a switch keeps: not those that are flooded anyway. */
static bool is_kept(const struct snoop_group *g, bool v6)
{
	if (v6)
		return g->b[0] == 0xff && (g->b[1] & 0xf) > 2;
	return (g->b[12] & 0xf0) == 0xe0 && !(g->b[12] == 224 && !g->b[13] && !g->b[14]);
}

static void add_record(struct snoop_msg *m, const uint8_t *addr, bool join)
{
	struct snoop_record *r = &m->records[m->n_records];

	if (m->n_records == SNOOP_RECORDS_MAX)
		return;
	if (m->v6)
		memcpy(r->group.b, addr, 16);
	else
		set_group4(&r->group, addr);
	r->join = join;
	m->n_records += is_kept(&r->group, m->v6);
}

/* RFC 3376 4.1.1, 4.1.7 and RFC 3810 5.1.3, 5.1.9: codes with an exponent */
static uint32_t code8(uint8_t c)
{
	return c < 128 ? c : (uint32_t)((c & 0xf) | 0x10) << ((c >> 4 & 7) + 3);
}

static uint32_t code16(unsigned int c)
{
	return c < 32768 ? c : ((c & 0xfff) | 0x1000) << ((c >> 12 & 7) + 3);
}

/* Version 3 and MLDv2 reports: @alen bytes an address. False when a record does not fit. */
static bool parse_records(struct snoop_msg *m, const struct body *b, size_t alen)
{
	unsigned int n = get16(b->at + 6);
	size_t at = 8;

	while (n--) {
		const uint8_t *r = b->at + at;
		unsigned int sources;
		size_t len;

		if (b->len - at < 4 + alen)
			return false;
		sources = get16(r + 2);
		len = 4 + alen + sources * alen + r[1] * 4u;
		if (b->len - at < len)
			return false;
		/* RFC 4541 2.1.1: at group level, one source is reason enough. Blocking some
		 * sources is no leave. */
		if (r[0] == IS_EXCLUDE || r[0] == TO_EXCLUDE ||
		    (r[0] >= IS_INCLUDE && r[0] <= ALLOW_NEW && sources))
			add_record(m, r + 4, true);
		else if (r[0] == IS_INCLUDE || r[0] == TO_INCLUDE)
			add_record(m, r + 4, false);
		at += len;
	}
	return true;
}

static enum snoop_kind report(struct snoop_msg *m, const uint8_t *addr, bool join)
{
	add_record(m, addr, join);
	return SNOOP_REPORT;
}

static enum snoop_kind router(struct snoop_msg *m, uint32_t hold_s)
{
	m->hold_s = hold_s;
	return SNOOP_ROUTER;
}

/* ---- IGMP ------------------------------------------------------------------------------------ */

static enum snoop_kind igmp_query(struct snoop_msg *m, const struct body *b)
{
	static const uint8_t none[4];

	/* RFC 3376 7.1: 8 bytes are version 1 or 2, 12 and more version 3, others are ignored. */
	if (b->len > 8 && b->len < 12)
		return SNOOP_DATA;
	m->general = memcmp(b->at + 4, none, 4) == 0;
	if (b->len >= 12) {
		m->resp_ms = code8(b->at[1]) * 100;
		m->interval_s = code8(b->at[9]);
	} else if (b->at[1]) { /* version 1 says 0 and means 10 s */
		m->resp_ms = b->at[1] * 100u;
	}
	return SNOOP_QUERY;
}

static enum snoop_kind parse_igmp(struct snoop_msg *m, const struct body *b)
{
	if (b->len < 8 || csum_fold(csum_add(0, b->at, b->len)))
		return SNOOP_DATA;
	switch (b->at[0]) {
	case IGMP_QUERY:
		return igmp_query(m, b);
	case IGMP_V1_REPORT:
	case IGMP_V2_REPORT:
		return memcmp(b->at + 4, m->group.b + 12, 4) ? SNOOP_DATA
							     : report(m, b->at + 4, true);
	case IGMP_LEAVE:
		return report(m, b->at + 4, false);
	case IGMP_V3_REPORT:
		return parse_records(m, b, 4) ? SNOOP_REPORT : SNOOP_DATA;
	case IGMP_MRD_ADVERT:
		return router(m, MAX(b->at[1] * 3u, (unsigned int)MRD_HOLD_S));
	case IGMP_MRD_END:
		return SNOOP_ROUTER_GONE;
	default:
		return SNOOP_DATA;
	}
}

/* RFC 7761 4.9: version 2, hello, option 1 is the hold time. */
static enum snoop_kind parse_pim(struct snoop_msg *m, const struct body *b)
{
	uint32_t hold_s = PIM_HOLD_S;

	if (b->len < 4 || b->at[0] != 0x20)
		return SNOOP_DATA;
	for (size_t at = 4; b->len - at >= 4;) {
		size_t len = get16(b->at + at + 2);

		if (b->len - at - 4 < len)
			return SNOOP_DATA;
		if (get16(b->at + at) == 1 && len == 2)
			hold_s = get16(b->at + at + 4);
		at += 4 + len;
	}
	return hold_s ? router(m, hold_s) : SNOOP_ROUTER_GONE;
}

static enum snoop_kind parse_ip4(struct snoop_msg *m, const struct pkt *p)
{
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	size_t ihl = ip ? ip4_ihl(ip) : 0, len;
	struct body b;

	if (!ip || ip->ver_ihl >> 4 != 4 || ihl < sizeof(*ip) || p->data[0] != 0x01)
		return SNOOP_OTHER;
	len = ntohs(ip->tot_len);
	set_group4(&m->group, &ip->dst);
	set_group4(&m->sender, &ip->src);
	m->no_sender = !ip->src;
	m->link_local = !is_kept(&m->group, false);
	if ((ntohl(ip->dst) & 0xf0000000) != 0xe0000000)
		return SNOOP_OTHER;
	/* RFC 3376 4: such messages never leave their link. */
	if (len < ihl || !pkt_at(p, ETH_HLEN_, len) || ip->ttl != 1 ||
	    ntohs(ip->frag_off) & (IP4_MF | IP4_OFFMASK) || csum_fold(csum_add(0, ip, ihl)))
		return SNOOP_DATA;
	b = (struct body){p->data + ETH_HLEN_ + ihl, len - ihl};
	if (ip->proto == PROTO_IGMP)
		return parse_igmp(m, &b);
	return ip->proto == PROTO_PIM ? parse_pim(m, &b) : SNOOP_DATA;
}

/* ---- MLD ------------------------------------------------------------------------------------- */

static enum snoop_kind mld_query(struct snoop_msg *m, const struct body *b)
{
	static const uint8_t none[16];

	/* RFC 3810 8.1: 24 bytes are version 1, 28 and more version 2. */
	if (b->len < 24 || (b->len > 24 && b->len < 28))
		return SNOOP_DATA;
	m->general = memcmp(b->at + 8, none, 16) == 0;
	m->resp_ms = b->len == 24 ? get16(b->at + 4) : code16(get16(b->at + 4));
	if (b->len >= 28)
		m->interval_s = code8(b->at[25]);
	return SNOOP_QUERY;
}

static enum snoop_kind parse_mld(struct snoop_msg *m, const struct body *b)
{
	switch (b->at[0]) {
	case MLD_QUERY:
		return mld_query(m, b);
	case MLD_V1_REPORT:
	case MLD_DONE:
		return b->len < 24 ? SNOOP_DATA : report(m, b->at + 8, b->at[0] == MLD_V1_REPORT);
	case MLD_V2_REPORT:
		return parse_records(m, b, 16) ? SNOOP_REPORT : SNOOP_DATA;
	case MLD_MRD_ADVERT:
		return router(m, MAX(b->at[1] * 3u, (unsigned int)MRD_HOLD_S));
	case MLD_MRD_END:
		return SNOOP_ROUTER_GONE;
	default:
		return SNOOP_DATA;
	}
}

/* RFC 3810 5: behind a hop-by-hop header with a router alert (RFC 2711 2.1), first of all. */
static bool skip_options(struct body *b)
{
	size_t len, at = 2;
	bool alert = false;

	if (b->len < 8 || b->at[0] != PROTO_ICMP6)
		return false;
	len = (b->at[1] + 1u) * 8;
	if (b->len < len)
		return false;
	while (at < len) {
		if (b->at[at] == 0) { /* Pad1 */
			at++;
			continue;
		}
		if (len - at < 2 || len - at - 2 < b->at[at + 1])
			return false;
		alert |= b->at[at] == 5 && b->at[at + 1] == 2;
		at += 2u + b->at[at + 1];
	}
	b->at += len;
	b->len -= len;
	return alert;
}

static bool mld_csum_ok(const struct ip6_hdr_wire *ip, const struct body *b)
{
	uint32_t sum = csum_pseudo6(ip->src, ip->dst, PROTO_ICMP6, (uint32_t)b->len);

	return !csum_fold(csum_add(sum, b->at, b->len));
}

static enum snoop_kind parse_ip6(struct snoop_msg *m, const struct pkt *p)
{
	const struct ip6_hdr_wire *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	static const uint8_t none[16];
	struct body b;

	m->v6 = true;
	if (!ip || (ntohl(ip->ver_class_flow) >> 28) != 6 || ip->dst[0] != 0xff ||
	    p->data[0] != 0x33)
		return SNOOP_OTHER;
	memcpy(m->group.b, ip->dst, 16);
	memcpy(m->sender.b, ip->src, 16);
	m->no_sender = memcmp(ip->src, none, 16) == 0;
	m->link_local = !is_kept(&m->group, true);
	b = (struct body){(const uint8_t *)(ip + 1), ntohs(ip->payload_len)};
	/* RFC 2710 3: from a link-local address (a report may come from none), one hop. */
	if (!pkt_at(p, ETH_HLEN_ + sizeof(*ip), b.len) || ip->hop_limit != 1 ||
	    !(m->no_sender || (ip->src[0] == 0xfe && (ip->src[1] & 0xc0) == 0x80)))
		return SNOOP_DATA;
	if (ip->next == PROTO_PIM)
		return parse_pim(m, &b);
	if (ip->next != PROTO_HOPOPTS || !skip_options(&b) || b.len < 8 ||
	    (!pkt_needs_csum(p) && !mld_csum_ok(ip, &b)))
		return SNOOP_DATA;
	return parse_mld(m, &b);
}

void snoop_parse(const struct pkt *p, struct snoop_msg *m)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	memset(m, 0, offsetof(struct snoop_msg, records));
	m->resp_ms = QUERY_RESPONSE_MS;
	m->interval_s = QUERY_INTERVAL_S;
	if (eth && eth->type == htons(ETHERTYPE_IP4))
		m->kind = parse_ip4(m, p);
	else if (eth && eth->type == htons(ETHERTYPE_IP6))
		m->kind = parse_ip6(m, p);
	if (m->kind != SNOOP_REPORT)
		m->n_records = 0;
}
