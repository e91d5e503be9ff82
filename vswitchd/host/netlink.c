/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and addresses of the host, and the wake-up when something about them changes.
 *
 * Theory of operation. Every thread has its own request socket, so that the functions act on the
 * network namespace that their thread is in: the loop's thread on the host's, and while it is in
 * nl_in_netns() on that namespace. Requests are one round trip each; nothing is cached, because a
 * cache of somebody's full Internet routing table is not ours to hold, and because an answer from
 * the kernel can't be stale.
 *
 * Changes: a second socket has joined the kernel's multicast groups. What arrives there is thrown
 * away unread and reported as one "something changed"; a receive buffer that overflowed (ENOBUFS)
 * says the same.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>

#include "vswitchd/host/netlink.h"
#include "vswitchd/host/netlink_int.h"

static struct {
	struct ev_loop *loop;
	struct nl_sock *sk;
	struct ev_io io;
	void (*changed)(void *ctx);
	void *ctx;
} watch;

static _Thread_local struct nl_sock *thread_sock;

int netlink_errno(int nle)
{
	static const int map[NLE_MAX + 1] = {
		[NLE_INTR] = EINTR,
		[NLE_BAD_SOCK] = EBADF,
		[NLE_AGAIN] = EAGAIN,
		[NLE_NOMEM] = ENOMEM,
		[NLE_EXIST] = EEXIST,
		[NLE_INVAL] = EINVAL,
		[NLE_RANGE] = ERANGE,
		[NLE_MSGSIZE] = EMSGSIZE,
		[NLE_OPNOTSUPP] = EOPNOTSUPP,
		[NLE_AF_NOSUPPORT] = EAFNOSUPPORT,
		[NLE_OBJ_NOTFOUND] = ENOENT,
		[NLE_NOADDR] = EADDRNOTAVAIL,
		[NLE_MSGTYPE_NOSUPPORT] = EOPNOTSUPP,
		[NLE_BUSY] = EBUSY,
		[NLE_NOACCESS] = EACCES,
		[NLE_PERM] = EPERM,
		[NLE_NODEV] = ENODEV,
	};

	if (nle < 0)
		nle = -nle;
	if (!nle)
		return 0;
	return nle <= NLE_MAX && map[nle] ? -map[nle] : -EIO;
}

struct nl_sock *netlink_sock(struct err *err)
{
	int rc;

	if (thread_sock)
		return thread_sock;
	thread_sock = nl_socket_alloc();
	if (!thread_sock) {
		err_set(err, -ENOMEM, "netlink: out of memory");
		return NULL;
	}
	rc = nl_connect(thread_sock, NETLINK_ROUTE);
	if (rc < 0) {
		err_sys(err, netlink_errno(rc), "netlink socket");
		netlink_sock_close();
	}
	return thread_sock;
}

void netlink_sock_close(void)
{
	nl_socket_free(thread_sock);
	thread_sock = NULL;
}

struct nl_sock *netlink_sock_swap(struct nl_sock *sk)
{
	struct nl_sock *had = thread_sock;

	thread_sock = sk;
	return had;
}

int netlink_do(struct nl_sock *sk, struct nl_msg *msg)
{
	return netlink_errno(nl_send_sync(sk, msg));
}

int netlink_ask(struct nl_sock *sk, struct nl_msg *msg, int (*cb)(struct nl_msg *msg, void *ctx),
		void *ctx)
{
	int rc;

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, cb, ctx);
	rc = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (rc >= 0)
		rc = nl_recvmsgs_default(sk);
	/* The answer to a "get" has been taken; its acknowledgement is still to come. */
	if (rc >= 0)
		rc = nl_wait_for_ack(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return rc < 0 ? netlink_errno(rc) : 0;
}

/* ---- changes ------------------------------------------------------------------------------ */

static void changed_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	char buf[16384];
	ssize_t n;

	(void)loop;
	(void)revents;
	do
		n = recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
	while (n > 0 || (n < 0 && (errno == ENOBUFS || errno == EINTR)));
	watch.changed(watch.ctx);
}

