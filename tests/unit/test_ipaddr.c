/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lib/addr.h"
#include "lib/ipaddr.h"
#include "tests/unit/unit.h"

static struct ip_net net(const char *text)
{
	struct ip_net n;

	if (ip_net_parse(text, &n) < 0)
		fail_msg("%s", text);
	return n;
}

static void text_and_back(void **state)
{
	static const char *const same[] = {"10.0.0.5",	"10.0.0.0/8", "0.0.0.0/0",  "fd00::5",
					   "fd00::/64", "::/0",	      "fe80::1/127"};
	char text[IP_NET_STR];
	struct ip_net n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		n = net(same[i]);
		assert_string_equal(ip_net_format(&n, text), same[i]);
	}
	n = net("10.0.0.5/32");
	assert_string_equal(ip_net_format(&n, text), "10.0.0.5");
}

static void what_is_none(void **state)
{
	static const char *const bad[] = {"",
					  "10.0.0",
					  "010.0.0.1",
					  "10.0.0.1/33",
					  "fd00::/129",
					  "fd00::/",
					  "fd00::/064",
					  "::ffff:1.2.3.4",
					  "fd00::5 ",
					  "1.2.3.4/",
					  "x",
					  "10.0.0.1/-1",
					  "fd00:0000:0000:0000:0000:0000:0000:0000:0000:0000:0005"};
	struct ip_net n = {.plen = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (ip_net_parse(bad[i], &n) == 0 || n.plen != 77)
			fail_msg("\"%s\"", bad[i]);
}

static bool has(const char *in, const char *addr)
{
	struct ip_net a = net(in), b = net(addr);

	return ip_net_has(&a, &b.addr);
}

static void what_is_inside(void **state)
{
	(void)state;
	assert_true(has("10.0.0.5", "10.0.0.5"));
	assert_false(has("10.0.0.5", "10.0.0.4"));
	assert_true(has("10.0.0.77/9", "10.127.3.4"));
	assert_false(has("10.0.0.77/9", "10.128.3.4"));
	assert_true(has("fd00::/65", "fd00::7fff:0:0:1"));
	assert_false(has("fd00::/65", "fd00::8000:0:0:1"));
	/* One family is never in the other. */
	assert_false(has("::/0", "10.0.0.1"));
	assert_false(has("0.0.0.0/0", "fd00::1"));
}

static void link_local(void **state)
{
	struct mac mac;
	struct ip_addr a;
	char text[IP_ADDR_STR];

	(void)state;
	assert_int_equal(mac_parse("52:54:00:12:34:56", &mac), 0);
	a = ip_addr_link_local(&mac);
	assert_string_equal(ip_addr_format(&a, text), "fe80::5054:ff:fe12:3456");
	assert_false(ip_addr_is_zero(&a));
	a = net("::").addr;
	assert_true(ip_addr_is_zero(&a));
	a = net("0.0.0.0").addr;
	assert_true(ip_addr_is_zero(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(what_is_inside),
		cmocka_unit_test(link_local),
	};

	return cmocka_run_group_tests_name("ipaddr", tests, NULL, NULL);
}
