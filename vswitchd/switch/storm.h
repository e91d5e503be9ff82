/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm.h - limits of broadcast, multicast and unknown unicast frames per port, by token buckets.
 *
 * A bucket holds a quarter of a second's frames, so that the few broadcasts with which a station
 * starts pass a low limit. What is over is dropped (DROP_STORM); storm.started and storm.ended say
 * when that begins and when it has not happened for STORM_QUIET_MS.
 */
#ifndef VSWITCHD_STORM_H
#define VSWITCHD_STORM_H

#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

enum { STORM_RATE_MAX = 10000000, STORM_QUIET_MS = 2000, STORM_TELL_MS = 10000 };

extern const struct port_setting storm_settings[];

/* A frame that will go to many ports came in by a port with PORT_STORM. */
enum drop_reason storm_ingress(struct walk *w, bool unknown_unicast);
/* Once a second: which storms are over? */
void storm_tick(struct net *net);
void storm_port_fini(struct port *port);

#endif