int nl_init(struct ev_loop *loop, void (*changed)(void *ctx), void *ctx, struct err *err)
{
	int rc;

	if (!netlink_sock(err))
		return err && err->code ? err->code : -ENOMEM;
	watch.sk = nl_socket_alloc();
	if (!watch.sk)
		return err_set(err, -ENOMEM, "netlink: out of memory");
	rc = nl_connect(watch.sk, NETLINK_ROUTE);
	if (rc >= 0)
		rc = nl_socket_add_memberships(watch.sk, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
					       RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
					       RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
					       RTNLGRP_NEIGH, 0);
	if (rc < 0) {
		nl_fini();
		return err_sys(err, netlink_errno(rc), "watching the host's links and routes");
	}
	watch.loop = loop;
	watch.changed = changed;
	watch.ctx = ctx;
	ev_io_init(&watch.io, changed_cb, nl_socket_get_fd(watch.sk), EV_READ);
	ev_io_start(loop, &watch.io);
	return 0;
}

void nl_fini(void)
{
	if (watch.loop)
		ev_io_stop(watch.loop, &watch.io);
	nl_socket_free(watch.sk);
	memset(&watch, 0, sizeof(watch));
	netlink_sock_close();
}

/* ---- links -------------------------------------------------------------------------------- */

int nl_ifindex(const char *ifname)
{
	struct rtnl_link *link;
	struct nl_sock *sk = netlink_sock(NULL);
	int ifindex;

	/* Not if_nametoindex(): its socket would be of the same namespace, but it costs two more
	 * system calls a name. */
	if (!sk || rtnl_link_get_kernel(sk, 0, ifname, &link) < 0)
		return 0;
	ifindex = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return ifindex;
}

/* Apply @change (borrowed) to interface @ifname. */
static int link_change(const char *ifname, struct rtnl_link *change, const char *what,
		       struct err *err)
{
	struct nl_sock *sk = netlink_sock(err);
	struct rtnl_link *orig;
	int rc;

	if (!sk)
		return err ? err->code : -ENOMEM;
	rc = rtnl_link_get_kernel(sk, 0, ifname, &orig);
	if (rc < 0)
		return err_sys(err, netlink_errno(rc), "interface %s", ifname);
	rc = rtnl_link_change(sk, orig, change, 0);
	rtnl_link_put(orig);
	if (rc < 0)
		return err_sys(err, netlink_errno(rc), "interface %s: %s", ifname, what);
	return 0;
}

int nl_ifindex_there(const char *ifname)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	/* Any socket takes it, and the RTNL lock is not asked for. */
	return sk && ioctl(nl_socket_get_fd(sk), SIOCGIFINDEX, &ifr) == 0 ? ifr.ifr_ifindex : 0;
}

static int put_setup(struct nl_msg *msg, const struct nl_setup *s)
{
	int rc = 0;

	if (s->mtu)
		rc = nla_put_u32(msg, IFLA_MTU, s->mtu);
	if (rc == 0 && s->mac)
		rc = nla_put(msg, IFLA_ADDRESS, sizeof(s->mac->b), s->mac->b);
	if (rc == 0 && s->alias)
		rc = nla_put_string(msg, IFLA_IFALIAS, s->alias);
	return rc;
}

int nl_link_setup(const char *ifname, int ifindex, const struct nl_setup *s, struct err *err)
{
	unsigned int noarp = s->noarp ? IFF_NOARP : 0;
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC,
				.ifi_index = ifindex,
				.ifi_flags = IFF_UP | noarp,
				.ifi_change = IFF_UP | noarp};
	struct nl_sock *sk = netlink_sock(err);
	struct nl_msg *msg = sk ? nlmsg_alloc_simple(RTM_NEWLINK, 0) : NULL;
	int rc = -ENOMEM;

	if (msg && nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) == 0 &&
	    put_setup(msg, s) == 0)
		rc = netlink_do(sk, msg);
	else
		nlmsg_free(msg);
	if (rc == 0)
		return 0;
	return s->mtu ? err_sys(err, rc, "interface %s: set up with MTU %u", ifname, s->mtu)
		      : err_sys(err, rc, "interface %s: set up", ifname);
}

