/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of ports and networks: all or nothing, and the words that say so. */
#include <errno.h>

#include "lib/setting_names.h"
#include "tests/wire/world.h"
#include "vswitchd/switch/settings.h"

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

static int set_net(const char *text, struct err *err)
{
	json_t *values = json_loads(text, 0, NULL);
	int rc = net_settings_apply(w.net, values, err);

	json_decref(values);
	return rc;
}

static void assert_net(const char *text)
{
	json_t *want = json_loads(text, 0, NULL), *got = net_settings_json(w.net);

	assert_true(json_equal(want, got));
	json_decref(want);
	json_decref(got);
}

static void what_is_not_default_is_shown(void **state)
{
	struct err err;

	(void)state;
	assert_net("{}");
	assert_int_equal(set_net("{\"hub\": \"on\"}", &err), 0);
	assert_net("{\"hub\": \"on\"}");
	assert_int_equal(set_net("{\"hub\": false}", &err), 0);
	assert_net("{}");
}

static void all_or_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_not_equal(set_net("{\"hub\": \"on\", \"bub\": \"on\"}", &err), 0);
	assert_string_equal(err.text,
			    "\"bub\" is not a setting of a network: did you mean \"hub\"?");
	assert_net("{}");
	assert_int_not_equal(set_net("{\"hub\": \"maybe\"}", &err), 0);
	assert_string_equal(err.text, "hub=maybe: wants on or off");
	assert_int_not_equal(set_net("{\"hub\": []}", &err), 0);
	assert_int_not_equal(set_net("{\"hub\": \"\"}", &err), 0);
	assert_net("{}");
}

/* What topology files and command lines accept is what the daemon has. */
static void the_words_are_known_everywhere(void **state)
{
	json_t *port = port_settings_all(), *net = net_settings_all();
	const char *name;
	json_t *value;

	(void)state;
	json_object_foreach (port, name, value)
		if (!setting_name_in(port_setting_names, name))
			fail_msg("port setting %s is not in lib/setting_names.c", name);
	json_object_foreach (net, name, value)
		if (!setting_name_in(net_setting_names, name))
			fail_msg("network setting %s is not in lib/setting_names.c", name);
	json_decref(port);
	json_decref(net);
}

/* ---- what the settings do -------------------------------------------------------------------- */

static int set_port(unsigned int i, const char *name, const char *value)
{
	json_t *values = json_pack("{s:s}", name, value);
	int rc = port_settings_apply(w.port[i], values, NULL);

	json_decref(values);
	return rc;
}

static void drain(void)
{
	for (unsigned int i = 0; i < 3; i++)
		while (world_take(w.port[i]) >= 0)
			;
}

static void a_hub_repeats_and_learns_nothing(void **state)
{
	(void)state;
	world_send(w.port[0], 1, 0, 60, 'x');
	set_net("{\"hub\": \"on\"}", NULL);
	drain();
	assert_int_equal(fdb_count(w.net->fdb), 0);
	world_send(w.port[1], 2, 1, 60, 'a');
	world_send(w.port[0], 1, 2, 60, 'b');
	assert_int_equal(world_take(w.port[2]), 'a');
	assert_int_equal(world_take(w.port[2]), 'b');
	assert_int_equal(fdb_count(w.net->fdb), 0);
	drain();
}

static void the_table_s_settings(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(set_net("{\"ageing\": \"5s\", \"macs\": 16}", &err), 0);
	assert_net("{\"ageing\": \"5s\", \"macs\": \"16\"}");
	world_send(w.port[0], 1, 0, 60, 'x');
	runner_step(&w.runner, w.runner.now + 6000);
	assert_int_equal(fdb_count(w.net->fdb), 0);
	assert_int_equal(set_net("{\"ageing\": \"5\"}", &err), -EINVAL);
	assert_int_equal(set_net("{\"macs\": \"8\"}", &err), -EINVAL);
	/* The table is put back when what comes after it is refused. */
	assert_int_equal(set_net("{\"macs\": 131072, \"ageing\": \"soon\"}", &err), -EINVAL);
	assert_int_equal(fdb_max(w.net->fdb), 16);
	drain();
}

