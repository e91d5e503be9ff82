/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_reset.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"

enum {
	TELL_TTL = 64,
	TELL_L4 = 12, /* of a quoted packet: a whole header of any protocol that is checked */
	IP4_TCP_LEN = sizeof(struct ip4_hdr) + sizeof(struct tcp_hdr),
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_MSS_LEN = 4
};

/* ---- segments of our own --------------------------------------------------------------------- */

struct ends {
	be32 src, dst;
	be16 sport, dport;
};

static struct pkt *ip_new(struct nat *n, const struct ends *e, uint8_t proto, uint32_t l4_len)
{
	struct pkt *p = pkt_alloc(n->env.pool);
	struct ip4_hdr *ip;

	if (!p)
		return NULL;
	p->len = ETH_HLEN_ + (uint32_t)sizeof(*ip) + l4_len;
	memset(p->data, 0, p->len);
	ip = (void *)(p->data + ETH_HLEN_);
	*ip = (struct ip4_hdr){.ver_ihl = 0x45,
			       .tot_len = htons((uint16_t)(sizeof(*ip) + l4_len)),
			       .frag_off = htons(IP4_DF),
			       .ttl = TELL_TTL,
			       .proto = proto,
			       .src = e->src,
			       .dst = e->dst};
	ip->csum = csum_ip4(ip, sizeof(*ip));
	return p;
}

void nat_segment_fill(struct tcp_hdr *tcp, be16 sport, be16 dport, const struct nat_answer *a)
{
	*tcp = (struct tcp_hdr){.sport = sport,
				.dport = dport,
				.seq = a->seq,
				.ack = a->ack,
				.off = sizeof(*tcp) / 4 << 4,
				.flags = a->flags};
}

static struct pkt *segment_new(struct nat *n, const struct ends *e, struct nat_answer a)
{
	struct pkt *p = ip_new(n, e, IPPROTO_TCP_, sizeof(struct tcp_hdr));
	struct tcp_hdr *tcp;

	if (!p)
		return NULL;
	tcp = (void *)(p->data + ETH_HLEN_ + sizeof(struct ip4_hdr));
	nat_segment_fill(tcp, e->sport, e->dport, &a);
	tcp->csum = csum_fold(csum_add(csum_pseudo4(e->src, e->dst, IPPROTO_TCP_, sizeof(*tcp)),
				       tcp, sizeof(*tcp)));
	return p;
}

/* The sequence space that a segment takes (RFC 9293 3.4), super-frames included. */
static uint32_t segment_len(const struct tcp_hdr *tcp, uint32_t l4_len)
{
	uint32_t head = (tcp->off >> 4) * 4u;
	uint32_t len = l4_len > head ? l4_len - head : 0;

	return len + ((tcp->flags & TCP_SYN) != 0) + ((tcp->flags & TCP_FIN) != 0);
}

struct nat_answer nat_reset_answer(const struct tcp_hdr *tcp, uint32_t l4_len)
{
	if (tcp->flags & TCP_ACK)
		return (struct nat_answer){TCP_RST, tcp->ack, 0};
	return (struct nat_answer){TCP_RST | TCP_ACK, 0,
				   htonl(ntohl(tcp->seq) + segment_len(tcp, l4_len))};
}

struct nat_answer nat_reset_question(struct nat_table *t)
{
	uint64_t random = nat_random(t);

	return (struct nat_answer){TCP_ACK, htonl((uint32_t)random),
				   htonl((uint32_t)(random >> 32))};
}

void nat_reset_inside(struct nat *n, const struct nat_view *v)
{
	const struct tcp_hdr *tcp = (const void *)v->l4;
	struct ends e = {v->ip->dst, v->ip->src, v->dport, v->sport};
	struct pkt *p;

	if (tcp->flags & TCP_RST || !nat_may_send_error(n, v->ip->src))
		return;
	p = segment_new(n, &e, nat_reset_answer(tcp, v->l4_len));
	if (!p)
		return;
	n->errors_sent++;
	n->env.inside(n->env.ctx, e.dst, p);
}

/* ---- the way out is gone --------------------------------------------------------------------- */

struct tell {
	struct nat *n;
	const struct nat_ext *ext;
	unsigned int left;
};

static void tell_tcp(struct nat *n, const struct nat_session *s)
{
	const struct nat_mapping *m = nat_mapping_of(&n->table, s);
	struct ends e = {s->peer, m->addr, s->peer_port, m->port};
	struct pkt *p = segment_new(n, &e, nat_reset_question(&n->table));

	if (p)
		n->env.inside(n->env.ctx, m->addr, p);
}

