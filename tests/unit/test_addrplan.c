/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address plan, against a made-up host: one route (192.168.1.0/24 dev eth0) and one other
 * network ("other", 10.64.0.0/24).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- the made-up host --------------------------------------------------------------------- */

bool nl_subnet_used(struct ip4_prefix p, const char *except, char *what, size_t size)
{
	struct ip4_prefix lan;

	assert_string_equal(except, "vs-t");
	ip4_prefix_parse("192.168.1.0/24", &lan);
	snprintf(what, size, "192.168.1.0/24 dev eth0");
	return ip4_prefix_overlaps(p, lan);
}

void port_ifname(const char *port_name, char out[16])
{
	snprintf(out, 16, "vs-%s", port_name);
}

static struct net other = {.conf = {.name = "other"}};
/* Any loop will do: it says that there is a host to ask. */
static struct runner runner = {.nets = &other, .loop = (struct ev_loop *)&other};

static int set_up(void **state)
{
	(void)state;
	other.conf.host = 1;
	return ip4_prefix_parse("10.64.0.0/24", &other.conf.subnet);
}

static struct net_conf conf_of(const char *subnet)
{
	struct net_conf conf = {.name = "t"};

	if (subnet)
		assert_int_equal(ip4_prefix_parse(subnet, &conf.subnet), 0);
	return conf;
}

static be32 ip(const char *text)
{
	be32 addr;

	assert_int_equal(ip4_parse(text, &addr), 0);
	return addr;
}

static void assert_ip(be32 addr, const char *want)
{
	char text[IP4_STR];

	assert_string_equal(ip4_format(addr, text), want);
}

enum { ALL = PLAN_HOST | PLAN_GATEWAY | PLAN_DHCP };

static void fill(struct net_conf *conf, unsigned int want)
{
	struct err err = {0};

	if (addrplan_fill(&runner, conf, want, &err) < 0)
		fail_msg("%s", err.text);
}

static void refuse(struct net_conf *conf, int code, const char *says)
{
	struct err err = {0};

	assert_int_equal(addrplan_fill(&runner, conf, ALL, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, says))
		fail_msg("'%s' is not in '%s'", says, err.text);
}

/* ---- tests -------------------------------------------------------------------------------- */

static void test_usual_plan(void **state)
{
	struct net_conf conf = conf_of("10.0.2.0/24");

	(void)state;
	fill(&conf, ALL);
	assert_ip(conf.host, "10.0.2.1");
	assert_ip(conf.gateway, "10.0.2.2");
	assert_ip(conf.dhcp_first, "10.0.2.128");
	assert_ip(conf.dhcp_last, "10.0.2.253");
	assert_ip(conf.dhcp_server, "10.0.2.254");
}

static void test_only_what_is_wanted(void **state)
{
	struct net_conf conf = conf_of("10.0.2.0/24");

	(void)state;
	fill(&conf, 0);
	assert_int_equal(conf.host, 0);
	assert_int_equal(conf.gateway, 0);
	assert_int_equal(conf.dhcp_server, 0);
	fill(&conf, PLAN_GATEWAY | PLAN_DHCP);
	assert_int_equal(conf.host, 0);
	assert_ip(conf.gateway, "10.0.2.2");
}

static void test_other_sizes(void **state)
{
	struct net_conf small = conf_of("10.0.2.8/29"), big = conf_of("172.16.0.0/16");

	(void)state;
	fill(&small, ALL);
	assert_ip(small.host, "10.0.2.9");
	assert_ip(small.gateway, "10.0.2.10");
	assert_ip(small.dhcp_first, "10.0.2.12");
	assert_ip(small.dhcp_last, "10.0.2.13");
	assert_ip(small.dhcp_server, "10.0.2.14");
	fill(&big, ALL);
	assert_ip(big.dhcp_first, "172.16.128.0");
	assert_ip(big.dhcp_last, "172.16.255.253");
	assert_ip(big.dhcp_server, "172.16.255.254");
}

static void test_no_subnet_gets_a_free_one(void **state)
{
	struct net_conf conf = conf_of(NULL);
	char text[IP4_PREFIX_STR];

	(void)state;
	fill(&conf, PLAN_HOST);
	assert_string_equal(ip4_prefix_format(conf.subnet, text), "10.64.1.0/24");
	assert_ip(conf.host, "10.64.1.1");
}

static void test_clashes_name_both_sides(void **state)
{
	struct net_conf conf = conf_of("10.64.0.128/25");

	(void)state;
	refuse(&conf, -EEXIST, "subnet 10.64.0.128/25 is in use: network other has 10.64.0.0/24");
	conf = conf_of("192.168.0.0/16");
	refuse(&conf, -EEXIST, "the host has 192.168.1.0/24 dev eth0");
}

