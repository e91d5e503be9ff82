/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard.h - what a port may claim to be, and what it may hear.
 */
#ifndef VSWITCHD_GUARD_H
#define VSWITCHD_GUARD_H

#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct port_setting guard_settings[];

/* A frame came in by a port with PORT_GUARD. */
enum drop_reason guard_ingress(struct walk *w);
/* May the frame leave by @to (which has PORT_FILTER)? */
enum drop_reason guard_egress(const struct walk *w, const struct port *to);
void guard_port_fini(struct port *port);

#endif
