/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP state machine of the translator: RFC 7857 2, RFC 5382 REQ-2, REQ-5. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/wire.h"
#include "modes/nat/nat_tcp.h"

struct step {
	enum nat_dir dir;
	uint8_t flags;
	enum nat_tcp_state want;
};

static void walk(enum nat_tcp_state s, const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		s = nat_tcp_next(s, steps[i].dir, steps[i].flags);
		assert_int_equal(s, steps[i].want);
	}
}

static void t1_open_and_close(void **state)
{
	const struct step steps[] = {
		{NAT_IN, TCP_SYN | TCP_ACK, NAT_TCP_ESTABLISHED},
		{NAT_OUT, TCP_ACK, NAT_TCP_ESTABLISHED},
		{NAT_OUT, TCP_FIN | TCP_ACK, NAT_TCP_FIN_OUT},
		{NAT_IN, TCP_ACK, NAT_TCP_FIN_OUT},
		{NAT_IN, TCP_FIN | TCP_ACK, NAT_TCP_CLOSING},
		{NAT_OUT, TCP_ACK, NAT_TCP_CLOSING},
		{NAT_OUT, TCP_FIN | TCP_ACK, NAT_TCP_CLOSING},
		{NAT_OUT, TCP_SYN, NAT_TCP_SYN_OUT},
	};

	(void)state;
	walk(NAT_TCP_SYN_OUT, steps, ARRAY_SIZE(steps));
}

static void t2_simultaneous_open(void **state)
{
	const struct step out_first[] = {{NAT_IN, TCP_SYN, NAT_TCP_ESTABLISHED},
					 {NAT_OUT, TCP_SYN | TCP_ACK, NAT_TCP_ESTABLISHED}};
	const struct step in_first[] = {{NAT_IN, TCP_SYN, NAT_TCP_SYN_IN},
					{NAT_OUT, TCP_SYN, NAT_TCP_ESTABLISHED}};

	(void)state;
	walk(NAT_TCP_SYN_OUT, out_first, ARRAY_SIZE(out_first));
	walk(NAT_TCP_SYN_IN, in_first, ARRAY_SIZE(in_first));
}

static void t11_rst_ends_nothing(void **state)
{
	const struct step steps[] = {
		{NAT_IN, TCP_RST, NAT_TCP_RESET},
		{NAT_OUT, TCP_ACK, NAT_TCP_ESTABLISHED},
		{NAT_OUT, TCP_RST | TCP_ACK, NAT_TCP_RESET},
		{NAT_IN, TCP_RST, NAT_TCP_RESET},
	};

	(void)state;
	walk(NAT_TCP_ESTABLISHED, steps, ARRAY_SIZE(steps));
}

static void flags_without_sense(void **state)
{
	unsigned int valid = 0;

	(void)state;
	for (unsigned int f = 0; f < 64; f++)
		valid += nat_tcp_flags_valid((uint8_t)f);
	/* SYN, SYN|ACK, FIN, FIN|ACK, RST, RST|ACK, ACK; each with any of PSH and URG */
	assert_int_equal(valid, 7 * 4);
	assert_false(nat_tcp_flags_valid(TCP_SYN | TCP_FIN));
	assert_false(nat_tcp_flags_valid(0));
}

static void classes(void **state)
{
	(void)state;
	assert_true(nat_tcp_is_established(NAT_TCP_FIN_IN));
	assert_false(nat_tcp_is_established(NAT_TCP_SYN_OUT));
	assert_true(nat_tcp_is_over(NAT_TCP_RESET));
	assert_false(nat_tcp_is_over(NAT_TCP_FIN_OUT));
	assert_string_equal(nat_tcp_word(NAT_TCP_CLOSING), "closing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t1_open_and_close),
		cmocka_unit_test(t2_simultaneous_open),
		cmocka_unit_test(t11_rst_ends_nothing),
		cmocka_unit_test(flags_without_sense),
		cmocka_unit_test(classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
