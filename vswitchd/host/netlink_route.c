/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and neighbours of the host: which way would it go, and to which MAC address.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>

#include "vswitchd/host/netlink.h"
#include "vswitchd/host/netlink_int.h"

/* Zero when it is not there. */
static struct ip_addr addr_of(struct nl_addr *a)
{
	struct ip_addr v = {{0}};
	be32 four;

	if (a && nl_addr_get_family(a) == AF_INET6 && nl_addr_get_len(a) == sizeof(v.b))
		memcpy(v.b, nl_addr_get_binary_addr(a), sizeof(v.b));
	if (!a || nl_addr_get_family(a) != AF_INET || nl_addr_get_len(a) != sizeof(four))
		return v;
	memcpy(&four, nl_addr_get_binary_addr(a), sizeof(four));
	return four ? ip_addr_from4(four) : v;
}

/* ---- route lookup ------------------------------------------------------------------------- */

struct route_answer {
	struct nl_route *out;
	int type; /* RTN_*, -1 before the answer came */
};

static int route_answer_cb(struct nl_msg *msg, void *ctx)
{
	struct route_answer *answer = ctx;
	struct rtnl_route *route;
	struct rtnl_nexthop *nh;
	uint32_t mtu = 0;

	if (rtnl_route_parse(nlmsg_hdr(msg), &route) < 0)
		return NL_SKIP;
	answer->type = rtnl_route_get_type(route);
	nh = rtnl_route_nexthop_n(route, 0);
	if (nh) {
		answer->out->ifindex = rtnl_route_nh_get_ifindex(nh);
		answer->out->gateway = addr_of(rtnl_route_nh_get_gateway(nh));
	}
	answer->out->src = addr_of(rtnl_route_get_pref_src(route));
	if (rtnl_route_get_metric(route, RTAX_MTU, &mtu) == 0)
		answer->out->mtu = mtu;
	rtnl_route_put(route);
	return NL_OK;
}

/* A request for the route to @dst; NULL when memory is short. */
static struct nl_msg *route_msg(const struct ip_addr *dst)
{
	bool four = ip_addr_is4(dst);
	struct rtmsg rtm = {.rtm_family = four ? AF_INET : AF_INET6,
			    .rtm_dst_len = four ? 32 : 128};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (msg && nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, RTA_DST, four ? 4 : 16, dst->b + (four ? 12 : 0)) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static unsigned int link_mtu(struct nl_sock *sk, int ifindex)
{
	struct rtnl_link *link;
	unsigned int mtu;

	if (rtnl_link_get_kernel(sk, ifindex, NULL, &link) < 0)
		return 0;
	mtu = rtnl_link_get_mtu(link);
	rtnl_link_put(link);
	return mtu;
}

int nl_route_get(const struct ip_addr *dst, struct nl_route *out)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_msg *msg = sk ? route_msg(dst) : NULL;
	struct route_answer answer = {out, -1};
	struct ip4_prefix first;

	memset(out, 0, sizeof(*out));
	if (!msg)
		return -ENOMEM;
	if (netlink_ask(sk, msg, route_answer_cb, &answer) < 0)
		return -ENETUNREACH;
	if (answer.type == RTN_LOCAL || answer.type == RTN_BROADCAST ||
	    answer.type == RTN_ANYCAST || answer.type == RTN_MULTICAST)
		return -EHOSTUNREACH;
	if (answer.type != RTN_UNICAST || !out->ifindex ||
	    !if_indextoname((unsigned int)out->ifindex, out->ifname))
		return -ENETUNREACH;
	if (!out->mtu)
		out->mtu = link_mtu(sk, out->ifindex);
	if (ip_addr_is4(dst) && ip_addr_is_zero(&out->src) &&
	    nl_addr_first(out->ifname, &first) == 0)
		out->src = ip_addr_from4(first.addr);
	return 0;
}

/* ---- walking the routing tables ----------------------------------------------------------- */

/* Call @fn for each route of @family of every table until it returns true. */
static bool route_any(int family, bool (*fn)(struct rtnl_route *route, void *ctx), void *ctx)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_cache *cache;
	struct nl_object *o;
	bool hit = false;

	if (!sk || rtnl_route_alloc_cache(sk, family, 0, &cache) < 0)
		return false;
	for (o = nl_cache_get_first(cache); o && !hit; o = nl_cache_get_next(o))
		hit = fn((struct rtnl_route *)o, ctx);
	nl_cache_free(cache);
	return hit;
}

static struct ip4_prefix route_prefix(struct rtnl_route *route)
{
	struct nl_addr *dst = rtnl_route_get_dst(route);
	struct ip_addr addr = addr_of(dst);
	struct ip4_prefix p = {ip_addr_get4(&addr), 0};

	if (dst)
		p.plen = (uint8_t)nl_addr_get_prefixlen(dst);
	return p;
}

static int route_ifindex(struct rtnl_route *route)
{
	struct rtnl_nexthop *nh = rtnl_route_nexthop_n(route, 0);

	return nh ? rtnl_route_nh_get_ifindex(nh) : 0;
}

struct default_route {
	int ifindex;
	uint32_t priority;
};

static bool default_best(struct rtnl_route *route, void *ctx)
{
	struct default_route *best = ctx;
	uint32_t priority = rtnl_route_get_priority(route);

	if (route_prefix(route).plen == 0 && rtnl_route_get_type(route) == RTN_UNICAST &&
	    rtnl_route_get_table(route) == RT_TABLE_MAIN && route_ifindex(route) &&
	    (!best->ifindex || priority < best->priority)) {
		best->ifindex = route_ifindex(route);
		best->priority = priority;
	}
	return false;
}

