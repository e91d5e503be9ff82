/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments through the translator: rows U14, U14i, U14a of the conformance matrix, and the cutter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "tests/unit/nat_world.h"

enum { PIECES = 20, PIECE = 64 };

static const struct flow out_flow = {0, 0, 5000, 7};

static struct flow from_a(void)
{
	struct flow f = out_flow;

	f.src = GUEST_A;
	f.dst = PEER_1;
	return f;
}

/* Piece @i of @n of the datagram in @whole. */
static struct pkt *piece(struct world *w, const struct pkt *whole, uint32_t i, uint32_t n,
			 uint32_t size, uint16_t id)
{
	uint32_t len = whole->len - ETH_HLEN_ - 20;
	uint32_t off = i * size, part = i + 1 == n ? len - off : size;
	struct pkt *p = pkt_from(w->pool, whole->data, ETH_HLEN_ + 20);

	memcpy(p->data + p->len, whole->data + ETH_HLEN_ + 20 + off, part);
	p->len += part;
	ip_of(p)->tot_len = htons((uint16_t)(20 + part));
	set_frag(p, (uint16_t)(off / 8 | (i + 1 == n ? 0 : IP4_MF)), id);
	return p;
}

/* Put pieces together as a receiver would; the result is checked as a whole. */
static struct pkt *join(struct world *w, struct pkt **list, unsigned int n)
{
	struct pkt *p = pkt_from(w->pool, list[0]->data, ETH_HLEN_ + 20);
	uint32_t end = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct ip4_hdr *h = ip_of(list[i]);
		uint32_t off = (ntohs(h->frag_off) & IP4_OFFMASK) * 8u;
		uint32_t len = ntohs(h->tot_len) - ip4_ihl(h);

		assert_int_equal(h->id, ip_of(list[0])->id);
		assert_int_equal(h->src, ip_of(list[0])->src);
		assert_int_equal(h->dst, ip_of(list[0])->dst);
		memcpy(p->data + ETH_HLEN_ + 20 + off, l4_of(list[i]), len);
		end = MAX(end, off + len);
	}
	p->len = ETH_HLEN_ + 20 + end;
	ip_of(p)->tot_len = htons((uint16_t)(20 + end));
	set_frag(p, 0, 1);
	return p;
}

static void shuffle(unsigned int *order, unsigned int n, unsigned int seed)
{
	for (unsigned int i = 0; i < n; i++)
		order[i] = i;
	for (unsigned int i = n - 1; i > 0; i--) {
		unsigned int k, t = order[i];

		seed = seed * 1103515245 + 12345;
		k = (seed >> 16) % (i + 1);
		order[i] = order[k];
		order[k] = t;
	}
}

static void u14_out_in_any_order(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (unsigned int round = 0; round < 50; round++) {
		struct pkt *whole = make_udp(&w, from_a(), PIECES * PIECE - 8 - 3), *joined;
		unsigned int order[PIECES];

		world_clear(&w);
		shuffle(order, PIECES, round);
		for (unsigned int i = 0; i < PIECES; i++)
			assert_int_equal(world_send(&w, piece(&w, whole, order[i], PIECES, PIECE,
							      (uint16_t)(round + 1))),
					 DROP_NONE);
		assert_int_equal(w.n_out, PIECES);
		joined = join(&w, w.out, w.n_out);
		assert_true(sums_hold(joined));
		assert_int_equal(ip_of(joined)->src, OUTSIDE);
		pkt_put(joined);
		pkt_put(whole);
	}
	assert_int_equal(w.n_bad, 0);
	assert_int_equal(nat_frags_held(w.nat->frags), 0);
	world_fini(&w);
}

static void u14i_in_in_any_order(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, from_a(), 4));
	port = port_of(w.out[0], 0);
	for (unsigned int round = 0; round < 50; round++) {
		struct flow f = {PEER_1, OUTSIDE, 7, port};
		struct pkt *whole = make_udp(&w, f, PIECES * PIECE - 8 - 3), *joined;
		unsigned int order[PIECES];

		world_clear(&w);
		shuffle(order, PIECES, round);
		for (unsigned int i = 0; i < PIECES; i++)
			assert_int_equal(world_receive(&w, piece(&w, whole, order[i], PIECES, PIECE,
								 (uint16_t)(round + 1))),
					 DROP_NONE);
		assert_int_equal(w.n_in, PIECES);
		joined = join(&w, w.in, w.n_in);
		assert_true(sums_hold(joined));
		assert_int_equal(ip_of(joined)->dst, GUEST_A);
		assert_int_equal(port_of(joined, 1), 5000);
		pkt_put(joined);
		pkt_put(whole);
	}
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void u14_hairpin_in_any_order(void **state)
{
	struct flow b = {GUEST_B, PEER_1, 6000, 7}, f = from_a();
	unsigned int order[PIECES];
	struct pkt *whole, *joined;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_udp(&w, b, 4));
	f.dst = OUTSIDE;
	f.dport = port_of(w.out[0], 0);
	world_clear(&w);
	whole = make_udp(&w, f, PIECES * PIECE - 8);
	shuffle(order, PIECES, 7);
	for (unsigned int i = 0; i < PIECES; i++)
		assert_int_equal(world_send(&w, piece(&w, whole, order[i], PIECES, PIECE, 9)),
				 DROP_NONE);
	assert_int_equal(w.n_in, PIECES);
	assert_int_equal(w.n_out, 0);
	joined = join(&w, w.in, w.n_in);
	assert_true(sums_hold(joined));
	assert_int_equal(ip_of(joined)->src, OUTSIDE);
	assert_int_equal(ip_of(joined)->dst, GUEST_B);
	pkt_put(joined);
	pkt_put(whole);
	world_fini(&w);
}

