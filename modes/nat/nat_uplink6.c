/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_uplink6.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"

enum {
	ROUTES = 256,
	/* As for IPv4: some changes are not announced, and a look-up costs the kernel. */
	ROUTE_MS = 10000,
	ROUTE_FAILED_MS = 1000,
	LOOKUPS_PER_S = 4000,
	ONLINE_MS = 10000
};

struct route6_entry {
	struct ip_addr dst;
	enum drop_reason why;
	msec until_ms; /* 0: empty */
	struct nat6_route rt;
};

struct uplinks6 {
	struct runner *runner;
	unsigned int users;
	struct uplink *list;
	struct ev_prepare flush;
	struct hash_key key;
	struct route6_entry routes[ROUTES];
	bool online;
	msec online_ms; /* when that was asked; 0: ask */
	char complaint[128];
};

/* ---- sharing --------------------------------------------------------------------------------- */

static void flush_all(struct uplinks6 *u)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		if (up->tx.n)
			uplink_sock_flush(up);
	}
}

static void flush_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)loop;
	(void)revents;
	flush_all(w->data);
}

static struct nat_net *nat_of(const struct net *net)
{
	return net->conf.mode == &mode_nat ? net->mode_state : NULL;
}

static struct uplinks6 *uplinks6_create(struct runner *r)
{
	struct uplinks6 *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->runner = r;
	random_bytes(&u->key, sizeof(u->key));
	ev_prepare_init(&u->flush, flush_cb);
	ev_set_priority(&u->flush, EV_MINPRI);
	u->flush.data = u;
	if (r->loop)
		ev_prepare_start(r->loop, &u->flush);
	return u;
}

struct uplinks6 *uplinks6_get(struct nat_net *nn)
{
	struct uplinks6 *u = NULL;

	for (struct net *net = nn->net->runner->nets; net && !u; net = net->next) {
		struct nat_net *other = nat_of(net);

		if (other && other != nn)
			u = other->uplinks6;
	}
	if (!u)
		u = uplinks6_create(nn->net->runner);
	if (u)
		u->users++;
	return u;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static void uplink_close(struct uplinks6 *u, struct uplink *up)
{
	unsigned int ended = 0;

	if (ev_is_active(&up->io))
		ev_io_stop(u->runner->loop, &up->io);
	memset(u->routes, 0, sizeof(u->routes));
	uplink_hop_purge(up, NULL);
	for (struct net *net = u->runner->nets; net; net = net->next) {
		struct nat_net *nn = nat_of(net);

		if (nn && nn->six)
			ended += nat6_drop_ext(nn->six, up->ext, u->runner->now);
	}
	for (struct uplink **at = &u->list; *at; at = &(*at)->next) {
		if (*at == up) {
			*at = up->next;
			break;
		}
	}
	uplink_tell(up, "nat.uplink.down", ended);
	uplink_destroy(up);
}

void uplinks6_put(struct nat_net *nn)
{
	struct uplinks6 *u = nn->uplinks6;

	if (!u)
		return;
	nn->uplinks6 = NULL;
	for (struct uplink *up = u->list; up; up = up->next) {
		uplink_hop_purge(up, nn);
		if (nn->six)
			nat6_drop_ext(nn->six, up->ext, u->runner->now);
	}
	if (--u->users)
		return;
	while (u->list)
		uplink_close(u, u->list);
	if (u->runner->loop)
		ev_prepare_stop(u->runner->loop, &u->flush);
	free(u);
}

static void input_from_wire(struct uplink *up, struct pkt *p)
{
	struct nat6 *owner;
	enum drop_reason why = nat6_from_outside(up->ext, p, up->runner->now, &owner);

	if (why == DROP_NONE)
		return;
	/* What is nobody's is the host's own business and no loss. */
	if (owner)
		nat_net_lost(owner->env.ctx, why, p);
	else
		pkt_put(p);
}

static void readable_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct uplink *up = w->data;

	(void)loop;
	(void)revents;
	runner_clock(up->runner);
	if (!uplink_sock_read(up, up->runner->pool, input_from_wire))
		uplink_close(up->all6, up);
}

static struct uplink *uplink_open(struct uplinks6 *u, const struct nl_route6 *r)
{
	struct uplink *up = uplink_create(u->runner, r->ifname, r->ifindex, &r->src);
	struct err err = {0};
	char text[sizeof(u->complaint)];

	if (!up)
		return NULL;
	up->all6 = u;
	if (uplink_start(up, readable_cb, &err) == 0) {
		up->next = u->list;
		u->list = up;
		uplink_tell(up, "nat.uplink.up", 0);
		return up;
	}
	uplink_destroy(up);
	snprintf(text, sizeof(text), "%s: %.100s", r->ifname, err.text);
	/* It is tried again for every guest's packet: say it once. */
	if (strcmp(text, u->complaint) != 0)
		log_warn("nat: no IPv6 by %s", text);
	memcpy(u->complaint, text, sizeof(text));
	return NULL;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Can the host speak from @src to others? Where the way out has no address beyond its link the
 * kernel takes another interface's, such as a leg's into one of our networks (RFC 6724 4). */
static bool is_source(const struct uplinks6 *u, const struct ip_addr *src)
{
	if (nat6_is_martian(src))
		return false;
	for (const struct net *net = u->runner->nets; net; net = net->next) {
		if (net->conf.subnet6.given &&
		    memcmp(src->b, net->conf.subnet6.prefix, sizeof(net->conf.subnet6.prefix)) == 0)
			return false;
	}
	return true;
}

static enum drop_reason route_look(struct uplinks6 *u, const struct ip_addr *dst,
				   struct nat6_route *out)
{
	struct nl_route6 r;
	struct uplink *up;
	int rc = nl_route6_get(dst, &r);

