/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_test.h - tests of the DHCP server: each with a server of its own.
 */
#ifndef TESTS_UNIT_DHCP_TEST_H
#define TESTS_UNIT_DHCP_TEST_H

#include "tests/unit/dhcp_bench.h"
#include "tests/unit/unit.h"

static inline int dhcp_setup(void **state)
{
	static struct bench b;

	bench_init(&b);
	*state = &b;
	return 0;
}

static inline int dhcp_teardown(void **state)
{
	bench_fini(*state);
	return 0;
}

#define TEST(f)		   cmocka_unit_test_setup_teardown(f, dhcp_setup, dhcp_teardown)
#define assert_ip(a, text) assert_int_equal(ntohl(a), ntohl(ip(text)))

#endif
