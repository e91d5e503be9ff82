/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/impair.h"
#include "vswitchd/port.h"

void impair_in(struct port *port, struct pkt *p)
{
	walk_frame(port->net, port, p);
}

void impair_out(struct port *port, struct pkt *p)
{
	port_transmit(port, p);
}

void impair_explain(struct walk *w, const struct port *port, bool out)
{
	(void)w;
	(void)port;
	(void)out;
}

void impair_port_fini(struct port *port)
{
	(void)port;
}
