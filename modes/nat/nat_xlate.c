/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/gso.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"

struct nat *nat_create(const struct nat_conf *conf, const struct nat_env *env,
		       const uint64_t seed[4], msec now)
{
	struct nat *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->conf = *conf;
	n->env = *env;
	n->now = now;
	n->gateway_id = (uint16_t)seed[1];
	n->frags =
		nat_frags_create(MAX((uint32_t)NAT_FRAG_SLOT_DEFAULT, conf->mtu + ETH_HLEN_), seed);
	if (!n->frags || nat_table_init(&n->table, &conf->set, n, conf->subnet.plen, seed, now)) {
		nat_frags_destroy(n->frags);
		free(n);
		return NULL;
	}
	return n;
}

void nat_destroy(struct nat *n)
{
	if (!n)
		return;
	nat_table_fini(&n->table, n->now);
	nat_frags_destroy(n->frags);
	free(n);
}

bool nat_tick(struct nat *n, msec now)
{
	n->now = now;
	nat_frags_age(n->frags, now);
	return nat_table_run(&n->table, now);
}

unsigned int nat_drop_ext(struct nat *n, struct nat_ext *ext, msec now)
{
	nat_frags_forget(n->frags, NULL, ext);
	nat_frags_forget(ext->frags, n, NULL);
	return nat_table_drop_ext(&n->table, ext, now);
}

/* ---- errors ---------------------------------------------------------------------------------- */

bool nat_may_send_error(struct nat *n, be32 addr)
{
	return nat_bucket_take(addr ? &nat_guest_of(&n->table, addr)->errors : &n->outside_errors,
			       n->now);
}

void nat_error_inside(struct nat *n, const struct nat_view *v, uint8_t type, uint8_t code,
		      uint32_t mtu)
{
	be32 to = v->ip->src;
	struct pkt *p;

	if (!nat_may_send_error(n, to))
		return;
	p = nat_icmp_error(n->env.pool, v, n->conf.gateway, type, code, mtu,
			   htons(n->gateway_id++));
	if (!p)
		return;
	n->errors_sent++;
	n->env.inside(n->env.ctx, to, p);
}

void nat_undeliverable(struct nat *n, struct nat_ext *ext, struct pkt *p, msec now)
{
	struct nat_view cause, error;
	struct nat *owner;
	struct pkt *q;

	n->now = now;
	if (nat_parse(p, &cause) != DROP_NONE || !cause.has_l4)
		return;
	q = nat_icmp_error(n->env.pool, &cause, n->conf.gateway, ICMP_UNREACH_, ICMP_HOST_UNREACH,
			   0, htons(n->gateway_id++));
	if (!q)
		return;
	/* It is about the packet as it is outside: let it come in like any other error. */
	if (nat_parse(q, &error) != DROP_NONE ||
	    nat_deliver(ext, &error, NULL, now, &owner) != DROP_NONE)
		pkt_put(q);
}

/* ---- the way out of the translator ----------------------------------------------------------- */

struct cut {
	struct nat *n;
	const struct nat_route *rt; /* NULL: to the inside, to dst */
	be32 dst;
	uint32_t mtu;
	enum drop_reason why;
};

static void cut_leave(void *ctx, struct pkt *p)
{
	struct cut *c = ctx;

	if (c->rt)
		c->n->env.outside(c->n->env.ctx, c->rt, p);
	else
		c->n->env.inside(c->n->env.ctx, c->dst, p);
}

static void cut_one(void *ctx, struct pkt *p)
{
	struct cut *c = ctx;

	if (!nat_fragment(p, c->mtu, c->n->env.pool, cut_leave, c))
		c->why = DROP_NO_BUFFER;
	pkt_put(p);
}

static enum drop_reason leave(struct nat *n, struct nat_view *v, struct cut *c)
{
	enum drop_reason why;

	if (nat_wire_len(v) <= c->mtu) {
		cut_leave(c, v->p);
		return DROP_NONE;
	}
	if (!pkt_is_gso(v->p)) {
		if (v->partial)
			gso_csum_complete(v->p);
		why = nat_fragment(v->p, c->mtu, n->env.pool, cut_leave, c) ? DROP_NONE
									    : DROP_NO_BUFFER;
	} else {
		why = gso_segment(v->p, cut_one, c);
		why = why ? why : c->why;
	}
	if (why == DROP_NONE)
		pkt_put(v->p);
	return why;
}

enum drop_reason nat_leave_outside(struct nat *n, struct nat_view *v, const struct nat_route *rt)
{
	struct cut c = {.n = n, .rt = rt, .mtu = rt->mtu};

	return leave(n, v, &c);
}

enum drop_reason nat_leave_inside(struct nat *n, struct nat_view *v, be32 dst)
{
	struct cut c = {.n = n, .dst = dst, .mtu = n->conf.mtu};

	return leave(n, v, &c);
}
