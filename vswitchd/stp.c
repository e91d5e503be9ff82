/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/port.h"
#include "vswitchd/stp.h"

const struct port_setting stp_port_settings[] = {{0}};
const struct net_setting stp_net_settings[] = {{0}};

enum drop_reason stp_input(struct walk *w)
{
	(void)w;
	return DROP_NONE;
}

enum drop_reason stp_ingress(struct walk *w, bool *learn)
{
	(void)w;
	(void)learn;
	return DROP_NONE;
}

enum drop_reason stp_egress(const struct walk *w, const struct port *to)
{
	(void)w;
	(void)to;
	return DROP_NONE;
}

void stp_tick(struct net *net, msec now)
{
	(void)net;
	(void)now;
}

void stp_port_changed(struct net *net, struct port *port)
{
	(void)net;
	(void)port;
}

void stp_port_fini(struct port *port)
{
	(void)port;
}

void stp_net_fini(struct net *net)
{
	(void)net;
}
