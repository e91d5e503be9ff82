/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address plan that people know from VMware: in a /24 the host's leg is .1, the NAT gateway
 * .2, DHCP gives .128 to .253, the DHCP server is .254. In a subnet of 2^n addresses these are
 * the first, the second, the upper half without its last two, and the last but one.
 *
 * What the user gave stays; what is left open gives way to it: a leg or a server whose usual
 * address is taken moves to the next one that is free.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { PLEN_MIN = 8, PLEN_MAX = 29, AUTO_PLEN = 24 };

/* Where subnets are chosen when the user names none: 10.64.0.0/10. */
static const uint32_t AUTO_FIRST = 0x0a400000, AUTO_LAST = 0x0a7fff00;

static uint32_t nth_of(const struct net_conf *conf, be32 addr)
{
	return ntohl(addr) - ntohl(ip4_network(conf->subnet));
}

static uint32_t size_of(const struct net_conf *conf)
{
	return 1u << (32 - conf->subnet.plen);
}

/* ---- the subnet --------------------------------------------------------------------------- */

static int subnet_check(const struct net_conf *conf, struct err *err)
{
	struct ip4_prefix p = conf->subnet, net = {ip4_network(p), p.plen};
	char given[IP4_PREFIX_STR], right[IP4_PREFIX_STR];
	uint32_t first = ntohl(net.addr), last = ntohl(ip4_broadcast(p));

	ip4_prefix_format(p, given);
	if (p.plen < PLEN_MIN || p.plen > PLEN_MAX)
		return err_set(err, -EINVAL, "subnet %s: the prefix length must be /%d to /%d",
			       given, PLEN_MIN, PLEN_MAX);
	if (p.addr != net.addr)
		return err_set(err, -EINVAL,
			       "subnet %s is an address in a subnet: write %s for the subnet",
			       given, ip4_prefix_format(net, right));
	/* RFC 6890: "this network", loopback, multicast and reserved are no subnets of hosts. */
	if (first < 0x01000000 || (first <= 0x7fffffff && last >= 0x7f000000) || last >= 0xe0000000)
		return err_set(err, -EINVAL, "subnet %s is not one for hosts: try 10.64.0.0/24",
			       given);
	return 0;
}

/* Who but the network @name has something in @p already? Words for people in @what. Of networks
 * @with_legs only those count in which the host has an address: in all others a subnet is nobody's
 * but the network's. */
static bool subnet_taken(struct runner *r, const char *name, struct ip4_prefix p, bool with_legs,
			 char *what, size_t size)
{
	char text[IP4_PREFIX_STR], leg[16], route[64];

	for (struct net *n = r->nets; n; n = n->next) {
		const struct ip4_prefix *further = n->further ? n->further(n, p) : NULL;
		struct ip4_prefix other = further ? *further : n->conf.subnet;

		if (!other.plen || (with_legs && !n->conf.host) || !ip4_prefix_overlaps(p, other) ||
		    strcmp(n->conf.name, name) == 0)
			continue;
		snprintf(what, size, "network %s has %s", n->conf.name,
			 ip4_prefix_format(other, text));
		return true;
	}
	/* By hand (wire tests) there is no host to ask. A leg of ours that outlived a crash is
	 * taken back, not avoided. */
	port_ifname(name, leg);
	if (!r->loop || !nl_subnet_used(p, leg, route, sizeof(route)))
		return false;
	snprintf(what, size, "the host has %s", route);
	return true;
}

static int subnet_fill(struct runner *r, struct net_conf *conf, unsigned int want, struct err *err)
{
	char what[128], text[IP4_PREFIX_STR];

	if (conf->subnet.plen) {
		int rc = subnet_check(conf, err);

		if (rc == 0 && (want & PLAN_HOST) &&
		    subnet_taken(r, conf->name, conf->subnet, true, what, sizeof(what)))
			rc = err_set(
				err, -EEXIST,
				"subnet %s is in use: %s, and the host can have an address on one of "
				"them only: leave subnet= out and a free one is chosen%s",
				ip4_prefix_format(conf->subnet, text), what,
				want & PLAN_GATEWAY ? ", or say host=off" : "");
		return rc;
	}
	for (uint32_t a = AUTO_FIRST; a <= AUTO_LAST; a += 256) {
		struct ip4_prefix p = {htonl(a), AUTO_PLEN};

		if (subnet_taken(r, conf->name, p, false, what, sizeof(what)))
			continue;
		conf->subnet = p;
		return 0;
	}
	return err_set(err, -EADDRNOTAVAIL,
		       "no /24 of 10.64.0.0/10 is free (%s): choose one with subnet=", what);
}

int addrplan_check_further(struct runner *r, const char *name, struct ip4_prefix p, struct err *err)
{
	char what[128], text[IP4_PREFIX_STR];

	if (!subnet_taken(r, name, p, true, what, sizeof(what)))
		return 0;
	return err_set(err, -EEXIST, "subnet %s is in use: %s", ip4_prefix_format(p, text), what);
}