int nl_link_up(const char *ifname, bool up, struct err *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_set(err, -ENOMEM, "out of memory");
	if (up)
		rtnl_link_set_flags(change, IFF_UP);
	else
		rtnl_link_unset_flags(change, IFF_UP);
	rc = link_change(ifname, change, up ? "set up" : "set down", err);
	rtnl_link_put(change);
	return rc;
}

int nl_link_mtu(const char *ifname, unsigned int mtu, struct err *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_set(err, -ENOMEM, "out of memory");
	rtnl_link_set_mtu(change, mtu);
	rc = link_change(ifname, change, "set the MTU", err);
	rtnl_link_put(change);
	return rc;
}

int nl_link_mac(const char *ifname, const struct mac *mac, struct err *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	struct nl_addr *addr = nl_addr_build(AF_UNSPEC, mac->b, sizeof(mac->b));
	int rc = -ENOMEM;

	if (change && addr) {
		rtnl_link_set_addr(change, addr);
		rc = link_change(ifname, change, "set the MAC address", err);
	} else {
		err_set(err, rc, "out of memory");
	}
	nl_addr_put(addr);
	rtnl_link_put(change);
	return rc;
}

int nl_link_alias(const char *ifname, const char *alias, struct err *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_set(err, -ENOMEM, "out of memory");
	rtnl_link_set_ifalias(change, alias);
	rc = link_change(ifname, change, "set the alias", err);
	rtnl_link_put(change);
	return rc;
}

int nl_link_del(int ifindex, struct err *err)
{
	struct nl_sock *sk = netlink_sock(err);
	struct rtnl_link *link;
	int rc;

	if (!sk)
		return err ? err->code : -ENOMEM;
	link = rtnl_link_alloc();
	if (!link)
		return err_set(err, -ENOMEM, "out of memory");
	rtnl_link_set_ifindex(link, ifindex);
	rc = rtnl_link_delete(sk, link);
	rtnl_link_put(link);
	if (rc < 0)
		return err_sys(err, netlink_errno(rc), "interface %d: delete", ifindex);
	return 0;
}

void nl_link_alias_get(const char *ifname, char *out, size_t size)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct rtnl_link *link;
	const char *alias;

	out[0] = '\0';
	if (!sk || rtnl_link_get_kernel(sk, 0, ifname, &link) < 0)
		return;
	alias = rtnl_link_get_ifalias(link);
	if (alias)
		snprintf(out, size, "%s", alias);
	rtnl_link_put(link);
}

void nl_link_each(void (*fn)(void *ctx, const char *ifname, const char *alias), void *ctx)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_object *o;
	struct nl_cache *cache;

	if (!sk || rtnl_link_alloc_cache(sk, AF_UNSPEC, &cache) < 0)
		return;
	for (o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		const char *alias = rtnl_link_get_ifalias(link);

		fn(ctx, rtnl_link_get_name(link), alias ? alias : "");
	}
	nl_cache_free(cache);
}

bool nl_link_is_up(const char *ifname)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct rtnl_link *link;
	unsigned int flags;

	if (!sk || rtnl_link_get_kernel(sk, 0, ifname, &link) < 0)
		return false;
	flags = rtnl_link_get_flags(link);
	rtnl_link_put(link);
	return (flags & IFF_UP) && (flags & IFF_RUNNING);
}

int nl_link_mac_get(const char *ifname, struct mac *out)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct rtnl_link *link;
	struct nl_addr *addr;
	int rc = -ENODEV;

	if (!sk || rtnl_link_get_kernel(sk, 0, ifname, &link) < 0)
		return rc;
	addr = rtnl_link_get_addr(link);
	if (addr && nl_addr_get_len(addr) == sizeof(out->b)) {
		memcpy(out->b, nl_addr_get_binary_addr(addr), sizeof(out->b));
		rc = 0;
	}
	rtnl_link_put(link);
	return rc;
}

