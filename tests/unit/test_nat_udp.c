/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator against RFC 4787, UDP. The names begin with the row of the conformance matrix that
 * they prove.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "tests/unit/nat_world.h"
#include "tests/unit/unit.h"

static void u1_same_port_for_every_peer(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = udp_out(&w, a_to(PEER_1, 5000, 7));
	assert_in_range(port, NAT_PORT_FIRST, NAT_PORT_LAST);
	assert_int_equal(udp_out(&w, a_to(PEER_2, 5000, 9)), port);
	assert_int_equal(udp_out(&w, a_to(PEER_1, 5000, 11)), port);
	port = tcp_out(&w, a_to(PEER_1, 5000, 80), TCP_SYN);
	assert_int_equal(tcp_out(&w, a_to(PEER_2, 5000, 80), TCP_SYN), port);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void u1b_same_port_when_another_guest_uses_it(void **state)
{
	struct world w;
	struct flow b = {GUEST_B, PEER_1, 5000, 7};
	uint16_t pa, pb;

	(void)state;
	world_init(&w, NULL);
	pa = udp_out(&w, a_to(PEER_1, 5000, 7));
	pb = udp_out(&w, b);
	assert_int_not_equal(pa, pb); /* U3: never shared */
	b.dst = PEER_2;
	assert_int_equal(udp_out(&w, b), pb);
	assert_int_equal(udp_out(&w, a_to(PEER_2, 5000, 7)), pa);
	world_fini(&w);
}

static void u4_parity_is_kept(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (uint16_t i = 0; i < 200; i++) {
		uint16_t port = udp_out(&w, a_to(PEER_1, (uint16_t)(2000 + i), 7));

		assert_int_equal(port & 1, i & 1);
	}
	world_fini(&w);
}

static void u3_symmetric_when_asked(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;
	uint16_t port;

	(void)state;
	set.mapping = NAT_ADDRESS_PORT;
	world_init(&w, &set);
	port = udp_out(&w, a_to(PEER_1, 5000, 7));
	assert_int_not_equal(udp_out(&w, a_to(PEER_2, 5000, 7)), port);
	assert_int_equal(udp_out(&w, a_to(PEER_1, 5000, 7)), port);
	world_fini(&w);
}

static void u5_udp_times_out_at_300_s(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = udp_out(&w, a_to(PEER_1, 5000, 7));
	world_step(&w, 299000);
	world_clear(&w);
	assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 7, port), 5)), DROP_NONE);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(port_of(w.in[0], 1), 5000);
	/* REQ-6: inbound does not refresh. */
	world_step(&w, 2000);
	assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 7, port), 5)),
			 DROP_NO_MAPPING);
	world_fini(&w);
}

static void u6_outbound_refreshes(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = udp_out(&w, a_to(PEER_1, 5000, 7));
	for (int i = 0; i < 5; i++) {
		world_step(&w, 290000);
		assert_int_equal(udp_out(&w, a_to(PEER_1, 5000, 7)), port);
	}
	assert_int_equal(w.nat->table.n_sessions, 1);
	world_step(&w, 301000);
	assert_int_equal(w.nat->table.n_sessions, 0);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static void u8_filtering(void **state)
{
	const enum drop_reason stranger[] = {DROP_NONE, DROP_FILTERED, DROP_FILTERED};
	const enum drop_reason other_port[] = {DROP_NONE, DROP_NONE, DROP_FILTERED};

	(void)state;
	for (int f = NAT_ENDPOINT; f <= NAT_ADDRESS_PORT; f++) {
		struct nat_settings set = NAT_SETTINGS_DEFAULT;
		struct world w;
		uint16_t port;

		set.filter = (enum nat_kind)f;
		world_init(&w, &set);
		port = udp_out(&w, a_to(PEER_1, 5000, 7));
		assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_2, 7, port), 5)),
				 stranger[f]);
		assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 8, port), 5)),
				 other_port[f]);
		assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 7, port), 5)),
				 DROP_NONE);
		world_fini(&w);
	}
}

