/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets what when there is not enough, and which ports: RFC 6888 REQ-4 and REQ-8, RFC 6056. The
 * names begin with the row of the conformance matrix that they prove.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/nat_world.h"
#include "tests/unit/unit.h"

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

/* ---- limits ---------------------------------------------------------------------------------- */

static void x1_exhaustion_refuses_only_the_new(void **state)
{
	struct world w;
	unsigned int made = 0;
	uint16_t first;

	(void)state;
	world_init(&w, NULL);
	first = udp_out(&w, a_to(PEER_1, 1000, 7));
	for (uint16_t i = 1; i < 4000; i++)
		made += udp_out(&w, a_to(PEER_1, (uint16_t)(1000 + i), 7)) != 0;
	assert_int_equal(made + 1, (NAT_PORT_LAST - NAT_PORT_FIRST + 1) / 2);
	world_clear(&w);
	assert_int_equal(world_send(&w, make_udp(&w, a_to(PEER_1, 9999, 7), 1)), DROP_TABLE_FULL);
	/* The errors so far have used the guest's allowance up; a second later it may hear more. */
	world_step(&w, 1000);
	assert_int_equal(world_send(&w, make_udp(&w, a_to(PEER_1, 9999, 7), 1)), DROP_TABLE_FULL);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_UNREACH_);
	assert_int_equal(l4_of(w.in[0])[1], 13);
	assert_int_equal(udp_out(&w, a_to(PEER_1, 1000, 7)), first);
	/* X4: the other guest has its share. */
	made = 0;
	for (uint16_t i = 0; i < 1000; i++)
		made += udp_out(&w, (struct flow){GUEST_B, PEER_1, (uint16_t)(1000 + i), 7}) != 0;
	assert_int_equal(made, 1000);
	world_fini(&w);
}

