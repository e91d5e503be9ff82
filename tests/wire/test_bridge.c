/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bridged network lets in from its NIC, with VLANs and when it is only asked. */
#include <stdlib.h>

#include "modes/bridge/bridge.h"
#include "tests/wire/world.h"
#include "vswitchd/control/explain.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/vlan.h"

static struct world w;
static struct net *net;
static struct port *nic, *guest, *other;
static unsigned int named; /* guests that the NIC was told of */

/* ---- the NIC, as far as bridge.c asks for it ------------------------------------------------- */

int bridge_link_check(struct runner *r, const struct net_conf *conf, struct err *err)
{
	(void)r;
	(void)conf;
	(void)err;
	return 0;
}

int bridge_link_start(struct net *n, struct err *err)
{
	struct bridge *br = n->mode_state;

	(void)err;
	br->port = world_port(n, "dummy", "nic");
	br->mac = station(100);
	return 0;
}

void bridge_link_stop(struct net *n)
{
	struct bridge *br = n->mode_state;

	port_del(br->port, true);
}

void bridge_link_changed(struct net *n)
{
	(void)n;
}

const char *bridge_link_word(enum nic_state state)
{
	(void)state;
	return "up";
}

void bridge_single_tick(struct net *n, msec now)
{
	(void)n;
	(void)now;
}

const char *nic_host_reason(const struct port *port)
{
	(void)port;
	return NULL;
}

void nic_guest_seen(struct port *port, const struct mac *mac)
{
	(void)port;
	(void)mac;
	named++;
}

void nic_guests_clear(struct port *port)
{
	(void)port;
}

void nic_tick(struct port *port, msec now)
{
	(void)port;
	(void)now;
}

/* ---- the world ------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct net_conf conf = {.name = "br", .mode = &mode_bridge};
	struct port_conf at = {.name = "guest", .carrier = "dummy", .mac = station(1)};
	struct err err = {0};

	(void)state;
	world_init(&w, 0);
	net = net_add(&w.runner, &conf, &err);
	assert_non_null(net);
	nic = port_find("nic");
	guest = port_add(net, &at, &err);
	assert_non_null(guest);
	other = world_port(net, "dummy", "other");
	named = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static void set(struct port *port, const char *name, const char *value)
{
	const struct port_setting *s = vlan_settings;
	struct err err = {0};

	while (strcmp(s->name, name))
		s++;
	if (s->set(port, value, &err))
		fail_msg("%s=%s: %s", name, value, err.text);
}

/* A frame of VLAN @vid (0: no tag) by @port. */
static void send_vlan(struct port *port, unsigned int src, unsigned int dst, uint16_t vid)
{
	struct described d = {.src = station(src), .dst = station(dst), .vlan = vid};

	world_input(port, explain_build(w.runner.pool, &d));
}

static unsigned int took(struct port *port)
{
	unsigned int n = 0;

	while (world_take(port) >= 0)
		n++;
	return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void unicast_from_outside_is_never_flooded(void **state)
{
	(void)state;
	world_send(nic, 50, 2, 60, 'a');
	assert_int_equal(world_drops(nic, DROP_NOT_FOR_US), 1);
	assert_int_equal(took(guest) + took(other), 0);
	world_send(other, 2, 0, 60, 'b');
	took(guest);
	took(nic);
	world_send(nic, 50, 2, 60, 'c');
	assert_int_equal(took(other), 1);
	assert_int_equal(took(guest), 0);
}

/* A port was made for it: it need not speak first. */
static void a_silent_guest_is_known(void **state)
{
	(void)state;
	world_send(nic, 50, 1, 60, 'a');
	assert_int_equal(took(guest), 1);
	assert_int_equal(took(other), 0);
	assert_int_equal(fdb_count(net->fdb), 1); /* station 50 alone */
}

/* A switch or a VMM inside a guest: addresses that no port was made for, in VLANs of a trunk. */
static void stations_behind_a_trunk(void **state)
{
	(void)state;
	set(guest, "trunk", "10,20");
	set(nic, "trunk", "10,20");
	set(other, "vlan", "20");
	send_vlan(guest, 7, 50, 10);
	assert_int_equal(took(nic), 1);
	send_vlan(nic, 50, 7, 10);
	assert_int_equal(took(guest), 1);
	assert_int_equal(world_drops(nic, DROP_NOT_FOR_US), 0);
	/* In the other VLAN nobody has that address. */
	send_vlan(nic, 50, 7, 20);
	assert_int_equal(world_drops(nic, DROP_NOT_FOR_US), 1);
	assert_int_equal(took(guest) + took(other), 0);
}

static void an_echo_is_dropped_in_its_vlan(void **state)
{
	(void)state;
	set(guest, "vlan", "10");
	set(nic, "trunk", "10");
	send_vlan(guest, 1, 0, 0);
	assert_int_equal(took(nic), 1);
	send_vlan(nic, 1, 0, 10);
	assert_int_equal(world_drops(nic, DROP_SPOOFED), 1);
	assert_int_equal(took(guest), 0);
}

static void the_nic_hears_of_a_guest_once(void **state)
{
	(void)state;
	set(guest, "trunk", "10");
	set(nic, "trunk", "10");
	for (int i = 0; i < 3; i++)
		send_vlan(guest, 7, 0, 10);
	assert_int_equal(named, 1);
}

static void asking_changes_nothing(void **state)
{
	static struct explanation e;
	struct described d = {.src = station(50), .dst = station(1)};

	(void)state;
	explain_walk(nic, explain_build(w.runner.pool, &d), &e);
	assert_string_equal(e.verdict, "delivered to guest");
	assert_int_equal(fdb_count(net->fdb), 0);
	d = (struct described){.src = station(1), .dst = station(50)};
	explain_walk(guest, explain_build(w.runner.pool, &d), &e);
	assert_int_equal(named, 0);
	assert_int_equal(fdb_count(net->fdb), 0);
	world_send(guest, 1, 50, 60, 'a');
	assert_int_equal(named, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unicast_from_outside_is_never_flooded, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_silent_guest_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(stations_behind_a_trunk, setup, teardown),
		cmocka_unit_test_setup_teardown(an_echo_is_dropped_in_its_vlan, setup, teardown),
		cmocka_unit_test_setup_teardown(the_nic_hears_of_a_guest_once, setup, teardown),
		cmocka_unit_test_setup_teardown(asking_changes_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