static void u9_hairpin_shows_the_outside_source(void **state)
{
	struct world w;
	uint16_t pa, pb;

	(void)state;
	world_init(&w, NULL);
	pa = udp_out(&w, a_to(PEER_1, 5000, 7));
	pb = udp_out(&w, (struct flow){GUEST_B, PEER_1, 6000, 7});
	world_clear(&w);
	assert_int_equal(world_send(&w, make_udp(&w, a_to(OUTSIDE, 5000, pb), 5)), DROP_NONE);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(ip_of(w.in[0])->src, OUTSIDE);
	assert_int_equal(port_of(w.in[0], 0), pa);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_B);
	assert_int_equal(port_of(w.in[0], 1), 6000);
	assert_int_equal(ip_of(w.in[0])->ttl, 63);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void u9_the_hosts_own_address_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(world_send(&w, make_udp(&w, a_to(OUTSIDE, 5000, 22), 5)), DROP_MODE);
	assert_int_equal(world_send(&w, make_echo(&w, GUEST_A, OUTSIDE, 8, 1, 8)), DROP_MODE);
	assert_int_equal(w.n_in, 2);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_UNREACH_);
	assert_int_equal(l4_of(w.in[0])[1], 10);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static void u13_too_big(void **state)
{
	struct world w;
	struct pkt *p;
	be16 mtu;

	(void)state;
	world_init(&w, NULL);
	w.mtu = 1000;
	assert_int_equal(world_send(&w, make_udp(&w, a_to(PEER_1, 5000, 7), 1200)),
			 DROP_NEEDS_FRAG);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_UNREACH_);
	assert_int_equal(l4_of(w.in[0])[1], ICMP_NEEDFRAG);
	memcpy(&mtu, l4_of(w.in[0]) + 6, 2);
	assert_int_equal(ntohs(mtu), 1000);
	/* The packet that it quotes is the guest's own, untouched. */
	assert_int_equal(((struct ip4_hdr *)(void *)(l4_of(w.in[0]) + 8))->src, GUEST_A);
	assert_int_equal(ip_of(w.in[0])->src, GATEWAY);

	world_clear(&w);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 1200);
	set_frag(p, 0, 77);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	assert_true(ntohs(ip_of(w.out[0])->tot_len) <= 1000);
	assert_int_equal(ip_of(w.out[0])->id, ip_of(w.out[1])->id);
	assert_int_equal(ntohs(ip_of(w.out[0])->frag_off) & IP4_MF, IP4_MF);
	assert_int_equal((ntohs(ip_of(w.out[1])->frag_off) & IP4_OFFMASK) * 8 + 20 + 20,
			 ntohs(ip_of(w.out[0])->tot_len) + 20);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void u15_no_udp_checksum_stays_none(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 10);
	memset(l4_of(p) + 6, 0, 2);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_int_equal(l4_of(w.out[0])[6] | l4_of(w.out[0])[7], 0);
	world_fini(&w);
}

static void u16_ttl(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	udp_out(&w, a_to(PEER_1, 5000, 7));
	assert_int_equal(ip_of(w.out[0])->ttl, 63);
	world_clear(&w);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 10);
	set_ttl(p, 1);
	assert_int_equal(world_send(&w, p), DROP_TTL_EXCEEDED);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_TIMXCEED_);
	assert_int_equal(ip_of(w.in[0])->src, GATEWAY);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	world_fini(&w);
}

static void no_route_is_told(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	w.no_route = DROP_NO_ROUTE;
	assert_int_equal(world_send(&w, make_udp(&w, a_to(PEER_1, 5000, 7), 10)), DROP_NO_ROUTE);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_UNREACH_);
	assert_int_equal(l4_of(w.in[0])[1], ICMP_NET_UNREACH);
	world_fini(&w);
}

/* Found by fuzzing: RFC 1624 can't tell a sum of zero from one of all ones. */
static void an_answer_of_zeros_has_a_checksum(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(world_send(&w, make_echo(&w, GUEST_A, PEER_1, ICMP_ECHO_, 0, 0)),
			 DROP_NONE);
	p = make_echo(&w, PEER_1, OUTSIDE, ICMP_ECHOREPLY_, port_of(w.out[0], 2), 8);
	memset(l4_of(p) + 6, 0, p->len - ETH_HLEN_ - 26);
	memset(l4_of(p) + 2, 0, 2);
	nat_put16(l4_of(p) + 2, csum_fold(csum_add(0, l4_of(p), p->len - ETH_HLEN_ - 20)),
		  &(be16){0});
	assert_int_equal(world_receive(&w, p), DROP_NONE);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u1_same_port_for_every_peer),
		cmocka_unit_test(u1b_same_port_when_another_guest_uses_it),
		cmocka_unit_test(u3_symmetric_when_asked),
		cmocka_unit_test(u4_parity_is_kept),
		cmocka_unit_test(u5_udp_times_out_at_300_s),
		cmocka_unit_test(u6_outbound_refreshes),
		cmocka_unit_test(u8_filtering),
		cmocka_unit_test(u9_hairpin_shows_the_outside_source),
		cmocka_unit_test(u9_the_hosts_own_address_is_refused),
		cmocka_unit_test(u13_too_big),
		cmocka_unit_test(u15_no_udp_checksum_stays_none),
		cmocka_unit_test(u16_ttl),
		cmocka_unit_test(no_route_is_told),
		cmocka_unit_test(an_answer_of_zeros_has_a_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
