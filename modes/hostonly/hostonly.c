/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-only - guests and the host, and no way further.
 *
 * The host has a leg on it (hostleg.h) that it does not route through. DHCP is on unless switched
 * off; it names no router (option 3), so that no guest believes there was a way out.
 *
 * IPv6: the leg is ::1 of a /64, given or a unique local one (RFC 4193) whose global id comes from
 * this daemon's instance and whose subnet id from the network's name, so that it is the same after
 * each restart. The station advertises it, as no way out.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/hostleg.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns.h"
#include "vswitchd/netprobe.h"
#include "vswitchd/netsix.h"
#include "vswitchd/nettftp.h"
#include "vswitchd/switch/port.h"

static const char *subnet6_text(const struct ip6_net *n, char text[INET6_ADDRSTRLEN])
{
	uint8_t addr[16] = {0};

	memcpy(addr, n->prefix, sizeof(n->prefix));
	return inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

static int hostonly_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	int rc = conf_refuse(conf, CONF_GATEWAY | CONF_NIC | CONF_VLAN | CONF_HOST,
			     "a host-only network leads to the host and no further", err);

	if (rc < 0)
		return rc;
	if (!conf->dhcp_given)
		conf->dhcp = true;
	rc = addrplan6_fill(r, conf, err);
	return rc ? rc : addrplan_fill(r, conf, PLAN_HOST | (conf->dhcp ? PLAN_DHCP : 0), err);
}

static void hostonly_stop(struct net *net)
{
	netprobe_stop(net);
	netdns_stop(net);
	netsix_stop(net);
	netdhcp_stop(net);
	hostleg_del(net);
}

static int hostonly_start(struct net *net, struct err *err)
{
	int rc = hostleg_add(net, err);

	if (rc == 0 && (net->conf.dhcp || net->conf.subnet6.given))
		rc = netdns_start(net, NET_DNS_OWN, err);
	if (rc == 0 && net->conf.dhcp)
		rc = netdhcp_start(net, err);
	if (rc == 0)
		rc = netsix_start(net, false, err);
	if (rc < 0)
		hostonly_stop(net);
	return rc;
}

static void hostonly_show(const struct net *net, json_t *out)
{
	char ifname[16], text[INET6_ADDRSTRLEN];
	bool on = net->conf.subnet6.given;

	port_ifname(net->conf.name, ifname);
	json_object_set_new(out, "host_ifname", json_string(ifname));
	json_object_set_new(out, "subnet6",
			    on ? json_sprintf("%s/64", subnet6_text(&net->conf.subnet6, text))
			       : json_null());
	json_object_set_new(out, "host6", on ? json_sprintf("%s1", text) : json_null());
	netdhcp_show(net, out);
	netsix_show(net, out);
	netdns_show(net, out);
	nettftp_show(net, out);
}

static void hostonly_tick(struct net *net, msec now)
{
	netdhcp_tick(net, now);
	netsix_tick(net, now);
	nettftp_tick(net, now);
}

static bool hostonly_at_rest(const struct net *net)
{
	return netdhcp_at_rest(net) && netsix_at_rest(net);
}

const struct mode_ops mode_hostonly = {
	.name = "host-only",
	.summary = "guests and the host; DHCP; no way further",
	.check = hostonly_check,
	.start = hostonly_start,
	.stop = hostonly_stop,
	.tick = hostonly_tick,
	.at_rest = hostonly_at_rest,
	.services = (const struct net_setting *const[]){netdhcp_settings, netsix_settings,
							netdns_settings, nettftp_settings,
							netprobe_settings, NULL},
	.show = hostonly_show,
};
