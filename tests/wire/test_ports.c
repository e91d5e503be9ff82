/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of ports: up, down, failed, moved, deleted; and the local ones. */
#include <errno.h>
#include <unistd.h>

#include "tests/wire/world.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static void a_port_that_is_down(void **state)
{
	(void)state;
	world_send(w.port[1], 2, 0, 60, 'x');
	world_take(w.port[0]);
	world_take(w.port[2]);
	port_set_admin(w.port[1], false);
	port_set_admin(w.port[1], false);
	/* What was learnt there is forgotten: the frame is flooded, and p1 counts why not. */
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), -1);
	assert_int_equal(world_take(w.port[2]), 'a');
	assert_int_equal(world_drops(w.port[1], DROP_PORT_DOWN), 1);
	world_send(w.port[1], 2, 1, 60, 'b');
	assert_int_equal(world_take(w.port[0]), -1);
	assert_int_equal(world_drops(w.port[1], DROP_PORT_DOWN), 2);
	port_set_admin(w.port[1], true);
	world_send(w.port[1], 2, 1, 60, 'c');
	assert_int_equal(world_take(w.port[0]), 'c');
	assert_true(world_event(&w, "port.down {\"net\": \"n\", \"port\": \"p1\""));
	assert_true(world_event(&w, "port.up {\"net\": \"n\", \"port\": \"p1\""));
	assert_int_equal(w.n_events, 2);
}

static void carriers_are_told_of_the_cable(void **state)
{
	struct port *f = world_port(w.net, "fake", "f");

	(void)state;
	port_set_admin(f, false);
	assert_int_equal(fake_of(f)->up, -1);
	port_set_admin(f, true);
	assert_int_equal(fake_of(f)->up, 1);
}

static void a_carrier_that_vanished(void **state)
{
	struct port *f = world_port(w.net, "fake", "f");
	json_t *j;

	(void)state;
	runner_step(&w.runner, w.runner.now + 10);
	assert_false(f->failed);
	fake_of(f)->recv_error = -ENODEV;
	runner_step(&w.runner, w.runner.now + 10);
	runner_step(&w.runner, w.runner.now + 10);
	assert_true(f->failed);
	assert_int_equal(w.n_events, 1);
	assert_true(world_event(&w, "port.failed {\"net\": \"n\", \"port\": \"f\", \"reason\": "
				    "\"No such device\""));
	j = port_json(f);
	assert_string_equal(json_string_value(json_object_get(j, "state")), "failed");
	assert_string_equal(json_string_value(json_object_get(j, "admin")), "up");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "No such device");
	json_decref(j);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(fake_of(f)->frames, 0);
	assert_int_equal(world_drops(f, DROP_SEND_ERROR), 1);
}

static void refused(void **state)
{
	struct port_conf conf = {.name = "p0", .carrier = "dummy"};
	struct mac group = {{1, 2, 3, 4, 5, 6}};
	unsigned int before = w.net->n_ports;
	struct err err;

	(void)state;
	assert_null(port_add(w.net, &conf, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_string_equal(err.text, "there is a port \"p0\" already, on network \"n\"");
	conf.name = "a/b";
	assert_null(port_add(w.net, &conf, &err));
	assert_int_equal(err.code, -EINVAL);
	conf.name = "a";
	conf.carrier = "pigeon";
	assert_null(port_add(w.net, &conf, &err));
	assert_string_equal(err.text, "port \"a\": no carrier \"pigeon\"");
	conf.carrier = "fake";
	conf.ifname = "eth0"; /* the fake can't be opened with one */
	assert_null(port_add(w.net, &conf, &err));
	assert_int_equal(err.code, -EBUSY);
	conf.ifname = NULL;
	conf.mac = group;
	assert_null(port_add(w.net, &conf, &err));
	assert_null(port_find("a"));
	assert_int_equal(w.net->n_ports, before);
	assert_ptr_equal(port_find("p2"), w.port[2]);
}

static void moved_to_another_network(void **state)
{
	struct net *other = world_net(&w, "o");
	struct port *there = world_port(other, "dummy", "q0");
	struct err err;

	(void)state;
	world_send(w.port[1], 2, 0, 60, 'x');
	world_take(w.port[0]);
	world_take(w.port[2]);
	assert_int_equal(port_move(w.port[1], other, &err), 0);
	assert_int_equal(port_move(w.port[1], other, &err), 0);
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), -1);
	assert_int_equal(world_take(w.port[2]), 'a');
	world_send(w.port[1], 2, 0, 60, 'b');
	assert_int_equal(world_take(there), 'b');
	assert_int_equal(world_take(w.port[0]), -1);
	assert_int_equal(w.net->n_ports, 2);
	assert_int_equal(other->n_ports, 2);
	assert_true(world_event(&w, "port.moved {\"net\": \"o\", \"port\": \"p1\""));
}

