/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 of a NAT network: what the gateway says, and what becomes of packets both ways. */
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

static void udp_there_and_back(void **state)
{
	struct nat6_view v;
	struct world6 w;
	uint16_t port;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::9", 5000, "2001:db8:9::1", 53)), DROP_NONE);
	parse6(w.out[0], &v);
	port = ntohs(v.sport);
	assert_int_equal(v.ip->hop_limit, 63);
	assert_int_equal(w.six->n_peers, 1);
	assert_int_equal(outside6(&w, udp6(&w, "2001:db8:9::1", 53, "2001:db8::1", port)),
			 DROP_NONE);
	parse6(w.in[0], &v);
	assert_int_equal(ntohs(v.dport), 5000);
	assert_true(mac_equal(&((struct eth_hdr *)(void *)w.in[0]->data)->dst, &GUEST_MAC));
	/* Strangers: another host, and a port that nobody has. */
	assert_int_equal(outside6(&w, udp6(&w, "2001:db8:9::2", 53, "2001:db8::1", port)),
			 DROP_FILTERED);
	assert_int_equal(
		outside6(&w, udp6(&w, "2001:db8:9::1", 53, "2001:db8::1", (uint16_t)(port ^ 1))),
		DROP_NO_MAPPING);
	/* The host that was spoken to, from another port: by address-dependent filtering. */
	assert_int_equal(outside6(&w, udp6(&w, "2001:db8:9::1", 54, "2001:db8::1", port)),
			 DROP_NONE);
	assert_int_equal(w.six->table.n_sessions, 2);
	assert_int_equal(nat6_drop_ext(w.six, w.ext, 3000), 2);
	assert_int_equal(w.six->n_peers, 0);
	world6_fini(&w);
}

