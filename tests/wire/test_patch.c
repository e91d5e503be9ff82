/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cables between networks, also in a circle. */
#include <errno.h>
#include <stdio.h>

#include "lib/tag.h"
#include "tests/wire/world.h"
#include "vswitchd/switch/vlan.h"

static struct world w;
static struct net *n2;
static struct port *far; /* a station's port on n2 */

static struct port *patch(struct net *net, const char *name, const char *peer, struct err *err)
{
	struct port_conf conf = {.name = name, .carrier = "patch", .peer = peer};

	return port_add(net, &conf, err);
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, 2);
	n2 = world_net(&w, "n2");
	far = world_port(n2, "dummy", "far");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	assert_int_equal(w.runner.patch_held, 0);
	return 0;
}

static void has_link(const struct port *port, const char *why)
{
	json_t *j = port_json(port);
	const char *reason = json_string_value(json_object_get(j, "reason"));

	assert_string_equal(json_string_value(json_object_get(j, "state")), why ? "down" : "up");
	if (why)
		assert_string_equal(reason, why);
	else
		assert_null(reason);
	json_decref(j);
}

static void a_cable_joins_two_networks(void **state)
{
	struct port *a = patch(w.net, "a", "b", NULL), *b;

	(void)state;
	has_link(a, "nothing is plugged in at its other end");
	world_send(w.port[0], 1, 0, 60, 'x');
	assert_int_equal(world_drops(a, DROP_LINK_DOWN), 1);
	b = patch(n2, "b", "a", NULL);
	has_link(a, NULL);
	has_link(b, NULL);
	assert_true(
		world_event(&w, "port.link {\"link\": \"up\", \"net\": \"n\", \"port\": \"a\""));
	world_send(w.port[0], 1, 0, 60, 'y');
	assert_int_equal(world_take(far), 'y');
	world_send(far, 2, 1, 60, 'z');
	assert_int_equal(world_take(w.port[0]), 'z');
	assert_int_equal(world_take(w.port[1]), 'x');
	assert_int_equal(world_take(w.port[1]), 'y');
	assert_int_equal(world_take(w.port[1]), -1);
	assert_int_equal(a->stats.tx_frames, 1);
	assert_int_equal(b->stats.rx_frames, 1);
}

static void pulled_and_plugged(void **state)
{
	struct port *a = patch(w.net, "a", "b", NULL), *b = patch(n2, "b", "a", NULL);

	(void)state;
	world_send(far, 2, 0, 60, 'x');
	assert_int_equal(world_take(w.port[0]), 'x');
	port_set_admin(b, false);
	has_link(a, "its other end is set down");
	/* Nothing is known behind it any more: flooded, and lost at the cable. */
	world_send(w.port[0], 1, 2, 60, 'y');
	assert_int_equal(world_drops(a, DROP_LINK_DOWN), 1);
	assert_int_equal(world_take(far), -1);
	port_set_admin(b, true);
	has_link(a, NULL);
	port_del(b, true);
	has_link(a, "nothing is plugged in at its other end");
	b = patch(n2, "b", "other", NULL);
	has_link(a, "the port at its other end has another cable");
	has_link(b, "nothing is plugged in at its other end");
	port_del(b, true);
	patch(n2, "b", "a", NULL);
	world_send(w.port[0], 1, 0, 60, 'z');
	assert_int_equal(world_take(far), 'z');
	net_del(n2, true);
	has_link(a, "nothing is plugged in at its other end");
}

