/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan.h - VLANs of a network (IEEE 802.1Q-2018): access and trunk ports, tags on and off.
 */
#ifndef VSWITCHD_VLAN_H
#define VSWITCHD_VLAN_H

#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct port_setting vlan_settings[];

/* Find the VLAN of a frame that came in by a port with PORT_VLAN; w->vid and w->p (untagged inside
 * the switch) are set. DROP_NONE, or why it may not come in. */
enum drop_reason vlan_ingress(struct walk *w);
/* May the frame leave by @to? */
enum drop_reason vlan_egress(const struct walk *w, const struct port *to);
/* The frame as @to sends it: a new reference to w->p, or a tagged copy. NULL: no buffer. */
struct pkt *vlan_tagged(const struct walk *w, const struct port *to);
/* Free what the port holds. */
void vlan_port_fini(struct port *port);

#endif
