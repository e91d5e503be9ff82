/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP through the translator: rows I1 to I7, U12, T9, T10 of the conformance matrix (RFC 5508). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/nat/nat_icmp.h"
#include "tests/unit/nat_world.h"

static uint16_t echo_id(const struct pkt *p)
{
	return port_of(p, 2);
}

static struct ip4_hdr *inner_ip(const struct pkt *p)
{
	return (void *)(l4_of(p) + 8);
}

static uint16_t inner_port(const struct pkt *p, int end)
{
	const uint8_t *l4 = (uint8_t *)inner_ip(p) + ip4_ihl(inner_ip(p));

	return (uint16_t)(l4[2 * end] << 8 | l4[2 * end + 1]);
}

static struct flow a_udp(void)
{
	return (struct flow){GUEST_A, PEER_1, 5000, 7};
}

static void i1_two_guests_one_id(void **state)
{
	struct world w;
	uint16_t ida, idb;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(world_send(&w, make_echo(&w, GUEST_A, PEER_1, 8, 77, 56)), DROP_NONE);
	assert_int_equal(world_send(&w, make_echo(&w, GUEST_B, PEER_1, 8, 77, 56)), DROP_NONE);
	ida = echo_id(w.out[0]);
	idb = echo_id(w.out[1]);
	assert_int_not_equal(ida, idb);
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_1, OUTSIDE, 0, idb, 56)), DROP_NONE);
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_1, OUTSIDE, 0, ida, 56)), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_B);
	assert_int_equal(ip_of(w.in[1])->dst, GUEST_A);
	assert_int_equal(echo_id(w.in[0]), 77);
	assert_int_equal(echo_id(w.in[1]), 77);
	/* Nobody has asked this peer. */
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_2, OUTSIDE, 0, ida, 56)),
			 DROP_FILTERED);
	/* Echo to the outside address is the host's. */
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_1, OUTSIDE, 8, ida, 56)),
			 DROP_NO_MAPPING);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void i2_query_lives_60_s(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_echo(&w, GUEST_A, PEER_1, 8, 77, 8));
	id = echo_id(w.out[0]);
	world_step(&w, 59000);
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_1, OUTSIDE, 0, id, 8)), DROP_NONE);
	world_step(&w, 2000);
	assert_int_equal(world_receive(&w, make_echo(&w, PEER_1, OUTSIDE, 0, id, 8)),
			 DROP_NO_MAPPING);
	world_fini(&w);
}

static void i3_bad_checksums(void **state)
{
	struct world w;
	struct pkt *p, *cause;

	(void)state;
	world_init(&w, NULL);
	p = make_echo(&w, GUEST_A, PEER_1, 8, 77, 8);
	l4_of(p)[10] ^= 1;
	assert_int_equal(world_send(&w, p), DROP_BAD_CSUM);
	world_send(&w, make_udp(&w, a_udp(), 30));
	cause = w.out[0];
	ip_of(cause)->csum ^= 1; /* 3a */
	p = make_error(&w, ROUTER, OUTSIDE, 11, 0, cause, 28);
	assert_int_equal(world_receive(&w, p), DROP_BAD_CSUM);
	world_fini(&w);
}

/* I4, U12, T9: an error from any router is brought to the guest as if there was no translator. */
static void error_comes_home(struct pkt *(*make)(struct world *w), uint32_t quote)
{
	struct pkt *orig, *p;
	struct world w;

	world_init(&w, NULL);
	orig = make(&w);
	assert_int_equal(world_send(&w, make(&w)), DROP_NONE);
	p = make_error(&w, ROUTER, OUTSIDE, ICMP_UNREACH_, ICMP_NEEDFRAG, w.out[0], quote);
	assert_int_equal(world_receive(&w, p), DROP_NONE);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(ip_of(w.in[0])->src, ROUTER);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(l4_of(w.in[0])[0], ICMP_UNREACH_);
	assert_int_equal(l4_of(w.in[0])[1], ICMP_NEEDFRAG);
	/* All of the quoted packet but TTL and header checksum is what the guest has sent. */
	ip_of(orig)->ttl--;
	ip_of(orig)->csum = 0;
	ip_of(orig)->csum = csum_ip4(ip_of(orig), 20);
	assert_memory_equal(inner_ip(w.in[0]), ip_of(orig), quote);
	assert_int_equal(w.n_bad, 0);
	pkt_put(orig);
	world_fini(&w);
}

static struct pkt *make_a_udp(struct world *w)
{
	return make_udp(w, a_udp(), 100);
}

static struct pkt *make_a_tcp(struct world *w)
{
	return make_tcp(w, a_udp(), TCP_SYN, 40);
}

static struct pkt *make_a_ping(struct world *w)
{
	return make_echo(w, GUEST_A, PEER_1, 8, 77, 56);
}

static void at_three_lengths(struct pkt *(*make)(struct world *w))
{
	error_comes_home(make, 28);
	error_comes_home(make, 50);
	error_comes_home(make, 60);
}

