/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop.h - which ports want which multicast group (IGMP and MLD snooping, RFC 4541).
 */
#ifndef VSWITCHD_SNOOP_H
#define VSWITCHD_SNOOP_H

#include <jansson.h>

#include "lib/clock.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

/* Memberships of one port; beyond that it gets all multicast instead. */
enum { SNOOP_GROUPS_MAX = 1024, SNOOP_MEMBERS_MAX = 4096, SNOOP_PORT_MAX = 128 };

extern const struct net_setting snoop_settings[];

/* Snooping is on from the start. 0 or -ENOMEM. */
int snoop_net_init(struct net *net);
/* A multicast frame on a network with net->snoop. Learns from IGMP and MLD; true when the frame
 * was given to exactly those ports that want it, false when it is to be flooded. */
bool snoop_forward(struct walk *w);
/* Once a second. */
void snoop_tick(struct net *net, msec now);
/* @port goes, or its link went down. */
void snoop_port_gone(struct net *net, const struct port *port);
/* Members may be behind other ports now: flood until they have been asked again. */
void snoop_topology_changed(struct net *net);
void snoop_net_fini(struct net *net);

/* The stable JSON of `vnetctl -j group list`. New reference. */
json_t *snoop_json(const struct net *net);

#endif
