/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal - guests among themselves, with addresses from a DHCP server if wanted.
 *
 * The host has no place on it. The DHCP server is code behind a port of the switch: it can be
 * reached from the network and from nowhere else. So are router advertisements and DHCPv6, for
 * which ipv6= or subnet6= asks.
 */
#include "vswitchd/host/addrplan.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns.h"
#include "vswitchd/netprobe.h"
#include "vswitchd/netsix.h"
#include "vswitchd/nettftp.h"

static int internal_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	int rc = conf_refuse(conf, CONF_GATEWAY | CONF_NIC | CONF_VLAN | CONF_HOST,
			     "an internal network leads nowhere else", err);

	if (rc < 0)
		return rc;
	if (conf->ipv6 == IPV6_UNSET && !conf->subnet6.given)
		conf->ipv6 = IPV6_OFF;
	rc = addrplan6_fill(r, conf, err);
	if (rc == 0 && !conf->dhcp)
		rc = conf_refuse(conf, CONF_DHCP, "there is no DHCP server here without dhcp=on",
				 err);
	if (rc < 0 || (!conf->dhcp && !conf->subnet.plen))
		return rc;
	return addrplan_fill(r, conf, conf->dhcp ? PLAN_DHCP : 0, err);
}

static void internal_stop(struct net *net)
{
	netprobe_stop(net);
	netdns_stop(net);
	netsix_stop(net);
	netdhcp_stop(net);
}

static int internal_start(struct net *net, struct err *err)
{
	bool station = net->conf.dhcp || net->conf.subnet6.given;
	int rc = station ? netdns_start(net, NET_DNS_OWN, err) : 0;

	if (rc == 0 && net->conf.dhcp)
		rc = netdhcp_start(net, err);

	if (rc == 0)
		rc = netsix_start(net, false, err);
	if (rc < 0)
		internal_stop(net);
	return rc;
}

static void internal_tick(struct net *net, msec now)
{
	netdhcp_tick(net, now);
	netsix_tick(net, now);
	nettftp_tick(net, now);
}

static bool internal_at_rest(const struct net *net)
{
	return netdhcp_at_rest(net) && netsix_at_rest(net);
}

static void internal_show(const struct net *net, json_t *out)
{
	char text[IP_NET_STR];
	struct ip_net prefix = {netsix_addr(net, 0), 64};

	json_object_set_new(out, "subnet6",
			    net->conf.subnet6.given ? json_string(ip_net_format(&prefix, text))
						    : json_null());
	netdhcp_show(net, out);
	netsix_show(net, out);
	netdns_show(net, out);
	nettftp_show(net, out);
}

const struct mode_ops mode_internal = {
	.name = "internal",
	.summary = "guests among themselves; DHCP if wanted; no host, no way out",
	.check = internal_check,
	.start = internal_start,
	.stop = internal_stop,
	.tick = internal_tick,
	.at_rest = internal_at_rest,
	.services = (const struct net_setting *const[]){netdhcp_settings, netsix_settings,
							netdns_settings, nettftp_settings,
							netprobe_settings, NULL},
	.show = internal_show,
};