/* ---- the addresses in it ------------------------------------------------------------------ */

/* @addr was given as the network's @what: is it one that a machine there can have? */
static int addr_check(const struct net_conf *conf, be32 addr, const char *what, struct err *err)
{
	char text[IP4_STR], subnet[IP4_PREFIX_STR];

	if (!addr)
		return 0;
	ip4_format(addr, text);
	ip4_prefix_format(conf->subnet, subnet);
	if (!ip4_prefix_has(conf->subnet, addr))
		return err_set(err, -EINVAL, "%s %s is outside of subnet %s", what, text, subnet);
	if (nth_of(conf, addr) == 0 || nth_of(conf, addr) == size_of(conf) - 1)
		return err_set(err, -EINVAL, "%s %s is the network or broadcast address of %s",
			       what, text, subnet);
	return 0;
}

static bool in_pool(const struct net_conf *conf, uint32_t n)
{
	return conf->dhcp_first && n >= nth_of(conf, conf->dhcp_first) &&
	       n <= nth_of(conf, conf->dhcp_last);
}

static bool is_used(const struct net_conf *conf, uint32_t n)
{
	be32 addr = ip4_nth(conf->subnet, n);

	return addr == conf->host || addr == conf->gateway || addr == conf->dhcp_server ||
	       in_pool(conf, n);
}

/* The first address that nobody has, from @n on in steps of @step; 0 when there is none. */
static be32 addr_free(const struct net_conf *conf, uint32_t n, int step)
{
	for (; n > 0 && n < size_of(conf) - 1; n += (uint32_t)step)
		if (!is_used(conf, n))
			return ip4_nth(conf->subnet, n);
	return 0;
}

static int pool_check(const struct net_conf *conf, struct err *err)
{
	const struct {
		be32 addr;
		const char *what;
	} taken[] = {{conf->host, "host's"},
		     {conf->gateway, "gateway's"},
		     {conf->dhcp_server, "DHCP server's"}};
	char text[IP4_STR];
	int rc = addr_check(conf, conf->dhcp_first, "first DHCP address", err);

	if (rc == 0)
		rc = addr_check(conf, conf->dhcp_last, "last DHCP address", err);
	if (rc < 0)
		return rc;
	if (ntohl(conf->dhcp_first) > ntohl(conf->dhcp_last))
		return err_set(err, -EINVAL, "the DHCP range ends before it begins");
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (taken[i].addr && in_pool(conf, nth_of(conf, taken[i].addr)))
			return err_set(err, -EINVAL, "the DHCP range has the %s address %s in it",
				       taken[i].what, ip4_format(taken[i].addr, text));
	return 0;
}

/* The server's address and, when none was given, the range: the upper half but its last two. */
static int dhcp_fill(struct net_conf *conf, struct err *err)
{
	uint32_t size = size_of(conf);

	if (!conf->dhcp_server)
		conf->dhcp_server = addr_free(conf, size - 2, -1);
	if (!conf->dhcp_server)
		return err_set(err, -EINVAL,
			       "the DHCP range leaves no address for the DHCP server itself");
	if (!conf->dhcp_first) {
		uint32_t first = size / 2, last = size - 3;

		/* A given gateway in the upper half cuts the range short at one end. */
		while (first < last && is_used(conf, first))
			first++;
		while (last > first && is_used(conf, last))
			last--;
		conf->dhcp_first = ip4_nth(conf->subnet, first);
		conf->dhcp_last = ip4_nth(conf->subnet, last);
	}
	return pool_check(conf, err);
}

int addrplan_fill(struct runner *r, struct net_conf *conf, unsigned int want, struct err *err)
{
	int rc = subnet_fill(r, conf, want, err);

	if (rc == 0)
		rc = addr_check(conf, conf->gateway, "gateway", err);
	if (rc == 0)
		rc = addr_check(conf, conf->host, "host address", err);
	if (rc == 0)
		rc = addr_check(conf, conf->dhcp_server, "DHCP server", err);
	if (rc < 0)
		return rc;
	if ((want & PLAN_HOST) && !conf->host)
		conf->host = addr_free(conf, 1, 1);
	/* .2 also where there is no leg: students look for the gateway there. */
	if ((want & PLAN_GATEWAY) && !conf->gateway)
		conf->gateway = addr_free(conf, 2, 1);
	if (((want & PLAN_HOST) && !conf->host) || ((want & PLAN_GATEWAY) && !conf->gateway))
		return err_set(err, -EINVAL, "the DHCP range leaves no address for the %s",
			       (want & PLAN_HOST) && !conf->host ? "host" : "gateway");
	return (want & PLAN_DHCP) ? dhcp_fill(conf, err) : 0;
}
