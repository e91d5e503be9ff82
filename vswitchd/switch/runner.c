/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. The loop says that a port's descriptor is readable; the runner takes a few
 * bursts from it, has each switched, and returns, so that a busy port waits its turn (the loop is
 * level triggered and will say it again). Before the loop sleeps, what local ports injected
 * meanwhile is switched. Once a second tables age; when a second passed without a frame and no
 * table has anything that time alone will change, the runner rests until a frame comes or somebody
 * asks for something, and wakes once in a minute, if at all, to forget addresses. Packet buffers
 * give their memory back after such a second even where it can't rest.
 *
 * Timers to the microsecond (due.h) share one alarm, a timerfd, which is set before the loop sleeps
 * when the earliest of them has changed: nothing is armed while none runs. After each alarm it
 * rests for 50 us, so that frames that leave a fast cable one by one are taken in bursts.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "lib/alarm.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/storm.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/watch.h"

enum {
	TICK_MS = 1000,
	REST_MS = 60000,     /* between ticks when there are only addresses to forget */
	BURSTS_PER_TURN = 4, /* of up to PKT_BATCH_MAX frames, from one port before the next */
	DUE_PER_TURN = 64,   /* timers fired before ports are served */
	ALARM_REST_US = 50,
};

void runner_clock(struct runner *r)
{
	r->now_us = clock_now_us();
	r->now = r->now_us / 1000;
}

void runner_due(struct runner *r, struct due *d, uint64_t at_us)
{
	due_start(&r->due, d, at_us);
}

static void tick(struct runner *r)
{
	for (struct net *net = r->nets; net; net = net->next) {
		learn_tick(net);
		storm_tick(net);
		for (struct port *port = net->ports; port; port = port->next)
			port_tick(port, r->now);
		stp_tick(net, r->now);
		snoop_tick(net, r->now);
		if (net->conf.mode->tick)
			net->conf.mode->tick(net, r->now);
		net_flush(net);
	}
}

/* Will nothing change as long as no frame comes, but tables that only frames look into (addresses,
 * multicast groups)? */
static bool net_at_rest(const struct net *net)
{
	const struct mode_ops *mode = net->conf.mode;

	return stp_at_rest(net) && (!mode->tick || (mode->at_rest && mode->at_rest(net)));
}

static bool at_rest(const struct runner *r)
{
	for (const struct net *net = r->nets; net; net = net->next)
		if (!net_at_rest(net))
			return false;
	return true;
}

static bool has_addresses(const struct runner *r)
{
	for (const struct net *net = r->nets; net; net = net->next)
		if (fdb_count(net->fdb))
			return true;
	return false;
}

static void rest(struct runner *r)
{
	r->resting = true;
	ev_timer_stop(r->loop, &r->tick);
	ev_timer_set(&r->tick, REST_MS / 1e3, REST_MS / 1e3);
	if (has_addresses(r))
		ev_timer_start(r->loop, &r->tick);
	pkt_pool_trim(r->pool);
	malloc_trim(0);
}

static void rest_end(struct runner *r)
{
	r->resting = false;
	ev_timer_stop(r->loop, &r->tick);
	ev_timer_set(&r->tick, TICK_MS / 1e3, TICK_MS / 1e3);
	ev_timer_start(r->loop, &r->tick);
}

static void tick_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct runner *r = w->data;

	(void)loop;
	(void)revents;
	runner_clock(r);
	tick(r);
	if (!r->heard && at_rest(r))
		rest(r);
	else if (!r->heard && r->heard_before)
		pkt_pool_trim(r->pool);
	r->heard_before = r->heard;
	r->heard = false;
}

/* ---- timers to the microsecond --------------------------------------------------------------- */

static void alarm_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct runner *r = w->data;

	(void)loop;
	(void)revents;
	alarm_heard(w->fd);
	runner_clock(r);
	r->alarm_heard_us = r->now_us;
	r->alarm_us = DUE_NEVER;
	due_run(&r->due, r->now_us, DUE_PER_TURN);
}

static void set_alarm(struct runner *r)
{
	uint64_t at = due_next(&r->due);

	if (at != DUE_NEVER)
		at = MAX(at, r->alarm_heard_us + ALARM_REST_US);
	if (at == r->alarm_us)
		return;
	alarm_at(r->alarm.fd, at);
	r->alarm_us = at;
}

