/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests taken apart and their parameters checked. */
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/control/outbuf.h"
#include "vswitchd/control/rpc.h"

static int parse(const char *line, struct err *err)
{
	json_t *req = NULL;
	int rc = rpc_parse(line, strlen(line), &req, err);

	json_decref(req);
	return rc;
}

static void test_requests(void **state)
{
	static const struct {
		const char *line;
		int rc;
	} cases[] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\"}", 0},
		{"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"hello\",\"params\":{}}", 0},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"hello\"}", 0},
		{"", RPC_PARSE_ERROR},
		{"hello?", RPC_PARSE_ERROR},
		{"{\"jsonrpc\":\"2.0\"", RPC_PARSE_ERROR},
		{"{\"a\":1,\"a\":2}", RPC_PARSE_ERROR},
		{"\x01\xff{", RPC_PARSE_ERROR},
		{"[]", RPC_INVALID_REQUEST},
		{"1", RPC_INVALID_REQUEST},
		{"null", RPC_INVALID_REQUEST},
		{"{}", RPC_INVALID_REQUEST},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"hello\"}", RPC_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"hello\"}", RPC_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[]}",
		 RPC_INVALID_PARAMS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		assert_int_equal(parse(cases[i].line, &err), cases[i].rc);
		assert_int_equal(err.text[0] == '\0', cases[i].rc == 0);
	}
}

static void test_deep_nesting_is_refused(void **state)
{
	char line[10001];
	struct err err;

	(void)state;
	memset(line, '[', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(parse(line, &err), RPC_PARSE_ERROR);
}

static void check(const char *spec, const char *params, const char *complaint)
{
	json_t *p = json_loads(params, 0, NULL);
	struct err err = {0};
	int rc = rpc_check_params(spec, p, &err);

	assert_non_null(p);
	json_decref(p);
	assert_int_equal(rc, complaint ? RPC_INVALID_PARAMS : 0);
	if (complaint && !strstr(err.text, complaint))
		fail_msg("'%s' does not say '%s'", err.text, complaint);
}

static void test_params(void **state)
{
	(void)state;
	check("", "{}", NULL);
	check("", "{\"x\":1}", "takes none");
	check("net!", "{\"net\":\"a\"}", NULL);
	check("net!", "{}", "\"net\" is missing");
	check("net!", "{\"net\":null}", "\"net\" is missing");
	check("net", "{\"net\":null}", NULL);
	check("net!", "{\"net\":1}", "must be a string");
	check("net! n:i", "{\"net\":\"a\",\"n\":\"1\"}", "must be an integer");
	check("net! n:i!", "{\"net\":\"a\"}", "\"n\" is missing");
	check("a:a", "{\"a\":[]}", NULL);
	check("a:a", "{\"a\":{}}", "must be an array");
	check("net! filter", "{\"net\":\"a\",\"colour\":1}", "unknown parameter \"colour\"");
	check("net! filter", "{\"net\":\"a\",\"colour\":1}", "net, filter");
	check("net! *", "{\"net\":\"a\",\"colour\":1}", NULL);
	check("net", "{\"\\u001b[2J\":1}", "\\x1b[2J"); /* nothing of theirs reaches a terminal */
}

static void test_any_bytes_become_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},		  /* overlong NUL */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *s = text_json(cases[i].in, strlen(cases[i].in));

		assert_non_null(s);
		assert_string_equal(json_string_value(s), cases[i].out);
		json_decref(s);
	}
}

static void test_output_is_bounded(void **state)
{
	static char chunk[100000];
	struct outbuf b = {0};

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 10; i++)
		outbuf_add(&b, chunk, sizeof(chunk));
	assert_int_equal(b.len, OUTBUF_MAX);
	outbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_deep_nesting_is_refused),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_any_bytes_become_text),
		cmocka_unit_test(test_output_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
