/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state store: what is put comes back, in order, after a restart; damage is told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vswitchd/host/state.h"

static char dir[] = "/tmp/vnet-state-XXXXXX";
static char deep[128];

static int make_dir(void **state)
{
	(void)state;
	memset(dir + strlen(dir) - 6, 'X', 6);
	if (!mkdtemp(dir))
		return -1;
	snprintf(deep, sizeof(deep), "%s/a/b", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char cmd[512];

	(void)state;
	state_close();
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void put(const char *kind, const char *name, const char *text)
{
	json_t *doc = json_pack("{s:s}", "t", text);

	assert_int_equal(state_put(kind, name, doc, NULL), 0);
	json_decref(doc);
}

static void expect(const char *kind, const char *name, const char *text)
{
	json_t *doc = state_get(kind, name);

	if (!text) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "t")), text);
	json_decref(doc);
}

static void reopen(void)
{
	struct err err = {0};

	state_close();
	if (state_open(deep, &err))
		fail_msg("%s", err.text);
}

static void test_put_get_del(void **state)
{
	char id[16];

	(void)state;
	reopen();
	snprintf(id, sizeof(id), "%s", state_instance());
	assert_int_equal(strlen(id), 8);
	put("net", "b", "1");
	put("net", "a", "2");
	put("port", "a", "3");
	put("net", "b", "4");
	reopen();
	assert_string_equal(id, state_instance());
	expect("net", "b", "4");
	expect("net", "a", "2");
	expect("port", "a", "3");
	expect("net", "c", NULL);
	assert_int_equal(state_del("net", "a", NULL), 0);
	assert_int_equal(state_del("net", "a", NULL), 0);
	reopen();
	expect("net", "a", NULL);
	expect("port", "a", "3");
}

static void test_order_of_creation(void **state)
{
	const char *name, *want = "cab";
	json_t *all, *doc;

	(void)state;
	reopen();
	put("net", "c", "1");
	put("net", "a", "1");
	put("net", "b", "1");
	put("net", "c", "2"); /* a change keeps the place */
	all = state_all("net");
	json_object_foreach (all, name, doc)
		assert_int_equal(name[0], *want++);
	assert_int_equal(*want, '\0');
	json_decref(all);
}

static void test_second_is_refused(void **state)
{
	char path[160], pid[16];
	struct err err = {0};
	int fd;

	(void)state;
	reopen();
	state_close();
	snprintf(path, sizeof(path), "%s/lock", deep);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(write(fd, "4711\n", 5), 5);
	assert_int_equal(state_open(deep, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "pid 4711");
	assert_non_null(strstr(err.text, pid));
	assert_non_null(strstr(err.text, deep));
	close(fd);
	reopen();
}

static void damage(const char *text)
{
	char path[160];
	FILE *f;

	state_close();
	snprintf(path, sizeof(path), "%s/state.db-wal", deep);
	unlink(path);
	snprintf(path, sizeof(path), "%s/state.db", deep);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void expect_damaged(void)
{
	struct err err = {0};

	assert_int_not_equal(state_open(deep, &err), 0);
	assert_non_null(strstr(err.text, "state.db"));
	assert_null(strchr(err.text, '\n'));
}

static void test_not_a_database(void **state)
{
	(void)state;
	reopen();
	damage("this is not a database, but it is long enough to look like the start of one.\n");
	expect_damaged();
	expect_damaged(); /* and the lock was let go */
}

static void test_empty_file(void **state)
{
	char cmd[512];

	(void)state;
	reopen();
	state_close();
	snprintf(cmd, sizeof(cmd), "rm -f '%s'/state.db*; cp /dev/null '%s/state.db'", deep, deep);
	assert_int_equal(system(cmd), 0);
	reopen(); /* an empty file is one that was never set up */
	put("net", "a", "1");
	expect("net", "a", "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_put_get_del, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_order_of_creation, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_second_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_not_a_database, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_empty_file, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