static void what_is_no_cable(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(patch(w.net, "a", "a", &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(patch(w.net, "a", "far", &err));
	assert_string_equal(err.text, "port \"far\" is no end of a cable but a dummy port");
	assert_null(port_find("a"));
}

/* Super-frames and unfinished checksums pass a cable as they are. */
static void super_frames_pass_whole(void **state)
{
	struct frame_spec spec = {.payload = 30000, .gso_size = 1448};
	struct port *a = patch(w.net, "a", "b", NULL);
	struct pkt *p;

	(void)state;
	patch(n2, "b", "a", NULL);
	far->offloads = OFFLOAD_ALL;
	world_input(w.port[0], frame_make(w.runner.pool, &spec));
	p = port_dummy_sent(far);
	assert_int_equal(p->len, 14 + 40 + 30000);
	assert_int_equal(a->stats.tx_gso, 1);
	pkt_put(p);
}

/* The guard that would find the loop at once is not asked here. */
static struct port *unguarded(struct net *net, const char *name, const char *peer)
{
	json_t *values = json_pack("{s:s}", "loop-guard", "off");
	struct port *port = patch(net, name, peer, NULL);

	assert_int_equal(port_settings_apply(port, values, NULL), 0);
	json_decref(values);
	return port;
}

/* Two cables between two switches are a loop: one broadcast goes round for ever. Each call must
 * come back, buffers must be left for others, and it must end with the loop. */
static void a_loop_does_not_hang(void **state)
{
	struct net *n3 = world_net(&w, "n3");
	struct port *x = world_port(n3, "dummy", "x"), *y = world_port(n3, "dummy", "y");
	struct port *c;
	uint64_t before;

	(void)state;
	unguarded(w.net, "a", "b");
	unguarded(n2, "b", "a");
	c = unguarded(w.net, "c", "d");
	unguarded(n2, "d", "c");
	for (int i = 0; i < 200; i++)
		world_send(w.port[0], 1, 0, 60, (uint8_t)i);
	before = c->stats.rx_frames;
	for (int i = 0; i < 10; i++)
		runner_step(&w.runner, w.runner.now + 1);
	assert_true(c->stats.rx_frames > before + 100);
	assert_true(w.runner.patch_held > 0);
	assert_true(w.runner.patch_held <= RUNNER_POOL / 2);
	assert_true(pkt_pool_free(w.runner.pool) >= RUNNER_POOL / 2);
	world_send(x, 8, 0, 60, 'x');
	assert_int_equal(world_take(y), 'x');
	port_set_admin(c, false);
	for (int i = 0; i < 100; i++)
		runner_step(&w.runner, w.runner.now + 1);
	before = w.port[1]->stats.tx_frames + world_drops(w.port[1], DROP_QUEUE_FULL);
	runner_step(&w.runner, w.runner.now + 1);
	assert_int_equal(w.port[1]->stats.tx_frames + world_drops(w.port[1], DROP_QUEUE_FULL),
			 before);
	assert_int_equal(w.runner.patch_held, 0);
}

/* Both ends on one switch: the shortest loop. */
static void a_loop_on_one_switch_does_not_hang(void **state)
{
	struct port *a;

	(void)state;
	a = unguarded(w.net, "a", "b");
	unguarded(w.net, "b", "a");
	world_send(w.port[0], 1, 0, 60, 'x');
	assert_int_equal(world_take(w.port[1]), 'x');
	runner_step(&w.runner, w.runner.now + 1);
	port_del(a, true);
	assert_int_equal(w.runner.patch_held, 0);
}

/* A row of switches passes a frame in one turn, forward and backward through the list of them. */
static void a_row_of_switches(void **state)
{
	struct net *net = w.net, *next;
	struct port *last;
	char a[16], b[16], name[16];

	(void)state;
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "row%d", i);
		snprintf(a, sizeof(a), "a%d", i);
		snprintf(b, sizeof(b), "b%d", i);
		next = world_net(&w, name);
		patch(net, a, b, NULL);
		patch(next, b, a, NULL);
		net = next;
	}
	last = world_port(net, "dummy", "last");
	world_send(w.port[0], 1, 0, 60, 'x');
	for (int i = 0; i < 6 && !last->stats.tx_frames; i++)
		runner_step(&w.runner, w.runner.now);
	assert_int_equal(world_take(last), 'x');
	world_send(last, 2, 1, 60, 'y');
	for (int i = 0; i < 6 && !w.port[0]->stats.tx_frames; i++)
		runner_step(&w.runner, w.runner.now);
	assert_int_equal(world_take(w.port[0]), 'y');
	assert_int_equal(world_take(w.port[1]), 'x');
	assert_int_equal(world_take(w.port[1]), -1);
}

/* A trunk between two switches keeps their VLANs apart. */
static void a_trunk_over_a_cable(void **state)
{
	struct port *a = patch(w.net, "a", "b", NULL), *b = patch(n2, "b", "a", NULL);
	struct port *far20 = world_port(n2, "dummy", "far20");
	const struct port_setting *vlan = &vlan_settings[0], *trunk = &vlan_settings[1];

	(void)state;
	assert_int_equal(trunk->set(a, "10,20", NULL), 0);
	assert_int_equal(trunk->set(b, "10,20", NULL), 0);
	assert_int_equal(vlan->set(w.port[0], "10", NULL), 0);
	assert_int_equal(vlan->set(w.port[1], "20", NULL), 0);
	assert_int_equal(vlan->set(far, "10", NULL), 0);
	assert_int_equal(vlan->set(far20, "20", NULL), 0);
	world_send(w.port[0], 1, 0, 60, 'x');
	world_send(w.port[1], 1, 0, 60, 'y');
	assert_int_equal(world_take(far), 'x');
	assert_int_equal(world_take(far), -1);
	assert_int_equal(world_take(far20), 'y');
	assert_int_equal(world_take(far20), -1);
	world_send(far20, 2, 1, 60, 'z');
	assert_int_equal(world_take(w.port[1]), 'z');
	assert_int_equal(world_take(w.port[0]), -1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_cable_joins_two_networks), T(pulled_and_plugged),
		T(what_is_no_cable),	       T(super_frames_pass_whole),
		T(a_loop_does_not_hang),       T(a_loop_on_one_switch_does_not_hang),
		T(a_row_of_switches),	       T(a_trunk_over_a_cable),
	};

	return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