static void a_move_pulls_the_cable(void **state)
{
	struct port *port = world_port(w.net, "fake", "f");
	struct net *other = world_net(&w, "o");
	msec start = w.runner.now;

	(void)state;
	assert_int_equal(port_move(port, other, NULL), 0);
	assert_int_equal(fake_of(port)->up, -1);
	runner_step(&w.runner, start + PORT_REPLUG_MS - 1);
	assert_int_equal(fake_of(port)->up, -1);
	runner_step(&w.runner, start + 2 * PORT_REPLUG_MS);
	assert_int_equal(fake_of(port)->up, 1);

	/* One that is down stays so, and so does one that is set down meanwhile. */
	port_set_admin(port, false);
	fake_of(port)->up = 0;
	assert_int_equal(port_move(port, w.net, NULL), 0);
	runner_step(&w.runner, start + 5 * PORT_REPLUG_MS);
	assert_int_equal(fake_of(port)->up, 0);
	port_set_admin(port, true);
	assert_int_equal(port_move(port, other, NULL), 0);
	port_set_admin(port, false);
	runner_step(&w.runner, start + 9 * PORT_REPLUG_MS);
	assert_int_equal(fake_of(port)->up, -1);
}

static void names_of_interfaces(void **state)
{
	char a[16], b[16];

	(void)state;
	port_ifname("web.eth0", a);
	assert_string_equal(a, "vs-web-eth0");
	port_ifname("123456789012", a);
	assert_string_equal(a, "vs-123456789012");
	port_ifname("gateway-north.eth0", a);
	port_ifname("gateway-north.eth1", b);
	assert_int_equal(strlen(a), 15);
	assert_memory_equal(a, "vs-gateway-", 11);
	assert_string_not_equal(a, b);
}

/* ---- local ports ----------------------------------------------------------------------------- */

struct echo {
	struct port *port;
	unsigned int n;
	uint8_t mark;
};

/* Answers every frame with one from station 100 to its sender, @mark in it. */
static void echo_input(void *ctx, struct pkt *p)
{
	struct echo *e = ctx;
	struct mac self = station(100);

	e->n++;
	p = pkt_writable(p);
	memcpy(p->data, p->data + 6, 6);
	memcpy(p->data + 6, &self, 6);
	p->data[p->len - 1] = e->mark;
	port_local_inject(e->port, p);
}

static void echo_add(struct echo *e, const char *name, unsigned int nr)
{
	struct mac mac = station(nr);
	struct err err;

	e->port = port_local_add(w.net, name, &mac, echo_input, e, &err);
	assert_non_null(e->port);
}

static void a_local_port_answers(void **state)
{
	struct echo e = {.mark = 'E'};

	(void)state;
	echo_add(&e, "gw", 100);
	/* Known from the start: not flooded. */
	world_send(w.port[0], 1, 100, 60, 'q');
	assert_int_equal(e.n, 1);
	assert_int_equal(world_take(w.port[0]), 'E');
	assert_int_equal(world_take(w.port[1]), -1);
}

static void nobody_takes_the_gateways_address(void **state)
{
	struct echo e = {.mark = 'E'};

	(void)state;
	echo_add(&e, "gw", 100);
	world_send(w.port[2], 100, 0, 60, 'z');
	assert_int_equal(world_drops(w.port[2], DROP_SPOOFED), 1);
	assert_int_equal(world_take(w.port[0]), -1);
	fdb_flush(w.net->fdb, NULL);
	world_send(w.port[0], 1, 100, 60, 'q');
	assert_int_equal(world_take(w.port[0]), 'E');
	/* Down and up again, it is still its own. */
	port_set_admin(e.port, false);
	port_set_admin(e.port, true);
	world_send(w.port[2], 100, 0, 60, 'z');
	assert_int_equal(world_drops(w.port[2], DROP_SPOOFED), 2);
}

static void local_ports_stay_on_their_network(void **state)
{
	struct net *other = world_net(&w, "o");
	struct echo e = {.mark = 'E'};
	struct err err;

	(void)state;
	echo_add(&e, "gw", 100);
	assert_int_equal(port_move(e.port, other, &err), -EPERM);
}

static void bounce_input(void *ctx, struct pkt *p)
{
	struct echo *e = ctx;
	struct mac from;

	e->n++;
	p = pkt_writable(p);
	memcpy(&from, p->data, 6);
	memcpy(p->data, p->data + 6, 6);
	memcpy(p->data + 6, &from, 6);
	port_local_inject(e->port, p);
}

/* Two that answer each other for ever don't keep the switch from everybody else. */
static void endless_answers_take_turns(void **state)
{
	struct echo a = {.n = 0}, b = {.n = 0};
	struct mac mac_a = station(100), mac_b = station(101);
	uint8_t frame[60] = {0};
	unsigned int before;
	struct err err;

	(void)state;
	a.port = port_local_add(w.net, "a", &mac_a, bounce_input, &a, &err);
	b.port = port_local_add(w.net, "b", &mac_b, bounce_input, &b, &err);
	memcpy(frame, &mac_b, 6);
	memcpy(frame + 6, &mac_a, 6);
	port_local_inject(a.port, pkt_from(w.runner.pool, frame, sizeof(frame)));
	before = a.n + b.n;
	assert_in_range(before, 2, 100);
	assert_true(w.net->injected);
	runner_step(&w.runner, w.runner.now + 1);
	assert_in_range(a.n + b.n - before, 1, 100);
	world_send(w.port[0], 1, 0, 60, 'x');
	assert_int_equal(world_take(w.port[1]), 'x');
}