static void i4_errors_about_udp_tcp_and_echo(void **state)
{
	(void)state;
	at_three_lengths(make_a_udp);
	at_three_lengths(make_a_tcp);
	at_three_lengths(make_a_ping);
}

static void i4n_no_error_without_a_session(void **state)
{
	struct flow f = a_udp();
	struct pkt *p, *other;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, f, 30));
	/* The quoted packet is to a peer that the guest never spoke to. */
	f = (struct flow){OUTSIDE, PEER_2, port_of(w.out[0], 0), 7};
	other = make_udp(&w, f, 30);
	p = make_error(&w, ROUTER, OUTSIDE, 3, 1, other, 28);
	assert_int_equal(world_receive(&w, p), DROP_NO_MAPPING);
	/* It is not even ours. */
	ip_of(other)->src = PEER_2;
	set_ttl(other, 60);
	p = make_error(&w, ROUTER, OUTSIDE, 3, 1, other, 28);
	assert_int_equal(world_receive(&w, p), DROP_NO_MAPPING);
	pkt_put(other);
	assert_int_equal(w.n_in, 0);
	world_fini(&w);
}

static void i5_a_guests_error_has_our_source(void **state)
{
	struct world w;
	struct pkt *p;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 30));
	port = port_of(w.out[0], 0);
	world_receive(&w, make_udp(&w, (struct flow){PEER_1, OUTSIDE, 7, port}, 30));
	world_send(&w, make_error(&w, GUEST_A, PEER_1, 3, 3, w.in[0], 36));
	assert_int_equal(w.n_out, 2);
	assert_int_equal(ip_of(w.out[1])->src, OUTSIDE);
	assert_int_equal(ip_of(w.out[1])->dst, PEER_1);
	assert_int_equal(inner_ip(w.out[1])->dst, OUTSIDE);
	assert_int_equal(inner_port(w.out[1], 1), port);
	assert_int_equal(csum_ip4(inner_ip(w.out[1]), 20), 0);
	assert_int_equal(w.n_bad, 0);
	/* About a packet that never came, or to somebody else: no. */
	p = make_error(&w, GUEST_A, PEER_2, 3, 3, w.in[0], 36);
	assert_int_equal(world_send(&w, p), DROP_SPOOFED);
	p = make_error(&w, GUEST_B, PEER_1, 3, 3, w.in[0], 36);
	assert_int_equal(world_send(&w, p), DROP_SPOOFED);
	world_fini(&w);
}

static void i6_errors_change_no_timer(void **state)
{
	struct world w;
	struct pkt *cause;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 30));
	cause = w.out[0];
	port = port_of(cause, 0);
	world_step(&w, 200000);
	world_receive(&w, make_error(&w, ROUTER, OUTSIDE, 3, 1, cause, 28));
	assert_int_equal(w.n_in, 1);
	world_step(&w, 99000); /* U12: it ended nothing */
	assert_int_equal(
		world_receive(&w, make_udp(&w, (struct flow){PEER_1, OUTSIDE, 7, port}, 3)),
		DROP_NONE);
	world_step(&w, 2000); /* and kept nothing alive */
	assert_int_equal(
		world_receive(&w, make_udp(&w, (struct flow){PEER_1, OUTSIDE, 7, port}, 3)),
		DROP_NO_MAPPING);
	world_fini(&w);
}

/* RFC 7857 7.1: a guest's errors keep no mapping alive, or its peer could. */
static void i71_errors_out_refresh_nothing(void **state)
{
	struct world w;
	struct pkt *came;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 30));
	port = port_of(w.out[0], 0);
	world_receive(&w, make_udp(&w, (struct flow){PEER_1, OUTSIDE, 7, port}, 3));
	came = w.in[0];
	world_step(&w, 299000);
	assert_int_equal(world_send(&w, make_error(&w, GUEST_A, PEER_1, 3, 3, came, 28)),
			 DROP_NONE);
	assert_int_equal(w.n_out, 2);
	world_step(&w, 2000);
	assert_int_equal(
		world_receive(&w, make_udp(&w, (struct flow){PEER_1, OUTSIDE, 7, port}, 3)),
		DROP_NO_MAPPING);
	world_fini(&w);
}

