/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_parts.h - the stages of bringing a lab up (up.c has their order).
 *
 * Each takes the run and returns 0 or a negative errno with @err; none cleans up after itself,
 * lab_down() does that for all.
 */
#ifndef LAB_UP_PARTS_H
#define LAB_UP_PARTS_H

#include "lab/run.h"

/* ---- up_objects.c ---- */

/* All stages for the nodes that r->only says, and for networks, cables and forwards with all. */
int up_objects(struct lab_run *r, struct err *err);

/* ---- up_files.c ---- */

/* Copy the files of nodes of @kind into them. */
int up_files(struct lab_run *r, enum lab_kind kind, struct err *err);

/* ---- up_step.c: what the stages are made of ---- */

/* Call the daemon for the sake of it; takes @params. */
int up_call(struct lab_run *r, const char *method, json_t *params, struct err *err);
/* Does the command end with '&'? */
bool up_in_background(const char *command);

/* ---- up_namespace.c ---- */

/* Make them, with their cables to the host. */
int up_namespaces_make(struct lab_run *r, struct err *err);
/* Their ports, addresses and commands. */
int up_namespaces_start(struct lab_run *r, struct err *err);

/* ---- up_network.c ---- */

/* Parameters of net.add. New reference. */
json_t *lab_net_params(const struct lab *lab, const struct lab_net *net);
int up_networks(struct lab_run *r, struct err *err);
int up_forwards(struct lab_run *r, struct err *err);

/* ---- up_cable.c ---- */

/* Cables between networks. */
int up_cables(struct lab_run *r, struct err *err);

/* ---- up_guest.c ---- */

/* Start all. @file: the topology file, for relative paths. */
int up_guests_start(struct lab_run *r, const char *file, struct err *err);
/* Until each one's agent has spoken. */
int up_guests_wait(struct lab_run *r, struct err *err);
/* Their commands. */
int up_guests_run(struct lab_run *r, struct err *err);

/* ---- up_address.c ---- */

/* Until each card that asks for an address has one; one that gets none in 15 s is only noted. */
int up_addresses_wait(struct lab_run *r, struct err *err);

/* ---- up_link.c ---- */

/* What cables, those of interfaces and those between networks, do to frames. */
int up_links(struct lab_run *r, struct err *err);

#endif
