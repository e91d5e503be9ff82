/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a console's past must not ask of the terminal it is shown on. */
#include "tests/unit/unit.h"

#include <string.h>

#include "vswitchd/guest/console_text.h"

static void quiet(const char *in, const char *want)
{
	char text[128];
	size_t len = strlen(in);

	memcpy(text, in, len);
	text[console_quiet((uint8_t *)text, len)] = '\0';
	assert_string_equal(text, want);
}

static void test_questions_go(void **state)
{
	(void)state;
	quiet("a\033[6nb", "ab");
	quiet("\033[5n\033[c\033[0c\033[>0c\033[?6n", "");
	quiet("\033[6n\033[6n$ ", "$ ");
}

static void test_the_rest_stays(void **state)
{
	(void)state;
	quiet("", "");
	quiet("nc", "nc");
	quiet("\033[31mred\033[0m\033[2J\033[10;20H", "\033[31mred\033[0m\033[2J\033[10;20H");
	quiet("\033]0;c\007", "\033]0;c\007");
	quiet("\033[", "\033[");
	quiet("\033[6", "\033[6");
	quiet("\033\033[6n[", "\033[");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions_go),
		cmocka_unit_test(test_the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
