/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/hex.h"
#include "tests/unit/unit.h"

static void mac_one_spelling(void **state)
{
	static const char *const bad[] = {"",
					  "52:54:00:12:34",
					  "52:54:00:12:34:5",
					  "52:54:00:12:34:56:78",
					  "52:54:00:12:34:567",
					  "52-54-00-12-34-56",
					  " 52:54:00:12:34:56",
					  "52:54:00:12:34:5g",
					  "525400123456",
					  "5:54:00:12:34:56"};
	struct mac m = {{1, 2, 3, 4, 5, 6}}, before = m;
	char text[MAC_STR];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(mac_parse(bad[i], &m) < 0);
		assert_memory_equal(&m, &before, sizeof(m));
	}
	assert_int_equal(mac_parse("52:54:00:AB:cd:0f", &m), 0);
	assert_string_equal(mac_format(&m, text), "52:54:00:ab:cd:0f");
}

static void mac_of_a_name(void **state)
{
	struct mac a = mac_from_name("web.eth0"), b = mac_from_name("web.eth1");

	(void)state;
	assert_int_equal(a.b[0], 0x52);
	assert_false(mac_is_multicast(&a));
	assert_true(a.b[0] & 2); /* locally administered */
	assert_false(mac_equal(&a, &b));
	b = mac_from_name("web.eth0");
	assert_true(mac_equal(&a, &b));
}

static void ip4_one_spelling(void **state)
{
	static const char *const bad[] = {
		"",	    "1.2.3",  "1.2.3.4.5", "1.2.3.256", "01.2.3.4",   "1.2.3.4 ",
		"+1.2.3.4", "1..3.4", "0x1.2.3.4", "1.2.3.",	"1.2.3.4/24", "4294967297.0.0.1"};
	be32 a = 7;
	char text[IP4_STR];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(ip4_parse(bad[i], &a) < 0);
		assert_int_equal(a, 7);
	}
	assert_int_equal(ip4_parse("255.0.10.254", &a), 0);
	assert_int_equal(a, htonl(0xff000afe));
	assert_string_equal(ip4_format(a, text), "255.0.10.254");
}

static void prefixes(void **state)
{
	static const char *const bad[] = {"10.0.2.0",	  "10.0.2.0/33",  "10.0.2.0/",
					  "10.0.2.0/024", "10.0.2.0/24x", "/24",
					  "10.0.2/24"};
	struct ip4_prefix p, q;
	char text[IP4_PREFIX_STR];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(ip4_prefix_parse(bad[i], &p) < 0);
	assert_int_equal(ip4_prefix_parse("10.0.2.5/24", &p), 0);
	assert_string_equal(ip4_prefix_format(p, text), "10.0.2.5/24");
	assert_int_equal(ip4_network(p), htonl(0x0a000200));
	assert_int_equal(ip4_broadcast(p), htonl(0x0a0002ff));
	assert_int_equal(ip4_nth(p, 254), htonl(0x0a0002fe));
	assert_true(ip4_prefix_has(p, htonl(0x0a0002c8)));
	assert_false(ip4_prefix_has(p, htonl(0x0a0003c8)));
	assert_int_equal(ip4_prefix_parse("10.0.0.0/8", &q), 0);
	assert_true(ip4_prefix_overlaps(p, q) && ip4_prefix_overlaps(q, p));
	assert_int_equal(ip4_prefix_parse("10.0.3.0/24", &q), 0);
	assert_false(ip4_prefix_overlaps(p, q));
	assert_int_equal(ip4_prefix_parse("0.0.0.0/0", &q), 0);
	assert_true(ip4_prefix_overlaps(p, q));
	assert_int_equal(ip4_mask(0), 0);
	assert_int_equal(ip4_mask(32), UINT32_MAX);
	assert_int_equal(ip4_mask(31), htonl(0xfffffffe));
}

static void names(void **state)
{
	static const char *const bad[] = {"",
					  ".",
					  "..",
					  "a..b",
					  "-a",
					  "_a",
					  "a/b",
					  "a b",
					  "a\n",
					  "\xc3\xa4",
					  "123456789012345678901234567890123456789012345678"};
	static const char *const good[] = {"a", "web.eth0", "A-1_b.c",
					   "12345678901234567890123456789012345678901234567"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(name_valid(bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(name_valid(good[i]));
	assert_true(name_valid_max("12345678901234567890123456789012", 32));
}

static void escapes(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(str_escape("ok\n\\\x7f", 5, out, sizeof(out)), "ok\\x0a\\x5c\\x7f");
	/* Never half an escape, always terminated. */
	assert_string_equal(str_escape("abc\x01", 4, out, 7), "abc");
	assert_string_equal(str_escape("abc\x01", 4, out, 8), "abc\\x01");
	assert_string_equal(str_escape("abc", 3, out, 1), "");
}

static void hex_is_two_digits_a_byte(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x7f, 0xa0, 0xff};
	char text[2 * sizeof(bytes) + 1];

	(void)state;
	assert_string_equal(hex_format(bytes, sizeof(bytes), text), "007fa0ff");
	assert_string_equal(hex_format(bytes, 0, text), "");
	assert_int_equal(hex_byte("a0"), 0xa0);
	assert_int_equal(hex_byte("Ff7"), 0xff);
	assert_int_equal(hex_byte("00"), 0);
	assert_int_equal(hex_byte("f"), -1);
	assert_int_equal(hex_byte(""), -1);
	assert_int_equal(hex_byte("0g"), -1);
	assert_int_equal(hex_byte("@0"), -1);
	assert_int_equal(hex_byte("0`"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_one_spelling),
		cmocka_unit_test(mac_of_a_name),
		cmocka_unit_test(ip4_one_spelling),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(names),
		cmocka_unit_test(escapes),
		cmocka_unit_test(hex_is_two_digits_a_byte),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
