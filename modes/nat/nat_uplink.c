/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "modes/nat/nat_reset.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"

enum {
	ROUTES = 512,
	/* Some changes are not announced (rules, learnt path MTUs): look again after a while. */
	ROUTE_MS = 10000,
	ROUTE_FAILED_MS = 1000,
	/* A look-up is two round trips to the kernel. A guest that scans the world gets so many a
	 * second (for its network), so that it can't take the daemon's time from the others. */
	LOOKUPS_PER_S = 4000
};

struct route_entry {
	be32 dst; /* 0: empty */
	enum drop_reason why;
	msec until_ms;
	struct nat_route rt;
};

struct uplinks {
	struct runner *runner;
	struct nat_net *users;
	struct uplink *list;
	struct ev_prepare flush;
	struct route_entry routes[ROUTES];
	char complaint[256];
};

static struct uplink *uplink_of(const struct nat_ext *ext)
{
	return ext->ctx;
}

/* ---- sharing --------------------------------------------------------------------------------- */

static void flush_all(struct uplinks *u)
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
	flush_all(w->data);
}

static struct uplinks *uplinks_create(struct runner *r)
{
	struct uplinks *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->runner = r;
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
	u->users = nn;
	return u;
}

static void forget_routes(struct uplinks *u)
{
	memset(u->routes, 0, sizeof(u->routes));
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

	(void)proto;
	if (!uplink_port_free(NAT_TCP, up->ext->addr, port) ||
	    !uplink_port_free(NAT_UDP, up->ext->addr, port))
		return -EADDRINUSE;
	return uplinks_ports_open(up->ext, GUARD_BOTH, port, port, NULL);
}

static void low_unclaim(void *ctx, uint16_t port)
{
	struct uplink *up = ctx;

	uplinks_ports_close(up->ext, GUARD_BOTH, port, port);
}

static struct uplink *uplink_open(struct uplinks *u, const char *ifname, int ifindex, be32 addr)
{
	struct ip_addr a = ip_addr_from4(addr);
	struct uplink *up = uplink_create(u->runner, ifname, ifindex, &a);
	struct err err = {0};

	if (!up)
		return NULL;
	up->all = u;
	up->ext->usable = uplink_port_usable;
	up->ext->claim = low_claim;
	up->ext->unclaim = low_unclaim;
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

static void uplink_close(struct uplinks *u, struct uplink *up)
{
	unsigned int ended = 0;

	forget_routes(u);
	if (ev_is_active(&up->io))
		ev_io_stop(u->runner->loop, &up->io);
	uplink_hop_purge(up, NULL);
	for (struct nat_net *nn = u->users; nn; nn = nn->next) {
		nat_tell_ext_gone(nn->nat, up->ext, u->runner->now);
		nat_forward_ext_gone(nn, up->ext);
		ended += nat_drop_ext(nn->nat, up->ext, u->runner->now);
	}
	for (struct uplink **at = &u->list; *at; at = &(*at)->next) {
		if (*at == up) {
			*at = up->next;
			break;
		}
	}
	forget_routes(u);
	uplink_tell(up, "nat.uplink.down", ended);
	uplink_destroy(up);
}

void uplinks_put(struct uplinks *u, struct nat_net *nn)
{
	if (!u)
		return;
	for (struct uplink *up = u->list; up; up = up->next) {
		uplink_hop_purge(up, nn);
		nat_drop_ext(nn->nat, up->ext, u->runner->now);
	}
	for (struct nat_net **at = &u->users; *at; at = &(*at)->next) {
		if (*at == nn) {
			*at = nn->next;
			break;
		}
	}
	if (u->users)
		return;
	while (u->list)
		uplink_close(u, u->list);
	if (u->runner->loop)
		ev_prepare_stop(u->runner->loop, &u->flush);
	free(u);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void input_from_wire(struct uplink *up, struct pkt *p)
{
	struct nat *owner;
	enum drop_reason why = nat_from_outside(up->ext, p, up->all->runner->now, &owner);

	if (why == DROP_NONE)
		return;
	/* What is nobody's is the host's own business and no loss. */
	if (owner)
		nat_net_lost(owner->env.ctx, why, p);
	else
		pkt_put(p);
}

void uplinks_send(struct nat_net *nn, const struct nat_route *rt, struct pkt *p)
{
	struct ip_addr hop = ip_addr_from4(rt->next_hop);
	struct uplinks *u = nn->uplinks;

	uplink_hop_send(uplink_of(rt->ext), nn, &hop, p, u->runner->now);
	if (!u->runner->loop)
		flush_all(u);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static struct uplink *find_uplink(const struct uplinks *u, int ifindex, be32 addr)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		if (up->ext->addr == addr && (!ifindex || up->ifindex == ifindex))
			return up;
	}
	return NULL;
}

static enum drop_reason route_local(struct uplinks *u, be32 dst, struct nat_route *out)
{
	struct uplink *up = find_uplink(u, 0, dst);

	if (!up)
		return DROP_MODE;
	*out = (struct nat_route){.ext = up->ext, .next_hop = dst, .mtu = 65535, .local = true};
	return DROP_NONE;
}

static enum drop_reason route_look(struct uplinks *u, be32 dst, struct nat_route *out)
{
	struct ip4_prefix addr;
	struct nl_route r;
	struct uplink *up;
	int rc = nl_route_get(dst, &r);

