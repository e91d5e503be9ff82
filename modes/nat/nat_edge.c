/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the parts of a NAT network: the gateway's port, the translators, the ways out; and who
 * watches what passes there (nat_watch.h).
 */
#include <arpa/inet.h>

#include "lib/frame.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "modes/nat/nat_watch.h"
#include "vswitchd/switch/runner.h"

void nat_net_lost(struct nat_net *nn, enum drop_reason why, struct pkt *p)
{
	if (nn->port)
		port_drop(nn->port, why, p);
	else
		pkt_put(p);
}

/* ---- what the translators need of the world -------------------------------------------------- */

static enum drop_reason env_route(void *ctx, be32 dst, struct nat_route *out)
{
	return uplinks_route(ctx, dst, out);
}

static void env_outside(void *ctx, const struct nat_route *rt, struct pkt *p)
{
	struct nat_net *nn = ctx;

	nat_watch_after(nn->watch, nn, p, rt->ext);
	uplinks_send(nn, rt, p);
}

static struct nat_ext *env_next_ext(void *ctx, const struct nat_ext *ext)
{
	const struct nat_net *nn = ctx;

	return nn->uplinks ? uplinks_next_ext(nn->uplinks, ext) : NULL;
}

static void env_inside(void *ctx, be32 dst, struct pkt *p)
{
	struct nat_net *nn = ctx;

	nat_watch_after(nn->watch, nn, p, NULL);
	gateway_send(&nn->gw, dst, p, nn->net->runner->now);
}

struct nat_env nat_edge_env(struct nat_net *nn)
{
	return (struct nat_env){.ctx = nn,
				.pool = nn->net->runner->pool,
				.route = env_route,
				.outside = env_outside,
				.inside = env_inside,
				.taken = nat_taken_note,
				.next_ext = env_next_ext};
}

static void env_outside6(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	struct nat_net *nn = ctx;

	nat_watch_after(nn->watch, nn, p, rt->ext);
	uplinks_send6(nn, rt, p);
}

static void env_emit6(void *ctx, struct pkt *p)
{
	struct nat_net *nn = ctx;

	nat_watch_after(nn->watch, nn, p, NULL);
	nat_edge_emit(nn, p);
}

struct nat6_env nat_edge_env6(struct nat_net *nn)
{
	return (struct nat6_env){.ctx = nn,
				 .pool = nn->net->runner->pool,
				 .route = uplinks_route6,
				 .outside = env_outside6,
				 .emit = env_emit6,
				 .note = nat_show_note6};
}

/* ---- the gateway's port ---------------------------------------------------------------------- */

void nat_edge_emit(void *ctx, struct pkt *p)
{
	struct nat_net *nn = ctx;

	port_local_inject(nn->port, p);
}

void nat_edge_lost(void *ctx, enum drop_reason why, struct pkt *p)
{
	struct nat_net *nn = ctx;

	/* What still waits when the network ends is lost after its ways out. */
	if (nn->watch)
		nn->watch->lost = why;
	nat_net_lost(nn, why, p);
}

bool nat_is_ip6(const struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	return eth && eth->type == htons(ETHERTYPE_IP6);
}

static void six_input(struct nat_net *nn, struct pkt *p)
{
	enum drop_reason why = DROP_CONSUMED;

	if (nn->six) {
		p = pkt_writable(p);
		why = p ? nat6_input(nn->six, p, nn->net->runner->now) : DROP_NO_BUFFER;
	}
	nn->watch->lost = why;
	if (why == DROP_CONSUMED)
		pkt_put(p);
	else if (why != DROP_NONE)
		nat_net_lost(nn, why, p);
}

/* Is it for the translator, and not for the gateway itself or about neighbours? */
static bool is_to_translate(const struct nat_net *nn, const struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	struct frame f;

	if (!eth || !mac_equal(&eth->dst, &nn->gw.mac))
		return false;
	frame_parse(p->data, p->len, &f);
	if (f.l3_kind == L3_IP4)
		return ip_addr_get4(&f.dst) != nn->gw.addr;
	return f.l3_kind == L3_IP6 && nn->six && !frame_is_nd(&f) && !nat6_is_own(nn->six, &f.dst);
}

void nat_edge_input(void *ctx, struct pkt *p)
{
	struct nat_net *nn = ctx;
	struct runner *r = nn->net->runner;

	if (nn->net->service && nn->net->service(nn->net, nn->port, p))
		return;
	if (nn->net->pair_hooks && is_to_translate(nn, p))
		nat_watch_begin(nn->watch, r, p, NULL);
	if (nat_is_ip6(p))
		six_input(nn, p);
	else
		gateway_input(&nn->gw, p, r->now);
	nat_watch_end(nn->watch, nn, nn->watch->lost);
}
