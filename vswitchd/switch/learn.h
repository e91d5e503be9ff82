/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn.h - the table of a network's switch as its frames fill it, and what is told of it.
 *
 * Events: mac.learnt and mac.aged for those who ask for them by name, mac.moved, mac.flapping (one
 * address moves all the time: a loop, or two stations with one address) and mac.flood (a port
 * fills the table). Each is told at a bounded rate.
 */
#ifndef VSWITCHD_LEARN_H
#define VSWITCHD_LEARN_H

#include "lib/clock.h"
#include "lib/drop.h"

struct net;
struct walk;

enum {
	LEARN_MOVES_PER_S = 10, /* more "mac.moved" events a second are not told */
	LEARN_TOLD_PER_S = 100, /* the same for mac.learnt and mac.aged */
	LEARN_WARN_MS = 60000,	/* between two mac.flapping or mac.flood of a network */
};

/* Counts of what was told; embedded in the network, zero at first. */
struct learn_told {
	msec since; /* start of the second they are counted in */
	unsigned int moves, others;
	msec flapping, flood; /* when it was last told; 0: never */
};

/* Learn where the sender of the frame is. DROP_NONE, or why it must not send. */
enum drop_reason learn_source(struct walk *w);
/* With the network's life. -ENOMEM. */
int learn_init(struct net *net);
void learn_fini(struct net *net);
/* Forget what is too old, a bit at a time. Once a second. */
void learn_tick(struct net *net);

#endif
