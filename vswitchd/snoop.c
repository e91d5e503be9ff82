/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/snoop.h"

const struct net_setting snoop_settings[] = {{0}};

bool snoop_forward(struct walk *w)
{
	(void)w;
	return false;
}

void snoop_tick(struct net *net, msec now)
{
	(void)net;
	(void)now;
}

void snoop_port_gone(struct net *net, const struct port *port)
{
	(void)net;
	(void)port;
}

void snoop_net_fini(struct net *net)
{
	(void)net;
}