int nl_link_get(int ifindex, const char *ifname, struct nl_link *out)
{
	struct nl_sock *sk = netlink_sock(NULL);
	const char *name, *kind;
	struct rtnl_link *link;
	struct nl_addr *addr;

	memset(out, 0, sizeof(*out));
	if (!sk || rtnl_link_get_kernel(sk, ifindex, ifindex ? NULL : ifname, &link) < 0)
		return -ENODEV;
	name = rtnl_link_get_name(link);
	kind = rtnl_link_get_type(link);
	addr = rtnl_link_get_addr(link);
	out->ifindex = rtnl_link_get_ifindex(link);
	snprintf(out->ifname, sizeof(out->ifname), "%s", name ? name : "");
	snprintf(out->kind, sizeof(out->kind), "%s", kind ? kind : "");
	if (addr && nl_addr_get_len(addr) == sizeof(out->mac.b))
		memcpy(out->mac.b, nl_addr_get_binary_addr(addr), sizeof(out->mac.b));
	out->up = (rtnl_link_get_flags(link) & IFF_UP) && (rtnl_link_get_flags(link) & IFF_RUNNING);
	out->master = rtnl_link_get_master(link);
	out->mtu = rtnl_link_get_mtu(link);
	rtnl_link_put(link);
	return 0;
}

int nl_link_master(const char *ifname, int master, struct err *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_set(err, -ENOMEM, "out of memory");
	rtnl_link_set_master(change, master);
	rc = link_change(ifname, change, "join the bridge", err);
	rtnl_link_put(change);
	return rc;
}

/* ---- addresses ---------------------------------------------------------------------------- */

int nl_addr_add(const char *ifname, struct ip4_prefix prefix, struct err *err)
{
	struct nl_sock *sk = netlink_sock(err);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(AF_INET, &prefix.addr, sizeof(prefix.addr));
	be32 bcast = ip4_broadcast(prefix);
	struct nl_addr *broadcast = nl_addr_build(AF_INET, &bcast, sizeof(bcast));
	int rc = -NLE_NOMEM;

	if (sk && addr && local && broadcast) {
		nl_addr_set_prefixlen(local, prefix.plen);
		rtnl_addr_set_ifindex(addr, nl_ifindex(ifname));
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_broadcast(addr, broadcast);
		rc = rtnl_addr_add(sk, addr, 0);
	}
	nl_addr_put(broadcast);
	nl_addr_put(local);
	rtnl_addr_put(addr);
	/* The same address still there from before a restart is what was wanted. */
	if (rc < 0 && rc != -NLE_EXIST)
		return err_sys(err, netlink_errno(rc), "interface %s: add an address", ifname);
	return 0;
}

int nl_addr_first(const char *ifname, struct ip4_prefix *out)
{
	struct nl_sock *sk = netlink_sock(NULL);
	int ifindex = nl_ifindex(ifname), rc = -ENOENT;
	struct nl_object *o;
	struct nl_cache *cache;

	if (!sk || !ifindex || rtnl_addr_alloc_cache(sk, &cache) < 0)
		return rc;
	for (o = nl_cache_get_first(cache); o && rc; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;
		struct nl_addr *local = rtnl_addr_get_local(a);

		if (rtnl_addr_get_ifindex(a) != ifindex || rtnl_addr_get_family(a) != AF_INET ||
		    rtnl_addr_get_scope(a) != RT_SCOPE_UNIVERSE || !local)
			continue;
		memcpy(&out->addr, nl_addr_get_binary_addr(local), sizeof(out->addr));
		out->plen = (uint8_t)rtnl_addr_get_prefixlen(a);
		rc = 0;
	}
	nl_cache_free(cache);
	return rc;
}

void nl_addr_each(void (*fn)(void *ctx, int ifindex, int family, const void *addr), void *ctx)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_object *o;
	struct nl_cache *cache;

	if (!sk || rtnl_addr_alloc_cache(sk, &cache) < 0)
		return;
	for (o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;
		struct nl_addr *local = rtnl_addr_get_local(a);
		int family = local ? nl_addr_get_family(local) : AF_UNSPEC;

		if (family == AF_INET || family == AF_INET6)
			fn(ctx, rtnl_addr_get_ifindex(a), family, nl_addr_get_binary_addr(local));
	}
	nl_cache_free(cache);
}
