/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of ports as the kernel writes them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/host/portlist.h"

static void there_and_back(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"\n", ""},
		{"8080", "8080"},
		{"8080\n", "8080"},
		{"0-65535", "0-65535"},
		{"65535,1", "1,65535"},
		{"5-9,7-12,13,15", "5-13,15"},
		{"61000-65535,32768", "32768,61000-65535"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct portlist l;
		char *text;

		assert_int_equal(portlist_parse(&l, rows[i].in), 0);
		text = portlist_text(&l);
		assert_string_equal(text, rows[i].out);
		assert_int_equal(portlist_is_empty(&l), !rows[i].out[0]);
		free(text);
	}
}

static void what_is_no_list(void **state)
{
	static const char *const rows[] = {"x", "1-", "-1", "9-5", "65536", "1 2", "1;2", ",1"};
	struct portlist l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(portlist_parse(&l, rows[i]), -EINVAL);
}

/* The longest text there can be: every other port. */
static void the_longest(void **state)
{
	struct portlist l = {0}, again;
	char *text;

	(void)state;
	for (uint32_t port = 1; port < 65536; port += 2)
		portlist_add(&l, (uint16_t)port);
	text = portlist_text(&l);
	assert_int_equal(portlist_parse(&again, text), 0);
	assert_memory_equal(&l, &again, sizeof(l));
	free(text);
	for (uint32_t port = 1; port < 65536; port += 2)
		portlist_del(&l, (uint16_t)port);
	assert_true(portlist_is_empty(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
