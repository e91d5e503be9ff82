/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's agent says, and what a hostile guest may say instead. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/guest/agent_proto.h"

struct heard {
	char log[512];
	struct agent_parser parser;
};

static void note(struct heard *h, const char *text)
{
	strncat(h->log, text, sizeof(h->log) - strlen(h->log) - 1);
}

static void on_ready(void *ctx, unsigned int protocol)
{
	char s[32];

	snprintf(s, sizeof(s), "R%u ", protocol);
	note(ctx, s);
}

static void on_pong(void *ctx, uint32_t id)
{
	char s[32];

	snprintf(s, sizeof(s), "P%u ", id);
	note(ctx, s);
}

static void on_output(void *ctx, uint32_t id, bool to_stderr, const void *data, size_t len)
{
	char s[128];

	snprintf(s, sizeof(s), "%c%u:%.*s ", to_stderr ? 'E' : 'O', id, (int)len,
		 (const char *)data);
	note(ctx, s);
}

static void on_done(void *ctx, uint32_t id, unsigned int status)
{
	char s[32];

	snprintf(s, sizeof(s), "D%u=%u ", id, status);
	note(ctx, s);
}

static void on_read(void *ctx, uint32_t bytes)
{
	char s[32];

	snprintf(s, sizeof(s), "A%u ", bytes);
	note(ctx, s);
}

static const struct agent_events events = {on_ready, on_pong, on_output, on_done, on_read};

static void say(struct heard *h, const char *text)
{
	agent_parser_feed(&h->parser, text, strlen(text), &events, h);
}

static void test_all_messages(void **state)
{
	struct heard h = {0};

	(void)state;
	say(&h, "R 1\nP 7\nO 5 3\nabcE 5 2\nxyA 600\nD 5 124\n");
	assert_string_equal(h.log, "R1 P7 O5:abc E5:xy A600 D5=124 ");
}

static void test_cut_anywhere(void **state)
{
	const char *text = "R 1\r\nO 4294967295 4\nwxyzD 4294967295 0\n";
	struct heard h = {0};

	(void)state;
	for (size_t i = 0; i < strlen(text); i++)
		agent_parser_feed(&h.parser, text + i, 1, &events, &h);
	assert_string_equal(h.log, "R1 O4294967295:w O4294967295:x O4294967295:y "
				   "O4294967295:z D4294967295=0 ");
}

static void test_newlines_in_output(void **state)
{
	struct heard h = {0};

	(void)state;
	say(&h, "O 1 6\nD 1 9\nD 1 0\n");
	assert_string_equal(h.log, "O1:D 1 9\n D1=0 ");
}

static void test_noise_is_skipped(void **state)
{
	struct heard h = {0};

	(void)state;
	say(&h, "\n\nSeaBIOS (version 1)\nR\nR x\nR 1 \nR -1\nP 4294967296\nD 1 256\nD 1\nO 1 2 3\n"
		"X 1 2 3\nr 1\nR1\nP 3\n");
	assert_string_equal(h.log, "P3 ");
}

static void test_long_line(void **state)
{
	struct heard h = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		say(&h, "R 1 ");
	say(&h, "\nP 1\n");
	assert_string_equal(h.log, "P1 ");
}

static void test_huge_chunk_is_not_believed(void **state)
{
	struct heard h = {0};

	(void)state;
	say(&h, "O 1 4000000000\nP 2\n");
	assert_string_equal(h.log, "P2 ");
}

static void test_empty_chunk(void **state)
{
	struct heard h = {0};

	(void)state;
	say(&h, "O 1 0\nP 2\n");
	assert_string_equal(h.log, "P2 ");
}

/* A command of a minute in guests that took so long to boot. */
static void test_patience(void **state)
{
	(void)state;
	assert_int_equal(agent_patience_ms(-1, 60000), 60000); /* nobody knows */
	assert_int_equal(agent_patience_ms(800, 60000), 60000);
	assert_int_equal(agent_patience_ms(4000, 60000), 60000);
	assert_int_equal(agent_patience_ms(12000, 60000), 180000);
	assert_int_equal(agent_patience_ms(40000, 60000), 600000);
	assert_int_equal(agent_patience_ms(INT64_MAX, 60000), 600000);
	assert_int_equal(agent_patience_ms(40000, 3600000), 36000000); /* the longest of vm.exec */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_messages),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_newlines_in_output),
		cmocka_unit_test(test_noise_is_skipped),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_huge_chunk_is_not_believed),
		cmocka_unit_test(test_empty_chunk),
		cmocka_unit_test(test_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
