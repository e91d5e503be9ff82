/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp.h - loops: rapid spanning tree (IEEE 802.1D-2004 17) on a network that asks for it, a guard
 * that finds loops on one that does not.
 */
#ifndef VSWITCHD_STP_H
#define VSWITCHD_STP_H

#include "lib/clock.h"
#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct port_setting stp_port_settings[];
extern const struct net_setting stp_net_settings[];

/* A frame to 01:80:c2:00:00:00 or one of the loop guard's own: look at it. Returns why it goes no
 * further (DROP_CONSUMED when it was taken), DROP_NONE when it is not for us. */
enum drop_reason stp_input(struct walk *w);
/* A frame came in by a port with PORT_STP: DROP_NONE lets it on; *@learn says whether its source
 * is learnt. */
enum drop_reason stp_ingress(struct walk *w, bool *learn);
/* May the frame leave by @to (which has PORT_STP)? */
enum drop_reason stp_egress(const struct walk *w, const struct port *to);
/* Once a second. */
void stp_tick(struct net *net, msec now);
/* A port came, went, or its carrier changed. */
void stp_port_changed(struct net *net, struct port *port);
void stp_port_fini(struct port *port);
void stp_net_fini(struct net *net);

#endif