static void sources_are_checked(void **state)
{
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, udp6(&w, "2001:db8:7::1", 1, "2001:db8:9::1", 2)),
			 DROP_SPOOFED);
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::2", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::1", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(inside6(&w, udp6(&w, "fe80::9", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::9", 1, "fd00:1::8", 2)), DROP_MARTIAN);
	assert_int_equal(w.n_out, 0);
	world6_fini(&w);
}

/* A tick ends no more than a piece, and says that there is more. */
static void a_crowd_ends_in_pieces(void **state)
{
	enum { CROWD = 100 };
	struct world6 w;
	unsigned int pieces = 1;

	(void)state;
	world6_init(&w);
	for (unsigned int i = 0; i < CROWD; i++) {
		assert_int_equal(inside6(&w, udp6(&w, "fd00:1::9", 5000, "2001:db8:9::1",
						  (uint16_t)(1000 + i))),
				 DROP_NONE);
		world6_clear(&w);
	}
	assert_int_equal(w.six->table.n_sessions, CROWD);
	w.now += w.six->table.set.udp_ms + 1000;
	while (nat6_tick(w.six, true, w.now)) {
		world6_clear(&w);
		pieces++;
	}
	assert_true(pieces > 1 && pieces < CROWD);
	assert_int_equal(w.six->table.n_sessions, 0);
	world6_fini(&w);
}

static void errors_come_in_translated(void **state)
{
	uint8_t error[8 + IP6_HLEN + 8] = {ICMP6_UNREACH, ICMP6_PORT_UNREACH};
	struct nat6_inner inner;
	struct nat6_view v;
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::9", 5000, "2001:db8:9::1", 9)), DROP_NONE);
	memcpy(error + 8, w.out[0]->data + ETH_HLEN_, IP6_HLEN + 8);
	assert_int_equal(outside6(&w, make6(&w, "2001:db8:77::1", "2001:db8::1", IPPROTO_ICMP6_,
					    error, sizeof(error), 2)),
			 DROP_NONE);
	parse6(w.in[0], &v);
	assert_int_equal(nat6_inner(&v, &inner), DROP_NONE);
	assert_int_equal(ntohs(inner.sport), 5000);
	assert_memory_equal(inner.ip->src, ip6("fd00:1::9").b, 16);
	/* The quoted packet's own checksum is right again. */
	assert_int_equal(
		csum_fold(csum_add(csum_pseudo6(inner.ip->src, inner.ip->dst, IPPROTO_UDP_, 8),
				   inner.l4, 8)),
		0);
	/* About a flow that does not exist. */
	error[8 + IP6_HLEN + 3] ^= 1;
	assert_int_equal(outside6(&w, make6(&w, "2001:db8:77::1", "2001:db8::1", IPPROTO_ICMP6_,
					    error, sizeof(error), 2)),
			 DROP_NO_MAPPING);
	world6_fini(&w);
}

static void refusals_are_answered(void **state)
{
	struct tcp_hdr tcp = {htons(5), htons(80), htonl(1), htonl(777), 5 << 4, TCP_ACK, 0, 0, 0};
	uint8_t big[1300] = {0, 5, 0, 7, 1300 >> 8, 1300 & 255};
	struct nat6_view v;
	struct world6 w;

	(void)state;
	world6_init(&w);
	assert_int_equal(inside6(&w, make6(&w, "fd00:1::9", "2001:db8:9::1", IPPROTO_TCP_, &tcp,
					   sizeof(tcp), 16)),
			 DROP_NO_MAPPING);
	parse6(w.in[0], &v);
	assert_int_equal(v.l4[13], TCP_RST);
	assert_int_equal(v.l4[7] | v.l4[6] << 8, 777);
	w.mtu = 1280;
	assert_int_equal(inside6(&w, make6(&w, "fd00:1::9", "2001:db8:9::1", IPPROTO_UDP_, big,
					   sizeof(big), 6)),
			 DROP_NEEDS_FRAG);
	parse6(w.in[1], &v);
	assert_int_equal(v.l4[0], ICMP6_TOO_BIG);
	assert_int_equal(v.l4[6] << 8 | v.l4[7], 1280);
	w.no_route = DROP_NO_ROUTE;
	assert_int_equal(inside6(&w, udp6(&w, "fd00:1::9", 5, "2001:db8:9::1", 9)), DROP_NO_ROUTE);
	parse6(w.in[2], &v);
	assert_int_equal(v.l4[0], ICMP6_UNREACH);
	world6_fini(&w);
}

static void router_is_advertised(void **state)
{
	struct world6 w;
	struct frame f;

	(void)state;
	world6_init(&w);
	nat6_tick(w.six, false, 5000);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(frame_parse(w.in[0]->data, w.in[0]->len, &f), FRAME_OK);
	assert_int_equal(f.icmp_type, ND_RA);
	/* RFC 4861 6.1.2: from a link-local address, hop limit 255. */
	assert_int_equal(w.in[0]->data[ETH_HLEN_ + 7], 255);
	assert_int_equal(f.src.b[0], 0xfe);
	/* No default router while the host has no way out; told as soon as it has. */
	assert_int_equal(w.in[0]->data[f.l4 + 6] << 8 | w.in[0]->data[f.l4 + 7], 0);
	nat6_tick(w.six, true, 9000);
	assert_int_equal(w.n_in, 2);
	assert_int_equal(w.in[1]->data[f.l4 + 6] << 8 | w.in[1]->data[f.l4 + 7], 1800);
	nat6_tick(w.six, true, 10000);
	assert_int_equal(w.n_in, 2);
	world6_fini(&w);
}

static void neighbours_are_bounded(void **state)
{
	struct mac mac = GUEST_MAC;
	struct world6 w;
	unsigned int have = 0;

	(void)state;
	world6_init(&w);
	for (unsigned int i = 0; i < 5000; i++) {
		struct ip_addr a = ip6("fd00:1::");

		a.b[14] = (uint8_t)(i >> 8);
		a.b[15] = (uint8_t)i;
		a.b[8] = 1;
		nat6_neigh_learn(w.six, &a, &mac, 1000 + i);
	}
	for (unsigned int i = 0; i < NAT6_NEIGHS; i++)
		have += w.six->neighs[i].heard_ms != 0;
	assert_in_range(have, 1, NAT6_PER_MAC);
	world6_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_there_and_back),
		cmocka_unit_test(sources_are_checked),
		cmocka_unit_test(a_crowd_ends_in_pieces),
		cmocka_unit_test(errors_come_in_translated),
		cmocka_unit_test(refusals_are_answered),
		cmocka_unit_test(router_is_advertised),
		cmocka_unit_test(neighbours_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
