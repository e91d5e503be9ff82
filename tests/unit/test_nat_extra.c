/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outside addresses beside the host's own: static maps and the pool.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/nat/nat_extra.h"
#include "tests/unit/nat_world.h"

#define EXTRA_1 ip("198.51.100.50")
#define EXTRA_2 ip("198.51.100.51")

static struct nat_ext *extra(struct world *w, unsigned int i, be32 addr)
{
	const uint64_t seed[2] = {i, 2};

	w->extras[i] = nat_ext_create(addr, 1024, 65535, 120000, seed);
	w->extras[i]->via = w->ext;
	return w->extras[i];
}

/* Source of what left, 0 when nothing did. */
static be32 source(struct world *w, struct pkt *p)
{
	world_clear(w);
	return world_send(w, p) == DROP_NONE && w->n_out == 1 ? ip_of(w->out[0])->src : 0;
}

static void a_map_is_both_ways_and_whole(void **state)
{
	struct flow out = {GUEST_A, PEER_1, 5000, 80}, in = {PEER_2, EXTRA_1, 1234, 22};
	struct nat_ext *one;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	one = extra(&w, 0, EXTRA_1);
	assert_true(nat_one_add(w.nat, one, GUEST_A));
	/* Out: any state, any protocol, with its own ports. */
	assert_int_equal(source(&w, make_tcp(&w, out, TCP_ACK, 100)), EXTRA_1);
	assert_int_equal(port_of(w.out[0], 0), 5000);
	assert_int_equal(ip_of(w.out[0])->ttl, 63);
	assert_int_equal(source(&w, make_udp(&w, out, 9)), EXTRA_1);
	assert_int_equal(source(&w, make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 40)), EXTRA_1);
	assert_int_equal(source(&w, make_echo(&w, GUEST_A, PEER_1, 8, 7, 9)), EXTRA_1);
	assert_int_equal(source(&w, make_echo(&w, GUEST_A, PEER_1, 13, 7, 12)), EXTRA_1);
	/* In: a stranger, at any port. */
	world_clear(&w);
	assert_int_equal(world_receive_at(&w, one, make_tcp(&w, in, TCP_SYN, 0)), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(port_of(w.in[0], 1), 22);
	assert_int_equal(world_receive_at(&w, one, make_ip(&w, PEER_2, EXTRA_1, 200, 40)),
			 DROP_NONE);
	assert_int_equal(world_receive_at(&w, one, make_echo(&w, PEER_2, EXTRA_1, 8, 7, 9)),
			 DROP_NONE);
	assert_int_equal(w.n_in, 3);
	/* It keeps nothing, others are not touched. */
	assert_int_equal(w.nat->table.n_mappings, 0);
	assert_int_equal(one->one_tx.packets, 5);
	assert_int_equal(one->one_rx.packets, 3);
	out.src = GUEST_B;
	assert_int_equal(source(&w, make_udp(&w, out, 9)), OUTSIDE);
	nat_one_del(w.nat, one);
	assert_int_equal(world_receive_at(&w, one, make_tcp(&w, in, TCP_SYN, 0)), DROP_NO_MAPPING);
	out.src = GUEST_A;
	assert_int_equal(source(&w, make_udp(&w, out, 9)), OUTSIDE);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void a_maps_fragments_need_no_first(void **state)
{
	struct nat_ext *one;
	struct pkt *p;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	one = extra(&w, 0, EXTRA_1);
	nat_one_add(w.nat, one, GUEST_A);
	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_UDP_, 40);
	set_frag(p, 5, 77);
	assert_int_equal(source(&w, p), EXTRA_1);
	assert_int_equal(ip_of(w.out[0])->id, htons(77));
	world_clear(&w);
	p = make_ip(&w, PEER_1, EXTRA_1, IPPROTO_UDP_, 40);
	set_frag(p, 5, 78);
	assert_int_equal(world_receive_at(&w, one, p), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void a_maps_errors(void **state)
{
	struct flow out = {GUEST_A, PEER_1, 5000, 80}, in = {PEER_1, EXTRA_1, 80, 5000};
	const struct ip4_hdr *inner;
	struct nat_ext *one;
	struct pkt *quoted;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	one = extra(&w, 0, EXTRA_1);
	nat_one_add(w.nat, one, GUEST_A);
	assert_int_equal(source(&w, make_udp(&w, out, 20)), EXTRA_1);
	quoted = pkt_get(w.out[0]);
	world_clear(&w);
	assert_int_equal(
		world_receive_at(&w, one, make_error(&w, ROUTER, EXTRA_1, 3, 3, quoted, 28)),
		DROP_NONE);
	inner = (const void *)(l4_of(w.in[0]) + 8);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(inner->src, GUEST_A);
	pkt_put(quoted);
	assert_int_equal(world_receive_at(&w, one, make_udp(&w, in, 20)), DROP_NONE);
	quoted = pkt_get(w.in[w.n_in - 1]);
	assert_int_equal(source(&w, make_error(&w, GUEST_A, PEER_1, 3, 3, quoted, 28)), EXTRA_1);
	inner = (const void *)(l4_of(w.out[0]) + 8);
	assert_int_equal(inner->dst, EXTRA_1);
	/* About a packet of somebody else's: not by this way. */
	((struct ip4_hdr *)(void *)(quoted->data + ETH_HLEN_))->dst = GUEST_B;
	ip_of(quoted)->csum = 0;
	ip_of(quoted)->csum = csum_ip4(ip_of(quoted), 20);
	assert_int_equal(world_send(&w, make_error(&w, GUEST_A, PEER_1, 3, 3, quoted, 28)),
			 DROP_SPOOFED);
	pkt_put(quoted);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

/* What the guest had before, and port forwards to it, go on by the host's address. */
static void flows_on_the_own_address_go_on(void **state)
{
	struct flow out = {GUEST_A, PEER_1, 5000, 80}, in = {PEER_2, OUTSIDE, 1234, 8080};
	struct nat_key k;
	int error = 0;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	k = (struct nat_key){w.ext, NAT_TCP, GUEST_A, 0, htons(22), 0};
	assert_non_null(nat_mapping_add_forward(&w.nat->table, &k, htons(8080), w.now, &error));
	assert_int_equal(source(&w, make_udp(&w, out, 9)), OUTSIDE);
	nat_one_add(w.nat, extra(&w, 0, EXTRA_1), GUEST_A);
	assert_int_equal(source(&w, make_udp(&w, out, 9)), OUTSIDE);
	out.dport = 81;
	assert_int_equal(source(&w, make_udp(&w, out, 9)), EXTRA_1);
	world_clear(&w);
	assert_int_equal(world_receive(&w, make_tcp(&w, in, TCP_SYN, 0)), DROP_NONE);
	out = (struct flow){GUEST_A, PEER_2, 22, 1234};
	assert_int_equal(source(&w, make_tcp(&w, out, TCP_SYN | TCP_ACK, 0)), OUTSIDE);
	assert_int_equal(port_of(w.out[0], 0), 8080);
	world_fini(&w);
}

/* RFC 4787 REQ-9 for a map: another guest, and the guest itself, by the outside address. */
static void a_map_is_reached_from_inside(void **state)
{
	struct flow f = {GUEST_B, EXTRA_1, 5000, 80};
	struct nat_ext *one;
	struct nat *other;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	one = extra(&w, 0, EXTRA_1);
	nat_one_add(w.nat, one, GUEST_A);
	assert_int_equal(world_send(&w, make_udp(&w, f, 9)), DROP_NONE);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(ip_of(w.in[0])->src, OUTSIDE);
	/* And the answer. */
	f = (struct flow){GUEST_A, OUTSIDE, 80, port_of(w.in[0], 0)};
	world_clear(&w);
	assert_int_equal(world_send(&w, make_udp(&w, f, 9)), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_B);
	assert_int_equal(ip_of(w.in[0])->src, EXTRA_1);
	f = (struct flow){GUEST_A, EXTRA_1, 5000, 80};
	world_clear(&w);
	assert_int_equal(world_send(&w, make_udp(&w, f, 9)), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(ip_of(w.in[0])->src, EXTRA_1);
	/* Of another network: apart. */
	other = one->one_of;
	one->one_of = (void *)&w;
	f.src = GUEST_B;
	assert_int_equal(world_send(&w, make_udp(&w, f, 9)), DROP_MODE);
	one->one_of = other;
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

/* RFC 4787 REQ-2: a guest has one address for all it does; two that differ have two. */
static void a_pool_is_paired(void **state)
{
	struct flow f = {GUEST_A, PEER_1, 5000, 80};
	struct world w;
	be32 a, b;

	(void)state;
	world_init(&w, NULL);
	assert_true(nat_pool_add(w.nat, extra(&w, 0, EXTRA_1)));
	assert_true(nat_pool_add(w.nat, extra(&w, 1, EXTRA_2)));
	a = source(&w, make_udp(&w, f, 9));
	for (uint16_t port = 1; port < 200; port++) {
		f.sport = (uint16_t)(5000 + port);
		f.dst = port & 1 ? PEER_1 : PEER_2;
		assert_int_equal(source(&w, make_udp(&w, f, 9)), a);
		assert_int_equal(source(&w, make_tcp(&w, f, TCP_SYN, 0)), a);
	}
	f.src = GUEST_B;
	b = source(&w, make_udp(&w, f, 9));
	assert_true((a == EXTRA_1 && b == EXTRA_2) || (a == EXTRA_2 && b == EXTRA_1));
	/* The answers come back. */
	f = (struct flow){f.dst, b, 80, port_of(w.out[0], 0)};
	world_clear(&w);
	assert_int_equal(world_receive_at(&w, w.extras[b == EXTRA_2], make_udp(&w, f, 9)),
			 DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_B);
	/* One is lost: its flows end, its guests get another. */
	nat_pool_del(w.nat, w.extras[b == EXTRA_2], w.now);
	f = (struct flow){GUEST_B, PEER_1, 9000, 80};
	assert_int_equal(source(&w, make_udp(&w, f, 9)), a);
	nat_pool_del(w.nat, w.extras[a == EXTRA_2], w.now);
	assert_int_equal(source(&w, make_udp(&w, f, 9)), OUTSIDE);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

/* Arbitrary: by the inside port, but the same for every peer (RFC 4787 REQ-1). */
static void an_arbitrary_pool_uses_all(void **state)
{
	struct flow f = {GUEST_A, PEER_1, 5000, 80};
	unsigned int first = 0;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	nat_pool_add(w.nat, extra(&w, 0, EXTRA_1));
	nat_pool_add(w.nat, extra(&w, 1, EXTRA_2));
	w.nat->pool_arbitrary = true;
	for (uint16_t port = 0; port < 100; port++) {
		be32 a;
		uint16_t p;

		f.sport = (uint16_t)(5000 + port);
		f.dst = PEER_1;
		a = source(&w, make_udp(&w, f, 9));
		p = port_of(w.out[0], 0);
		first += a == EXTRA_1;
		f.dst = PEER_2;
		assert_int_equal(source(&w, make_udp(&w, f, 9)), a);
		assert_int_equal(port_of(w.out[0], 0), p);
	}
	assert_in_range(first, 20, 80);
	world_fini(&w);
}

static void a_pools_fragments_follow_their_first(void **state)
{
	struct flow f = {GUEST_A, PEER_1, 5000, 80};
	struct pkt *first, *second;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	nat_pool_add(w.nat, extra(&w, 0, EXTRA_1));
	nat_pool_add(w.nat, extra(&w, 1, EXTRA_2));
	w.nat->pool_arbitrary = true;
	for (uint16_t i = 0; i < 20; i++) {
		f.sport = (uint16_t)(5000 + i);
		first = make_udp(&w, f, 32);
		set_frag(first, IP4_MF, (uint16_t)(100 + i));
		second = make_ip(&w, GUEST_A, PEER_1, IPPROTO_UDP_, 40);
		set_frag(second, 5, (uint16_t)(100 + i));
		world_clear(&w);
		assert_int_equal(world_send(&w, i & 1 ? second : first), DROP_NONE);
		assert_int_equal(world_send(&w, i & 1 ? first : second), DROP_NONE);
		assert_int_equal(w.n_out, 2);
		assert_int_equal(ip_of(w.out[0])->src, ip_of(w.out[1])->src);
		assert_int_equal(ip_of(w.out[0])->id, ip_of(w.out[1])->id);
	}
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_both_ways_and_whole),
		cmocka_unit_test(a_maps_fragments_need_no_first),
		cmocka_unit_test(a_maps_errors),
		cmocka_unit_test(flows_on_the_own_address_go_on),
		cmocka_unit_test(a_map_is_reached_from_inside),
		cmocka_unit_test(a_pool_is_paired),
		cmocka_unit_test(an_arbitrary_pool_uses_all),
		cmocka_unit_test(a_pools_fragments_follow_their_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
