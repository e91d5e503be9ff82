/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lan-segment - a cable between guests: layer 2 and nothing else.
 *
 * No service is on it and none can be asked for but a probe (netprobe.h); everything above Ethernet
 * is the guests' own.
 */
#include "vswitchd/switch/mode.h"
#include "vswitchd/netprobe.h"
#include "vswitchd/switch/modeconf.h"

static int lansegment_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	(void)r;
	return conf_refuse(
		conf, CONF_SUBNET | CONF_GATEWAY | CONF_DHCP | CONF_NIC | CONF_IPV6 | CONF_HOST,
		"a LAN segment is Ethernet only, addresses are the guests' own "
		"(mode=internal has a subnet and DHCP)",
		err);
}

static void lansegment_stop(struct net *net)
{
	netprobe_stop(net);
}

const struct mode_ops mode_lansegment = {
	.name = "lan-segment",
	.summary = "an Ethernet cable between guests and nothing else",
	.check = lansegment_check,
	.stop = lansegment_stop,
	.services = (const struct net_setting *const[]){netprobe_settings, NULL},
};
