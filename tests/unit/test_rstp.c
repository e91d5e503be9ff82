/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spanning trees of several simulated bridges, with a stepped clock and messages that are under
 * way for as long as the test likes. After every single message the whole room is looked at: no
 * closed circle of forwarding ports may exist. The protocol promises that for as long as the root
 * is there; when it is lost, old news of it can go in circles for up to the maximum age
 * (Elmeleegy, Cox, Ng: On Count-to-Infinity Induced Forwarding Loops, 2006), so where cables are
 * cut at random only what comes of it is looked at.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/switch/rstp.h"

enum { BRIDGES = 9, PORTS = 10, LINKS = 40, QUEUE = 64 };

struct msg {
	size_t len;
	uint8_t bytes[RSTP_BPDU_MAX];
};

struct end {
	struct rstp_port p;
	struct room *room;
	unsigned int bridge;
	int link; /* -1: nothing is plugged in */
	unsigned int n, flushes, told;
	struct msg in[QUEUE]; /* on its way to here */
};

struct link {
	struct end *a, *b;
	bool up;
};

struct room {
	unsigned int n_bridges, n_links, seed;
	bool lenient; /* cables are cut: circles may exist for a moment */
	bool classic; /* bridge 0 understands nothing but version 0 */
	struct rstp_bridge b[BRIDGES];
	struct end port[BRIDGES][PORTS];
	struct link link[LINKS];
};

static unsigned int rnd(struct room *r, unsigned int below)
{
	assert(below);
	r->seed = r->seed * 1103515245u + 12345u;
	return (r->seed >> 8) % below;
}

static struct end *far_end(struct end *e)
{
	struct link *l = e->link < 0 ? NULL : &e->room->link[e->link];

	return !l || !l->up ? NULL : l->a == e ? l->b : l->a;
}

static void send(void *port, const uint8_t *bpdu, size_t len)
{
	struct end *to = far_end(port);

	if (!to)
		return;
	assert_true(to->n < QUEUE);
	memcpy(to->in[to->n].bytes, bpdu, len);
	to->in[to->n++].len = len;
}

static void changed(void *port)
{
	(void)port;
}

static void flush(void *port)
{
	((struct end *)port)->flushes++;
}

static void topology(void *port, bool told)
{
	((struct end *)port)->told += told;
}

static const struct rstp_ops ops = {send, changed, flush, topology};

/* ---- the room -------------------------------------------------------------------------------- */

static struct room *room_new(unsigned int bridges, unsigned int seed)
{
	struct room *r = calloc(1, sizeof(*r));

	r->n_bridges = bridges;
	r->seed = seed;
	for (unsigned int i = 0; i < bridges; i++) {
		struct mac mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};

		rstp_bridge_init(&r->b[i], &mac, RSTP_PRIORITY_DEFAULT, &ops);
		for (unsigned int j = 0; j < PORTS; j++) {
			struct end *e = &r->port[i][j];

			e->room = r;
			e->bridge = i;
			e->link = -1;
			rstp_port_add(&r->b[i], &e->p, (uint16_t)(j + 1), e);
		}
	}
	return r;
}

static void link_set(struct room *r, unsigned int nr, bool up)
{
	struct link *l = &r->link[nr];

	l->up = up;
	l->a->n = l->b->n = 0;
	rstp_port_enable(&l->a->p, up);
	rstp_port_enable(&l->b->p, up);
}

static struct end *free_port(struct room *r, unsigned int bridge)
{
	for (unsigned int j = 0; j < PORTS; j++)
		if (r->port[bridge][j].link < 0)
			return &r->port[bridge][j];
	return NULL;
}

static bool cable(struct room *r, unsigned int a, unsigned int b)
{
	struct end *x = free_port(r, a), *y;

	if (!x || r->n_links == LINKS)
		return false;
	x->link = (int)r->n_links;
	y = free_port(r, b);
	if (!y) {
		x->link = -1;
		return false;
	}
	y->link = x->link;
	r->link[r->n_links] = (struct link){x, y, false};
	link_set(r, r->n_links++, true);
	return true;
}

