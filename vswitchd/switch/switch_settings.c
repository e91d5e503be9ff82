/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/switch_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"

/* ---- networks -------------------------------------------------------------------------------- */

/* A hub knows no addresses, so what the switch has learnt is forgotten; what it has to know (its
 * own ports' addresses) stays for the day it is a switch again. */
static int hub_set(struct net *net, const char *value, struct err *err)
{
	bool hub;
	int rc = setting_bool(value, &hub, err);

	if (rc)
		return rc;
	if (hub && !net->hub)
		fdb_flush(net->fdb, NULL);
	net->hub = hub;
	return 0;
}

static bool hub_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", net->hub ? "on" : "off");
	return net->hub;
}

/* 802.1D-2004 table 7-5: 10 to 1,000,000 s; less is good for watching it in a lesson. */
static int ageing_set(struct net *net, const char *value, struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long s = strtoul(value, NULL, 10);

	if (!digits || digits > 7 || strcmp(value + digits, "s") || !s ||
	    s > FDB_AGEING_MAX_MS / 1000)
		return err_set(err, -EINVAL, "wants a time from 1s to %ds",
			       FDB_AGEING_MAX_MS / 1000);
	fdb_set_ageing(net->fdb, s * 1000);
	return 0;
}

static bool ageing_get(const struct net *net, char *text, size_t size)
{
	msec ageing = fdb_ageing(net->fdb);

	snprintf(text, size, "%llus", (unsigned long long)ageing / 1000);
	return ageing != FDB_AGEING_MS;
}

static int macs_set(struct net *net, const char *value, struct err *err)
{
	unsigned long n;
	int rc = setting_number(value, FDB_SIZE_MIN, FDB_SIZE_MAX, &n, err);

	if (rc || n == fdb_max(net->fdb))
		return rc;
	if (fdb_resize(&net->fdb, (unsigned int)n))
		return err_set(err, -ENOMEM, "there is no memory for a table of that size");
	return 0;
}

static bool macs_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%u", fdb_max(net->fdb));
	return fdb_max(net->fdb) != FDB_SIZE_DEFAULT;
}

static int mtu_set(struct net *net, const char *value, struct err *err)
{
	unsigned long mtu;
	int rc = setting_number(value, NET_MTU_MIN, NET_MTU_MAX, &mtu, err);

	return rc ? rc : net_set_mtu(net, (uint16_t)mtu, err);
}

static bool mtu_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%u", net_mtu(net));
	return net_mtu(net) != NET_MTU_DEFAULT;
}

const struct net_setting switch_net_settings[] = {
	{"hub", "on or off", hub_set, hub_get},
	{"ageing", "a time in seconds, like 300s", ageing_set, ageing_get},
	{"macs", "the size of the table, 16 to 1048576 addresses", macs_set, macs_get},
	{"mtu", "576 to 65520", mtu_set, mtu_get},
	{0},
};

/* ---- ports ----------------------------------------------------------------------------------- */

static int limit_set(struct port *port, const char *value, struct err *err)
{
	unsigned long n = 0;

	if (strcmp(value, "off") && setting_number(value, 1, FDB_SIZE_MAX, &n, err))
		return err_set(err, -EINVAL, "wants off or a number from 1 to %d", FDB_SIZE_MAX);
	port->fdb_share.limit = (uint32_t)n;
	/* Those that are there already would stay for as long as they are used. */
	if (n && port->fdb_share.count > n)
		fdb_flush(port->net->fdb, port);
	return 0;
}

static bool limit_get(const struct port *port, char *text, size_t size)
{
	if (port->fdb_share.limit)
		snprintf(text, size, "%u", port->fdb_share.limit);
	else
		snprintf(text, size, "off");
	return port->fdb_share.limit;
}

/* Who has more than that keeps them until they end. */
static int leases_set(struct port *port, const char *value, struct err *err)
{
	return setting_leases(value, "default", &port->leases, err);
}

static bool leases_get(const struct port *port, char *text, size_t size)
{
	setting_leases_text(port->leases, "default", text, size);
	return port->leases;
}

const struct port_setting switch_port_settings[] = {
	{"leases", "how many addresses DHCP may give behind the port, any, or default", leases_set,
	 leases_get},
	{"macs", "off or the most addresses that may be behind the port", limit_set, limit_get},
	{0},
};
