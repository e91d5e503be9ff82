/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner.h - the thread that owns networks: a libev loop, a packet pool and a clock.
 *
 * One runner today; the core takes it as an argument everywhere so that more can come. With
 * @loop NULL the runner is driven by hand (wire tests): the clock only moves by runner_step().
 */
#ifndef VSWITCHD_RUNNER_H
#define VSWITCHD_RUNNER_H

#include <ev.h>
#include <jansson.h>

#include "lib/clock.h"
#include "lib/due.h"
#include "lib/holdq.h"
#include "lib/pkt.h"

struct frame_hook;
struct net;
struct port;
struct uring;

struct runner {
	struct ev_loop *loop; /* NULL: driven by hand */
	struct pkt_pool *pool;
	struct uring *uring; /* NULL: one system call for each frame of a tap */
	struct net *nets;
	struct frame_hook *hooks;  /* watch.h; NULL: nobody watches everything */
	unsigned int n_pair_hooks; /* on networks' pairs (watch.h) */
	/* One clock in two units, refreshed once per burst. */
	msec now;
	uint64_t now_us;
	/* Tells this host from others, in addresses that are made up; "" in tests. */
	char host_id[40];
	struct ev_timer tick;
	bool heard;			   /* frames came since the last tick */
	bool heard_before;		   /* and between the two ticks before */
	bool resting;			   /* they don't, and the next tick is far */
	struct ev_prepare before_sleep;	   /* switches what local ports injected outside a burst */
	struct ev_idle awake;		   /* runs while some of that is left over */
	msec next_tick;			   /* driven by hand: when ticks are due */
	struct due_heap due;		   /* timers to the microsecond */
	struct ev_io alarm;		   /* readable when the first of them is due */
	uint64_t alarm_us, alarm_heard_us; /* for when it is set; when it last was readable */
	struct hold_pool held;		   /* frames that are on cables (impair.h) */
	unsigned int cables;		   /* users of it */
	bool woken;			   /* a net->injected was set from outside that network */
	bool settling;			   /* inside the flushing of such networks */
	unsigned int patch_held;	   /* frames that wait in the rings of port_patch.c */
	/* Networks come back from the store: what they need of the host may come later. */
	bool restoring;
	void *events_ctx;
	/* Told of everything worth an event ("port.failed", "mac.moved"...); may be NULL. Borrows
	 * @params. */
	void (*events)(void *ctx, const char *event, json_t *params);
	/* Does anybody listen for this event just now? NULL: whoever set events does. */
	bool (*wanted)(void *ctx, const char *event);
	/* Tell the far end of a port that is not the carrier's to tell (a guest's virtual NIC) that
	 * its cable was pulled or is back; may be NULL. */
	void (*link)(void *ctx, const struct port *port, bool up);
	/* A port is deleted for good; may be NULL. */
	void (*port_gone)(void *ctx, const struct port *port);
	/* Told of every port that was made, whoever made it; may be NULL. Gets events_ctx. */
	void (*port_made)(void *ctx, struct port *port);
};

enum { RUNNER_POOL = 1024 }; /* packets; only touched ones become resident */

int runner_init(struct runner *r, struct ev_loop *loop);
/* Deletes all networks. */
void runner_fini(struct runner *r, bool forget);
/* Watch and unwatch a port's fd. Nothing when driven by hand. */
void runner_watch(struct runner *r, struct port *port);
void runner_unwatch(struct runner *r, struct port *port);
/* By hand: set the clock, run what ticks and timers are due, poll every port once. */
void runner_step(struct runner *r, msec now);
void runner_step_us(struct runner *r, uint64_t now_us);
/* Read the clock anew. Only from the loop. */
void runner_clock(struct runner *r);
/* (Re)start a timer, for which there must be room (due_reserve()). The loop sets its alarm for the
 * earliest before it sleeps. */
void runner_due(struct runner *r, struct due *d, uint64_t at_us);
/* The host's links, addresses, routes or neighbours changed: tell every mode. */
void runner_host_changed(struct runner *r);
/* Would an event of this name reach anybody? To be asked before one is made that comes with the
 * traffic. */
static inline bool runner_wants(const struct runner *r, const char *event)
{
	return r->events && (!r->wanted || r->wanted(r->events_ctx, event));
}
/* Send an event if somebody listens; takes @params. */
void runner_event(struct runner *r, const char *event, json_t *params);

#endif
