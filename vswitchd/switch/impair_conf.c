/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair_conf.c - cables are given faults, change by their schedule, and are made plain again.
 *
 * Theory of operation. The spec is what was asked; what holds now is worked out from it and the
 * time since the schedule began (link_spec_at()), always from the beginning, so a schedule needs
 * no state but that moment and comes back after a restart where it would have been. A change keeps
 * what is on the cable: frames that wait for the wire are sent at the new rate, frames on their way
 * arrive when they would have, or sooner when the new delay is shorter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "vswitchd/switch/impair_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- what holds now -------------------------------------------------------------------------- */

struct retime {
	struct cable_way *c;
	uint64_t now_us, free_ns, due_us;
};

/* Twelve deviations are more than the model ever draws (linkmodel.c). */
static uint64_t longest_travel(const struct link_faults *f)
{
	return f->v[LINK_DELAY] + f->v[LINK_JITTER] * (f->v[LINK_NORMAL] ? 6 : 1);
}

static void retime_frame(void *ctx, struct hold_frame *frame)
{
	struct retime *t = ctx;
	const struct link_faults *f = &t->c->faults;
	uint64_t travel = MIN(frame->due_us - frame->leave_us, longest_travel(f));

	if (frame->leave_us > t->now_us) {
		t->free_ns = MAX(t->free_ns, t->now_us * 1000) + link_wire_ns(f, frame->len);
		frame->leave_us = (t->free_ns + 999) / 1000;
	}
	frame->due_us = t->due_us = MAX(frame->leave_us + travel, t->due_us);
}

static void way_retime(struct cable_way *c)
{
	struct runner *r = c->port->net->runner;
	struct retime t = {.c = c, .now_us = r->now_us};

	hold_left(&c->held, r->now_us);
	hold_retime(&c->held, retime_frame, &t);
	c->model.free_ns = t.free_ns;
	c->model.last_due_us = t.due_us;
	if (c->held.bytes)
		runner_due(r, &c->due, hold_due(&c->held));
}

/* The steps of the path look at these bits only. */
static void set_features(const struct impair *m)
{
	static const unsigned int bit[LINK_DIRS] = {PORT_IMPAIR_IN, PORT_IMPAIR_OUT};

	for (int d = 0; d < LINK_DIRS; d++)
		port_feature(m->port, bit[d],
			     m->down || m->way[d].held.bytes ||
				     !link_faults_empty(&m->way[d].faults));
}

static void tell(const struct impair *m)
{
	char text[LINK_DIRS][512];
	struct runner *r = m->port->net->runner;

	if (!r->events)
		return;
	for (int d = 0; d < LINK_DIRS; d++)
		link_faults_text(&m->way[d].faults, text[d], sizeof(text[d]));
	runner_event(r, "port.impaired",
		     json_pack("{s:s, s:s, s:b, s:s, s:s}", "port", m->port->name, "net",
			       m->port->net->conf.name, "down", m->down, "in", text[LINK_IN], "out",
			       text[LINK_OUT]));
}

/* Bring the cable to what its spec says for this moment. */
static void cable_update(struct impair *m)
{
	struct runner *r = m->port->net->runner;
	uint64_t since_us = m->spec.since_ms * 1000, next;
	struct link_now now;

	next = link_spec_at(&m->spec, m->spec.n_steps ? r->now_us - since_us : 0, &now, &m->next);
	for (int d = 0; d < LINK_DIRS; d++) {
		m->way[d].faults = now.dir[d];
		way_retime(&m->way[d]);
	}
	if (now.down != m->down) {
		m->down = now.down;
		port_pull(m->port, m->down);
	}
	set_features(m);
	if (next == LINK_NEVER)
		due_stop(&r->due, &m->change);
	else
		runner_due(r, &m->change, since_us + next);
	tell(m);
}

static void cable_change(struct due *d)
{
	cable_update(CONTAINER_OF(d, struct impair, change));
}

/* ---- a cable's life -------------------------------------------------------------------------- */

static void start_luck(struct impair *m)
{
	for (int d = 0; d < LINK_DIRS; d++)
		link_model_seed(&m->way[d].model, m->spec.seed, d);
}

