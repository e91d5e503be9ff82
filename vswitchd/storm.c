/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/port.h"
#include "vswitchd/storm.h"

const struct port_setting storm_settings[] = {{0}};

enum drop_reason storm_ingress(struct walk *w, bool unknown_unicast)
{
	(void)w;
	(void)unknown_unicast;
	return DROP_NONE;
}

void storm_port_fini(struct port *port)
{
	(void)port;
}