	if (rc == -EHOSTUNREACH)
		return route_local(u, dst, out);
	if (rc < 0)
		return DROP_NO_ROUTE;
	if (uplink_link_is_ours(u->runner, r.ifname))
		return DROP_MODE;
	if (!r.src && nl_addr_first(r.ifname, &addr) == 0)
		r.src = addr.addr;
	if (!r.src || uplink_link_medium(r.ifname) == MEDIUM_OTHER)
		return DROP_NO_ROUTE;
	up = find_uplink(u, r.ifindex, r.src);
	if (!up)
		up = uplink_open(u, r.ifname, r.ifindex, r.src);
	if (!up)
		return DROP_NO_ROUTE;
	up->ext->mtu = r.mtu ? r.mtu : 1500;
	*out = (struct nat_route){.ext = up->ext,
				  .next_hop = r.gateway ? r.gateway : dst,
				  .mtu = r.mtu ? r.mtu : 1500};
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

enum drop_reason uplinks_route(struct nat_net *nn, be32 dst, struct nat_route *out)
{
	struct uplinks *u = nn->uplinks;
	uint32_t a = ntohl(dst);
	struct route_entry *e = &u->routes[(a ^ a >> 9 ^ a >> 18) % ROUTES];
	msec now = u->runner->now;

	if (e->dst != dst || now >= e->until_ms) {
		struct nat_route rt = {0};

		if (!may_look(nn, now))
			return DROP_NO_BUFFER;
		/* Opening an uplink may forget all routes: fill the entry after it. */
		enum drop_reason why = route_look(u, dst, &rt);

		*e = (struct route_entry){.dst = dst, .why = why, .rt = rt};
		e->until_ms = now + (why ? ROUTE_FAILED_MS : ROUTE_MS);
	}
	*out = e->rt;
	return e->why;
}

/* ---- change ---------------------------------------------------------------------------------- */

/* Is the interface there and up, and is the address still the host's own? */
static bool still_good(const struct uplink *up)
{
	struct nl_route r;
	struct mac mac;

	if (nl_ifindex(up->ifname) != up->ifindex || !nl_link_is_up(up->ifname))
		return false;
	if (!up->raw && (nl_link_mac_get(up->ifname, &mac) < 0 || !mac_equal(&mac, &up->mac)))
		return false;
	return nl_route_get(up->ext->addr, &r) == -EHOSTUNREACH;
}

void uplinks_changed(struct uplinks *u)
{
	struct uplink *next;

	forget_routes(u);
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

void uplinks_tick(struct uplinks *u, msec now)
{
	for (struct uplink *up = u->list; up; up = up->next) {
		nat_frags_age(up->ext->frags, now);
		uplink_hop_refresh(up, now);
	}
	flush_all(u);
}

struct nat_ext *uplinks_next_ext(const struct uplinks *u, const struct nat_ext *ext)
{
	const struct uplink *up = ext ? uplink_of(ext)->next : u->list;

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

/* ---- port forwards --------------------------------------------------------------------------- */

struct open_for {
	struct uplinks *u;
	be32 addr;
	unsigned int n;
	void (*fn)(void *ctx, struct nat_ext *ext, const char *ifname);
	void *ctx;
};

static void open_one(void *ctx, const char *ifname, const char *alias)
{
	struct open_for *o = ctx;
	struct ip4_prefix addr;
	struct uplink *up;
	int ifindex = nl_ifindex(ifname);

	(void)alias;
	if (!ifindex || uplink_link_is_ours(o->u->runner, ifname) || !nl_link_is_up(ifname) ||
	    uplink_link_medium(ifname) == MEDIUM_OTHER || nl_addr_first(ifname, &addr) < 0 ||
	    (o->addr && addr.addr != o->addr))
		return;
	up = find_uplink(o->u, ifindex, addr.addr);
	if (!up)
		up = uplink_open(o->u, ifname, ifindex, addr.addr);
	if (!up)
		return;
	o->n++;
	o->fn(o->ctx, up->ext, ifname);
}

unsigned int uplinks_open_for(struct uplinks *u, be32 addr,
			      void (*fn)(void *ctx, struct nat_ext *ext, const char *ifname),
			      void *ctx)
{
	struct open_for o = {u, addr, 0, fn, ctx};

	nl_link_each(open_one, &o);
	return o.n;
}

int uplinks_ports_open(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last,
		       struct err *err)
{
	struct uplink *up = uplink_of(ext);
	int rc;

	/* Those of the range are ours already. */
	if (first >= ext->first && last <= ext->last)
		return 0;
	if (last >= ext->first && first <= ext->last)
		return err_set(err, -EINVAL,
			       "ports %u to %u are only partly of those that are translated (%u to "
			       "%u): make two forwards",
			       first, last, ext->first, ext->last);
	for (unsigned int i = 0; i < UPLINK_PORTS; i++) {
		if (up->ports[i].first)
			continue;
		rc = hostrules_guard_add(up->ifname, ext->addr, protos, first, last, err);
		if (rc < 0)
			return rc;
		up->ports[i] = (struct port_range){first, last, protos};
		rc = uplink_sock_filter(up, err);
		if (rc < 0)
			uplinks_ports_close(ext, protos, first, last);
		return rc;
	}
	return err_set(err, -ENOSPC, "%s has %d port forwards already", up->ifname, UPLINK_PORTS);
}

void uplinks_ports_close(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last)
{
	struct uplink *up = uplink_of(ext);

	for (unsigned int i = 0; i < UPLINK_PORTS; i++) {
		struct port_range *r = &up->ports[i];

		if (r->first != first || r->last != last || r->protos != protos)
			continue;
		*r = (struct port_range){0};
		hostrules_guard_del(up->ifname, ext->addr, protos, first, last);
		uplink_sock_filter(up, NULL);
		return;
	}
}
