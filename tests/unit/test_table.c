/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client/table.c, text.c: no line wider than its terminal, no cell that is more than text. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "client/table.h"
#include "client/text.h"
#include "tests/unit/unit.h"

static const char *const titles[] = {"NAME", ">COUNT", "MAC", "~FILE", ">DROPS", NULL};

static const char *const hostile[][5] = {
	{"pc1", "1", "52:54:00:12:34:56", "/short", "0"},
	{"\033[31mred\r\n", "18446744073709551615", "52:54:00:12:34:57", "", "7"},
	{"\u7f51\u7edc\u7f51\u7edc\u7f51\u7edc\u7f51\u7edc", "22", "-",
	 "/home/\u00fcser/\u7f51\u7edc/a-rather-long-name-of-a-file/that/goes/on/and/on.yaml", "0"},
	{"e\u0301a\u202egpj.exe", "3", "\xff\xfe\x80", "\xe7\xbd", "12345678901234567890"},
};

static char *print(unsigned int width)
{
	struct table *t = table_create(titles);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		for (size_t k = 0; k < 5; k++)
			table_add(t, hostile[i][k]);
	assert_int_equal(table_rows(t), ARRAY_SIZE(hostile));
	table_print(t, out, width);
	table_destroy(t);
	fclose(out);
	return text;
}

/* Columns of the longest line, as the C library counts them. Fails on what is no printable text. */
static size_t widest_line(char *text)
{
	size_t max = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		wchar_t wide[1024];
		int n = (int)mbstowcs(wide, line, ARRAY_SIZE(wide)), columns;

		assert_true(n >= 0 && n < (int)ARRAY_SIZE(wide));
		columns = wcswidth(wide, (size_t)n);
		assert_true(columns >= 0);
		max = (size_t)columns > max ? (size_t)columns : max;
	}
	return max;
}

static void never_wider_than_the_terminal(void **state)
{
	(void)state;
	for (unsigned int width = 20; width <= 220; width++) {
		char *text = print(width);

		assert_true(widest_line(text) <= width);
		free(text);
	}
}

static void a_pipe_gets_all_of_it(void **state)
{
	char *text = print(0);

	(void)state;
	assert_non_null(strstr(text,
			       "/home/\u00fcser/\u7f51\u7edc/a-rather-long-name-of-a-file/that/"
			       "goes/on/and/on.yaml"));
	assert_non_null(strstr(text, "18446744073709551615  "));
	assert_null(strchr(text, '~'));
	free(text);
}

static void columns_stand_below_each_other(void **state)
{
	struct table *t = table_create((const char *const[]){"A", ">B", "C", NULL});
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (const char *p = "\u7f51\u7edc\0 1\0x\0ab\0 20\0y\0\u00fc\0 3\0z\0"; *p;
	     p += strlen(p) + 1)
		table_add(t, p + (*p == ' '));
	table_print(t, out, 80);
	fclose(out);
	assert_string_equal(text,
			    "A      B  C\n\u7f51\u7edc   1  x\nab    20  y\n\u00fc      3  z\n");
	table_destroy(t);
	free(text);
}

static void a_narrow_terminal_gets_blocks(void **state)
{
	char *text = print(20);

	(void)state;
	assert_non_null(strstr(text, "NAME   pc1\nCOUNT  1\n"));
	assert_non_null(strstr(text, "DROPS  0\n\nNAME"));
	free(text);
}

static void text_of_strangers_is_harmless(void **state)
{
	char buf[64];
	size_t took;

	(void)state;
	assert_string_equal(text_show("\033[2Jx\xc2\x9b", buf, sizeof(buf)), "\\x1b[2Jx\\xc2\\x9b");
	assert_string_equal(text_show("a\u202eb\u200bc", buf, sizeof(buf)),
			    "a\\xe2\\x80\\xaeb\\xe2\\x80\\x8bc");
	assert_string_equal(text_show("\xe7\xbd", buf, sizeof(buf)), "\\xe7\\xbd");
	assert_string_equal(text_show("\u7f51\u7edc", buf, 4), "\u7f51");
	assert_int_equal(text_width("\u7f51\u7edc"), 4);
	assert_int_equal(text_width("e\u0301"), 1);
	assert_int_equal(text_cut("\u7f51\u7edc", 3, &took), 3);
	assert_int_equal(took, 2);
}

static void elsewhere_all_is_ascii(void **state)
{
	char buf[64];

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	assert_string_equal(text_show("\u00fc~", buf, sizeof(buf)), "\\xc3\\xbc~");
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_wider_than_the_terminal),
		cmocka_unit_test(a_pipe_gets_all_of_it),
		cmocka_unit_test(columns_stand_below_each_other),
		cmocka_unit_test(a_narrow_terminal_gets_blocks),
		cmocka_unit_test(text_of_strangers_is_harmless),
		cmocka_unit_test(elsewhere_all_is_ascii),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
