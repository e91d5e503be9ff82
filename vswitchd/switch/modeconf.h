/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modeconf.h - what the modes' check() functions share: refusing settings that mean nothing there.
 */
#ifndef VSWITCHD_MODECONF_H
#define VSWITCHD_MODECONF_H

#include "lib/err.h"
#include "vswitchd/switch/net.h"

enum conf_setting {
	CONF_SUBNET = 1 << 0,
	CONF_GATEWAY = 1 << 1,
	CONF_DHCP = 1 << 2, /* dhcp=, lease=, router=, dns= */
	CONF_NIC = 1 << 3,  /* nic=, via=, uplink= */
	CONF_VLAN = 1 << 4,
	CONF_IPV6 = 1 << 5, /* subnet6=, ipv6= */
	CONF_HOST = 1 << 6, /* host=off */
};

/* -EINVAL with an error that names the first setting of @refused that @conf has and says @why (a
 * sentence about the mode); 0 when it has none. "dhcp=off" is never refused. */
int conf_refuse(const struct net_conf *conf, unsigned int refused, const char *why,
		struct err *err);

#endif
