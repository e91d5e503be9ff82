/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of uplinks, of both families: who shares it, how they open and close, frames, changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "modes/nat/nat_reset.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/runner.h"

/* ---- sharing --------------------------------------------------------------------------------- */

void uplinks_flush(struct uplinks *u)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		if (up->tx.n)
			uplink_sock_flush(up);
	}
}

/* The loop is about to sleep: everything that this turn produced leaves. */
static void flush_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)loop;
	(void)revents;
	uplinks_flush(w->data);
}

static struct uplinks *uplinks_create(struct runner *r)
{
	struct uplinks *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->runner = r;
	random_bytes(&u->key, sizeof(u->key));
	ev_prepare_init(&u->flush, flush_cb);
	/* After the runner's own, which may still switch frames towards us. */
	ev_set_priority(&u->flush, EV_MINPRI);
	u->flush.data = u;
	if (r->loop)
		ev_prepare_start(r->loop, &u->flush);
	return u;
}

struct uplinks *uplinks_get(struct nat_net *nn, struct err *err)
{
	struct runner *r = nn->net->runner;
	struct uplinks *u = NULL;

	for (struct net *net = r->nets; net && !u; net = net->next) {
		const struct nat_net *other = net->mode_state;

		if (net->conf.mode == &mode_nat && other && other != nn)
			u = other->uplinks;
	}
	if (!u)
		u = uplinks_create(r);
	if (!u) {
		err_sys(err, -ENOMEM, "network \"%s\"", nn->net->conf.name);
		return NULL;
	}
	nn->next = u->users;
	nn->watch = &u->watch;
	u->users = nn;
	return u;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static void input_from_wire(struct uplink *up, struct pkt *p);
static void uplink_close(struct uplinks *u, struct uplink *up);

static void readable_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct uplink *up = w->data;
	struct uplinks *u = up->all;

	(void)loop;
	(void)revents;
	runner_clock(u->runner);
	if (!uplink_sock_read(up, u->runner->pool, input_from_wire))
		uplink_close(u, up);
}

/* It is tried again for every guest's packet: say it once. */
static void complain(struct uplinks *u, const char *ifname, const char *why)
{
	char text[sizeof(u->complaint)];

	snprintf(text, sizeof(text), "%s can't be an uplink: %.200s", ifname, why);
	if (strcmp(text, u->complaint) == 0)
		return;
	memcpy(u->complaint, text, sizeof(text));
	log_warn("nat: %s", text);
}

/* nat_ext.claim and unclaim. @ctx: the uplink. */
static int low_claim(void *ctx, enum nat_proto proto, uint16_t port)
{
	struct uplink *up = ctx;
	struct ip_addr addr = uplink_addr(up);

	(void)proto;
	if (!uplink_range_low(up->all) || !uplink_port_free(NAT_TCP, &addr, port) ||
	    !uplink_port_free(NAT_UDP, &addr, port))
		return -EADDRINUSE;
	return uplinks_ports_open(up->ext, GUARD_BOTH, port, port, NULL);
}

static void low_unclaim(void *ctx, uint16_t port)
{
	struct uplink *up = ctx;

	uplinks_ports_close(up->ext, GUARD_BOTH, port, port);
}

struct uplink *uplink_open(struct uplinks *u, const char *ifname, int ifindex,
			   const struct ip_addr *addr)
{
	struct err err = {0};
	struct uplink *up;

	if (uplink_range_get(u, &err) < 0) {
		complain(u, ifname, err.text);
		return NULL;
	}
	up = uplink_create(u, ifname, ifindex, addr);
	if (!up)
		return NULL;
	up->ext->claim = low_claim;
	up->ext->unclaim = low_unclaim;
	up->ext->pair_free = uplink_pair_free;
	up->ext->pair_claim = uplink_pair_claim;
	up->ext->pair_unclaim = uplink_pair_unclaim;
	if (uplink_start(up, readable_cb, &err) < 0) {
		complain(u, ifname, err.text);
		uplink_destroy(up);
		return NULL;
	}
	up->next = u->list;
	u->list = up;
	uplink_tell(up, "nat.uplink.up", 0);
	return up;
}

struct uplink *uplink_find(const struct uplinks *u, int ifindex, const struct ip_addr *addr)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		struct ip_addr own = uplink_addr(up);

		if (ip_addr_equal(&own, addr) && (!ifindex || up->ifindex == ifindex))
			return up;
	}
	return NULL;
}

/* End what @nn has on @up; returns how many flows that were. */
static unsigned int leave(struct nat_net *nn, struct uplink *up)
{
	msec now = up->runner->now;

	if (!uplink_is6(up))
		return nat_drop_ext(nn->nat, up->ext, now);
	return nn->six ? nat6_drop_ext(nn->six, up->ext, now) : 0;
}

static void uplink_close(struct uplinks *u, struct uplink *up)
{
	unsigned int ended = 0;

	uplinks_forget_routes(u);
	if (ev_is_active(&up->io))
		ev_io_stop(u->runner->loop, &up->io);
	uplink_hop_purge(up, NULL);
	uplink_extra_fini(up);
	for (struct nat_net *nn = u->users; nn; nn = nn->next) {
		if (!uplink_is6(up))
			nat_tell_ext_gone(nn->nat, up->ext, u->runner->now);
		nat_forward_ext_gone(nn, up->ext);
		ended += leave(nn, up);
	}
	for (struct uplink **at = &u->list; *at; at = &(*at)->next) {
		if (*at == up) {
			*at = up->next;
			break;
		}
	}
	uplinks_forget_routes(u);
	uplink_tell(up, "nat.uplink.down", ended);
	uplink_destroy(up);
}