int nl_default_ifname(char out[16])
{
	struct default_route best = {0, 0};

	route_any(AF_INET, default_best, &best);
	return best.ifindex && if_indextoname(best.ifindex, out) ? 0 : -ENOENT;
}

struct overlap {
	struct ip4_prefix p;
	int except;
	char *what;
	size_t size;
};

static bool route_overlaps(struct rtnl_route *route, void *ctx)
{
	const struct overlap *o = ctx;
	struct ip4_prefix p = route_prefix(route);
	char text[IP4_PREFIX_STR], ifname[IF_NAMESIZE] = "?";
	int ifindex = route_ifindex(route);

	if (p.plen == 0 || (o->except && ifindex == o->except) || !ip4_prefix_overlaps(p, o->p))
		return false;
	if (ifindex)
		if_indextoname(ifindex, ifname);
	snprintf(o->what, o->size, "%s dev %s", ip4_prefix_format(p, text), ifname);
	return true;
}

bool nl_subnet_used(struct ip4_prefix p, const char *except, char *what, size_t size)
{
	struct overlap o = {p, except ? nl_ifindex(except) : 0, what, size};

	/* The table "local" has a route for each address, so that addresses count too. */
	return route_any(AF_INET, route_overlaps, &o);
}

struct overlap6 {
	const uint8_t *prefix;
	unsigned int plen_min;
	int except;
	char *what;
	size_t size;
};

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	return memcmp(a, b, bits / 8) == 0 && ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

static bool route6_overlaps(struct rtnl_route *route, void *ctx)
{
	const struct overlap6 *o = ctx;
	struct nl_addr *dst = rtnl_route_get_dst(route);
	unsigned int plen = dst ? nl_addr_get_prefixlen(dst) : 0, type = rtnl_route_get_type(route);
	char text[64], ifname[IF_NAMESIZE] = "?";
	int ifindex = route_ifindex(route);

	/* Who has a route to say that there is nothing uses nothing. */
	if (type != RTN_UNICAST && type != RTN_LOCAL)
		return false;
	if (!plen || plen < o->plen_min || (o->except && ifindex == o->except) ||
	    nl_addr_get_len(dst) != 16)
		return false;
	if (!bits_equal(nl_addr_get_binary_addr(dst), o->prefix, MIN(plen, 64u)))
		return false;
	if (ifindex)
		if_indextoname((unsigned int)ifindex, ifname);
	nl_addr2str(dst, text, sizeof(text));
	snprintf(o->what, o->size, "%s%s dev %s", text, plen == 128 ? "/128" : "", ifname);
	return true;
}

bool nl_subnet6_used(const uint8_t prefix[static 8], unsigned int plen_min, const char *except,
		     char *what, size_t size)
{
	uint8_t padded[9] = {0}; /* bits_equal() looks at the byte behind 64 bits */
	struct overlap6 o = {padded, plen_min, except ? nl_ifindex(except) : 0, what, size};

	memcpy(padded, prefix, 8);
	return route_any(AF_INET6, route6_overlaps, &o);
}

/* ---- neighbours --------------------------------------------------------------------------- */

/* A neighbour request of @type for @addr on @ifindex; NULL when memory is short. */
static struct nl_msg *neigh_msg(int type, int flags, struct ndmsg *ndm, const struct ip_addr *addr)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	bool four = ip_addr_is4(addr);

	ndm->ndm_family = four ? AF_INET : AF_INET6;
	if (msg && nlmsg_append(msg, ndm, sizeof(*ndm), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, NDA_DST, four ? 4 : 16, addr->b + (four ? 12 : 0)) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct neigh_answer {
	struct mac *out;
	bool found;
};

static int neigh_answer_cb(struct nl_msg *msg, void *ctx)
{
	const int valid = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	struct neigh_answer *answer = ctx;
	struct nl_addr *lladdr;
	struct rtnl_neigh *neigh;

	if (rtnl_neigh_parse(nlmsg_hdr(msg), &neigh) < 0)
		return NL_SKIP;
	lladdr = rtnl_neigh_get_lladdr(neigh);
	if ((rtnl_neigh_get_state(neigh) & valid) && lladdr &&
	    nl_addr_get_len(lladdr) == sizeof(answer->out->b)) {
		memcpy(answer->out->b, nl_addr_get_binary_addr(lladdr), sizeof(answer->out->b));
		answer->found = true;
	}
	rtnl_neigh_put(neigh);
	return NL_OK;
}

int nl_neigh_get(int ifindex, const struct ip_addr *addr, struct mac *out)
{
	struct ndmsg ndm = {.ndm_ifindex = ifindex};
	struct nl_sock *sk = netlink_sock(NULL);
	struct neigh_answer answer = {out, false};
	struct nl_msg *msg = sk ? neigh_msg(RTM_GETNEIGH, 0, &ndm, addr) : NULL;

	if (!msg)
		return -ENOMEM;
	if (netlink_ask(sk, msg, neigh_answer_cb, &answer) < 0 || !answer.found)
		return -ENOENT;
	return 0;
}

int nl_neigh_probe(int ifindex, const struct ip_addr *addr)
{
	/* NTF_USE: the kernel resolves the address as if it had a packet for it. */
	struct ndmsg ndm = {.ndm_ifindex = ifindex, .ndm_state = NUD_NONE, .ndm_flags = NTF_USE};
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_msg *msg = sk ? neigh_msg(RTM_NEWNEIGH, NLM_F_CREATE, &ndm, addr) : NULL;

	return msg ? netlink_do(sk, msg) : -ENOMEM;
}
