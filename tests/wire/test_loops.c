/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spanning tree and loop guard on networks: cables between dummy ports, carried by hand. */
#include "tests/wire/world.h"
#include "vswitchd/switch/rstp.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/stp.h"

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

static void set_net(struct net *net, const char *key, const char *value)
{
	json_t *values = json_pack("{s:s}", key, value);
	struct err err;

	if (net_settings_apply(net, values, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(values);
}

static void set_port(struct port *port, const char *key, const char *value)
{
	json_t *values = json_pack("{s:s}", key, value);
	struct err err;

	if (port_settings_apply(port, values, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(values);
}

/* Carry everything that was sent to @a into @b. Returns how many frames. */
static unsigned int carry(struct port *a, struct port *b)
{
	unsigned int n = 0;
	struct pkt *p;

	for (; n < 100 && (p = port_dummy_sent(a)); n++) {
		port_dummy_receive(b, p->data, p->len, &p->vnet);
		pkt_put(p);
	}
	return n;
}

static void drain(struct port *port)
{
	while (world_take(port) >= 0)
		;
}

static void second(void)
{
	runner_step(&w.runner, w.runner.now + 1000);
}

static json_t *shown(const struct port *port)
{
	json_t *all = stp_json(port->net), *p, *found = NULL;
	size_t i;

	json_array_foreach (json_object_get(all, "ports"), i, p)
		if (!strcmp(json_string_value(json_object_get(p, "port")), port->name))
			found = json_incref(p);
	json_decref(all);
	assert_non_null(found);
	return found;
}

static bool is(const struct port *port, const char *key, const char *value)
{
	json_t *p = shown(port);
	bool same = !strcmp(json_string_value(json_object_get(p, key)), value);

	json_decref(p);
	return same;
}

/* ---- spanning tree --------------------------------------------------------------------------- */

static void discarding_then_edge(void **state)
{
	(void)state;
	set_net(w.net, "stp", "on");
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_drops(w.port[0], DROP_STP_BLOCKING), 1);
	for (int i = 0; i < 5; i++)
		second();
	for (int i = 0; i < 3; i++) {
		drain(w.port[i]);
		assert_true(is(w.port[i], "state", "forwarding"));
	}
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), 'a');
	assert_true(world_event(&w, "stp.role"));
	set_net(w.net, "stp", "off");
	assert_int_equal(w.port[0]->features, 0);
}

static void edge_by_word_is_open_at_once(void **state)
{
	(void)state;
	set_port(w.port[0], "edge", "on");
	set_port(w.port[1], "edge", "on");
	set_net(w.net, "stp", "on");
	drain(w.port[1]);
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), 'a');
}

/* A BPDU as a better bridge sends it. */
static void bpdu(struct port *port, uint8_t flags, size_t cut)
{
	struct rstp_bpdu in = {.kind = BPDU_RST,
			       .flags = flags,
			       .vector = {0x0000020000000001, 0, 0x0000020000000001, 0x8001},
			       .times = {0, 20, 2, 15}};
	uint8_t frame[60] = {0x01, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 39, 0x42, 0x42, 3};

	rstp_bpdu_build(&in, frame + 17);
	port_dummy_receive(port, frame, sizeof(frame) - cut, NULL);
}

static void two_ways_to_the_root(void **state)
{
	(void)state;
	set_net(w.net, "stp", "on");
	bpdu(w.port[0], 0x3e, 0);
	bpdu(w.port[1], 0x3e, 0);
	assert_true(is(w.port[0], "role", "root"));
	assert_true(is(w.port[0], "state", "forwarding"));
	assert_true(is(w.port[1], "role", "alternate"));
	assert_int_equal(world_drops(w.port[0], DROP_CONSUMED), 1);
	drain(w.port[1]);
	world_send(w.port[1], 5, 0, 60, 'x');
	assert_int_equal(world_drops(w.port[1], DROP_STP_BLOCKING), 1);
	/* Cut short, it is no BPDU; to another reserved address it never was. */
	bpdu(w.port[0], 0x3e, 8);
	assert_int_equal(world_drops(w.port[0], DROP_RESERVED_MAC), 1);
	port_set_admin(w.port[0], false);
	assert_true(is(w.port[1], "role", "root"));
	assert_true(is(w.port[1], "state", "forwarding"));
	assert_true(world_event(&w, "stp.topology-change"));
}

/* Nobody waits for hellos by a cable whose other end was pulled. */
static void a_cable_pulled_at_the_other_end(void **state)
{
	struct net *n2 = world_net(&w, "n2");
	struct port_conf near = {.name = "near", .carrier = "patch", .peer = "far"};
	struct port_conf far = {.name = "far", .carrier = "patch", .peer = "near"};
	struct port *ends[2];

	(void)state;
	set_net(w.net, "stp", "on");
	ends[0] = port_add(w.net, &near, NULL);
	ends[1] = port_add(n2, &far, NULL);
	assert_true(ends[0] && ends[1]);
	for (int i = 0; i < 5; i++)
		second();
	assert_true(is(ends[0], "role", "designated"));
	port_set_admin(ends[1], false);
	assert_true(is(ends[0], "role", "disabled"));
	port_set_admin(ends[1], true);
	assert_true(is(ends[0], "role", "designated"));
}

