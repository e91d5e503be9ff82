/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of ports and networks: all or nothing, and the words that say so. */
#include "lib/setting_names.h"
#include "tests/wire/world.h"
#include "vswitchd/settings.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_default_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_words_are_known_everywhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
