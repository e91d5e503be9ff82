/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines cut out of a stream, however it is cut into reads. */
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/control/linebuf.h"

static void add(struct linebuf *lb, const char *text)
{
	assert_int_equal(linebuf_append(lb, text, strlen(text)), 0);
}

static void expect(struct linebuf *lb, const char *text)
{
	size_t len;
	char *line = linebuf_next(lb, &len);

	if (!text) {
		assert_null(line);
		return;
	}
	assert_non_null(line);
	assert_string_equal(line, text);
	assert_int_equal(len, strlen(text));
}

static void test_whole_lines(void **state)
{
	struct linebuf lb;

	(void)state;
	linebuf_init(&lb, 100);
	expect(&lb, NULL);
	add(&lb, "one\ntwo\n\nfour\n");
	expect(&lb, "one");
	expect(&lb, "two");
	expect(&lb, "");
	expect(&lb, "four");
	expect(&lb, NULL);
	linebuf_fini(&lb);
}

static void test_byte_by_byte(void **state)
{
	const char *text = "first\nsecond line\n";
	struct linebuf lb;
	int lines = 0;
	size_t len;

	(void)state;
	linebuf_init(&lb, 100);
	for (size_t i = 0; i < strlen(text); i++) {
		assert_int_equal(linebuf_append(&lb, text + i, 1), 0);
		while (linebuf_next(&lb, &len))
			lines++;
	}
	assert_int_equal(lines, 2);
	linebuf_fini(&lb);
}

static void test_rest_stays(void **state)
{
	struct linebuf lb;

	(void)state;
	linebuf_init(&lb, 100);
	add(&lb, "whole\nhal");
	expect(&lb, "whole");
	expect(&lb, NULL);
	add(&lb, "f\n");
	expect(&lb, "half");
	linebuf_fini(&lb);
}

static void test_limit(void **state)
{
	struct linebuf lb;

	(void)state;
	linebuf_init(&lb, 4);
	add(&lb, "1234\n");
	assert_false(linebuf_overlong(&lb));
	expect(&lb, "1234");
	add(&lb, "1234");
	assert_false(linebuf_overlong(&lb)); /* its newline may still come */
	add(&lb, "5");
	assert_true(linebuf_overlong(&lb));
	expect(&lb, NULL);
	add(&lb, "\n");
	assert_true(linebuf_overlong(&lb));
	expect(&lb, NULL);
	linebuf_fini(&lb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_lines),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_rest_stays),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
