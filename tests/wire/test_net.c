/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks: their settings, their JSON, and the hooks of a mode. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/wire/world.h"
#include "vswitchd/switch/walk.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static int parse(const char *text, struct net_conf *conf, struct err *err)
{
	json_t *params = json_loads(text, JSON_ALLOW_NUL, NULL);
	int rc = net_conf_parse(params, conf, err);

	assert_non_null(params);
	json_decref(params);
	return rc;
}

static void settings(void **state)
{
	struct net_conf c;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"name\": \"a.b\", \"mode\": \"lan-segment\", \"subnet\": "
			       "\"10.0.2.0/24\", \"gateway\": \"10.0.2.2\", \"dhcp\": "
			       "\"10.0.2.10-10.0.2.20\", \"lease\": \"2h\", \"nic\": \"auto\", "
			       "\"vlan\": 7, \"mtu\": \"9000\", \"dns\": \"10.0.2.53\", "
			       "\"router\": \"10.0.2.1\", \"lab\": null}",
			       &c, &err),
			 0);
	assert_string_equal(c.name, "a.b");
	assert_ptr_equal(c.mode, modes[0]);
	assert_int_equal(c.subnet.plen, 24);
	assert_int_equal(c.gateway, htonl(0x0a000202));
	assert_true(c.dhcp && c.dhcp_given);
	assert_int_equal(c.dhcp_first, htonl(0x0a00020a));
	assert_int_equal(c.dhcp_last, htonl(0x0a000214));
	assert_int_equal(c.lease_s, 7200);
	assert_string_equal(c.nic, "auto");
	assert_int_equal(c.vlan, 7);
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(c.dns.way, NET_DNS_LIST);
	assert_int_equal(ip_addr_get4(&c.dns.addr[0]), htonl(0x0a000235));
	assert_int_equal(c.dhcp_router, htonl(0x0a000201));
	assert_int_equal(
		parse("{\"name\": \"a\", \"mode\": \"lan-segment\", \"dhcp\": \"off\"}", &c, &err),
		0);
	assert_true(c.dhcp_given && !c.dhcp);
	assert_int_equal(c.mtu, 0);
}

