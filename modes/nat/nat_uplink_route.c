/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the host's routes lead: asked of the kernel, remembered until something changes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/switch/runner.h"

enum {
	/* Some changes are not announced (rules, learnt path MTUs): look again after a while. */
	ROUTE_MS = 10000,
	ROUTE_FAILED_MS = 1000,
	/* A look-up is two round trips to the kernel. A guest that scans the world gets so many a
	 * second (for its network), so that it can't take the daemon's time from the others. */
	LOOKUPS_PER_S = 4000,
	ONLINE_MS = 10000,
	MTU4 = 1500,
	LOCAL_MTU = 65535,
};

void uplinks_forget_routes(struct uplinks *u)
{
	memset(u->routes, 0, sizeof(u->routes));
	memset(u->routes6, 0, sizeof(u->routes6));
}

/* Where the way out has no IPv6 address beyond its link the kernel takes another interface's, such
 * as a leg's into one of our networks (RFC 6724 4). */
bool uplinks_is_source(const struct uplinks *u, const struct ip_addr *src)
{
	if (ip_addr_is4(src))
		return true;
	if (nat6_is_martian(src))
		return false;
	for (const struct net *net = u->runner->nets; net; net = net->next) {
		if (net->conf.subnet6.given &&
		    memcmp(src->b, net->conf.subnet6.prefix, sizeof(net->conf.subnet6.prefix)) == 0)
			return false;
	}
	return true;
}

static enum drop_reason route_local(struct uplinks *u, const struct ip_addr *dst,
				    struct nat6_route *out)
{
	struct uplink *up = uplink_find(u, 0, dst);

	if (!up)
		return DROP_MODE; /* the host itself: its leg is the way in */
	*out = (struct nat6_route){
		.ext = up->ext, .next_hop = *dst, .mtu = LOCAL_MTU, .local = true};
	return DROP_NONE;
}

static enum drop_reason route_look(struct uplinks *u, const struct ip_addr *dst,
				   struct nat6_route *out)
{
	struct nl_route r;
	struct uplink *up;
	int rc = nl_route_get(dst, &r);

	if (rc == -EHOSTUNREACH)
		return route_local(u, dst, out);
	if (rc < 0)
		return DROP_NO_ROUTE;
	if (uplink_link_is_ours(u->runner, r.ifname))
		return DROP_MODE;
	if (!uplinks_is_source(u, &r.src) || uplink_link_medium(r.ifname) == MEDIUM_OTHER)
		return DROP_NO_ROUTE;
	up = uplink_find(u, r.ifindex, &r.src);
	if (!up)
		up = uplink_open(u, r.ifname, r.ifindex, &r.src);
	if (!up)
		return DROP_NO_ROUTE;
	up->ext->mtu = r.mtu ? r.mtu : ip_addr_is4(dst) ? MTU4 : IP6_MIN_MTU;
	*out = (struct nat6_route){.ext = up->ext,
				   .next_hop = ip_addr_is_zero(&r.gateway) ? *dst : r.gateway,
				   .mtu = up->ext->mtu};
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

static msec valid_until(enum drop_reason why, msec now)
{
	return now + (why ? ROUTE_FAILED_MS : ROUTE_MS);
}

enum drop_reason uplinks_route(struct nat_net *nn, be32 dst, struct nat_route *out)
{
	struct uplinks *u = nn->uplinks;
	uint32_t a = ntohl(dst);
	struct route_entry *e = &u->routes[(a ^ a >> 9 ^ a >> 18) % UPLINK_ROUTES];
	msec now = u->runner->now;

	if (e->dst != dst || now >= e->until_ms) {
		struct ip_addr to = ip_addr_from4(dst);
		struct nat6_route rt = {0};
		struct nat_ext *extra;
		enum drop_reason why;

		if (!may_look(nn, now))
			return DROP_NO_BUFFER;
		/* Opening an uplink may forget all routes: fill the entry after it. */
		extra = uplinks_extra_find(u, dst);
		if (extra)
			rt = (struct nat6_route){nat_ext_way(extra), to, LOCAL_MTU, true};
		why = extra ? DROP_NONE : route_look(u, &to, &rt);
		*e = (struct route_entry){
			.dst = dst,
			.why = why,
			.until_ms = valid_until(why, now),
			.rt = {rt.ext, ip_addr_get4(&rt.next_hop), rt.mtu, rt.local, extra}};
	}
	*out = e->rt;
	return e->why;
}

enum drop_reason uplinks_route6(void *ctx, const struct ip_addr *dst, struct nat6_route *out)
{
	struct nat_net *nn = ctx;
	struct uplinks *u = nn->uplinks;
	struct route6_entry *e =
		&u->routes6[hash_bytes(&u->key, dst, sizeof(*dst)) % UPLINK_ROUTES6];
	msec now = u->runner->now;

	if (now >= e->until_ms || !ip_addr_equal(&e->dst, dst)) {
		struct nat6_route rt = {0};
		enum drop_reason why;

		if (!may_look(nn, now))
			return DROP_NO_BUFFER;
		why = route_look(u, dst, &rt);
		*e = (struct route6_entry){*dst, why, valid_until(why, now), rt};
	}
	*out = e->rt;
	return e->why;
}

bool uplinks_online6(struct uplinks *u)
{
	/* The first of all global unicast addresses (RFC 4291 2.4), which nobody has. */
	static const struct ip_addr somewhere = {{0x20}};
	msec now = u->runner->now;
	struct nl_route r;

	if (!u->online_ms || now - u->online_ms >= ONLINE_MS) {
		u->online = nl_route_get(&somewhere, &r) == 0 && uplinks_is_source(u, &r.src);
		u->online_ms = now ? now : 1;
	}
	return u->online;
}
