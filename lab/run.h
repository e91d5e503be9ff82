/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - a lab on a daemon: bring up, take down, show.
 */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <jansson.h>
#include <signal.h>

#include "lab/model.h"
#include "lab/progress.h"
#include "client/client.h"

struct lab_run {
	struct client *client;
	const struct lab *lab;
	struct progress progress;
	volatile sig_atomic_t interrupted; /* Ctrl-C came while it was coming up */
	const char *file; /* the topology file, absolute: what it names is beside it */
	bool power;	  /* a node is switched on: it has its files already */
	const bool *only; /* a flag for each node: what to work on; NULL: all */
};

/* Is @node one that this run works on? */
static inline bool run_wants(const struct lab_run *r, const struct lab_node *node)
{
	return !r->only || r->only[node - r->lab->nodes];
}

/* Bring @r->lab up. r->file and @text are recorded with it. All or nothing: on failure everything
 * that was made is removed again. When the same lab is up already, what is missing of it is made;
 * -EEXIST when one of the same name but another text is, -EBUSY when somebody else works on it. */
int lab_up(struct lab_run *r, const char *text, struct err *err);

/* Remove everything that belongs to lab @name; safe when nothing (or half) is there. Guests are
 * asked to power off, or with @at_once ended. Goes on past failures and returns the first.
 * *@found (may be NULL) tells whether there was anything. */
int lab_down(struct client *c, const char *name, bool at_once, struct progress *p, bool *found,
	     struct err *err);

/* Remove its cables and networks, with all that was done to them, and what is left on them. */
int lab_down_networks(struct lab_run *r, struct err *err);

/* Rows of `lab status`: [{node, kind, state, nic, network, mode, address, mac, reason}]. New
 * reference; NULL with @err. @record: of lab.get. */
json_t *lab_status(struct lab_run *r, const json_t *record, struct err *err);
/* Its probes: [{network, address}]. New reference. */
json_t *lab_status_probes(struct lab_run *r);

#endif