/* An answer of several frames for each frame of a burst: what doesn't fit is counted. */
static void many_input(void *ctx, struct pkt *p)
{
	struct echo *e = ctx;
	struct mac self = station(100), to = station(1);
	uint8_t frame[60] = {0};

	pkt_put(p);
	memcpy(frame, &to, 6);
	memcpy(frame + 6, &self, 6);
	for (int i = 0; i < 10; i++)
		port_local_inject(e->port, pkt_from(w.runner.pool, frame, sizeof(frame)));
	e->n += 10;
}

static void answers_are_bounded(void **state)
{
	struct echo e = {.n = 0};
	struct mac mac = station(100), from = station(1);
	struct pkt_batch b = {.n = 0};
	uint8_t frame[60] = {0};
	struct err err;

	(void)state;
	e.port = port_local_add(w.net, "gw", &mac, many_input, &e, &err);
	memcpy(frame, &mac, 6);
	memcpy(frame + 6, &from, 6);
	for (int i = 0; i < PKT_BATCH_MAX; i++)
		pkt_batch_add(&b, pkt_from(w.runner.pool, frame, sizeof(frame)));
	net_input(w.net, w.port[0], &b);
	assert_int_equal(e.n, 320);
	assert_int_equal(e.port->stats.rx_frames + world_drops(e.port, DROP_QUEUE_FULL), 320);
	assert_int_equal(e.port->stats.rx_frames, 128);
	/* Outside a burst a long injection makes room for itself. */
	for (int i = 0; i < 300; i++) {
		memcpy(frame, &from, 6);
		memcpy(frame + 6, &mac, 6);
		port_local_inject(e.port, pkt_from(w.runner.pool, frame, sizeof(frame)));
	}
	assert_int_equal(e.port->stats.rx_frames, 428);
}

static struct port *victim;

static void delete_input(void *ctx, struct pkt *p)
{
	(void)ctx;
	pkt_put(p);
	port_del(victim, true);
	victim = NULL;
}

/* A port goes while frames wait on its queue. */
static void deleted_while_queued(void **state)
{
	struct mac mac = station(100);
	struct err err;

	(void)state;
	victim = w.port[1];
	/* The last to be queued is the first to be flushed. */
	assert_non_null(port_local_add(w.net, "del", &mac, delete_input, NULL, &err));
	world_send(w.port[0], 1, 0, 60, 'x');
	assert_null(victim);
	assert_null(port_find("p1"));
	assert_int_equal(world_take(w.port[2]), 'x');
}

/* ---- with a loop ----------------------------------------------------------------------------- */

static void stop_cb(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	(void)t;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void run_for(struct ev_loop *loop, double seconds)
{
	struct ev_timer stop;

	ev_timer_init(&stop, stop_cb, seconds, 0);
	ev_timer_start(loop, &stop);
	ev_run(loop, 0);
	ev_timer_stop(loop, &stop);
}

/* What is injected outside a burst leaves before the loop sleeps. */
static void the_loop_switches_what_is_injected(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct mac mac = station(100), to = station(1);
	struct net_conf conf = {.name = "l", .mode = modes[0]};
	uint8_t frame[60] = {0};
	struct runner r;
	struct net *net;
	struct port *gw, *d;
	struct err err;

	(void)state;
	assert_int_equal(runner_init(&r, loop), 0);
	net = net_add(&r, &conf, &err);
	d = world_port(net, "dummy", "d");
	gw = port_local_add(net, "lgw", &mac, bounce_input, NULL, &err);
	memcpy(frame, &to, 6);
	memcpy(frame + 6, &mac, 6);
	for (int i = 0; i < 3; i++)
		port_local_inject(gw, pkt_from(r.pool, frame, sizeof(frame)));
	assert_int_equal(d->stats.tx_frames, 0);
	run_for(loop, 0.01);
	assert_int_equal(d->stats.tx_frames, 3);
	runner_fini(&r, true);
	ev_loop_destroy(loop);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_port_that_is_down),
		T(carriers_are_told_of_the_cable),
		T(a_carrier_that_vanished),
		T(refused),
		T(moved_to_another_network),
		T(a_move_pulls_the_cable),
		T(names_of_interfaces),
		T(a_local_port_answers),
		T(nobody_takes_the_gateways_address),
		T(local_ports_stay_on_their_network),
		T(endless_answers_take_turns),
		T(answers_are_bounded),
		T(deleted_while_queued),
		T(the_loop_switches_what_is_injected),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
