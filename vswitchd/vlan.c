/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/port.h"
#include "vswitchd/vlan.h"

const struct port_setting vlan_settings[] = {{0}};

enum drop_reason vlan_ingress(struct walk *w)
{
	(void)w;
	return DROP_NONE;
}

enum drop_reason vlan_egress(const struct walk *w, const struct port *to)
{
	(void)w;
	(void)to;
	return DROP_NONE;
}

struct pkt *vlan_tagged(const struct walk *w, const struct port *to)
{
	(void)to;
	return pkt_get(w->p);
}

void vlan_port_fini(struct port *port)
{
	(void)port;
}