static void one_port_fills_the_table(void **state)
{
	(void)state;
	set_net("{\"macs\": 16}", NULL);
	world_send(w.port[1], 1, 0, 60, 'x');
	for (unsigned int i = 2; i < 200; i++) {
		world_send(w.port[0], i, 1, 60, 'x');
		drain();
	}
	assert_true(world_event(&w, "mac.flood {\"macs\": 15, \"macs_max\": 16, \"net\": \"n\", "
				    "\"port\": \"p0\"}"));
	assert_int_equal(w.n_events, 1);
	world_send(w.port[0], 300, 1, 60, 'a');
	assert_int_equal(world_take(w.port[1]), 'a');
	assert_int_equal(world_take(w.port[2]), -1); /* p1's station is known still */
}

static void a_port_may_have_so_many(void **state)
{
	(void)state;
	assert_int_equal(set_port(0, "macs", "2"), 0);
	for (unsigned int i = 1; i <= 4; i++)
		world_send(w.port[0], i, 0, 60, 'x');
	assert_int_equal(world_drops(w.port[0], DROP_MAC_LIMIT), 2);
	assert_int_equal(set_port(0, "macs", "off"), 0);
	world_send(w.port[0], 4, 0, 60, 'x');
	assert_int_equal(world_drops(w.port[0], DROP_MAC_LIMIT), 2);
	drain();
}

static void storms_are_cut(void **state)
{
	(void)state;
	assert_int_equal(set_port(0, "storm-broadcast", "100"), 0);
	for (int s = 0; s < 100; s++) {
		runner_step(&w.runner, w.runner.now + 10);
		for (int i = 0; i < 10; i++)
			world_send(w.port[0], 1, 0, 60, 'x');
		world_send(w.port[0], 1, 2, 60, 'u'); /* not a broadcast */
		drain();
	}
	/* A second at ten times the limit: what the bucket held, and 100. */
	assert_in_range(world_drops(w.port[0], DROP_STORM), 870, 880);
	assert_true(world_event(&w, "storm.started {\"kind\": \"broadcast\", \"limit\": 100"));
	assert_int_equal(w.n_events, 1);
	runner_step(&w.runner, w.runner.now + 2000);
	runner_step(&w.runner, w.runner.now + 2000);
	assert_true(world_event(&w, "storm.ended {"));
	assert_int_equal(w.net->storms, 0);
	assert_int_equal(set_port(0, "storm-broadcast", "off"), 0);
	assert_null(w.port[0]->storm);
	assert_int_equal(set_port(0, "storm-unknown", "0"), -EINVAL);
	assert_int_equal(set_port(0, "storm-unknown", "4"), 0);
	for (int i = 0; i < 10; i++)
		world_send(w.port[0], 1, 2, 60, 'u');
	assert_int_equal(world_drops(w.port[0], DROP_STORM), 876 + 6);
	drain();
}

static void longer_frames_pass_a_longer_mtu(void **state)
{
	(void)state;
	world_send(w.port[0], 1, 0, 9014, 'x');
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 1);
	assert_int_equal(set_net("{\"mtu\": 9000}", NULL), 0);
	assert_net("{\"mtu\": \"9000\"}");
	world_send(w.port[0], 1, 0, 9014, 'x');
	assert_int_equal(world_take(w.port[1]), 'x');
	assert_int_equal(set_net("{\"mtu\": 100}", NULL), -EINVAL);
	drain();
}

static void times_have_a_longest(void **state)
{
	struct err err;
	msec ms;

	(void)state;
	assert_int_equal(setting_time("2147483647s", &ms, &err), 0);
	assert_int_equal(ms, 2147483647000);
	assert_int_equal(setting_time("24855d", &ms, &err), 0);
	assert_int_equal(setting_time("24856d", &ms, &err), -EINVAL);
	assert_string_equal(err.text, "is longer than 2147483647s, the longest time");
	assert_int_equal(setting_time("2147483648s", &ms, &err), -EINVAL);
	assert_string_equal(err.text, "is longer than 2147483647s, the longest time");
	assert_int_equal(setting_time("99999999999999999999m", &ms, &err), -EINVAL);
	assert_string_equal(err.text, "is longer than 2147483647s, the longest time");
	assert_int_equal(setting_time("5w", &ms, &err), -EINVAL);
	assert_string_equal(err.text, "wants " SETTING_TIME_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_default_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_words_are_known_everywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hub_repeats_and_learns_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_table_s_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(one_port_fills_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(a_port_may_have_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(storms_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(longer_frames_pass_a_longer_mtu, setup, teardown),
		cmocka_unit_test(times_have_a_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
