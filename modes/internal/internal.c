/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal - guests among themselves, with addresses from a DHCP server if wanted.
 *
 * The host has no place on it. The DHCP server is code behind a port of the switch: it can be
 * reached from the network and from nowhere else.
 */
#include "vswitchd/host/addrplan.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/netdhcp.h"

static int internal_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	int rc = conf_refuse(conf, CONF_GATEWAY | CONF_NIC | CONF_IPV6 | CONF_VLAN,
			     "an internal network leads nowhere else", err);

	if (rc < 0)
		return rc;
	if (!conf->dhcp)
		rc = conf_refuse(conf, CONF_DHCP, "there is no DHCP server here without dhcp=on",
				 err);
	if (rc < 0 || (!conf->dhcp && !conf->subnet.plen))
		return rc;
	return addrplan_fill(r, conf, conf->dhcp ? PLAN_DHCP : 0, err);
}

static int internal_start(struct net *net, struct err *err)
{
	return net->conf.dhcp ? netdhcp_start(net, err) : 0;
}

static void internal_stop(struct net *net)
{
	netdhcp_stop(net);
}

const struct mode_ops mode_internal = {
	.name = "internal",
	.summary = "guests among themselves; DHCP if wanted; no host, no way out",
	.check = internal_check,
	.start = internal_start,
	.stop = internal_stop,
	.tick = netdhcp_tick,
	.at_rest = netdhcp_at_rest,
	.show = netdhcp_show,
};
