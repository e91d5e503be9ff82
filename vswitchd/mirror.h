/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mirror.h - copies of a port's frames to another port.
 */
#ifndef VSWITCHD_MIRROR_H
#define VSWITCHD_MIRROR_H

#include "vswitchd/settings.h"
#include "vswitchd/walk.h"

extern const struct port_setting mirror_settings[];

/* A frame passes @port, which has PORT_MIRROR. @out: from the switch to the far end. */
void mirror_frame(struct walk *w, struct port *port, bool out);
void mirror_port_fini(struct port *port);

#endif
