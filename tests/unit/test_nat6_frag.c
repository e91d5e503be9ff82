/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 in pieces and with extension headers (RFC 8200 4.5, RFC 5722), hairpin, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "tests/unit/nat6_world.h"

enum { DATA = 2600, PIECE = 1000, PARTS = 3 };

static const char *const GUEST = "fd00:1::9", *const PEER = "2001:db8:9::1",
			 *const OWN = "2001:db8::1";

/* ---- datagrams ------------------------------------------------------------------------------- */

static void datagram(uint8_t out[DATA], const char *src, uint16_t sport, const char *dst,
		     uint16_t dport)
{
	struct udp_hdr h = {htons(sport), htons(dport), htons(DATA), 0};
	struct ip_addr s = ip6(src), d = ip6(dst);

	for (unsigned int i = 0; i < DATA; i++)
		out[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(out, &h, sizeof(h));
	h.csum = csum_fold(csum_add(csum_pseudo6(s.b, d.b, IPPROTO_UDP_, DATA), out, DATA));
	memcpy(out, &h, sizeof(h));
}

/* Bytes [@at, @at + @len) of the datagram, with identification @id. */
static struct pkt *piece(struct world6 *w, const uint8_t data[DATA], const char *src,
			 const char *dst, uint32_t id, uint32_t at, uint32_t len)
{
	bool more = at + len < DATA;
	struct ip6_frag_wire f = {IPPROTO_UDP_, 0, htons((uint16_t)(at | more)), htonl(id)};
	uint8_t body[sizeof(f) + DATA];

	memcpy(body, &f, sizeof(f));
	memcpy(body + sizeof(f), data + at, len);
	return raw6(w, src, dst, IPPROTO_FRAGMENT_, body, (uint32_t)sizeof(f) + len);
}

static struct pkt *part(struct world6 *w, const uint8_t data[DATA], const char *src,
			const char *dst, uint32_t id, unsigned int i)
{
	uint32_t at = i * PIECE;

	return piece(w, data, src, dst, id, at, MIN((uint32_t)PIECE, DATA - at));
}

/* Put together what was kept; the UDP checksum must be right for the new addresses. */
static void whole(struct pkt *const *kept, unsigned int n, be32 *id, struct udp_hdr *udp)
{
	uint8_t got[DATA] = {0};
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct nat6_view v;
		uint32_t len, at;

		assert_int_equal(nat6_parse(kept[i], &v), DROP_NONE);
		assert_true(v.part);
		at = nat6_part_at(&v, &len);
		assert_in_range(at + len, 1, DATA);
		memcpy(got + at, v.frag + 1, len);
		bytes += len;
		if (i)
			assert_int_equal(v.frag->id, *id);
		*id = v.frag->id;
		if (i + 1 == n)
			assert_int_equal(csum_fold(csum_add(csum_pseudo6(v.ip->src, v.ip->dst,
									 IPPROTO_UDP_, DATA),
							    got, DATA)),
					 0);
	}
	assert_int_equal(bytes, DATA);
	memcpy(udp, got, sizeof(*udp));
}

static const unsigned int ORDERS[][PARTS] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}};

static void fragments_out_in_any_order(void **state)
{
	uint8_t data[DATA];
	struct udp_hdr udp;
	struct world6 w;
	be32 id;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	for (uint32_t o = 0; o < ARRAY_SIZE(ORDERS); o++) {
		for (unsigned int i = 0; i < PARTS; i++)
			assert_int_equal(
				inside6(&w, part(&w, data, GUEST, PEER, 77 + o, ORDERS[o][i])),
				DROP_NONE);
		assert_int_equal(w.n_out, PARTS);
		whole(w.out, w.n_out, &id, &udp);
		/* The identification is one of ours: two guests may have the same. */
		assert_int_not_equal(id, htonl(77 + o));
		assert_in_range(ntohs(udp.sport), NAT_PORT_FIRST, NAT_PORT_LAST);
		world6_clear(&w);
	}
	world6_fini(&w);
}