static int alarm_init(struct runner *r)
{
	int fd = alarm_open();

	if (fd < 0)
		return fd;
	r->alarm_us = DUE_NEVER;
	ev_io_init(&r->alarm, alarm_cb, fd, EV_READ);
	r->alarm.data = r;
	ev_io_start(r->loop, &r->alarm);
	return 0;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void before_sleep_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	struct runner *r = w->data;
	bool left = false;

	(void)revents;
	if (r->resting && (r->heard || !at_rest(r)))
		rest_end(r);
	for (struct net *net = r->nets; net; net = net->next)
		if (net->injected) {
			runner_clock(r);
			net_flush(net);
		}
	/* Also one that was flushed may have got something from one flushed after it. */
	for (struct net *net = r->nets; net; net = net->next)
		left |= net->injected;
	set_alarm(r);
	if (left)
		ev_idle_start(loop, &r->awake);
	else
		ev_idle_stop(loop, &r->awake);
}

/* Nothing to do: that it is active keeps the loop from sleeping. */
static void awake_cb(struct ev_loop *loop, struct ev_idle *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

int runner_init(struct runner *r, struct ev_loop *loop)
{
	int rc;

	memset(r, 0, sizeof(*r));
	r->pool = pkt_pool_create(RUNNER_POOL);
	if (!r->pool)
		return -ENOMEM;
	hold_pool_init(&r->held);
	r->loop = loop;
	if (!loop)
		return 0;
	rc = alarm_init(r);
	if (rc) {
		pkt_pool_destroy(r->pool);
		return rc;
	}
	runner_clock(r);
	ev_timer_init(&r->tick, tick_cb, TICK_MS / 1e3, TICK_MS / 1e3);
	r->tick.data = r;
	ev_timer_start(loop, &r->tick);
	ev_prepare_init(&r->before_sleep, before_sleep_cb);
	r->before_sleep.data = r;
	ev_prepare_start(loop, &r->before_sleep);
	ev_idle_init(&r->awake, awake_cb);
	return 0;
}

void runner_fini(struct runner *r, bool forget)
{
	frame_hooks_gone(&r->hooks);
	while (r->nets)
		net_del(r->nets, forget);
	if (r->loop) {
		ev_timer_stop(r->loop, &r->tick);
		ev_prepare_stop(r->loop, &r->before_sleep);
		ev_idle_stop(r->loop, &r->awake);
		ev_io_stop(r->loop, &r->alarm);
		close(r->alarm.fd);
	}
	hold_pool_fini(&r->held);
	due_fini(&r->due);
	pkt_pool_destroy(r->pool);
	r->pool = NULL;
}

/* Take one burst from @port. False when there is no more. */
static bool poll_port(struct port *port)
{
	struct pkt_batch b = {.n = 0};
	struct runner *r = port->net->runner;
	int rc = port->ops->recv(port, &b);

	/* A cable counts from when its frame came, and who was put off the CPU while he read it
	 * would count from before that. */
	if (r->cables && r->loop)
		runner_clock(r);
	if (b.n)
		net_input(port->net, port, &b);
	if (rc < 0 && rc != -EAGAIN)
		port_fail(port, strerror(-rc));
	return rc == 0;
}

static void port_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct port *port = w->data;

	(void)loop;
	(void)revents;
	runner_clock(port->net->runner);
	for (int i = 0; i < BURSTS_PER_TURN; i++)
		if (!poll_port(port))
			break;
}

void runner_watch(struct runner *r, struct port *port)
{
	if (!r->loop || port->fd < 0 || !port->ops->recv)
		return;
	ev_io_init(&port->io, port_cb, port->fd, EV_READ);
	port->io.data = port;
	ev_io_start(r->loop, &port->io);
}

void runner_unwatch(struct runner *r, struct port *port)
{
	if (r->loop && ev_is_active(&port->io))
		ev_io_stop(r->loop, &port->io);
}

void runner_step(struct runner *r, msec now)
{
	runner_step_us(r, now * 1000);
}

static void step_clock(struct runner *r, uint64_t now_us)
{
	r->now_us = now_us;
	r->now = now_us / 1000;
}

void runner_step_us(struct runner *r, uint64_t now_us)
{
	/* Each timer sees the moment that it was set for. */
	while (due_next(&r->due) <= now_us && r->due.n) {
		step_clock(r, MAX(due_next(&r->due), r->now_us));
		due_run(&r->due, r->now_us, DUE_PER_TURN);
	}
	step_clock(r, now_us);
	if (r->now >= r->next_tick) {
		r->next_tick = r->now + TICK_MS;
		tick(r);
	}
	for (struct net *net = r->nets; net; net = net->next) {
		for (struct port *port = net->ports; port; port = port->next)
			if (port->ops->recv && !port->failed)
				poll_port(port);
		net_flush(net);
	}
}

void runner_host_changed(struct runner *r)
{
	for (struct net *net = r->nets; net; net = net->next)
		if (net->conf.mode->host_changed)
			net->conf.mode->host_changed(net);
}

void runner_event(struct runner *r, const char *event, json_t *params)
{
	if (r->events)
		r->events(r->events_ctx, event, params);
	json_decref(params);
}
