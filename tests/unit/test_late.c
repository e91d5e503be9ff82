/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>

#include "lib/late.h"
#include "tests/unit/unit.h"

static void test_first_there_is(void **state)
{
	static const char *const sonames[] = {"libnothing.so.9", "libm.so.6", NULL};
	typeof(&floor) root = NULL;
	const struct late_symbol symbols[] = {LATE_SYMBOL(root, floor)};

	(void)state;
	assert_int_equal(late_load(sonames, symbols, 1, NULL), 0);
	assert_true(root(3.5) == 3.0);
}

static void test_no_library(void **state)
{
	static const char *const sonames[] = {"libnothing.so.9", "libnothing.so.8", NULL};
	typeof(&floor) root = NULL;
	const struct late_symbol symbols[] = {LATE_SYMBOL(root, floor)};
	struct err err = {0};

	(void)state;
	assert_int_equal(late_load(sonames, symbols, 1, &err), -ENOENT);
	assert_string_equal(err.text, "library libnothing.so.9 is not installed");
	assert_null(root);
}

/* All or none: half a library is no library. */
static void test_no_symbol(void **state)
{
	static const char *const sonames[] = {"libm.so.6", NULL};
	typeof(&floor) root = NULL, other = NULL;
	const struct late_symbol symbols[] = {LATE_SYMBOL(root, floor),
					      LATE_SYMBOL(other, no_such_function)};

	(void)state;
	assert_int_equal(late_load(sonames, symbols, 2, NULL), -ENOENT);
	assert_null(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_there_is),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_no_symbol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