static void fragments_in_in_any_order(void **state)
{
	uint8_t data[DATA];
	struct nat6_view v;
	struct udp_hdr udp;
	struct world6 w;
	be32 id;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, udp6(&w, GUEST, 5000, PEER, 7000)), DROP_NONE);
	parse6(w.out[0], &v);
	datagram(data, PEER, 7000, OWN, ntohs(v.sport));
	world6_clear(&w);
	for (uint32_t o = 0; o < ARRAY_SIZE(ORDERS); o++) {
		for (unsigned int i = 0; i < PARTS; i++)
			assert_int_equal(
				outside6(&w, part(&w, data, PEER, OWN, 77 + o, ORDERS[o][i])),
				DROP_NONE);
		assert_int_equal(w.n_in, PARTS);
		whole(w.in, w.n_in, &id, &udp);
		assert_int_equal(ntohs(udp.dport), 5000);
		assert_int_equal(id, htonl(77 + o));
		world6_clear(&w);
	}
	world6_fini(&w);
}

/* RFC 5722: from the overlap on nothing of the datagram passes, whatever comes first. */
static void overlapping_fragments_are_dropped(void **state)
{
	uint8_t data[DATA];
	struct world6 w;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 1, 1000, 1000)), DROP_NONE);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 1, 1992, 608)), DROP_FRAGMENT);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 1, 0, 1000)), DROP_FRAGMENT);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 1, 2000, 600)), DROP_FRAGMENT);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(nat_frags_held(w.six->frags), 0);
	/* After the first part has left: the rest does not. */
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 2, 0, 1000)), DROP_NONE);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 2, 496, 1000)), DROP_FRAGMENT);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 2, 1000, 1000)), DROP_FRAGMENT);
	assert_int_equal(w.n_out, 1);
	/* Another datagram is none of it. */
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 3, 0, 1000)), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	world6_fini(&w);
}

/* RFC 8200 4.5: a copy made by the network does no harm. */
static void copies_are_dropped_alone(void **state)
{
	uint8_t data[DATA];
	struct udp_hdr udp;
	struct world6 w;
	be32 id;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	for (unsigned int i = 0; i < PARTS; i++) {
		assert_int_equal(inside6(&w, part(&w, data, GUEST, PEER, 1, i)), DROP_NONE);
		assert_int_equal(inside6(&w, part(&w, data, GUEST, PEER, 1, i)), DROP_FRAGMENT);
	}
	assert_int_equal(w.n_out, PARTS);
	whole(w.out, w.n_out, &id, &udp);
	world6_fini(&w);
}

static void fragment_floods_are_bounded(void **state)
{
	uint8_t data[DATA];
	struct world6 w;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	for (uint32_t id = 0; id < 5000; id++)
		assert_int_equal(inside6(&w, part(&w, data, GUEST, PEER, 1000 + id, 1)), DROP_NONE);
	assert_in_range(nat_frags_held(w.six->frags), 1, NAT_FRAG_SLOTS / 4);
	/* Another guest's datagram, last part first. */
	for (unsigned int i = PARTS; i-- > 0;) {
		struct pkt *p = part(&w, data, "fd00:1::8", PEER, 5, i);

		((struct eth_hdr *)(void *)p->data)->src = OTHER_MAC;
		assert_int_equal(inside6(&w, p), DROP_NONE);
	}
	assert_int_equal(w.n_out, PARTS);
	w.now += NAT_FRAG_MS + 1000;
	nat6_tick(w.six, true, w.now);
	assert_int_equal(nat_frags_held(w.six->frags), 0);
	world6_fini(&w);
}

static void malformed_fragments_are_dropped(void **state)
{
	uint8_t data[DATA], tiny[8 + 8] = {IPPROTO_TCP_, 0, 0, 1};
	struct world6 w;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	/* Not the last and no multiple of 8; empty; the first without its whole TCP header. */
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 1, 0, 1001)), DROP_FRAGMENT);
	assert_int_equal(inside6(&w, piece(&w, data, GUEST, PEER, 2, 1000, 0)), DROP_FRAGMENT);
	assert_int_equal(inside6(&w, raw6(&w, GUEST, PEER, IPPROTO_FRAGMENT_, tiny, sizeof(tiny))),
			 DROP_BAD_L4);
	assert_int_equal(w.n_out, 0);
	world6_fini(&w);
}