	if (rc == -EHOSTUNREACH)
		return DROP_MODE; /* the host itself: its leg is the way in */
	if (rc < 0)
		return DROP_NO_ROUTE;
	if (uplink_link_is_ours(u->runner, r.ifname))
		return DROP_MODE;
	if (!is_source(u, &r.src) || uplink_link_medium(r.ifname) == MEDIUM_OTHER)
		return DROP_NO_ROUTE;
	for (up = u->list; up; up = up->next) {
		if (up->ifindex == r.ifindex && ip_addr_equal(&up->ext->addr6, &r.src))
			break;
	}
	if (!up)
		up = uplink_open(u, &r);
	if (!up)
		return DROP_NO_ROUTE;
	up->ext->mtu = r.mtu ? r.mtu : IP6_MIN_MTU;
	*out = (struct nat6_route){up->ext, ip_addr_is_zero(&r.gateway) ? *dst : r.gateway,
				   up->ext->mtu};
	return DROP_NONE;
}

static bool may_look(struct nat_net *nn, msec now)
{
	if (now - nn->lookups_since >= 1000) {
		nn->lookups_since = now;
		nn->lookups = 0;
	}
	return nn->lookups++ < LOOKUPS_PER_S;
}

enum drop_reason uplinks6_route(void *ctx, const struct ip_addr *dst, struct nat6_route *out)
{
	struct nat_net *nn = ctx;
	struct uplinks6 *u = nn->uplinks6;
	struct route6_entry *e = &u->routes[hash_bytes(&u->key, dst, sizeof(*dst)) % ROUTES];
	msec now = u->runner->now;

	if (now >= e->until_ms || !ip_addr_equal(&e->dst, dst)) {
		struct nat6_route rt = {0};
		enum drop_reason why;

		if (!may_look(nn, now))
			return DROP_NO_BUFFER;
		/* Opening an uplink may forget all routes: fill the entry after it. */
		why = route_look(u, dst, &rt);
		*e = (struct route6_entry){*dst, why, now + (why ? ROUTE_FAILED_MS : ROUTE_MS), rt};
	}
	*out = e->rt;
	return e->why;
}

void uplinks6_send(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	struct nat_net *nn = ctx;
	struct uplinks6 *u = nn->uplinks6;

	uplink_hop_send(rt->ext->ctx, nn, &rt->next_hop, p, u->runner->now);
	if (!u->runner->loop)
		flush_all(u);
}

/* ---- change ---------------------------------------------------------------------------------- */

static bool still_good(const struct uplink *up)
{
	struct nl_route6 r;
	struct mac mac;

	if (nl_ifindex(up->ifname) != up->ifindex || !nl_link_is_up(up->ifname))
		return false;
	if (!up->raw && (nl_link_mac_get(up->ifname, &mac) < 0 || !mac_equal(&mac, &up->mac)))
		return false;
	return nl_route6_get(&up->ext->addr6, &r) == -EHOSTUNREACH;
}

void uplinks6_changed(struct uplinks6 *u)
{
	struct uplink *next;

	memset(u->routes, 0, sizeof(u->routes));
	u->online_ms = 0;
	for (struct uplink *up = u->list; up; up = next) {
		next = up->next;
		if (!still_good(up)) {
			uplink_close(u, up);
			continue;
		}
		uplink_hop_old(up);
		uplink_hop_refresh(up, u->runner->now);
	}
	flush_all(u);
}

void uplinks6_tick(struct uplinks6 *u, msec now)
{
	for (struct uplink *up = u->list; up; up = up->next)
		uplink_hop_refresh(up, now);
	flush_all(u);
}

bool uplinks6_online(struct uplinks6 *u)
{
	/* The first of all global unicast addresses (RFC 4291 2.4), which nobody has. */
	static const struct ip_addr somewhere = {{0x20}};
	msec now = u->runner->now;
	struct nl_route6 r;

	if (!u->online_ms || now - u->online_ms >= ONLINE_MS) {
		u->online = nl_route6_get(&somewhere, &r) == 0 && is_source(u, &r.src);
		u->online_ms = now ? now : 1;
	}
	return u->online;
}

void uplinks6_each(const struct uplinks6 *u, void (*fn)(void *ctx, const struct uplink_info *info),
		   void *ctx)
{
	for (const struct uplink *up = u->list; up; up = up->next) {
		struct uplink_info info = {up->ifname, up->ext, up->rx_frames, up->tx_frames,
					   up->drops};

		fn(ctx, &info);
	}
}
