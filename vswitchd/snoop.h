/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop.h - which ports want which multicast group (IGMP and MLD snooping, RFC 4541).
 */
#ifndef VSWITCHD_SNOOP_H
#define VSWITCHD_SNOOP_H

#include "lib/clock.h"
#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct net_setting snoop_settings[];

/* A multicast frame on a network with net->snoop. Learns from IGMP and MLD; true when the frame
 * was given to exactly those ports that want it, false when it is to be flooded. */
bool snoop_forward(struct walk *w);
void snoop_tick(struct net *net, msec now);
/* @port goes, or its link went down. */
void snoop_port_gone(struct net *net, const struct port *port);
void snoop_net_fini(struct net *net);

#endif
