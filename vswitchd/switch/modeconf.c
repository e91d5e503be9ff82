/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/modeconf.h"

int conf_refuse(const struct net_conf *conf, unsigned int refused, const char *why, struct err *err)
{
	const struct {
		unsigned int setting;
		bool given;
		const char *word;
	} all[] = {
		{CONF_SUBNET, conf->subnet.plen != 0, "subnet"},
		{CONF_GATEWAY, conf->gateway != 0, "gateway"},
		{CONF_DHCP, conf->dhcp || conf->dhcp_first != 0, "dhcp"},
		{CONF_DHCP, conf->lease_s != 0, "lease"},
		{CONF_DHCP, conf->dhcp_rules != NULL, "dhcp_rules"},
		{CONF_DHCP, conf->dhcp_router != 0, "router"},
		{CONF_DHCP, conf->dns.way > NET_DNS_OFF, "dns"},
		{CONF_NIC, conf->nic[0] != '\0', "nic"},
		{CONF_NIC, conf->via[0] != '\0', "via"},
		{CONF_NIC, conf->uplink != UPLINK_AUTO, "uplink"},
		{CONF_IPV6, conf->subnet6.given, "subnet6"},
		{CONF_IPV6, conf->ipv6 != IPV6_UNSET, "ipv6"},
		{CONF_VLAN, conf->vlan != 0, "vlan"},
		{CONF_HOST, conf->host_off, "host"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if ((refused & all[i].setting) && all[i].given)
			return err_set(err, -EINVAL, "%s= does not go with mode=%s: %s",
				       all[i].word, conf->mode->name, why);
	return 0;
}