static void tell_other(struct nat *n, const struct nat_session *s)
{
	const struct nat_mapping *m = nat_mapping_of(&n->table, s);
	struct ends e = {m->addr, s->peer, m->port, s->peer_port};
	uint8_t proto = m->proto == NAT_UDP    ? IPPROTO_UDP_
			: m->proto == NAT_ICMP ? IPPROTO_ICMP_
					       : (uint8_t)ntohs(m->port);
	struct pkt *cause = ip_new(n, &e, proto, TELL_L4), *p = NULL;
	struct nat_view v;
	uint8_t *l4;

	if (!cause)
		return;
	l4 = cause->data + ETH_HLEN_ + sizeof(struct ip4_hdr);
	if (m->proto == NAT_UDP) {
		memcpy(l4, &(struct udp_hdr){m->port, s->peer_port, htons(TELL_L4), 0},
		       sizeof(struct udp_hdr));
	} else if (m->proto == NAT_ICMP) {
		struct icmp_hdr echo = {.type = ICMP_ECHO_, .echo = {.id = m->port}};

		echo.csum = csum_fold(csum_add(0, &echo, sizeof(echo)));
		memcpy(l4, &echo, sizeof(echo));
	}
	if (nat_parse(cause, &v) == DROP_NONE)
		p = nat_icmp_error(n->env.pool, &v, n->conf.gateway, ICMP_UNREACH_,
				   ICMP_HOST_UNREACH, 0, htons(n->gateway_id++));
	pkt_put(cause);
	if (p)
		n->env.inside(n->env.ctx, m->addr, p);
}

static void tell_one(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct tell *t = ctx;

	if (m->ext != t->ext || !t->left || (m->proto == NAT_TCP && nat_tcp_is_over(s->tcp)))
		return;
	if (m->proto == NAT_TCP)
		tell_tcp(t->n, s);
	else
		tell_other(t->n, s);
	t->left--;
}

void nat_tell_ext_gone(struct nat *n, const struct nat_ext *ext, msec now)
{
	struct tell t = {n, ext, NAT_TELL_MAX};

	n->now = now;
	nat_table_each(&n->table, tell_one, &t);
}

/* ---- maximum segment size -------------------------------------------------------------------- */

/* A 16-bit option may lie at an odd offset; one's complement sums take its bytes the other way
 * round there (RFC 1071 2 (B)). */
static void put_option(uint8_t *l4, bool partial, uint8_t *at, uint16_t to)
{
	uint16_t from = (uint16_t)(at[0] << 8 | at[1]);
	bool odd = (at - l4) & 1;
	be16 sum;

	at[0] = (uint8_t)(to >> 8);
	at[1] = (uint8_t)to;
	if (partial)
		return;
	memcpy(&sum, l4 + 16, 2);
	csum_update16(&sum, odd ? __builtin_bswap16(htons(from)) : htons(from),
		      odd ? __builtin_bswap16(htons(to)) : htons(to));
	memcpy(l4 + 16, &sum, 2);
}

uint32_t nat_mss_most(uint32_t mss, uint32_t mtu, uint32_t headers)
{
	if (mss == NAT_MSS_OFF)
		return 0;
	return mss == NAT_MSS_CLAMP ? mtu - MIN(mtu, headers) : mss;
}

void nat_mss_lower(uint8_t *l4, uint32_t l4_len, bool partial, uint32_t most)
{
	uint32_t end = MIN((uint32_t)(l4[12] >> 4) * 4, l4_len);

	for (uint32_t i = sizeof(struct tcp_hdr); i + OPT_MSS_LEN <= end && l4[i] != OPT_END;) {
		uint8_t *opt = l4 + i;

		if (opt[0] == OPT_MSS && opt[1] == OPT_MSS_LEN &&
		    (uint32_t)(opt[2] << 8 | opt[3]) > most)
			put_option(l4, partial, opt + 2, (uint16_t)most);
		if (opt[0] != OPT_NOP && opt[1] < 2)
			return;
		i += opt[0] == OPT_NOP ? 1 : opt[1];
	}
}

void nat_mss_clamp(struct nat_view *v, uint32_t mss, uint32_t mtu)
{
	uint32_t most = nat_mss_most(mss, mtu, IP4_TCP_LEN);

	if (most && v->proto == NAT_TCP && v->whole && nat_tcp_flags(v) & TCP_SYN)
		nat_mss_lower(v->l4, v->l4_len, v->partial, most);
}