static unsigned int find(unsigned int *set, unsigned int i)
{
	while (set[i] != i)
		i = set[i];
	return i;
}

/* Join what frames pass between; fails at a link that closes a circle. Returns how many parts. */
static unsigned int look(const struct room *r, bool forwarding)
{
	unsigned int set[BRIDGES], parts = r->n_bridges;

	for (unsigned int i = 0; i < r->n_bridges; i++)
		set[i] = i;
	for (unsigned int i = 0; i < r->n_links; i++) {
		const struct link *l = &r->link[i];
		unsigned int a, b;

		if (!l->up || (forwarding && !(l->a->p.forwarding && l->b->p.forwarding)))
			continue;
		a = find(set, l->a->bridge);
		b = find(set, l->b->bridge);
		if (a == b && forwarding && !r->lenient)
			fail_msg("a loop through link %u of bridges %u and %u", i, l->a->bridge,
				 l->b->bridge);
		if (a != b)
			parts--;
		set[a] = b;
	}
	return parts;
}

static void deliver(struct end *e)
{
	struct msg m = e->in[0];

	memmove(e->in, e->in + 1, --e->n * sizeof(e->in[0]));
	/* A bridge of 1998 takes version 0 only (br_stp_rcv() in Linux). */
	if (e->room->classic && e->bridge == 0 && m.bytes[2] != 0)
		return;
	/* False: a message that has become too old on its way. */
	rstp_input(&e->p, m.bytes, m.len);
	look(e->room, true);
}

/* Deliver up to @most messages, from anywhere. False when none is left. */
static bool pass(struct room *r, unsigned int most)
{
	while (most--) {
		unsigned int n = r->n_bridges * PORTS, at = rnd(r, n), i;

		for (i = 0; i < n; i++) {
			struct end *e = &r->port[(at + i) % n / PORTS][(at + i) % PORTS];

			if (e->n) {
				deliver(e);
				break;
			}
		}
		if (i == n)
			return false;
	}
	return true;
}

static void seconds(struct room *r, unsigned int n)
{
	while (n--) {
		for (unsigned int i = 0; i < r->n_bridges; i++) {
			rstp_tick(&r->b[i]);
			look(r, true);
		}
		while (pass(r, 1000))
			;
	}
}

/* Everybody that a cable leads to is reached, and all agree on who is the root. */
static void must_be_whole(struct room *r)
{
	if (look(r, true) != look(r, false))
		fail_msg("%u parts where cables make %u", look(r, true), look(r, false));
}

static void must_have_root(struct room *r, unsigned int root)
{
	for (unsigned int i = 0; i < r->n_bridges; i++)
		assert_int_equal(r->b[i].root_priority.root, rstp_bridge_id(&r->b[root]));
}

static unsigned int blocked(const struct room *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->n_links; i++)
		n += r->link[i].up && (!r->link[i].a->p.forwarding || !r->link[i].b->p.forwarding);
	return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void two_agree_at_once(void **state)
{
	struct room *r = room_new(2, 1);

	(void)state;
	cable(r, 0, 1);
	pass(r, 1000);
	assert_int_equal(r->port[0][0].p.role, RSTP_DESIGNATED);
	assert_int_equal(r->port[1][0].p.role, RSTP_ROOT);
	/* Proposal and agreement, no timer (17.10). */
	assert_int_equal(rstp_port_state(&r->port[0][0].p), RSTP_FORWARDING);
	assert_int_equal(rstp_port_state(&r->port[1][0].p), RSTP_FORWARDING);
	must_have_root(r, 0);
	free(r);
}