static void learning_learns_but_does_not_forward(void **state)
{
	struct fdb_answer known;
	struct mac one = station(1);

	(void)state;
	set_port(w.port[0], "edge", "off");
	set_net(w.net, "stp", "on");
	for (int i = 0; i < 40 && !is(w.port[0], "state", "learning"); i++)
		second();
	assert_true(is(w.port[0], "state", "learning"));
	for (int i = 0; i < 3; i++)
		drain(w.port[i]);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(world_take(w.port[1]), -1);
	assert_int_equal(world_drops(w.port[0], DROP_STP_BLOCKING), 1);
	assert_true(fdb_ask(w.net->fdb, &one, 0, w.runner.now, &known));
}

static void nobody_else_is_the_bridge(void **state)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	set_port(w.port[0], "edge", "on");
	set_net(w.net, "stp", "on");
	memcpy(frame + 6, w.net->own_mac, 6);
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	assert_int_equal(world_drops(w.port[0], DROP_SPOOFED), 1);
}

static void moves_and_deletions(void **state)
{
	struct net *other = world_net(&w, "other");
	struct err err;

	(void)state;
	set_net(w.net, "stp", "on");
	for (int i = 0; i < 5; i++)
		second();
	assert_int_equal(port_move(w.port[0], other, &err), 0);
	assert_int_equal(w.port[0]->features & PORT_STP, 0);
	assert_int_equal(port_move(w.port[0], w.net, &err), 0);
	assert_true(w.port[0]->features & PORT_STP);
	port_del(w.port[1], true);
	second();
	assert_true(is(w.port[0], "role", "designated"));
}

/* ---- the loop guard -------------------------------------------------------------------------- */

static void guard_on(void)
{
	for (int i = 0; i < 3; i++)
		set_port(w.port[i], "loop-guard", "on");
}

/* Ports 1 and 2 are joined outside. */
static void cable(void)
{
	for (int round = 0; round < 3; round++) {
		carry(w.port[1], w.port[2]);
		carry(w.port[2], w.port[1]);
		drain(w.port[0]);
	}
}

static void a_loop_blocks_the_younger(void **state)
{
	(void)state;
	guard_on();
	second();
	cable();
	assert_true(w.port[2]->features & PORT_STP);
	assert_false(w.port[1]->features & PORT_STP);
	assert_true(
		world_event(&w, "loop.found {\"net\": \"n\", \"port\": \"p2\", \"with\": \"p1\"}"));
	world_send(w.port[2], 7, 0, 60, 'x');
	assert_int_equal(world_drops(w.port[2], DROP_LOOP), 1);
	world_send(w.port[0], 1, 0, 60, 'y');
	assert_int_equal(world_take(w.port[1]), 'y');
	assert_int_equal(world_take(w.port[2]), -1);
	/* It is looked at again without being opened... */
	for (int i = 0; i < 40; i++) {
		second();
		cable();
		assert_true(w.port[2]->features & PORT_STP);
	}
	/* ...and opened once nothing comes back. */
	for (int i = 0; i < 40; i++)
		second();
	assert_false(w.port[2]->features & PORT_STP);
	assert_true(world_event(&w, "loop.gone"));
}

static void port_up_tries_at_once(void **state)
{
	(void)state;
	guard_on();
	second();
	cable();
	assert_true(w.port[2]->features & PORT_STP);
	port_set_admin(w.port[2], true);
	assert_false(w.port[2]->features & PORT_STP);
}

static void moving_addresses_are_suspect(void **state)
{
	(void)state;
	guard_on();
	for (int i = 0; i < 20; i++)
		second();
	for (int i = 0; i < 3; i++)
		drain(w.port[i]);
	for (int i = 0; i < 10; i++) {
		world_send(w.port[0], 1, 2, 60, 'a');
		world_send(w.port[1], 1, 2, 60, 'b');
	}
	carry(w.port[0], w.port[1]);
	assert_true(w.port[1]->features & PORT_STP);
}

static void silence_without_cause(void **state)
{
	uint64_t sent;

	(void)state;
	guard_on();
	for (int i = 0; i < 20; i++)
		second();
	sent = w.port[0]->stats.tx_frames;
	assert_int_equal(sent, 3);
	for (int i = 0; i < 600; i++)
		second();
	assert_int_equal(w.port[0]->stats.tx_frames, sent);
}

/* Somebody changes a bit of it, or keeps one for later. */
static void forged_and_old_probes_prove_nothing(void **state)
{
	uint8_t frame[60];
	struct pkt *p;

	(void)state;
	guard_on();
	second();
	p = port_dummy_sent(w.port[1]);
	assert_non_null(p);
	memcpy(frame, p->data, sizeof(frame));
	pkt_put(p);
	for (unsigned int i = 20; i < 40; i++) {
		frame[i] ^= 1;
		port_dummy_receive(w.port[2], frame, sizeof(frame), NULL);
		frame[i] ^= 1;
		assert_false(w.port[2]->features & PORT_STP);
	}
	runner_step(&w.runner, w.runner.now + 6000);
	port_dummy_receive(w.port[2], frame, sizeof(frame), NULL);
	assert_false(w.port[2]->features & PORT_STP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(discarding_then_edge, setup, teardown),
		cmocka_unit_test_setup_teardown(edge_by_word_is_open_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(two_ways_to_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cable_pulled_at_the_other_end, setup, teardown),
		cmocka_unit_test_setup_teardown(learning_learns_but_does_not_forward, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nobody_else_is_the_bridge, setup, teardown),
		cmocka_unit_test_setup_teardown(moves_and_deletions, setup, teardown),
		cmocka_unit_test_setup_teardown(a_loop_blocks_the_younger, setup, teardown),
		cmocka_unit_test_setup_teardown(port_up_tries_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(moving_addresses_are_suspect, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_without_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(forged_and_old_probes_prove_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
