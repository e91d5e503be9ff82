/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair.h - what a cable does to frames: delay, loss, rate and other faults, per direction.
 *
 * The words are those of lib/linkspec.h.
 */
#ifndef VSWITCHD_IMPAIR_H
#define VSWITCHD_IMPAIR_H

#include <jansson.h>

#include "lib/err.h"
#include "vswitchd/switch/walk.h"

/* A frame arrives by the cable of a port with PORT_IMPAIR_IN: takes it. What comes through, now or
 * later, is walked. */
void impair_in(struct port *port, struct pkt *p);
/* A frame leaves by the cable of a port with PORT_IMPAIR_OUT: takes it; what comes through is given
 * to port_transmit() (port.h). */
void impair_out(struct port *port, struct pkt *p);
/* Tell what the cable does. Why it would surely not pass the frame of @w, else DROP_NONE: what is
 * left to chance passes. */
enum drop_reason impair_explain(struct walk *w, const struct port *port, bool out);

/* Change the port's cable as @words say, from now on; frames on it stay there. "none" alone brings
 * back a plain cable: what it holds arrives at once. Nothing has changed on failure. */
int impair_set(struct port *port, const char *words, struct err *err);
/* All of it in words that impair_set() takes on a plain cable, with the moment at which its
 * schedule began: for the state store. New text for free(), NULL when the cable is plain. */
char *impair_words(const struct port *port);
/* Member "impair" of port.show (doc/vnet-control.7): null for a plain cable. New reference. */
json_t *impair_json(const struct port *port);

/* The port went down, or elsewhere: what is on its cable is lost. */
void impair_flush(struct port *port);
void impair_port_fini(struct port *port);

/* ---- impair_store.c: what survives a restart, one record "impair" a port ---- */

struct daemon;

/* Record what impair_set() has made of the port's cable. */
int impair_record(const struct port *port, struct err *err);
/* The port is deleted for good. */
void impair_forget(const char *port);
/* For restore.c, after all ports are there. */
int impair_restore(struct daemon *d, const char *port, const json_t *doc, struct err *err);

#endif
