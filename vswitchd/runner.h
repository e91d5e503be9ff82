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
#include "lib/pkt.h"

struct frame_hook;
struct net;
struct port;

struct runner {
	struct ev_loop *loop; /* NULL: driven by hand */
	struct pkt_pool *pool;
	struct net *nets;
	struct frame_hook *hooks; /* watch.h; NULL: nobody watches everything */
	msec now;		  /* refreshed once per burst */
	struct ev_timer tick;
	struct ev_prepare before_sleep; /* switches what local ports injected outside a burst */
	struct ev_idle awake;		/* runs while some of that is left over */
	msec next_tick;			/* driven by hand: when ticks are due */
	/* Networks come back from the store: what they need of the host may come later. */
	bool restoring;
	void *events_ctx;
	/* Told of everything worth an event ("port.failed", "mac.moved"...); may be NULL. Borrows
	 * @params. */
	void (*events)(void *ctx, const char *event, json_t *params);
	/* Does anybody listen for this event just now? NULL: whoever set events does. */
	bool (*wanted)(void *ctx, const char *event);
};

enum { RUNNER_POOL = 1024 }; /* packets; only touched ones become resident */

int runner_init(struct runner *r, struct ev_loop *loop);
/* Deletes all networks. */
void runner_fini(struct runner *r, bool forget);
/* Watch and unwatch a port's fd. Nothing when driven by hand. */
void runner_watch(struct runner *r, struct port *port);
void runner_unwatch(struct runner *r, struct port *port);
/* By hand: set the clock, run what ticks are due, poll every port once. */
void runner_step(struct runner *r, msec now);
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
