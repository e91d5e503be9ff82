/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one guest may have of a translator: RFC 6888 REQ-4.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/nat_world.h"

static struct flow a_to(be32 peer, uint16_t sport, uint16_t dport)
{
	return (struct flow){GUEST_A, peer, sport, dport};
}

/* Send one datagram out; returns the outside port it left by, 0 when it did not. */
static uint16_t udp_out(struct world *w, struct flow f)
{
	uint16_t port = 0;

	world_clear(w);
	if (world_send(w, make_udp(w, f, 10)) == DROP_NONE && w->n_out == 1)
		port = port_of(w->out[0], 0);
	return port;
}

static uint16_t tcp_out(struct world *w, struct flow f, uint8_t flags)
{
	uint16_t port = 0;

	world_clear(w);
	if (world_send(w, make_tcp(w, f, flags, 0)) == DROP_NONE && w->n_out == 1)
		port = port_of(w->out[0], 0);
	return port;
}

static void x4_a_guest_has_so_many_ports(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;
	unsigned int a = 0;

	(void)state;
	set.guest_ports = 10;
	world_init(&w, &set);
	for (uint16_t port = 1; port <= 20; port++)
		a += udp_out(&w, a_to(PEER_1, (uint16_t)(2000 + port), 7)) != 0;
	assert_int_equal(a, 10);
	/* Of each protocol; peers do not count, and others have theirs. */
	assert_int_not_equal(tcp_out(&w, a_to(PEER_1, 2001, 80), TCP_SYN), 0);
	assert_int_not_equal(udp_out(&w, a_to(PEER_2, 2001, 7)), 0);
	assert_int_not_equal(udp_out(&w, (struct flow){GUEST_B, PEER_1, 2001, 7}), 0);
	world_fini(&w);
}

static void x4_a_guest_opens_so_many_a_second(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;
	unsigned int a = 0;

	(void)state;
	set.guest_rate = 10;
	world_init(&w, &set);
	for (uint16_t port = 1; port <= 100; port++)
		a += udp_out(&w, a_to(PEER_1, (uint16_t)(2000 + port), 7)) != 0;
	assert_int_equal(a, 20);
	/* What it has goes on, and others are not touched. */
	assert_int_not_equal(udp_out(&w, a_to(PEER_1, 2001, 7)), 0);
	assert_int_not_equal(udp_out(&w, (struct flow){GUEST_B, PEER_1, 2001, 7}), 0);
	world_step(&w, 1000);
	for (uint16_t port = 1; port <= 100; port++)
		a += udp_out(&w, a_to(PEER_1, (uint16_t)(3000 + port), 7)) != 0;
	assert_int_equal(a, 30);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x4_a_guest_has_so_many_ports),
		cmocka_unit_test(x4_a_guest_opens_so_many_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
