/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm.h - limits of broadcast, multicast and unknown unicast frames per port, by token buckets.
 */
#ifndef VSWITCHD_STORM_H
#define VSWITCHD_STORM_H

#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct port_setting storm_settings[];

/* A frame that will go to many ports came in by a port with PORT_STORM. */
enum drop_reason storm_ingress(struct walk *w, bool unknown_unicast);
void storm_port_fini(struct port *port);

#endif