static void triangle_blocks_one(void **state)
{
	struct room *r = room_new(3, 2);

	(void)state;
	cable(r, 0, 1);
	cable(r, 1, 2);
	cable(r, 2, 0);
	seconds(r, 3);
	must_be_whole(r);
	must_have_root(r, 0);
	assert_int_equal(blocked(r), 1);
	assert_int_equal(r->port[2][0].p.role, RSTP_ALTERNATE);

	/* The cut link's place is taken at once: the alternate port becomes the root port. */
	link_set(r, 2, false);
	pass(r, 1000);
	assert_int_equal(r->port[2][0].p.role, RSTP_ROOT);
	must_be_whole(r);
	assert_true(r->port[0][0].flushes || r->port[1][0].flushes || r->port[1][1].flushes);
	link_set(r, 2, true);
	seconds(r, 3);
	must_be_whole(r);
	assert_int_equal(r->port[2][0].p.role, RSTP_ALTERNATE);
	free(r);
}

static void ring_survives_its_root(void **state)
{
	struct room *r = room_new(7, 3);

	(void)state;
	for (unsigned int i = 0; i < 7; i++)
		cable(r, i, (i + 1) % 7);
	seconds(r, 6);
	must_be_whole(r);
	must_have_root(r, 0);
	assert_int_equal(blocked(r), 1);
	link_set(r, 0, false);
	link_set(r, 6, false);
	seconds(r, 30);
	must_be_whole(r);
	assert_int_equal(r->b[3].root_priority.root, rstp_bridge_id(&r->b[1]));
	assert_int_equal(blocked(r), 0);
	free(r);
}

/* The neighbour dies without its link going down: three hellos (17.21.23). */
static void silence_is_noticed(void **state)
{
	struct room *r = room_new(2, 4);

	(void)state;
	cable(r, 0, 1);
	seconds(r, 4);
	assert_int_equal(r->port[1][0].p.role, RSTP_ROOT);
	for (int s = 0; s < 6; s++) {
		rstp_tick(&r->b[1]);
		r->port[0][0].n = 0;
	}
	assert_int_equal(r->port[1][0].p.role, RSTP_DESIGNATED);
	assert_null(r->b[1].root_port);
	free(r);
}

static void priority_and_cost_decide(void **state)
{
	struct room *r = room_new(3, 5);

	(void)state;
	cable(r, 0, 1);
	cable(r, 1, 2);
	cable(r, 2, 0);
	seconds(r, 3);
	rstp_bridge_config(&r->b[2], 4096);
	seconds(r, 6);
	must_have_root(r, 2);
	must_be_whole(r);
	/* Bridge 1 reaches bridge 2 directly; made dear, by way of bridge 0. */
	assert_ptr_equal(r->b[1].root_port, &r->port[1][1].p);
	r->port[1][1].p.cost = 200000;
	rstp_port_config(&r->port[1][1].p);
	seconds(r, 6);
	assert_ptr_equal(r->b[1].root_port, &r->port[1][0].p);
	must_be_whole(r);
	free(r);
}

static void two_cables_one_backup(void **state)
{
	struct room *r = room_new(2, 6);

	(void)state;
	cable(r, 0, 1);
	cable(r, 0, 1);
	seconds(r, 3);
	assert_int_equal(r->port[1][0].p.role, RSTP_ROOT);
	assert_int_equal(r->port[1][1].p.role, RSTP_ALTERNATE);
	/* The other's port priority chooses between them. */
	r->port[0][1].p.priority = 16;
	rstp_port_config(&r->port[0][1].p);
	seconds(r, 3);
	assert_int_equal(r->port[1][1].p.role, RSTP_ROOT);
	assert_int_equal(r->port[1][0].p.role, RSTP_ALTERNATE);
	free(r);
}

static void own_cable_is_backup(void **state)
{
	struct room *r = room_new(1, 7);

	(void)state;
	r->link[0] = (struct link){&r->port[0][0], &r->port[0][1], false};
	r->port[0][0].link = r->port[0][1].link = 0;
	r->n_links = 1;
	link_set(r, 0, true);
	for (int s = 0; s < 40; s++) {
		seconds(r, 1);
		assert_false(r->port[0][0].p.forwarding && r->port[0][1].p.forwarding);
	}
	assert_int_equal(r->port[0][0].p.role, RSTP_DESIGNATED);
	assert_int_equal(r->port[0][1].p.role, RSTP_BACKUP);
	free(r);
}