static void way_init(struct impair *m, enum link_dir dir)
{
	struct cable_way *c = &m->way[dir];

	c->port = m->port;
	c->dir = dir;
	c->due.fire = cable_release;
	hold_init(&c->held, &m->port->net->runner->held);
}

/* A guest outlives us: what its NIC was last told of its cable may have been by an earlier
 * daemon, in another moment of the schedule. */
static void tell_far_end(const struct impair *m)
{
	struct runner *r = m->port->net->runner;

	if (r->link && m->spec.n_steps && m->port->admin_up)
		r->link(r->events_ctx, m->port, !m->down);
}

static struct impair *cable_create(struct port *port)
{
	struct runner *r = port->net->runner;
	struct impair *m = calloc(1, sizeof(*m));

	if (!m || due_reserve(&r->due, CABLE_TIMERS)) {
		free(m);
		return NULL;
	}
	m->port = port;
	m->change.fire = cable_change;
	for (int d = 0; d < LINK_DIRS; d++)
		way_init(m, d);
	r->cables++;
	port->impair = m;
	return m;
}

void impair_flush(struct port *port)
{
	struct impair *m = port->impair;

	for (int d = 0; m && d < LINK_DIRS; d++) {
		struct cable_way *c = &m->way[d];

		port->stats.drops[DROP_PORT_DOWN] += hold_clear(&c->held);
		due_stop(&port->net->runner->due, &c->due);
		c->model.free_ns = c->model.last_due_us = 0;
	}
}

void impair_port_fini(struct port *port)
{
	struct runner *r = port->net->runner;
	struct impair *m = port->impair;

	if (!m)
		return;
	impair_flush(port);
	due_stop(&r->due, &m->change);
	due_release(&r->due, CABLE_TIMERS);
	port_feature(port, PORT_IMPAIR_IN | PORT_IMPAIR_OUT, false);
	port->impair = NULL;
	free(m);
	if (--r->cables == 0)
		hold_pool_fini(&r->held);
}

/* A plain cable again: what is on it arrives now. */
static void cable_plain(struct port *port)
{
	struct impair *m = port->impair;
	struct runner *r = port->net->runner;

	for (int d = 0; d < LINK_DIRS; d++) {
		struct cable_way *c = &m->way[d];

		c->faults = (struct link_faults){0};
		way_retime(c);
		while (c->held.bytes) {
			uint64_t before = c->held.bytes;

			due_stop(&r->due, &c->due);
			cable_release(&c->due);
			if (c->held.bytes == before)
				break;
		}
	}
	if (m->down)
		port_pull(port, false);
	impair_port_fini(port);
}

/* ---- what a user asks ------------------------------------------------------------------------ */

/* A seed for who chose none: the same for the same port, so that a run can be repeated. */
static uint32_t seed_of(const char *name)
{
	static const struct hash_key key = {0x6c696e6b, 0x73656564};

	return (uint32_t)hash_bytes(&key, name, strlen(name));
}

static void complete(struct link_spec *spec, const struct port *port)
{
	msec now = port->net->runner->now;

	if (!spec->seeded)
		spec->seed = seed_of(port->name);
	/* After a reboot the clock is younger than what was recorded. */
	if (!spec->begun || spec->since_ms > now)
		spec->since_ms = now;
	spec->begun = true;
}

int impair_set(struct port *port, const char *words, struct err *err)
{
	struct impair *m = port->impair;
	struct link_spec spec = m ? m->spec : (struct link_spec){0};
	bool fresh = !m, reseed = !m;
	int rc = link_spec_parse(&spec, words, err);

	if (rc)
		return rc;
	if (link_spec_empty(&spec)) {
		if (m)
			cable_plain(port);
		return 0;
	}
	complete(&spec, port);
	if (!m)
		m = cable_create(port);
	if (!m)
		return err_set(err, -ENOMEM, "memory is short");
	/* Said anew, also the same seed begins its pattern anew. */
	reseed |= spec.seed != m->spec.seed || strstr(words, "seed=");
	m->spec = spec;
	if (reseed)
		start_luck(m);
	cable_update(m);
	if (fresh)
		tell_far_end(m);
	return 0;
}

char *impair_words(const struct port *port)
{
	char *text = port->impair ? malloc(LINK_TEXT_MAX) : NULL;

	if (text)
		link_spec_text(&port->impair->spec, text, LINK_TEXT_MAX);
	return text;
}
