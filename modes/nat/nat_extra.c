/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_extra.h"

#include <arpa/inet.h>

#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_reset.h"

/* ---- life ------------------------------------------------------------------------------------ */

static bool list_add(struct nat_ext **list, unsigned int *n, struct nat_ext *ext)
{
	if (*n == NAT_EXTRAS)
		return false;
	list[(*n)++] = ext;
	return true;
}

static bool list_del(struct nat_ext **list, unsigned int *n, const struct nat_ext *ext)
{
	for (unsigned int i = 0; i < *n; i++)
		if (list[i] == ext) {
			/* In order: a guest's place in the pool must not depend on the past. */
			for (--*n; i < *n; i++)
				list[i] = list[i + 1];
			return true;
		}
	return false;
}

bool nat_one_add(struct nat *n, struct nat_ext *ext, be32 inside)
{
	if (!list_add(n->ones, &n->n_ones, ext))
		return false;
	ext->one_of = n;
	ext->one = inside;
	return true;
}

void nat_one_del(struct nat *n, struct nat_ext *ext)
{
	if (list_del(n->ones, &n->n_ones, ext))
		ext->one_of = NULL;
}

bool nat_pool_add(struct nat *n, struct nat_ext *ext)
{
	return list_add(n->pool, &n->n_pool, ext);
}

void nat_pool_del(struct nat *n, struct nat_ext *ext, msec now)
{
	if (list_del(n->pool, &n->n_pool, ext)) {
		nat_tell_ext_gone(n, ext, now);
		nat_drop_ext(n, ext, now);
	}
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* The flow that an error of a guest's is about. */
static bool error_key(const struct nat_view *v, struct nat_ext *ext, struct nat_key *k)
{
	struct nat_inner in;

	if (nat_icmp_inner(v, &in))
		return false;
	*k = (struct nat_key){ext, in.proto, in.ip->dst, in.ip->src, in.dport, 0};
	if (nat_has_ports(in.proto))
		k->peer_port = in.sport;
	return true;
}

/* Is there a flow on the way's own address, such as by a port forward? It goes on there. */
static bool goes_on(struct nat *n, const struct nat_view *v, struct nat_ext *ext)
{
	struct nat_key k;
	struct nat_mapping *m;

	if (!nat_is_error(v))
		k = nat_key_of(v, ext);
	else if (!error_key(v, ext, &k))
		return false;
	m = nat_mapping_find(&n->table, &k);
	return m && nat_session_find(&n->table, m, k.peer, k.peer_port);
}

static struct nat_ext *one_of(const struct nat *n, be32 inside, const struct nat_ext *via)
{
	for (unsigned int i = 0; i < n->n_ones; i++)
		if (n->ones[i]->one == inside && n->ones[i]->via == via)
			return n->ones[i];
	return NULL;
}

/* One of the pool that leaves by @via; NULL when none does. */
static struct nat_ext *pick(struct nat *n, const struct nat_view *v, const struct nat_ext *via)
{
	struct nat_ext *fit[NAT_EXTRAS];
	unsigned int count = 0;
	uint32_t place = ntohl(v->ip->src);

	for (unsigned int i = 0; i < n->n_pool; i++)
		if (n->pool[i]->via == via)
			fit[count++] = n->pool[i];
	if (!count)
		return NULL;
	if (n->pool_arbitrary) {
		struct nat_key k = nat_key_of(v, NULL);
		uint32_t text[2] = {k.addr, (uint32_t)k.port << 8 | k.proto};

		/* Not the peer: the mapping is endpoint-independent (RFC 4787 REQ-1). */
		place = (uint32_t)hash_bytes(&n->table.key, text, sizeof(text));
	}
	return fit[place % count];
}

void nat_extra_choose(struct nat *n, const struct nat_view *v, struct nat_route *rt)
{
	struct nat_frag_key fk = nat_frag_key_of(v);
	const struct nat_frag_fate *fate = v->has_l4 ? NULL : nat_frags_find(n->frags, &fk, n->now);
	struct nat_ext *ext;

	rt->to = nat_route_to(rt);
	if (fate) {
		if (fate->ext == rt->ext || fate->ext->via == rt->ext)
			rt->ext = fate->ext;
		return;
	}
	if (v->has_l4 && goes_on(n, v, rt->ext))
		return;
	ext = one_of(n, v->ip->src, rt->ext);
	/* A later fragment goes where its first one goes, which has the ports. */
	if (!ext && v->has_l4)
		ext = pick(n, v, rt->ext);
	if (ext)
		rt->ext = ext;
}

/* ---- static maps ----------------------------------------------------------------------------- */

enum drop_reason nat_one_out(struct nat *n, struct nat_view *v, const struct nat_route *rt)
{
	struct nat_ext *ext = rt->ext;
	struct nat_inner in;
	struct nat *owner;

	if (nat_is_error(v)) {
		enum drop_reason why = nat_icmp_inner(v, &in);

		if (why)
			return why;
		if (in.ip->dst != ext->one)
			return DROP_SPOOFED;
		nat_icmp_set_inner(v, &in, NAT_DST, ext->addr, in.dport);
	}
	ext->one_tx.packets++;
	ext->one_tx.bytes += v->p->len - ETH_HLEN_;
	nat_set_addr(v, NAT_SRC, ext->addr);
	nat_mss_clamp(v, n->table.set.mss, MIN(rt->mtu, n->conf.mtu));
	nat_lower_ttl(v);
	return rt->local ? nat_deliver(nat_route_to(rt), v, n, n->now, &owner)
			 : nat_leave_outside(n, v, rt);
}

enum drop_reason nat_one_in(struct nat_ext *ext, struct nat_view *v, const struct nat *from)
{
	struct nat *n = ext->one_of;
	enum drop_reason why = nat_check_fit(ext, v, n, from != NULL);
	struct nat_inner in;

	if (!why && nat_is_error(v)) {
		why = nat_icmp_inner(v, &in);
		if (!why && in.ip->src != ext->addr)
			why = DROP_NO_MAPPING;
		if (!why)
			nat_icmp_set_inner(v, &in, NAT_SRC, ext->one, in.sport);
	}
	if (why)
		return why;
	ext->one_rx.packets++;
	ext->one_rx.bytes += v->p->len - ETH_HLEN_;
	nat_set_addr(v, NAT_DST, ext->one);
	if (nat_ext_way(ext)->mtu)
		nat_mss_clamp(v, n->table.set.mss, MIN(nat_ext_way(ext)->mtu, n->conf.mtu));
	if (!from)
		nat_lower_ttl(v);
	return nat_leave_inside(n, v, ext->one);
}
