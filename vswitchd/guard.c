/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guard.h"
#include "vswitchd/port.h"

const struct port_setting guard_settings[] = {{0}};

enum drop_reason guard_ingress(struct walk *w)
{
	(void)w;
	return DROP_NONE;
}

enum drop_reason guard_egress(const struct walk *w, const struct port *to)
{
	(void)w;
	(void)to;
	return DROP_NONE;
}

void guard_port_fini(struct port *port)
{
	(void)port;
}