static void u14a_a_flood_is_the_senders_own_loss(void **state)
{
	struct flow b = {GUEST_B, PEER_1, 6000, 7};
	struct pkt *whole;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	whole = make_udp(&w, b, 200);
	/* B's datagram waits for its first part while A floods. */
	assert_int_equal(world_send(&w, piece(&w, whole, 1, 2, 128, 500)), DROP_NONE);
	for (unsigned int i = 0; i < 20000; i++) {
		struct pkt *p = make_udp(&w, from_a(), 40);

		set_frag(p, 10, (uint16_t)i);
		assert_int_equal(world_send(&w, p), DROP_NONE);
	}
	assert_true(nat_frags_held(w.nat->frags) <= NAT_FRAG_SLOTS / 4 + 1);
	assert_int_equal(world_send(&w, piece(&w, whole, 0, 2, 128, 500)), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	pkt_put(whole);
	world_step(&w, NAT_FRAG_MS + 1000);
	assert_int_equal(nat_frags_held(w.nat->frags), 0);
	world_fini(&w);
}

static void one_datagram_cannot_take_all(void **state)
{
	struct world w;
	unsigned int kept = 0;

	(void)state;
	world_init(&w, NULL);
	for (unsigned int i = 1; i < 2000; i++) {
		struct pkt *p = make_udp(&w, from_a(), 40);

		set_frag(p, (uint16_t)(i | IP4_MF), 1);
		kept += world_send(&w, p) == DROP_NONE;
	}
	assert_int_equal(kept, NAT_FRAG_SLOTS / 4);
	world_fini(&w);
}

static void what_reassembly_attacks_send(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, from_a(), 40);
	set_frag(p, IP4_OFFMASK, 1); /* past 65535 */
	assert_int_equal(world_send(&w, p), DROP_BAD_IP);
	p = make_udp(&w, from_a(), 41);
	set_frag(p, IP4_MF, 1); /* 49 bytes are no multiple of 8 */
	assert_int_equal(world_send(&w, p), DROP_BAD_IP);
	p = make_tcp(&w, from_a(), TCP_SYN, 20);
	set_frag(p, 1, 1); /* over the flags */
	assert_int_equal(world_send(&w, p), DROP_BAD_L4);
	p = make_tcp(&w, from_a(), TCP_SYN, 0);
	ip_of(p)->tot_len = htons(36);
	p->len = 14 + 36;
	set_frag(p, IP4_MF, 1); /* TCP header split */
	assert_int_equal(world_send(&w, p), DROP_BAD_L4);
	assert_int_equal(w.n_out, 0);
	world_fini(&w);
}

struct cut {
	struct pkt *pieces[64];
	unsigned int n;
};

static void collect(void *ctx, struct pkt *p)
{
	struct cut *c = ctx;

	c->pieces[c->n++] = p;
}

static void cutter_at_every_mtu(void **state)
{
	struct world w;
	struct pkt *whole;

	(void)state;
	world_init(&w, NULL);
	whole = make_udp(&w, from_a(), 1400);
	set_frag(whole, 0, 3);
	for (uint32_t mtu = 68; mtu < 1428; mtu += 17) {
		struct cut c = {.n = 0};
		struct pkt *joined;

		assert_true(nat_fragment(whole, mtu, w.pool, collect, &c));
		for (unsigned int i = 0; i < c.n; i++)
			assert_true(ntohs(ip_of(c.pieces[i])->tot_len) <= mtu &&
				    csum_ip4(ip_of(c.pieces[i]), 20) == 0);
		joined = join(&w, c.pieces, c.n);
		assert_int_equal(joined->len, whole->len);
		assert_true(sums_hold(joined));
		pkt_put(joined);
		while (c.n)
			pkt_put(c.pieces[--c.n]);
	}
	pkt_put(whole);
	world_fini(&w);
}

static void cutter_copies_only_flagged_options(void **state)
{
	static const uint8_t opts[] = {7, 3, 4, 0x94, 4, 0, 0, 1}; /* record route, router alert */
	struct cut c = {.n = 0};
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, from_a(), 392);
	ip_of(p)->ver_ihl = 0x47;
	memcpy(p->data + ETH_HLEN_ + 20, opts, sizeof(opts));
	set_frag(p, 0, 3);
	assert_true(nat_fragment(p, 228, w.pool, collect, &c));
	assert_int_equal(c.n, 2);
	assert_int_equal(ip4_ihl(ip_of(c.pieces[0])), 28);
	assert_int_equal(ip4_ihl(ip_of(c.pieces[1])), 24);
	assert_int_equal((c.pieces[1]->data + ETH_HLEN_ + 20)[0], 0x94);
	assert_false(nat_fragment(p, 30, w.pool, collect, &c));
	pkt_put(p);
	pkt_put(c.pieces[0]);
	pkt_put(c.pieces[1]);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u14_out_in_any_order),
		cmocka_unit_test(u14i_in_in_any_order),
		cmocka_unit_test(u14_hairpin_in_any_order),
		cmocka_unit_test(u14a_a_flood_is_the_senders_own_loss),
		cmocka_unit_test(one_datagram_cannot_take_all),
		cmocka_unit_test(what_reassembly_attacks_send),
		cmocka_unit_test(cutter_at_every_mtu),
		cmocka_unit_test(cutter_copies_only_flagged_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
