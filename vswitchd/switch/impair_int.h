/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair_int.h - a cable, for impair*.c only.
 */
#ifndef VSWITCHD_IMPAIR_INT_H
#define VSWITCHD_IMPAIR_INT_H

#include "lib/due.h"
#include "lib/holdq.h"
#include "lib/linkmodel.h"
#include "vswitchd/switch/impair.h"

/* One direction of it. */
struct cable_way {
	struct due due; /* runs while frames are held */
	struct port *port;
	enum link_dir dir;
	struct link_faults faults; /* what holds now */
	struct link_model model;
	struct hold_queue held;
	uint64_t offered, lost, duplicated, corrupted, reordered, full, cut;
};

struct impair {
	struct port *port;
	struct link_spec spec;
	struct cable_way way[LINK_DIRS];
	bool down; /* its schedule has pulled it */
	struct due change;
	const struct link_step *next; /* what begins at @change; NULL: something ends */
};

enum { CABLE_TIMERS = 3 };

/* impair.c: let out all that is due. */
void cable_release(struct due *d);
/* Is @p, or a piece of it, longer than the cable takes? */
bool cable_too_long(const struct cable_way *c, const struct pkt *p);

#endif