void uplinks_close_all(struct uplinks *u)
{
	while (u->list)
		uplink_close(u, u->list);
}

void uplinks_put(struct uplinks *u, struct nat_net *nn)
{
	if (!u)
		return;
	for (struct uplink *up = u->list; up; up = up->next) {
		uplink_hop_purge(up, nn);
		leave(nn, up);
	}
	for (struct nat_net **at = &u->users; *at; at = &(*at)->next) {
		if (*at == nn) {
			*at = nn->next;
			break;
		}
	}
	if (u->users) {
		/* What is left is what the others ask for. */
		if (nn->ports_first)
			uplinks_range_change(u, NULL);
		return;
	}
	uplinks_close_all(u);
	uplink_range_put(u);
	if (u->runner->loop)
		ev_prepare_stop(u->runner->loop, &u->flush);
	free(u);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static enum drop_reason input4(struct uplink *up, struct pkt *p, void **owner)
{
	struct nat *n;
	const struct ip4_hdr *ip = up->extras ? pkt_at(p, ETH_HLEN_, sizeof(*ip)) : NULL;
	struct nat_ext *ext = ip ? uplink_ext_of(up, ip->dst) : up->ext;
	enum drop_reason why = nat_from_outside(ext, p, up->runner->now, &n);

	*owner = n ? n->env.ctx : NULL;
	return why;
}

static enum drop_reason input6(struct uplink *up, struct pkt *p, void **owner)
{
	struct nat6 *n;
	enum drop_reason why = nat6_from_outside(up->ext, p, up->runner->now, &n);

	*owner = n ? n->env.ctx : NULL;
	return why;
}

static void input_from_wire(struct uplink *up, struct pkt *p)
{
	struct nat_watch *watch = &up->all->watch;
	void *owner;
	enum drop_reason why;

	nat_watch_begin(watch, up->runner, p, up->ext);
	why = uplink_is6(up) ? input6(up, p, &owner) : input4(up, p, &owner);
	nat_watch_end(watch, owner, why);
	if (why == DROP_NONE)
		return;
	/* What is nobody's is the host's own business and no loss. */
	if (owner)
		nat_net_lost(owner, why, p);
	else
		pkt_put(p);
}

static void send_by(struct nat_net *nn, struct nat_ext *ext, const struct ip_addr *hop,
		    struct pkt *p)
{
	struct uplinks *u = nn->uplinks;

	uplink_hop_send(uplink_of(ext), nn, hop, p, u->runner->now);
	if (!u->runner->loop)
		uplinks_flush(u);
}

void uplinks_send(struct nat_net *nn, const struct nat_route *rt, struct pkt *p)
{
	struct ip_addr hop = ip_addr_from4(rt->next_hop);

	send_by(nn, rt->ext, &hop, p);
}

void uplinks_send6(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	send_by(ctx, rt->ext, &rt->next_hop, p);
}

/* ---- change ---------------------------------------------------------------------------------- */

/* Is the interface there and up, and is the address still the host's own? */
static bool still_good(const struct uplink *up)
{
	struct ip_addr addr = uplink_addr(up);
	struct nl_route r;
	struct mac mac;

	if (nl_ifindex(up->ifname) != up->ifindex || !nl_link_is_up(up->ifname))
		return false;
	if (!up->raw && (nl_link_mac_get(up->ifname, &mac) < 0 || !mac_equal(&mac, &up->mac)))
		return false;
	return nl_route_get(&addr, &r) == -EHOSTUNREACH;
}

void uplinks_changed(struct uplinks *u)
{
	struct uplink *next;

	uplinks_forget_routes(u);
	u->online_ms = 0;
	for (struct uplink *up = u->list; up; up = next) {
		next = up->next;
		if (!still_good(up)) {
			uplink_close(u, up);
			continue;
		}
		uplink_extra_changed(up);
		uplink_hop_old(up);
		uplink_hop_refresh(up, u->runner->now);
	}
	uplinks_flush(u);
}

void uplinks_tick(struct uplinks *u, msec now)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		nat_frags_age(up->ext->frags, now);
		uplink_pair_tick(up, now);
		uplink_extra_tick(up, now);
		uplink_hop_refresh(up, now);
	}
	uplinks_flush(u);
}

struct nat_ext *uplinks_next_ext(const struct uplinks *u, const struct nat_ext *ext)
{
	struct nat_ext *extra = ext ? uplink_extra_next(uplink_of(ext), ext) : NULL;
	const struct uplink *up = ext ? uplink_of(ext)->next : u->list;

	if (extra)
		return extra;
	while (up && uplink_is6(up))
		up = up->next;
	return up ? up->ext : NULL;
}

void uplinks_each(const struct uplinks *u, void (*fn)(void *ctx, const struct uplink_info *info),
		  void *ctx)
{
	for (const struct uplink *up = u->list; up; up = up->next) {
		struct uplink_info info = {up->ifname, up->ext, up->rx_frames, up->tx_frames,
					   up->drops};

		fn(ctx, &info);
	}
}
