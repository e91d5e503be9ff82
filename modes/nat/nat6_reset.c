/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest is told by IPv6 when a flow of its can't go on: as nat_reset.h has it.
 */
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "modes/nat/nat6.h"
#include "modes/nat/nat_reset.h"
#include "modes/nat/nat_xlate.h"

enum { TELL_HOPS = 64 };

struct ends6 {
	struct ip_addr src, dst;
	be16 sport, dport;
};

static void segment_send(struct nat6 *n, const struct ends6 *e, struct nat_answer a,
			 const struct mac *to)
{
	struct pkt *p = nat6_new(n->env.pool, &e->src, &e->dst, IPPROTO_TCP_, TELL_HOPS,
				 sizeof(struct tcp_hdr));
	struct tcp_hdr *tcp;

	if (!p)
		return;
	tcp = (void *)(p->data + ETH_HLEN_ + IP6_HLEN);
	nat_segment_fill(tcp, e->sport, e->dport, &a);
	tcp->csum = csum_fold(csum_add(csum_pseudo6(e->src.b, e->dst.b, IPPROTO_TCP_, sizeof(*tcp)),
				       tcp, sizeof(*tcp)));
	nat6_to_guest(n, to, p);
}

void nat6_reset_inside(struct nat6 *n, const struct nat6_view *v, const struct nat6_neigh *to)
{
	const struct tcp_hdr *tcp = (const void *)v->l4;
	struct ends6 e = {nat6_dst(v), nat6_src(v), v->dport, v->sport};
	struct nat_guest *guest = nat_guest_of(&n->table, nat6_neigh_name(n, to));

	if (tcp->flags & TCP_RST || !nat_bucket_take(&guest->errors, n->now))
		return;
	n->errors_sent++;
	segment_send(n, &e, nat_reset_answer(tcp, v->l4_len), &to->mac);
}

/* ---- the way out is gone --------------------------------------------------------------------- */

void nat6_undeliverable(struct nat6 *n, struct nat_ext *ext, struct pkt *p, msec now)
{
	struct nat6_view cause;
	struct nat6 *owner;
	struct pkt *q;

	if (nat6_parse(p, &cause) != DROP_NONE || !cause.l4)
		return;
	/* It is about the packet as it is outside: let it come in like any other error. */
	q = nat6_error(n->env.pool, &cause, &n->addr, ICMP6_UNREACH, ICMP6_ADDR_UNREACH, 0);
	if (q && nat6_from_outside(ext, q, now, &owner) != DROP_NONE)
		pkt_put(q);
}

struct tell6 {
	struct nat6 *n;
	const struct nat_ext *ext;
	unsigned int left;
};

/* What the guest would have sent, quoted by an error as in nat_reset.c. */
static void tell_other(struct nat6 *n, const struct ends6 *e, enum nat_proto proto,
		       const struct mac *to)
{
	struct pkt *cause, *p = NULL;
	struct nat6_view v;

	cause = nat6_new(n->env.pool, &e->src, &e->dst,
			 proto == NAT_UDP ? IPPROTO_UDP_ : IPPROTO_ICMP6_, TELL_HOPS, 8);
	if (!cause)
		return;
	v = (struct nat6_view){.p = cause,
			       .ip = (void *)(cause->data + ETH_HLEN_),
			       .l4 = cause->data + ETH_HLEN_ + IP6_HLEN,
			       .l4_len = 8,
			       .next = IPPROTO_ICMP6_,
			       .proto = proto};
	if (proto == NAT_UDP) {
		memcpy(v.l4, &(struct udp_hdr){e->sport, e->dport, htons(8), 0}, 8);
	} else {
		v.l4[0] = ICMP6_ECHO;
		memcpy(v.l4 + 4, &e->sport, 2);
		nat6_icmp_sum(&v);
	}
	p = nat6_error(n->env.pool, &v, &n->addr, ICMP6_UNREACH, ICMP6_ADDR_UNREACH, 0);
	pkt_put(cause);
	if (p)
		nat6_to_guest(n, to, p);
}

static void tell_one(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct tell6 *t = ctx;
	const struct nat6_neigh *to = nat6_neigh_of(t->n, m->addr);
	struct ip_addr peer = nat6_peer_addr(t->n, s->peer);

	if (m->ext != t->ext || !t->left || (m->proto == NAT_TCP && nat_tcp_is_over(s->tcp)))
		return;
	t->left--;
	if (m->proto == NAT_TCP)
		segment_send(t->n, &(struct ends6){peer, to->addr, s->peer_port, m->port},
			     nat_reset_question(&t->n->table), &to->mac);
	else
		tell_other(t->n, &(struct ends6){to->addr, peer, m->port, s->peer_port}, m->proto,
			   &to->mac);
}

unsigned int nat6_drop_ext(struct nat6 *n, struct nat_ext *ext, msec now)
{
	struct tell6 t = {n, ext, NAT_TELL_MAX};

	n->now = now;
	nat_table_each(&n->table, tell_one, &t);
	nat_frags_forget(n->frags, NULL, ext);
	nat_frags_forget(ext->frags, n->table.owner, NULL);
	return nat_table_drop_ext(&n->table, ext, now);
}
