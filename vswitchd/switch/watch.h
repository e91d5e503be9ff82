/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - whoever watches frames (captures, traces) without touching them.
 *
 * A hook hangs on a port, on a network or on the runner. On a port it sees what comes in by it and
 * what leaves by it; on a network or a runner each frame once, as it comes in. A frame that comes
 * in is shown when its walk is over, with the verdict. Ports that somebody watches carry the bit
 * PORT_WATCHED (walk.h), so that all others pay one test of it.
 *
 * A hook on the pairs of a network whose mode translates sees each translated packet twice: as it
 * came to the translator, and as it left. Translators pay one test of runner->n_pair_hooks.
 */
#ifndef VSWITCHD_WATCH_H
#define VSWITCHD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct narration;
struct net;
struct pkt;
struct port;
struct runner;
struct walk;

/* A packet on one side of a translator. All borrowed. */
struct pair_side {
	uint64_t id;		 /* of the packet, before and after alike */
	const char *ifname;	 /* the interface of this side; NULL: the sighting's port */
	uint64_t side;		 /* which interface that is; never a port's plug */
	const char *text;	 /* what became of the packet, or of what */
	const struct pkt *other; /* the packet on the other side; NULL: it has none */
};

/* A frame as it passes a port. All borrowed. */
struct sighting {
	const struct port *port;
	const struct pkt *p; /* as it is on the port's cable */
	bool out;	     /* from the switch to the far end */
	/* What was decided: everything when it comes in, where it is from when it leaves. NULL:
	 * the switch itself sends it. */
	const struct walk *walk;
	const struct narration *told; /* when it comes in and a hook asked; else NULL */
	const struct pair_side *pair; /* of a translated packet; then there is no walk */
};

struct frame_hook {
	struct frame_hook *next;
	struct frame_hook **list; /* that it is on; NULL: none */
	struct runner *runner;
	bool pairs; /* added by frame_hook_add_pairs() */
	/* Optional: is the story of this frame, whose walk begins, wanted? */
	bool (*narrate)(struct frame_hook *hook, const struct walk *w);
	/* May not add or delete hooks. */
	void (*frame)(struct frame_hook *hook, const struct sighting *s);
	/* What was watched is being deleted; the hook is off its list already. */
	void (*gone)(struct frame_hook *hook);
};

/* Watch @port, else @net, else all of @r. The hook must stay where it is until it is deleted or
 * told that it is gone. */
void frame_hook_add(struct frame_hook *hook, struct runner *r, struct net *net, struct port *port);
/* Watch the pairs of @net, whose mode translates (mode.h). */
void frame_hook_add_pairs(struct frame_hook *hook, struct runner *r, struct net *net);
/* Nothing when it is on no list. */
void frame_hook_del(struct frame_hook *hook);
/* Take all off @list and tell them. */
void frame_hooks_gone(struct frame_hook **list);

/* Set or clear PORT_WATCHED of @port: it has come to its network. */
void watch_port(struct port *port);
/* Does a hook want the story of @w? */
bool watch_narrates(const struct walk *w);
/* Show a frame that came in, as it was, to all who watch. */
void watch_in(const struct walk *w, const struct pkt *came, const struct narration *told);
/* Show a frame that leaves by @port, which has hooks. */
void watch_out(struct port *port, const struct pkt *p, const struct walk *w);
/* Show one side of a pair. */
void watch_pair(const struct net *net, const struct sighting *s);

#endif
