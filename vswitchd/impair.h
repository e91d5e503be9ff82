/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair.h - what a cable does to frames: delay, loss, rate and other faults, per direction.
 */
#ifndef VSWITCHD_IMPAIR_H
#define VSWITCHD_IMPAIR_H

#include "vswitchd/walk.h"

/* A frame arrives by the cable of a port with PORT_IMPAIR_IN: takes it. What comes through, now or
 * later, is walked. */
void impair_in(struct port *port, struct pkt *p);
/* A frame leaves by the cable of a port with PORT_IMPAIR_OUT: takes it; what comes through is given
 * to port_transmit() (port.h). */
void impair_out(struct port *port, struct pkt *p);
/* Tell what the cable would do. */
void impair_explain(struct walk *w, const struct port *port, bool out);
void impair_port_fini(struct port *port);

#endif