static void x1_finished_connections_make_room(void **state)
{
	struct world w;
	uint16_t open_port;

	(void)state;
	world_init(&w, NULL);
	open_port = tcp_established(&w, 100);
	for (unsigned int i = 0; i < 9000; i++) {
		uint16_t sport = (uint16_t)(1000 + i);
		uint16_t port = tcp_established(&w, sport);

		assert_int_equal(tcp_in(&w, port, TCP_FIN | TCP_ACK), DROP_NONE);
		assert_int_equal(tcp_out(&w, a_to(PEER_1, sport, 80), TCP_FIN | TCP_ACK), port);
	}
	assert_true(w.nat->table.reclaimed > 0);
	assert_int_equal(tcp_in(&w, open_port, TCP_ACK), DROP_NONE);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static unsigned int lacks[2];

static void count_lack(void *ctx, enum nat_lack what, const struct nat_key *k)
{
	(void)ctx;
	(void)k;
	lacks[what]++;
}

/* As many flows as guest .@host gets. */
static unsigned int flood(struct world *w, unsigned int host)
{
	be32 guest = htonl(ntohl(GUEST_A) + host);
	unsigned int n = 0;

	while (udp_out(w, (struct flow){guest, PEER_1, (uint16_t)(1000 + n), 7}))
		n++;
	return n;
}

/* Nobody gets more than what is left: who is greedy leaves room for who comes late. */
static void x1_small_table(void **state)
{
	static const unsigned int gets[] = {10, 5, 3, 1, 1, 0};
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;

	(void)state;
	set.max = 20;
	set.max_guest = 15;
	world_init(&w, &set);
	w.nat->table.lack = count_lack;
	lacks[NAT_LACK_FLOWS] = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(gets); i++)
		assert_int_equal(flood(&w, i), gets[i]);
	assert_int_equal(lacks[NAT_LACK_FLOWS], ARRAY_SIZE(gets));
	/* A refused flow leaves no mapping behind, and those that exist live on. */
	assert_int_equal(w.nat->table.n_mappings, 20);
	assert_int_equal(w.nat->table.n_sessions, 20);
	assert_int_not_equal(udp_out(&w, a_to(PEER_1, 1000, 7)), 0);
	world_step(&w, 301000);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static void x4_a_guest_has_its_limit(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;

	(void)state;
	set.max = 100;
	set.max_guest = 7;
	world_init(&w, &set);
	assert_int_equal(flood(&w, 0), 7);
	assert_int_equal(flood(&w, 1), 7);
	world_fini(&w);
}

static void x4_two_floods_leave_ports_for_a_third(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	enum { ALL = NAT_PORT_LAST - NAT_PORT_FIRST + 1 };
	struct world w;

	(void)state;
	set.max_guest = set.max;
	world_init(&w, &set);
	w.nat->table.lack = count_lack;
	lacks[NAT_LACK_PORTS] = 0;
	assert_int_equal(flood(&w, 0), ALL / 2);
	assert_int_equal(flood(&w, 1), ALL / 4);
	assert_int_equal(flood(&w, 2), ALL / 8);
	assert_int_equal(lacks[NAT_LACK_PORTS], 3);
	world_fini(&w);
}

/* Found by the soak: many guests whose connections end all the time share the ports; one beside so
 * many closed ones of others is not refused because of them. */
static void x4_closed_ones_count_as_free(void **state)
{
	enum { HOSTS = 20, EACH = 400 };
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (unsigned int i = 0; i < HOSTS * EACH; i++) {
		be32 guest = htonl(ntohl(GUEST_A) + i / EACH);
		struct flow f = {guest, PEER_1, (uint16_t)(1000 + i % EACH), 80};
		uint16_t port = tcp_out(&w, f, TCP_SYN);

		assert_int_not_equal(port, 0);
		assert_int_equal(tcp_in(&w, port, TCP_FIN | TCP_ACK), DROP_NONE);
		assert_int_equal(tcp_out(&w, f, TCP_FIN | TCP_ACK), port);
	}
	assert_true(w.nat->table.reclaimed > 0);
	world_fini(&w);
}

/* All end in the same second: each piece of the round is small, and together they end all. */
static void a_round_is_made_of_small_pieces(void **state)
{
	enum { FLOWS = 5000 };
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	unsigned int pieces = 0;
	uint32_t before;
	struct world w;
	bool more;

	(void)state;
	set.max_guest = set.max;
	world_init(&w, &set);
	for (unsigned int i = 0; i < FLOWS; i++)
		assert_int_not_equal(udp_out(&w, a_to(htonl(ntohl(PEER_1) + (i >> 8)), 1000,
						      (uint16_t)(60 + (i & 255)))),
				     0);
	do {
		before = w.nat->table.n_sessions;
		more = nat_table_run(&w.nat->table, w.now + 301000);
		assert_true(before - w.nat->table.n_sessions <= 128);
		pieces++;
	} while (more);
	assert_true(pieces >= FLOWS / 128);
	assert_int_equal(w.nat->table.n_sessions, 0);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static void a_flow_costs_128_bytes(void **state)
{
	(void)state;
	/* With a reference in each of three hashes and the tick of the round. */
	assert_true(sizeof(struct nat_session) + sizeof(struct nat_mapping) + 4 * sizeof(nat_ref) <=
		    128);
}

static void x2_ports_are_random_and_rest(void **state)
{
	enum { ROUNDS = 10000, BINS = 36, WIDTH = 126 };
	unsigned int bins[BINS] = {0};
	double chi = 0;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		/* An even and an odd inside port in turn, so that both parities are drawn. */
		uint16_t port = udp_out(&w, a_to(PEER_1, (uint16_t)(1000 + (i & 1)), 53));

		bins[(port - NAT_PORT_FIRST) / WIDTH]++;
		if (i & 1)
			world_step(&w, 200000); /* the mapping ends and its port has rested */
	}
	for (unsigned int i = 0; i < BINS; i++) {
		double d = bins[i] - (double)ROUNDS / BINS;

		chi += d * d / ((double)ROUNDS / BINS);
	}
	/* 35 degrees of freedom: 66.6 is passed by 99.9 % of fair draws. */
	assert_true(chi < 66.6);
	world_fini(&w);
}

static void x2_a_port_is_not_reused_for_120_s(void **state)
{
	msec freed[65536] = {0};
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (unsigned int i = 0; i < 2000; i++) {
		uint16_t port = udp_out(&w, a_to(PEER_1, (uint16_t)(1000 + i), 53));

		assert_true(!freed[port] || w.now >= freed[port] + 120000);
		/* DNS: 30 s and at most one tick */
		freed[port] = w.now + 30000;
		world_step(&w, 100);
	}
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x4_a_guest_has_so_many_ports),
		cmocka_unit_test(x4_a_guest_opens_so_many_a_second),
		cmocka_unit_test(x1_exhaustion_refuses_only_the_new),
		cmocka_unit_test(x1_finished_connections_make_room),
		cmocka_unit_test(x1_small_table),
		cmocka_unit_test(x4_a_guest_has_its_limit),
		cmocka_unit_test(x4_closed_ones_count_as_free),
		cmocka_unit_test(x4_two_floods_leave_ports_for_a_third),
		cmocka_unit_test(a_round_is_made_of_small_pieces),
		cmocka_unit_test(a_flow_costs_128_bytes),
		cmocka_unit_test(x2_ports_are_random_and_rest),
		cmocka_unit_test(x2_a_port_is_not_reused_for_120_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