/* ---- extension headers ----------------------------------------------------------------------- */

/* @ext, which ends in UDP, and an UDP datagram behind it. */
static struct pkt *behind(struct world6 *w, uint8_t kind, const void *ext, uint32_t len)
{
	struct ip_addr s = ip6(GUEST), d = ip6(PEER);
	struct udp_hdr h = {htons(5000), htons(7000), htons(8), 0};
	uint8_t body[64];

	h.csum = csum_fold(csum_add(csum_pseudo6(s.b, d.b, IPPROTO_UDP_, 8), &h, 8));
	memcpy(body, ext, len);
	memcpy(body + len, &h, sizeof(h));
	return raw6(w, GUEST, PEER, kind, body, len + (uint32_t)sizeof(h));
}

static void extension_headers_pass(void **state)
{
	static const uint8_t options[8] = {IPPROTO_UDP_, 0, 1, 4};
	static const uint8_t both[16] = {IPPROTO_DSTOPTS_, 0, 1, 4, [8] = IPPROTO_UDP_, 0, 1, 4};
	static const uint8_t atomic[8] = {IPPROTO_UDP_, [7] = 5};
	static const uint8_t done[8] = {IPPROTO_UDP_, 0, 4, 0};
	struct nat6_view v;
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_HOPOPTS_, options, 8)), DROP_NONE);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_HOPOPTS_, both, 16)), DROP_NONE);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_FRAGMENT_, atomic, 8)), DROP_NONE);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_ROUTING_, done, 8)), DROP_NONE);
	assert_int_equal(w.n_out, 4);
	for (unsigned int i = 0; i < 4; i++)
		parse6(w.out[i], &v); /* looks at the checksum */
	assert_int_equal(w.six->table.n_sessions, 1);
	world6_fini(&w);
}

static void headers_that_speak_of_addresses_do_not(void **state)
{
	static const uint8_t route[8] = {IPPROTO_UDP_, 0, 0, 1}; /* RFC 5095 */
	static const uint8_t ah[16] = {IPPROTO_UDP_, 2};
	static const uint8_t mobility[8] = {IPPROTO_UDP_, 0};
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_ROUTING_, route, 8)), DROP_MARTIAN);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_AH_, ah, 16)), DROP_PROTO);
	assert_int_equal(inside6(&w, behind(&w, IPPROTO_MH_, mobility, 8)), DROP_PROTO);
	assert_int_equal(w.n_out, 0);
	world6_fini(&w);
}

/* An error about the first part of what a guest has sent in pieces. */
static void errors_about_fragments_come_in(void **state)
{
	uint8_t data[DATA], error[8 + IP6_HLEN + 8 + 8] = {ICMP6_UNREACH, ICMP6_PORT_UNREACH};
	struct nat6_inner inner;
	struct nat6_view v;
	struct world6 w;

	(void)state;
	world6_init(&w);
	datagram(data, GUEST, 5000, PEER, 7000);
	assert_int_equal(inside6(&w, part(&w, data, GUEST, PEER, 1, 0)), DROP_NONE);
	memcpy(error + 8, w.out[0]->data + ETH_HLEN_, sizeof(error) - 8);
	assert_int_equal(outside6(&w, make6(&w, "2001:db8:77::1", OWN, IPPROTO_ICMP6_, error,
					    sizeof(error), 2)),
			 DROP_NONE);
	parse6(w.in[0], &v);
	assert_int_equal(nat6_inner(&v, &inner), DROP_NONE);
	assert_int_equal(ntohs(inner.sport), 5000);
	assert_memory_equal(inner.ip->src, ip6(GUEST).b, 16);
	world6_fini(&w);
}

/* ---- guest to guest -------------------------------------------------------------------------- */

static struct pkt *other(struct pkt *p)
{
	((struct eth_hdr *)(void *)p->data)->src = OTHER_MAC;
	return p;
}

