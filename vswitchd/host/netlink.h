/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.h - links, addresses, routes and neighbours of the host, by libnl.
 *
 * One request socket a thread, opened at first use in the namespace that the thread is in; one
 * more that hears of changes, watched by the loop. Every function changes only interfaces that
 * this daemon made, except nl_neigh_probe(), which asks the kernel to resolve a next hop.
 * Blocking, but local: each call is a round trip or two to the kernel.
 */
#ifndef VSWITCHD_NETLINK_H
#define VSWITCHD_NETLINK_H

#include <ev.h>

#include "lib/addr.h"
#include "lib/err.h"
#include "lib/ipaddr.h"

/* Open the sockets; @changed is called (from the loop, at most once per wake-up) when links,
 * addresses, routes or neighbours changed. */
int nl_init(struct ev_loop *loop, void (*changed)(void *ctx), void *ctx, struct err *err);
void nl_fini(void);

/* 0 when there is no such interface. */
int nl_ifindex(const char *ifname);
/* The same, faster, for one that is known to be there. */
int nl_ifindex_there(const char *ifname);

/* What an interface needs before it can be used; zero members are left as they are. */
struct nl_setup {
	const char *alias;
	const struct mac *mac;
	unsigned int mtu;
	bool noarp; /* the host's stack asks and answers nothing there */
};
/* All of it, and up, in one message. */
int nl_link_setup(const char *ifname, int ifindex, const struct nl_setup *s, struct err *err);
int nl_link_up(const char *ifname, bool up, struct err *err);
int nl_link_mtu(const char *ifname, unsigned int mtu, struct err *err);
int nl_link_mac(const char *ifname, const struct mac *mac, struct err *err);
int nl_link_alias(const char *ifname, const char *alias, struct err *err);
/* By index: a name may meanwhile belong to another interface. */
int nl_link_del(int ifindex, struct err *err);
/* "" when the interface has none or does not exist. */
void nl_link_alias_get(const char *ifname, char *out, size_t size);
/* Call @fn for each interface. */
void nl_link_each(void (*fn)(void *ctx, const char *ifname, const char *alias), void *ctx);
bool nl_link_is_up(const char *ifname);
int nl_link_mac_get(const char *ifname, struct mac *out);

struct nl_link {
	int ifindex;
	char ifname[16];
	char kind[16];	/* "bridge", "veth"...; "" for a device of its own */
	struct mac mac; /* zero when it has no Ethernet address */
	bool up;	/* set up, and with a carrier */
	int master;	/* the bridge or bond that it is a port of; 0: none */
	unsigned int mtu;
};
/* By index, or with @ifindex 0 by name. -ENODEV when there is no such interface. */
int nl_link_get(int ifindex, const char *ifname, struct nl_link *out);
/* Make @ifname a port of the bridge @master; 0: of none. */
int nl_link_master(const char *ifname, int master, struct err *err);
/* Call @fn for each IPv4 and IPv6 address of the host: 4 or 16 bytes. */
void nl_addr_each(void (*fn)(void *ctx, int ifindex, int family, const void *addr), void *ctx);
/* Let the host speak IPv6 on an interface of ours for which nl_link_no_ipv6() has switched it off,
 * with a link-local address and @addr/64, and never believe a router there. */
int nl_link_ipv6(const char *ifname, const uint8_t addr[16], struct err *err);

int nl_addr_add(const char *ifname, struct ip4_prefix addr, struct err *err);
/* The first global IPv4 address of an interface; -ENOENT when it has none. */
int nl_addr_first(const char *ifname, struct ip4_prefix *out);

/* Move an interface into the namespace at /run/netns/@netns, name it @newname there, set its MAC
 * (unless zero) and bring it up. */
int nl_link_to_netns(const char *ifname, const char *netns, const char *newname,
		     const struct mac *mac, struct err *err);
/* Make a veth pair: @host stays here, @inside goes to @netns; both are up. */
int nl_veth_add(const char *host, const char *netns, const char *inside, struct err *err);

/* Keep a tap out of the host's stack, so that a guest behind it can't speak to the host: no IPv6,
 * and every frame that arrives on it stops (after packet sockets saw it) at a classifier on its
 * ingress hook; it is set up without ARP (nl_link_setup()). All of it lives and dies with the
 * interface. */
int nl_tap_isolate(const char *ifname, int ifindex, struct err *err);
/* The same, but every frame that arrives on it goes on as if it had arrived on interface @to. */
int nl_tap_redirect(const char *ifname, int ifindex, int to, struct err *err);
/* Speak no IPv6 on @ifname: no address, no router advertisement believed. */
int nl_link_no_ipv6(const char *ifname, struct err *err);
/* Answer ARP on @ifname only for addresses of @ifname. Best effort, as is the next. */
int nl_link_arp_strict(const char *ifname);
/* Take packets for 127.0.0.0/8 that arrive on @ifname, or not any more; and answer them. */
int nl_link_route_localnet(const char *ifname, bool on);
/* Send on @ifname without a queue of the kernel's before the device's own, so that a full device
 * is told to the sender. */
int nl_link_noqueue(int ifindex);

struct nl_route {
	int ifindex;
	char ifname[16];
	struct ip_addr gateway; /* zero: on link */
	struct ip_addr src;	/* address that the host itself would use; zero: not known */
	unsigned int mtu;
};
/* How would the host reach @dst, of either family? -ENETUNREACH when it would not. Routes by which
 * the host delivers to itself give -EHOSTUNREACH. */
int nl_route_get(const struct ip_addr *dst, struct nl_route *out);
/* The interface of the default route, for nic=auto. -ENOENT when there is none. */
int nl_default_ifname(char out[16]);
/* MAC of a neighbour if the kernel knows it (reachable, stale, delay, probe, permanent). -ENOENT */
int nl_neigh_get(int ifindex, const struct ip_addr *addr, struct mac *out);
/* Ask the kernel to resolve @addr; the answer comes as a change. */
int nl_neigh_probe(int ifindex, const struct ip_addr *addr);
/* Does any route or address of the host (other than the default route and those of interface
 * @except, may be NULL) overlap @p? Names it in @what ("192.168.1.0/24 dev eth0"). */
bool nl_subnet_used(struct ip4_prefix p, const char *except, char *what, size_t size);
/* The same for the /64 that begins with @prefix, of routes that are at least @plen_min bits long. A
 * route that says that nothing is there counts as none. */
bool nl_subnet6_used(const uint8_t prefix[static 8], unsigned int plen_min, const char *except,
		     char *what, size_t size);

/* Run @fn inside the namespace at /run/netns/@netns; all functions of this header that @fn calls
 * act on that namespace. Returns what @fn returns. */
int nl_in_netns(const char *netns, int (*fn)(void *ctx, struct err *err), void *ctx,
		struct err *err);

#endif
