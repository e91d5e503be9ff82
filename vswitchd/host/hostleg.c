/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's leg: a "hosttap" port "NET.host" whose interface has conf.host.
 *
 * Two things keep it from being more than a leg. The host routes nothing from or to it, whatever
 * ip_forward says (hostrules.h). And the host answers ARP there only for the leg's own address,
 * where Linux by default answers on each interface for the addresses of all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/host/hostleg.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/port.h"

static void leg_port_name(const struct net *net, char out[PORT_NAME_MAX + 1])
{
	snprintf(out, PORT_NAME_MAX + 1, "%s.host", net->conf.name);
}

/* IPv6 where the mode wants it. Without it (no IPv6 in the kernel, /proc/sys read only) the leg
 * still has IPv4. */
static void leg_ipv6(const struct net *net, const char *ifname)
{
	uint8_t addr[16] = {[15] = 1};
	struct err err = {0};

	if (!net->conf.subnet6.given)
		return;
	memcpy(addr, net->conf.subnet6.prefix, sizeof(net->conf.subnet6.prefix));
	if (nl_link_ipv6(ifname, addr, &err) < 0)
		log_warn("network %s: the host has no IPv6 there: %s", net->conf.name, err.text);
}

int hostleg_add(struct net *net, struct err *err)
{
	struct ip4_prefix addr = {net->conf.host, net->conf.subnet.plen};
	char name[PORT_NAME_MAX + 1], ifname[16];
	struct port_conf conf = {.name = name, .carrier = "hosttap", .ifname = ifname};
	struct err rules;
	struct port *port;
	int rc;

	leg_port_name(net, name);
	port_ifname(net->conf.name, ifname);
	port = port_add(net, &conf, err);
	if (!port)
		return err && err->code ? err->code : -EIO;
	rc = hostrules_leg_add(ifname, &rules);
	if (rc < 0)
		log_warn("network %s: the host may route through %s: %s", net->conf.name, ifname,
			 rules.text);
	nl_link_arp_strict(ifname);
	leg_ipv6(net, ifname);
	rc = nl_addr_add(ifname, addr, err);
	if (rc < 0)
		hostleg_del(net);
	else
		port->said_addr = net->conf.host;
	return rc;
}

void hostleg_del(struct net *net)
{
	char name[PORT_NAME_MAX + 1];
	struct port *port;

	leg_port_name(net, name);
	port = port_find(name);
	if (!port || port->net != net)
		return;
	hostrules_leg_del(port->ifname);
	port_del(port, true);
}
