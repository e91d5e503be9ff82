/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.h - one frame's walk through the switch, step by step.
 *
 * The steps, in order: the cable's faults (impair.h), checks of the frame itself, the VLAN it is in
 * (vlan.h), spanning tree (stp.h), guards (guard.h), storm limits (storm.h), the mode's own rule
 * (mode.h), learning (fdb.h), group membership (snoop.h), the look-up, and for each port that it
 * leaves by: the same filters in the other direction, VLAN tag, the cable. A step that a port or a
 * network does not use costs one test of a bit. Every step can tell what it did to whoever traces
 * the frame, and takes the same decision without any effect when it is only asked (@dry), so what
 * `vnetctl explain` says is what would happen.
 */
#ifndef VSWITCHD_WALK_H
#define VSWITCHD_WALK_H

#include "lib/drop.h"
#include "lib/pkt.h"
#include "vswitchd/switch/trace.h"

struct net;
struct port;

/* What a port does beyond plain switching: bits of port->features. Each belongs to the module that
 * sets and clears it with port_feature(). */
enum port_feature {
	PORT_VLAN = 1 << 0,	 /* vlan.c: access or trunk */
	PORT_STP = 1 << 1,	 /* stp.c: not forwarding, or blocked for a loop */
	PORT_GUARD = 1 << 2,	 /* guard.c: checks frames that come in by it */
	PORT_STORM = 1 << 3,	 /* storm.c: limits of flooded frames that come in by it */
	PORT_FILTER = 1 << 4,	 /* guard.c: isolation and promiscuous policy on the way out */
	PORT_MIRROR = 1 << 5,	 /* mirror.c: frames are copied to another port */
	PORT_IMPAIR_IN = 1 << 6, /* impair.c: the cable from the far end to the switch */
	PORT_IMPAIR_OUT = 1 << 7,
	PORT_WATCHED = 1 << 8,	/* watch.c: somebody looks at what comes in by it */
	PORT_LISTEN = 1 << 9,	/* guard.c: is shown unicast between others; see net->listeners */
	PORT_MONITOR = 1 << 10, /* mirror.c: gets copies only, takes no part */
	PORT_TRUNK = 1 << 11,	/* vlan_segment.c: carries other networks too */
	PORT_INGRESS = PORT_VLAN | PORT_STP | PORT_GUARD | PORT_STORM | PORT_MIRROR | PORT_MONITOR,
	PORT_EGRESS = PORT_VLAN | PORT_STP | PORT_FILTER | PORT_MIRROR | PORT_MONITOR,
};

struct walk {
	struct net *net;
	struct port *from;
	struct pkt *p;	     /* borrowed from whoever walks it */
	struct trace *trace; /* NULL: nobody listens */
	bool learn_only;     /* spanning tree: the port is learning, not forwarding */
	uint16_t vid;	     /* the VLAN that the frame is in; 0: VLAN 1, or there are none */
	uint16_t prio;	     /* of the tag it came with, at its place in a TCI */
	struct pkt *tagged;  /* the frame with the tag it left with last; walk() puts it */
	bool only;	     /* no other port gets it: it may be changed for the one it goes to */
	struct port *knows;  /* where the mode says that the destination is, if no table does */
	bool dry;	     /* nothing is learnt, counted, told or sent */
	/* What came of it, for captures and traces. */
	bool learns, learnt, moved, flooded;
	enum drop_reason dropped; /* DROP_NONE: it was let in */
	unsigned int copies;	  /* ports that it leaves by */
	struct port *to;	  /* the last of them */
	enum drop_reason refused; /* why @refused_by, the last of those that did, sends it not */
	const struct port *refused_by;
};

/* Tell the walk's listener, if there is one, what @step did: printf-like. */
#define walk_say(w, step, ...)                                                                     \
	do {                                                                                       \
		if ((w)->trace)                                                                    \
			trace_say((w)->trace, step, __VA_ARGS__);                                  \
	} while (0)

/* Only ask: decide as for a frame that comes in now, with no effect at all. The caller has set
 * @net, @from, @p and @trace, keeps @p (one reference, its own), and reads what came of it. */
void walk_dry(struct walk *w);
/* Walk one frame that came in by @from. Takes @p. */
void walk_frame(struct net *net, struct port *from, struct pkt *p);
/* The same for all of @b, and empty it. */
void walk_batch(struct net *net, struct port *from, struct pkt_batch *b);
/* Let the frame of @w leave by @to, if the filters on the way out agree. The walk keeps its own
 * reference. For the look-up and for steps that choose ports themselves (snoop.h). */
void walk_deliver(struct walk *w, struct port *to);
/* To every port but the one it came from, filters permitting. */
void walk_flood(struct walk *w);

/* ---- walk_tell.c: in words ---- */

enum { WALK_TEXT = 320, WALK_TOLD_PORTS = 12 };

/* What came of it, in one line: "learnt 52:54:00:00:00:01 on web.eth0; flooded to 5 ports".
 * Returns @text. */
char *walk_verdict(const struct walk *w, char *text, size_t size);
/* Where a frame that leaves comes from: "from web.eth0, flooded". */
char *walk_origin(const struct walk *w, char *text, size_t size);
/* For the steps of walk.c, when somebody listens. Before the step: */
void tell_arrival(const struct walk *w);
void tell_learning(const struct walk *w);
/* After it; @to is what the table knows, NULL: nothing. */
void tell_lookup(const struct walk *w, const struct port *to);
void tell_sent(const struct walk *w, const struct port *to);
/* Once it went to many: those that tell_sent() left out. */
void tell_rest(const struct walk *w);

#endif