/* A plug that sends everything back: heard on the very port that it was sent by. */
static void echo_never_forwards(void **state)
{
	struct room *r = room_new(1, 8);
	struct end *e = &r->port[0][0];

	(void)state;
	r->link[0] = (struct link){e, e, true};
	e->link = 0;
	r->n_links = 1;
	rstp_port_enable(&e->p, true);
	for (int s = 0; s < 60; s++) {
		rstp_tick(&r->b[0]);
		while (e->n) {
			struct msg m = e->in[0];

			memmove(e->in, e->in + 1, --e->n * sizeof(e->in[0]));
			rstp_input(&e->p, m.bytes, m.len);
		}
		assert_false(e->p.forwarding);
	}
	free(r);
}

static void edges(void **state)
{
	struct room *r = room_new(1, 9);
	struct rstp_port *p = &r->port[0][0].p, *q = &r->port[0][1].p;

	(void)state;
	p->admin_edge = true;
	rstp_port_config(p);
	rstp_port_enable(p, true);
	assert_true(p->forwarding);
	assert_true(p->oper_edge);
	/* Left to itself: nobody answers for three seconds (17.25). */
	rstp_port_enable(q, true);
	assert_false(q->forwarding);
	for (int s = 0; s < 4; s++)
		rstp_tick(&r->b[0]);
	assert_true(q->oper_edge);
	assert_true(q->forwarding);
	assert_int_equal(r->b[0].topology_changes, 0);
	free(r);
}

/* A bridge of 1998 on one link of a triangle: found out, spoken to in its own words. */
static void classic_neighbour(void **state)
{
	struct room *r = room_new(3, 10);

	(void)state;
	r->classic = true;
	/* It speaks version 0 itself when its neighbours do; make it begin. */
	for (unsigned int j = 0; j < 2; j++)
		r->port[0][j].p.send_rstp = false;
	cable(r, 0, 1);
	cable(r, 1, 2);
	cable(r, 2, 0);
	for (unsigned int j = 0; j < 2; j++) {
		r->port[0][j].p.send_rstp = false;
		r->port[0][j].p.at.migration = 1; /* sensing */
	}
	seconds(r, 60);
	must_be_whole(r);
	must_have_root(r, 0);
	assert_false(r->port[1][0].p.send_rstp);
	assert_true(r->port[1][1].p.send_rstp);
	free(r);
}

static void plug_at_random(struct room *r)
{
	unsigned int links = 1 + rnd(r, 3 * r->n_bridges);

	for (unsigned int i = 0; i < links; i++) {
		unsigned int a = rnd(r, r->n_bridges), b = rnd(r, r->n_bridges);

		if (a != b)
			cable(r, a, b);
		pass(r, rnd(r, 20));
		if (rnd(r, 4) == 0)
			seconds(r, 1 + rnd(r, 3));
	}
}

/* Any room, messages in any order between its ports: never a circle while it grows. */
static void any_room_grows(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 300; seed++) {
		struct room *r = room_new(2 + seed % (BRIDGES - 1), seed);

		plug_at_random(r);
		seconds(r, 8);
		must_be_whole(r);
		free(r);
	}
}

/* Cables are pulled and plugged while messages are under way: whole and without a circle soon
 * after the last of it. */
