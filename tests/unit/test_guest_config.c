/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the guest's kernel command line. */
#include "vmm/image/guest.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_addr(struct in_addr a, const char *text)
{
	char got[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &a, got, sizeof(got)), text);
}

static void nothing_said_means_dhcp(void **state)
{
	struct guest_config cfg;

	(void)state;
	assert_int_equal(guest_config_parse(&cfg, "console=ttyS0 quiet"), 0);
	assert_string_equal(cfg.hostname, "guest");
	for (int i = 0; i < GUEST_NICS; i++)
		assert_int_equal(cfg.nic[i].mode, NIC_DHCP);
	assert_false(cfg.forward);
	assert_int_equal(cfg.nat_nic, -1);
	assert_string_equal(cfg.hosts, "");
}

static void every_word(void **state)
{
	struct guest_config cfg;

	(void)state;
	assert_int_equal(guest_config_parse(
				 &cfg, "a vnet.hostname=gw vnet.eth0=10.0.5.1/24,dns=10.0.2.2 "
				       "vnet.eth1=dhcp vnet.eth2=none vnet.forward=1 vnet.nat=eth1 "
				       "vnet.eth3=192.0.2.9/31,gw=192.0.2.8 "
				       "vnet.hosts=web:10.0.0.1,db.lab:10.0.0.2\n"),
			 0);
	assert_string_equal(cfg.hostname, "gw");
	assert_int_equal(cfg.nic[0].mode, NIC_STATIC);
	assert_addr(cfg.nic[0].addr, "10.0.5.1");
	assert_int_equal(cfg.nic[0].plen, 24);
	assert_addr(cfg.nic[0].gateway, "0.0.0.0");
	assert_addr(cfg.nic[0].dns, "10.0.2.2");
	assert_int_equal(cfg.nic[1].mode, NIC_DHCP);
	assert_int_equal(cfg.nic[2].mode, NIC_NONE);
	assert_addr(cfg.nic[3].gateway, "192.0.2.8");
	assert_int_equal(cfg.nic[3].plen, 31);
	assert_true(cfg.forward);
	assert_int_equal(cfg.nat_nic, 1);
	assert_string_equal(cfg.hosts, "10.0.0.1\tweb\n10.0.0.2\tdb.lab\n");
}

static void bad_words_change_nothing(void **state)
{
	static const char *const bad[] = {
		"vnet.hostname=",
		"vnet.hostname=a;b",
		"vnet.eth0=10.0.0.1",
		"vnet.eth0=10.0.0.1/33",
		"vnet.eth0=10.0.0.1/",
		"vnet.eth8=none",
		"vnet.eth=none",
		"vnet.eth0=1.2.3.4/8,x=",
		"vnet.eth0=1.2.3.4/8,gw=no",
		"vnet.nat=wlan0",
		"vnet.forward=yes",
		"vnet.hosts=a",
		"vnet.hosts=a b:1.2.3.4",
		"vnet.nosuch=1",
		"vnet.hostname",
		"vnet.eth99999999999=none",
	};
	struct guest_config cfg;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(guest_config_parse(&cfg, bad[i]), 1);
		assert_string_equal(cfg.hostname, "guest");
		assert_int_equal(cfg.nic[0].mode, NIC_DHCP);
		assert_int_equal(cfg.nat_nic, -1);
	}
}

static void long_lists_are_cut_at_a_line(void **state)
{
	char text[4096] = "vnet.hosts=";
	struct guest_config cfg;

	(void)state;
	for (size_t n = strlen(text), i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "node:10.10.10.10,");
	assert_int_equal(guest_config_parse(&cfg, text), 1);
	assert_in_range(strlen(cfg.hosts), 900, sizeof(cfg.hosts) - 1);
	assert_int_equal(cfg.hosts[strlen(cfg.hosts) - 1], '\n');

	snprintf(text, sizeof(text), "vnet.hostname=");
	memset(text + strlen(text), 'a', GUEST_NAME_MAX + 1);
	assert_int_equal(guest_config_parse(&cfg, text), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_means_dhcp),
		cmocka_unit_test(every_word),
		cmocka_unit_test(bad_words_change_nothing),
		cmocka_unit_test(long_lists_are_cut_at_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
