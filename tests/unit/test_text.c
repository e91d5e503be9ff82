/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.c, drop.c and log.c: what people read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/drop.h"
#include "lib/err.h"
#include "lib/log.h"
#include "tests/unit/unit.h"

static void errors_tell_what_and_why(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, -EINVAL, "port %d\nis bad", 7), -EINVAL);
	assert_string_equal(e.text, "port 7 is bad");
	assert_int_equal(err_wrap(&e, "lab \"%s\"", "x"), -EINVAL);
	assert_string_equal(e.text, "lab \"x\": port 7 is bad");
	assert_int_equal(err_sys(&e, -ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(e.text, "open /x: No such file or directory");
	assert_int_equal(e.code, -ENOENT);
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_sys(NULL, -EIO, "x"), -EIO);
	assert_true(err_wrap(NULL, "x") < 0);
}

/* When both don't fit, the cause stays and the context is cut. */
static void long_errors_keep_the_cause(void **state)
{
	char longish[900];
	struct err e;

	(void)state;
	memset(longish, 'x', sizeof(longish) - 1);
	longish[sizeof(longish) - 1] = '\0';
	err_set(&e, -EIO, "%s:the cause", longish);
	for (int i = 0; i < 5; i++)
		err_wrap(&e, "%s", longish);
	assert_true(strlen(e.text) < sizeof(e.text));
	assert_string_equal(e.text + strlen(e.text) - 9, "the cause");
}

static void every_drop_has_its_own_word(void **state)
{
	(void)state;
	for (int i = 0; i < DROP_N; i++) {
		assert_true(strlen(drop_word(i)) > 1 && strlen(drop_text(i)) > 1);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(drop_word(i), drop_word(j));
	}
	assert_string_equal(drop_word(DROP_TOO_BIG), "too-big");
	assert_string_equal(drop_word(DROP_N), "unknown");
}

/* Run with stderr in a file; returns how many lines came, the first in @line. */
static int lines_of(void (*fn)(void), char *line, size_t size)
{
	FILE *to = tmpfile();
	int keep = dup(STDERR_FILENO), n = 0, c;

	assert_non_null(to);
	dup2(fileno(to), STDERR_FILENO);
	fn();
	dup2(keep, STDERR_FILENO);
	close(keep);
	rewind(to);
	line[0] = '\0';
	assert_true(fgets(line, (int)size, to) || feof(to));
	rewind(to);
	while ((c = fgetc(to)) != EOF)
		n += c == '\n';
	fclose(to);
	return n;
}

static void log_one(void)
{
	log_debug("not this");
	log_warn("port %s", "a");
}

static void log_many(void)
{
	for (int i = 0; i < 1000; i++)
		log_error("line %d", i);
}

static void log_lines_have_levels_and_a_limit(void **state)
{
	char line[64];

	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(lines_of(log_one, line, sizeof(line)), 1);
	assert_string_equal(line, "port a\n");
	setenv("JOURNAL_STREAM", "8:1", 1);
	lines_of(log_one, line, sizeof(line));
	assert_string_equal(line, "<4>port a\n");
	/* A second may end while the loop runs. */
	assert_in_range(lines_of(log_many, line, sizeof(line)), 90, 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_tell_what_and_why),
		cmocka_unit_test(long_errors_keep_the_cause),
		cmocka_unit_test(every_drop_has_its_own_word),
		cmocka_unit_test(log_lines_have_levels_and_a_limit),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
