/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp.h - loops: rapid spanning tree (IEEE 802.1D-2004 17) on a network that asks for it, a guard
 * that finds loops on one that does not.
 */
#ifndef VSWITCHD_STP_H
#define VSWITCHD_STP_H

#include <jansson.h>

#include "lib/clock.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

extern const struct port_setting stp_port_settings[];
extern const struct net_setting stp_net_settings[];

/* Ethernet's configuration testing protocol, which the loop guard's probes are written in. */
enum { ETHERTYPE_LOOP_ = 0x9000 };

/* A frame to 01:80:c2:00:00:00-0f or with ETHERTYPE_LOOP_: look at it. Returns why it goes no
 * further (DROP_CONSUMED when it was taken), DROP_NONE when it is not for us. */
enum drop_reason stp_input(struct walk *w);
/* A frame came in by a port with PORT_STP: DROP_NONE lets it on. On a port that is learning,
 * sets @w->learn_only. */
enum drop_reason stp_ingress(struct walk *w, bool *learn);
/* May the frame leave by @to (which has PORT_STP)? */
enum drop_reason stp_egress(const struct walk *w, const struct port *to);
/* An address moved to @port. */
void stp_moved(struct net *net, struct port *port);
/* Once a second. Queues frames: the caller flushes. */
void stp_tick(struct net *net, msec now);
/* Does stp_tick() have nothing to do as long as no frame comes? */
bool stp_at_rest(const struct net *net);
/* A port came, or its state or carrier changed. */
void stp_port_changed(struct net *net, struct port *port);
/* A port goes from @net. */
void stp_port_left(struct net *net, struct port *port);
/* The user says that the port's loop is mended: try at once. */
void stp_port_retry(struct port *port);
/* "loop with port x" when @port is blocked for that, else NULL. */
const char *stp_blocked_why(const struct port *port, char *text, size_t size);
void stp_port_fini(struct port *port);
void stp_net_fini(struct net *net);

/* The stable JSON of `vnetctl -j stp show`. New reference. */
json_t *stp_json(struct net *net);

#endif