static void hairpin_has_the_outside_source(void **state)
{
	struct nat6_view v;
	uint16_t a, b;
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, udp6(&w, GUEST, 5000, PEER, 7000)), DROP_NONE);
	assert_int_equal(inside6(&w, other(udp6(&w, "fd00:1::8", 6000, PEER, 7000))), DROP_NONE);
	parse6(w.out[0], &v);
	a = ntohs(v.sport);
	parse6(w.out[1], &v);
	b = ntohs(v.sport);
	assert_int_equal(inside6(&w, udp6(&w, GUEST, 5000, OWN, b)), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	assert_int_equal(w.n_in, 1);
	parse6(w.in[0], &v);
	assert_memory_equal(v.ip->src, ip6(OWN).b, 16);
	assert_memory_equal(v.ip->dst, ip6("fd00:1::8").b, 16);
	assert_int_equal(ntohs(v.sport), a);
	assert_int_equal(ntohs(v.dport), 6000);
	assert_true(mac_equal(&((struct eth_hdr *)(void *)w.in[0]->data)->dst, &OTHER_MAC));
	/* What nobody has there is the host's, which is reached by its leg. */
	assert_int_equal(inside6(&w, udp6(&w, GUEST, 5000, OWN, 22)), DROP_MODE);
	world6_fini(&w);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void limits_count_the_guest_not_its_addresses(void **state)
{
	static const char *const mine[] = {"fd00:1::9", "fd00:1::1:9", "fd00:1::2:9"};
	struct world6 w;
	unsigned int n = 0;

	(void)state;
	world6_init(&w);
	w.six->table.set.max_guest = 10;
	for (uint16_t i = 0; i < 30; i++) {
		n += inside6(&w, udp6(&w, mine[i % 3], (uint16_t)(5000 + i), PEER, 7000)) ==
		     DROP_NONE;
		world6_clear(&w);
	}
	assert_int_equal(n, 10);
	assert_int_equal(inside6(&w, other(udp6(&w, "fd00:1::8", 6000, PEER, 7000))), DROP_NONE);
	world6_fini(&w);
}

static void the_table_has_another_size(void **state)
{
	struct world6 w;
	unsigned int n = 0;

	(void)state;
	world6_init(&w);
	assert_int_equal(nat6_resize(w.six, 16, w.now), 0);
	w.six->table.set.max_guest = 1000;
	for (uint16_t i = 0; i < 40; i++) {
		n += inside6(&w, udp6(&w, GUEST, (uint16_t)(5000 + i), PEER, 7000)) == DROP_NONE;
		world6_clear(&w);
	}
	/* A guest gets what is free at most: half. */
	assert_int_equal(n, 8);
	world6_fini(&w);
}

static void segments_fit_into_the_way(void **state)
{
	struct {
		struct tcp_hdr h;
		uint8_t mss[4];
	} WIRE_PACKED syn = {{htons(5), htons(80), htonl(1), 0, 6 << 4, TCP_SYN, 0, 0, 0},
			     {2, 4, 1440 >> 8, 1440 & 255}};
	struct nat6_view v;
	struct world6 w;

	(void)state;
	world6_init(&w);
	w.mtu = 1280;
	assert_int_equal(inside6(&w, make6(&w, GUEST, PEER, IPPROTO_TCP_, &syn, sizeof(syn), 16)),
			 DROP_NONE);
	parse6(w.out[0], &v);
	assert_int_equal(v.l4[22] << 8 | v.l4[23], 1280 - 60);
	world6_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_out_in_any_order),
		cmocka_unit_test(fragments_in_in_any_order),
		cmocka_unit_test(overlapping_fragments_are_dropped),
		cmocka_unit_test(copies_are_dropped_alone),
		cmocka_unit_test(fragment_floods_are_bounded),
		cmocka_unit_test(malformed_fragments_are_dropped),
		cmocka_unit_test(extension_headers_pass),
		cmocka_unit_test(headers_that_speak_of_addresses_do_not),
		cmocka_unit_test(errors_about_fragments_come_in),
		cmocka_unit_test(hairpin_has_the_outside_source),
		cmocka_unit_test(limits_count_the_guest_not_its_addresses),
		cmocka_unit_test(the_table_has_another_size),
		cmocka_unit_test(segments_fit_into_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