static void i7_hairpinned_error(void **state)
{
	struct flow b = {GUEST_B, PEER_1, 6000, 7};
	struct world w;
	uint16_t pa, pb;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 3));
	world_send(&w, make_udp(&w, b, 3));
	pa = port_of(w.out[0], 0);
	pb = port_of(w.out[1], 0);
	world_clear(&w);
	assert_int_equal(
		world_send(&w, make_udp(&w, (struct flow){GUEST_A, OUTSIDE, 5000, pb}, 30)),
		DROP_NONE);
	/* B says: port unreachable, to the outside address that it saw. */
	assert_int_equal(world_send(&w, make_error(&w, GUEST_B, OUTSIDE, 3, 3, w.in[0], 36)),
			 DROP_NONE);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(w.n_in, 2);
	assert_int_equal(ip_of(w.in[1])->src, OUTSIDE);
	assert_int_equal(ip_of(w.in[1])->dst, GUEST_A);
	assert_int_equal(inner_ip(w.in[1])->src, GUEST_A);
	assert_int_equal(inner_port(w.in[1], 0), 5000);
	assert_int_equal(inner_port(w.in[1], 1), pb);
	assert_int_not_equal(pa, pb);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void cut_and_strange_errors(void **state)
{
	struct world w;
	struct pkt *cause;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 30));
	cause = w.out[0];
	for (uint32_t quote = 0; quote < 28; quote++)
		assert_int_equal(
			world_receive(&w, make_error(&w, ROUTER, OUTSIDE, 3, 1, cause, quote)),
			DROP_BAD_L4);
	for (unsigned int type = 0; type < 256; type++) {
		enum drop_reason why;

		if (nat_icmp_is_error((uint8_t)type))
			continue;
		why = world_receive(&w,
				    make_error(&w, ROUTER, OUTSIDE, (uint8_t)type, 0, cause, 28));
		assert_int_not_equal(why, DROP_NONE);
	}
	/* About a later fragment: it has no ports. */
	set_frag(cause, 10, 5);
	assert_int_equal(world_receive(&w, make_error(&w, ROUTER, OUTSIDE, 3, 1, cause, 28)),
			 DROP_FRAGMENT);
	assert_int_equal(w.n_in, 0);
	world_fini(&w);
}

static void no_error_about_an_error(void **state)
{
	struct world w;
	struct pkt *p, *cause;

	(void)state;
	world_init(&w, NULL);
	cause = make_udp(&w, a_udp(), 30);
	p = make_error(&w, GUEST_A, PEER_1, 3, 1, cause, 28);
	set_ttl(p, 1);
	assert_int_equal(world_send(&w, p), DROP_TTL_EXCEEDED);
	assert_int_equal(w.n_in, 0);
	pkt_put(cause);
	world_fini(&w);
}

static void inbound_ttl_and_size(void **state)
{
	struct flow f = {PEER_1, OUTSIDE, 7, 0};
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, a_udp(), 30));
	f.dport = port_of(w.out[0], 0);
	world_clear(&w);
	p = make_udp(&w, f, 30);
	set_ttl(p, 1);
	assert_int_equal(world_receive(&w, p), DROP_TTL_EXCEEDED);
	assert_int_equal(w.n_out, 1);
	assert_int_equal(ip_of(w.out[0])->src, OUTSIDE);
	assert_int_equal(ip_of(w.out[0])->dst, PEER_1);
	assert_int_equal(l4_of(w.out[0])[0], ICMP_TIMXCEED_);
	assert_int_equal(world_receive(&w, make_udp(&w, f, 2000)), DROP_NEEDS_FRAG);
	assert_int_equal(w.n_out, 2);
	p = make_udp(&w, f, 2000);
	set_frag(p, 0, 4);
	assert_int_equal(world_receive(&w, p), DROP_NONE);
	assert_int_equal(w.n_in, 2);
	/* What is not for a mapping is not answered at all. */
	f.dport ^= 1;
	p = make_udp(&w, f, 30);
	set_ttl(p, 1);
	assert_int_equal(world_receive(&w, p), DROP_NO_MAPPING);
	assert_int_equal(w.n_out, 2);
	world_fini(&w);
}

static void unanswered_next_hop_is_told(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_tcp(&w, a_udp(), TCP_SYN, 0));
	nat_undeliverable(w.nat, w.ext, w.out[0], w.now);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(ip_of(w.in[0])->src, GATEWAY);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(l4_of(w.in[0])[1], ICMP_HOST_UNREACH);
	assert_int_equal(inner_ip(w.in[0])->src, GUEST_A);
	assert_int_equal(inner_port(w.in[0], 0), 5000);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void errors_are_rate_limited(void **state)
{
	struct world w;
	unsigned int sent = 0;

	(void)state;
	world_init(&w, NULL);
	for (int i = 0; i < 1000; i++) {
		struct pkt *p = make_udp(&w, a_udp(), 3);

		set_ttl(p, 1);
		world_send(&w, p);
		sent += w.n_in;
		world_clear(&w);
	}
	assert_int_equal(sent, 300);
	world_step(&w, 1000);
	assert_true(nat_may_send_error(w.nat, GUEST_A));
	assert_true(nat_may_send_error(w.nat, GUEST_B));
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i1_two_guests_one_id),
		cmocka_unit_test(i2_query_lives_60_s),
		cmocka_unit_test(i3_bad_checksums),
		cmocka_unit_test(i4_errors_about_udp_tcp_and_echo),
		cmocka_unit_test(i4n_no_error_without_a_session),
		cmocka_unit_test(i5_a_guests_error_has_our_source),
		cmocka_unit_test(i6_errors_change_no_timer),
		cmocka_unit_test(i71_errors_out_refresh_nothing),
		cmocka_unit_test(i7_hairpinned_error),
		cmocka_unit_test(cut_and_strange_errors),
		cmocka_unit_test(no_error_about_an_error),
		cmocka_unit_test(inbound_ttl_and_size),
		cmocka_unit_test(unanswered_next_hop_is_told),
		cmocka_unit_test(errors_are_rate_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