static void any_room_heals(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 300; seed++) {
		struct room *r = room_new(2 + seed % (BRIDGES - 1), seed);

		plug_at_random(r);
		r->lenient = true;
		for (int step = 0; step < 60 && r->n_links; step++) {
			unsigned int nr = rnd(r, r->n_links);

			if (rnd(r, 4) == 0)
				link_set(r, nr, !r->link[nr].up);
			else if (rnd(r, 3) == 0)
				seconds(r, 1);
			else
				pass(r, rnd(r, 30));
		}
		seconds(r, 2 * RSTP_MAX_AGE_S);
		r->lenient = false;
		must_be_whole(r);
		seconds(r, 5);
		free(r);
	}
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void bytes_there_and_back(void **state)
{
	struct rstp_bpdu in = {.kind = BPDU_RST,
			       .flags = 0x3e,
			       .vector = {0x8000020000000001, 2000, 0x9000020000000002, 0x8003},
			       .times = {1, 20, 2, 15}},
			 out;
	static const uint8_t known[] = {0, 0,	 2, 2, 0x3e, 0x80, 0, 2, 0, 0,	0, 0,
					1, 0,	 0, 7, 0xd0, 0x90, 0, 2, 0, 0,	0, 0,
					2, 0x80, 3, 1, 0,    20,   0, 2, 0, 15, 0, 0};
	uint8_t bytes[RSTP_BPDU_MAX];

	(void)state;
	assert_int_equal(rstp_bpdu_build(&in, bytes), sizeof(known));
	assert_memory_equal(bytes, known, sizeof(known));
	assert_true(rstp_bpdu_parse(bytes, sizeof(known), &out));
	assert_int_equal(out.vector.root, in.vector.root);
	assert_int_equal(out.vector.port, 0x8003);
	assert_int_equal(out.times.fwd_delay, 15);
	assert_int_equal(out.flags, 0x3e);
	in.kind = BPDU_CONFIG;
	assert_int_equal(rstp_bpdu_build(&in, bytes), 35);
	assert_true(rstp_bpdu_parse(bytes, 35, &out));
	assert_int_equal(out.kind, BPDU_CONFIG);
	in.kind = BPDU_TCN;
	assert_int_equal(rstp_bpdu_build(&in, bytes), 4);
	assert_true(rstp_bpdu_parse(bytes, 4, &out));
	assert_int_equal(out.kind, BPDU_TCN);
}

static void bad_bytes_are_refused(void **state)
{
	struct rstp_bpdu in = {.kind = BPDU_RST, .flags = 0x3c, .times = {1, 20, 2, 15}}, out;
	uint8_t bytes[RSTP_BPDU_MAX];
	size_t len = rstp_bpdu_build(&in, bytes);

	(void)state;
	assert_true(rstp_bpdu_parse(bytes, len, &out));
	for (size_t n = 0; n < len; n++)
		assert_false(rstp_bpdu_parse(bytes, n, &out));
	bytes[1] = 1; /* another protocol */
	assert_false(rstp_bpdu_parse(bytes, len, &out));
	bytes[1] = 0;
	bytes[3] = 0; /* 9.3.4: a configuration message as old as it may get */
	bytes[27] = 20;
	assert_false(rstp_bpdu_parse(bytes, len, &out));
	bytes[27] = 19;
	assert_true(rstp_bpdu_parse(bytes, len, &out));
	bytes[3] = 2;
	bytes[33] = 200; /* a forward delay nobody may ask for */
	assert_false(rstp_bpdu_parse(bytes, len, &out));
	bytes[33] = 15;
	bytes[3] = 7;
	assert_false(rstp_bpdu_parse(bytes, len, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_agree_at_once),
		cmocka_unit_test(triangle_blocks_one),
		cmocka_unit_test(ring_survives_its_root),
		cmocka_unit_test(silence_is_noticed),
		cmocka_unit_test(priority_and_cost_decide),
		cmocka_unit_test(two_cables_one_backup),
		cmocka_unit_test(own_cable_is_backup),
		cmocka_unit_test(echo_never_forwards),
		cmocka_unit_test(edges),
		cmocka_unit_test(classic_neighbour),
		cmocka_unit_test(any_room_grows),
		cmocka_unit_test(any_room_heals),
		cmocka_unit_test(bytes_there_and_back),
		cmocka_unit_test(bad_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
