/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch_settings.h"

#include <stdio.h>

#include "vswitchd/net.h"
#include "vswitchd/port.h"

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

const struct net_setting switch_net_settings[] = {
	{"hub", "on or off", hub_set, hub_get},
	{0},
};

/* ---- ports ----------------------------------------------------------------------------------- */

const struct port_setting switch_port_settings[] = {{0}};