static void test_a_subnet_without_the_host_is_nobodys_else(void **state)
{
	struct net_conf conf = conf_of("10.64.0.0/24");

	(void)state;
	fill(&conf, PLAN_DHCP);
	assert_ip(conf.dhcp_server, "10.64.0.254");
	conf = conf_of("10.64.0.0/24");
	other.conf.host = 0;
	fill(&conf, PLAN_HOST | PLAN_DHCP);
	assert_ip(conf.host, "10.64.0.1");
	/* But none is chosen that somebody has. */
	conf = conf_of(NULL);
	fill(&conf, PLAN_DHCP);
	assert_int_not_equal(ip4_network(conf.subnet), ip4_network(other.conf.subnet));
}

static void test_own_subnet_is_no_clash(void **state)
{
	struct net_conf conf = conf_of("10.64.0.0/24");

	(void)state;
	/* A network that is checked again has its own subnet. */
	snprintf(other.conf.name, sizeof(other.conf.name), "t");
	fill(&conf, ALL);
	snprintf(other.conf.name, sizeof(other.conf.name), "other");
}

static void test_bad_subnets(void **state)
{
	static const struct {
		const char *subnet, *says;
	} bad[] = {
		{"10.0.2.0/30", "must be /8 to /29"},  {"10.0.0.0/7", "must be /8 to /29"},
		{"10.0.2.5/24", "write 10.0.2.0/24"},  {"127.0.0.0/8", "not one for hosts"},
		{"0.0.0.0/8", "not one for hosts"},    {"224.0.0.0/8", "not one for hosts"},
		{"240.0.0.0/24", "not one for hosts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct net_conf conf = conf_of(bad[i].subnet);

		refuse(&conf, -EINVAL, bad[i].says);
	}
}

static void test_others_give_way_to_what_is_given(void **state)
{
	struct net_conf conf = conf_of("10.0.2.0/24");

	(void)state;
	conf.gateway = ip("10.0.2.1");
	fill(&conf, ALL);
	assert_ip(conf.host, "10.0.2.2");
	conf = conf_of("10.0.2.0/24");
	conf.gateway = ip("10.0.2.254");
	fill(&conf, ALL);
	assert_ip(conf.dhcp_server, "10.0.2.253");
	assert_ip(conf.dhcp_last, "10.0.2.252");
	conf = conf_of("10.0.2.0/24");
	conf.dhcp_first = ip("10.0.2.200");
	conf.dhcp_last = ip("10.0.2.254");
	fill(&conf, ALL);
	assert_ip(conf.dhcp_server, "10.0.2.199");
}

static void test_bad_addresses(void **state)
{
	struct net_conf conf = conf_of("10.0.2.0/24");

	(void)state;
	conf.gateway = ip("10.0.3.1");
	refuse(&conf, -EINVAL, "gateway 10.0.3.1 is outside of subnet 10.0.2.0/24");
	conf = conf_of("10.0.2.0/24");
	conf.gateway = ip("10.0.2.255");
	refuse(&conf, -EINVAL, "network or broadcast address");
	conf = conf_of("10.0.2.0/24");
	conf.dhcp_first = ip("10.0.2.20");
	conf.dhcp_last = ip("10.0.2.10");
	refuse(&conf, -EINVAL, "ends before it begins");
	conf = conf_of("10.0.2.0/24");
	conf.gateway = ip("10.0.2.15");
	conf.dhcp_first = ip("10.0.2.10");
	conf.dhcp_last = ip("10.0.2.20");
	refuse(&conf, -EINVAL, "has the gateway's address 10.0.2.15 in it");
	conf = conf_of("10.0.2.8/29");
	conf.dhcp_first = ip("10.0.2.9");
	conf.dhcp_last = ip("10.0.2.14");
	refuse(&conf, -EINVAL, "leaves no address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_plan),
		cmocka_unit_test(test_only_what_is_wanted),
		cmocka_unit_test(test_other_sizes),
		cmocka_unit_test(test_no_subnet_gets_a_free_one),
		cmocka_unit_test(test_clashes_name_both_sides),
		cmocka_unit_test(test_a_subnet_without_the_host_is_nobodys_else),
		cmocka_unit_test(test_own_subnet_is_no_clash),
		cmocka_unit_test(test_bad_subnets),
		cmocka_unit_test(test_others_give_way_to_what_is_given),
		cmocka_unit_test(test_bad_addresses),
	};

	return cmocka_run_group_tests_name("addrplan", tests, set_up, NULL);
}