/* Each is refused; the text names the key and what it takes. */
static void refused_settings(void **state)
{
	static const struct {
		const char *extra, *says;
	} bad[] = {
		{"\"colour\": \"red\"", "\"colour\" is not a setting of a network; there are name"},
		{"\"name\": \"../x\"", "name: \"../x\" is not 1 to 47"},
		{"\"mode\": \"bridged\"", "mode: \"bridged\" is not nat, bridge, host-only"},
		{"\"mode\": 7", "mode: \"7\" is not nat"},
		{"\"subnet\": \"10.0.2.5/24\"", "subnet: \"10.0.2.5/24\" is not a network address"},
		{"\"subnet\": \"0.0.0.0/0\"", "subnet:"},
		{"\"subnet\": [\"10.0.2.0/24\"]", "subnet: wants a string"},
		{"\"gateway\": \"10.0.2.256\"", "gateway: \"10.0.2.256\" is not an IPv4 address"},
		{"\"gateway\": \"224.0.0.1\"", "gateway:"},
		{"\"subnet\": \"10.0.2.0/24\", \"gateway\": \"10.0.3.1\"",
		 "gateway: 10.0.3.1 is not in the subnet 10.0.2.0/24"},
		{"\"subnet\": \"10.0.2.0/24\", \"dhcp\": \"10.0.2.9-10.0.3.1\"",
		 "dhcp: 10.0.3.1 is not in the subnet 10.0.2.0/24"},
		{"\"dhcp\": \"yes\"", "dhcp: \"yes\" is not on, off or FIRST-LAST"},
		{"\"dhcp\": true", "dhcp: wants a string"},
		{"\"dhcp\": \"10.0.2.20-10.0.2.10\"", "dhcp:"},
		{"\"dhcp\": \"10.0.2.20-\"", "dhcp:"},
		{"\"lease\": \"3600\"", "lease: \"3600\": wants a time with its unit"},
		{"\"lease\": \"0s\"", "lease: \"0s\": wants a time with its unit"},
		{"\"lease\": \"99999999999999999999s\"",
		 "lease: \"99999999999999999999s\": is longer than 2147483647s"},
		{"\"lease\": \"99999d\"", "lease: \"99999d\": is longer than 2147483647s"},
		{"\"nic\": \"eth0/../x\"", "nic:"},
		{"\"nic\": \"averylonginterface\"", "nic:"},
		{"\"nic\": \"eth0\\u0000x\"", "nic: wants a string"},
		{"\"vlan\": 4095", "vlan: \"4095\" is not 1 to 4094"},
		{"\"vlan\": \"-1\"", "vlan:"},
		{"\"mtu\": 100", "mtu: \"100\" is not 576 to 65520"},
		{"\"mtu\": 1500.5", "mtu: wants a string"},
		{"\"dns\": \"localhost\"", "dns:"},
		{"\"lab\": \"\\u001b[2J\"", "lab: \"\\x1b[2J\" is not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct net_conf c = {.mtu = 77};
		struct err err;
		char text[512];

		snprintf(text, sizeof(text), "{\"name\": \"a\", \"mode\": \"lan-segment\", %s}",
			 bad[i].extra);
		if (parse(text, &c, &err) != -EINVAL)
			fail_msg("accepted: %s", bad[i].extra);
		if (strncmp(err.text, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("%s: says \"%s\"", bad[i].extra, err.text);
		assert_int_equal(c.mtu, 77); /* untouched */
	}
}

static void missing_settings(void **state)
{
	struct net_conf c;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"name\": \"a\"}", &c, &err), -EINVAL);
	assert_memory_equal(err.text, "mode: is missing", 16);
	assert_int_equal(parse("{\"mode\": \"lan-segment\"}", &c, &err), -EINVAL);
	assert_string_equal(err.text, "name: is missing");
	assert_int_equal(parse("[]", &c, &err), -EINVAL);
}

static void as_json(void **state)
{
	struct net_conf c;
	struct net *net;
	struct err err;
	char *text;
	json_t *j;

	(void)state;
	parse("{\"name\": \"x\", \"mode\": \"lan-segment\", \"vlan\": \"3\", \"lab\": \"l\"}", &c,
	      &err);
	net = net_add(&w.runner, &c, &err);
	world_port(net, "dummy", "x0");
	j = net_json(net);
	text = json_dumps(j, JSON_COMPACT);
	assert_string_equal(
		text,
		"{\"name\":\"x\",\"mode\":\"lan-segment\",\"subnet\":null,\"gateway\":"
		"null,\"host\":null,\"dhcp\":null,\"nic\":null,\"vlan\":3,\"mtu\":1500,"
		"\"ports\":1,\"ports_max\":4096,\"macs\":0,\"lab\":\"l\",\"floods\":0,\"hub\":false,\"settings\":{}}");
	free(text);
	json_decref(j);
	assert_null(net_add(&w.runner, &c, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_ptr_equal(net_find(&w.runner, "x"), net);
	assert_null(net_find(&w.runner, "y"));
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static struct {
	int checks, starts, stops, ticks, changes;
	bool refuse_check, refuse_start;
} hooks;

static int h_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	(void)r;
	hooks.checks++;
	conf->mtu = 1400;
	return hooks.refuse_check ? err_set(err, -EINVAL, "no") : 0;
}

static int h_start(struct net *net, struct err *err)
{
	hooks.starts++;
	world_port(net, "dummy", "own");
	return hooks.refuse_start ? err_set(err, -EIO, "no start") : 0;
}

static void h_stop(struct net *net)
{
	(void)net;
	hooks.stops++;
}

static enum drop_reason h_ingress(struct walk *walk)
{
	return walk->p->data[walk->p->len - 1] == 'x' ? DROP_MODE : DROP_NONE;
}

static void h_tick(struct net *net, msec now)
{
	(void)net;
	(void)now;
	hooks.ticks++;
}

static void h_changed(struct net *net)
{
	(void)net;
	hooks.changes++;
}

static void h_show(const struct net *net, json_t *out)
{
	(void)net;
	json_object_set_new(out, "fact", json_true());
}

static const struct mode_ops hooked = {.name = "hooked",
				       .check = h_check,
				       .start = h_start,
				       .stop = h_stop,
				       .ingress = h_ingress,
				       .tick = h_tick,
				       .host_changed = h_changed,
				       .show = h_show};

static void hooks_are_called(void **state)
{
	struct net_conf c = {.name = "h", .mode = &hooked};
	struct net *net;
	struct port *a, *b;
	struct err err;
	json_t *j;

	(void)state;
	memset(&hooks, 0, sizeof(hooks));
	net = net_add(&w.runner, &c, &err);
	assert_non_null(net);
	assert_int_equal(net->conf.mtu, 1400);
	a = world_port(net, "dummy", "a");
	b = world_port(net, "dummy", "b");
	world_send(a, 1, 0, 60, 'x');
	world_send(a, 2, 0, 60, 'y');
	assert_int_equal(world_take(b), 'y');
	assert_int_equal(world_drops(a, DROP_MODE), 1);
	assert_int_equal(fdb_count(net->fdb), 1); /* not learnt from what was dropped */
	for (int i = 1; i <= 25; i++)
		runner_step(&w.runner, w.runner.now + 200);
	assert_int_equal(hooks.ticks, 5);
	runner_host_changed(&w.runner);
	assert_int_equal(hooks.changes, 1);
	j = net_json(net);
	assert_true(json_is_true(json_object_get(j, "fact")));
	json_decref(j);
	net_del(net, true);
	assert_int_equal(hooks.stops, 1);
	assert_null(port_find("own"));
	net_del(NULL, true);
}

static void nothing_is_left_of_a_failure(void **state)
{
	struct net_conf c = {.name = "h", .mode = &hooked};
	struct err err;

	(void)state;
	memset(&hooks, 0, sizeof(hooks));
	hooks.refuse_check = true;
	assert_null(net_add(&w.runner, &c, &err));
	assert_string_equal(err.text, "network \"h\": no");
	assert_int_equal(hooks.starts, 0);
	hooks.refuse_check = false;
	hooks.refuse_start = true;
	assert_null(net_add(&w.runner, &c, &err));
	assert_string_equal(err.text, "network \"h\": no start");
	assert_int_equal(err.code, -EIO);
	assert_null(net_find(&w.runner, "h"));
	assert_null(port_find("own"));
	snprintf(c.name, sizeof(c.name), "a/b");
	assert_null(net_add(&w.runner, &c, &err));
	assert_int_equal(hooks.checks, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(settings), T(refused_settings), T(missing_settings),
		T(as_json),  T(hooks_are_called), T(nothing_is_left_of_a_failure),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
