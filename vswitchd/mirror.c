/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/mirror.h"
#include "vswitchd/port.h"

const struct port_setting mirror_settings[] = {{0}};

void mirror_frame(struct walk *w, struct port *port, bool out)
{
	(void)w;
	(void)port;
	(void)out;
}

void mirror_port_fini(struct port *port)
{
	(void)port;
}
