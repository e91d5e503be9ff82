/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and links in a tar that a stranger made; tests/system/test_copy.sh has the rest. */
#include <string.h>

#include "client/tree.h"
#include "tests/unit/unit.h"

static void named(const char *from, const char *want)
{
	char path[TREE_NAME_MAX];

	assert_true(tree_name(from, "got", path, sizeof(path)));
	assert_string_equal(path, want);
}

static void no_name(const char *from)
{
	char path[TREE_NAME_MAX];

	assert_false(tree_name(from, "got", path, sizeof(path)));
}

static void test_the_first_component_is_ours(void **state)
{
	(void)state;
	named("a", "got");
	named("a/", "got");
	named("./a", "got");
	named("a/b", "got/b");
	named("a//b/./c/", "got/b/c");
	named("a/..b/...", "got/..b/...");
}

static void test_nothing_leads_out(void **state)
{
	(void)state;
	no_name("");
	no_name(".");
	no_name("./");
	no_name("/etc/passwd");
	no_name("..");
	no_name("../x");
	no_name("a/..");
	no_name("a/../b");
	no_name("a/b/../../..");
}

static void test_bounds(void **state)
{
	char long_name[300], deep[TREE_NAME_MAX * 2];

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	long_name[299] = '\0';
	no_name(long_name);
	long_name[255] = '\0';
	named(long_name, "got");
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = i % 2 ? '/' : 'd';
	deep[2 * TREE_DEPTH_MAX + 1] = '\0';
	assert_true(tree_name(deep, "got", long_name, sizeof(long_name)));
	deep[2 * TREE_DEPTH_MAX + 1] = '/';
	deep[sizeof(deep) - 1] = '\0';
	no_name(deep);
	assert_false(tree_name("a/bcd", "got", long_name, 7));
	assert_true(tree_name("a/bcd", "got", long_name, 8));
}

static void test_links(void **state)
{
	(void)state;
	assert_true(tree_link_inside("got/l", "x"));
	assert_true(tree_link_inside("got/l", "./x/y"));
	/* "up" may be a link to "..", so beside it is not what the name says. */
	assert_false(tree_link_inside("got/l", "a/up/../x"));
	assert_true(tree_link_inside("got/d/l", "../x"));
	assert_true(tree_link_inside("got/d/e/l", "../../x"));
	assert_false(tree_link_inside("got/l", ".."));
	assert_false(tree_link_inside("got/l", "x/../.."));
	assert_false(tree_link_inside("got/d/l", "../../x"));
	assert_false(tree_link_inside("got/l", "/etc/passwd"));
	assert_false(tree_link_inside("got/l", ""));
	/* The link is all there is: what is beside it is not its tree. */
	assert_false(tree_link_inside("got", "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_component_is_ours),
		cmocka_unit_test(test_nothing_leads_out),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
