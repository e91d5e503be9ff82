/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/nearest.h"
#include "vswitchd/guard.h"
#include "vswitchd/mirror.h"
#include "vswitchd/settings.h"
#include "vswitchd/snoop.h"
#include "vswitchd/storm.h"
#include "vswitchd/stp.h"
#include "vswitchd/vlan.h"

static const struct port_setting *const port_groups[] = {
	vlan_settings, stp_port_settings, guard_settings, storm_settings, mirror_settings,
};
static const struct net_setting *const net_groups[] = {
	stp_net_settings,
	snoop_settings,
};

static const struct port_setting *port_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_groups); i++)
		for (const struct port_setting *s = port_groups[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return NULL;
}

static const struct net_setting *net_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(net_groups); i++)
		for (const struct net_setting *s = net_groups[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return NULL;
}

bool port_setting_known(const char *name)
{
	return port_row(name);
}

bool net_setting_known(const char *name)
{
	return net_row(name);
}

int setting_bool(const char *value, bool *out, struct err *err)
{
	*out = !strcmp(value, "on");
	return *out || !strcmp(value, "off") ? 0 : err_set(err, -EINVAL, "wants on or off");
}
