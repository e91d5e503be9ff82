/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan.h - VLANs of a network (IEEE 802.1Q-2018): access and trunk ports, tags on and off; and
 * trunks that carry several LAN segments, each a network of its own.
 */
#ifndef VSWITCHD_VLAN_H
#define VSWITCHD_VLAN_H

#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

struct runner;

/* vlan=, trunk=, native= */
extern const struct port_setting vlan_settings[];

/* Find the VLAN of a frame that came in by a port with PORT_VLAN; w->vid and w->p (untagged inside
 * the switch) are set. DROP_NONE, or why it may not come in. */
enum drop_reason vlan_ingress(struct walk *w);
/* May the frame leave by @to? */
enum drop_reason vlan_egress(const struct walk *w, const struct port *to);
/* The frame as @to sends it: a new reference to w->p or to a tagged one. NULL: no buffer. When
 * nobody else will want w->p as it is (w->only), the tag is put into it. */
struct pkt *vlan_tagged(struct walk *w, const struct port *to);
/* The number that people know VLAN @vid of a walk or a MAC table by; 0 on a network without
 * VLANs. */
uint16_t vlan_shown(const struct net *net, uint16_t vid);

/* vlan_segment.c. A frame came in by a port with PORT_TRUNK. When it belongs to another network,
 * returns the port it comes in by there, and takes the tag off *@p (which may become a copy). NULL
 * when the port's own network shall have it, or drop it. */
struct port *vlan_segment_of(struct port *trunk, struct pkt **p);
/* What the switch, the life of ports and that of networks have to tell. */
void vlan_port_joined(struct port *port); /* it is on port->net now */
void vlan_port_left(struct port *port);	  /* it is off the list of port->net */
void vlan_port_down(struct port *port);	  /* nothing comes by it any more */
int vlan_port_may_move(const struct port *port, const struct net *to, struct err *err);
void vlan_net_added(struct net *net);
/* The trunk that @port is a part of; NULL when it is none (or belongs to no trunk any more). */
const struct port *vlan_trunk_of(const struct port *port);
/* Free what the port holds. */
void vlan_port_fini(struct port *port);

#endif
