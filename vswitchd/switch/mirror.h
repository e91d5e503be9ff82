/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mirror.h - copies of ports' frames to another port, the monitor.
 *
 * Theory of operation. A monitor names ports of its network, or the network. Whenever a port comes
 * to or leaves the network, or a setting changes, the names are looked up anew and every port that
 * is named gets a short list of its monitors and the bit PORT_MIRROR. A name of a port that is not
 * there (yet) does nothing. A copy goes straight to its monitor's cable, past the switch, and is
 * never copied again, so mirrors of mirrors make no loop. A monitor neither sends nor receives by
 * the switch (PORT_MONITOR) unless it was asked to.
 */
#ifndef VSWITCHD_MIRROR_H
#define VSWITCHD_MIRROR_H

#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

enum { MIRROR_MONITORS = 4 }; /* of one port and direction; more get nothing */

extern const struct port_setting mirror_settings[];

/* The frame @p of @w passes @port, which has PORT_MIRROR. @out: from the switch to the far end.
 * Borrows. */
void mirror_frame(const struct walk *w, struct port *port, struct pkt *p, bool out);
/* A port came to its network, or left @net. */
void mirror_port_joined(struct port *port);
void mirror_port_left(struct net *net, struct port *port);
void mirror_port_fini(struct port *port);
/* Is each of @names (the value of mirror=) a port of @net, the network itself, or none? A value
 * that came by a file may name ports that come later; a person who types one has mistyped it. */
int mirror_check(const struct net *net, const char *names, struct err *err);

#endif
