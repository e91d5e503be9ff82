/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator against the requirements of RFC 5382 and 7857, TCP; forgery; forwards. The names
 * begin with the row of the conformance matrix that they prove.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/nat/nat_reset.h"
#include "tests/unit/nat_world.h"

static void t4_unsolicited_syn_is_dropped_in_silence(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(tcp_in(&w, 61001, TCP_SYN), DROP_NO_MAPPING);
	port = tcp_established(&w, 5000);
	world_clear(&w);
	assert_int_equal(world_receive(&w, make_tcp(&w, back(PEER_2, 80, port), TCP_SYN, 0)),
			 DROP_FILTERED);
	assert_int_equal(w.n_in + w.n_out, 0);
	world_fini(&w);
}

static void t5_established_lives_2_h_4_min(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = tcp_established(&w, 5000);
	world_step(&w, 7439000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NONE);
	world_step(&w, 7439000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NONE);
	world_step(&w, 7441000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NO_MAPPING);
	world_fini(&w);
}

static void t5_opening_and_closing_live_4_min(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = tcp_out(&w, a_to(PEER_1, 5000, 80), TCP_SYN);
	world_step(&w, 239000);
	assert_int_equal(tcp_in(&w, port, TCP_SYN | TCP_ACK), DROP_NONE);
	assert_int_equal(tcp_in(&w, port, TCP_FIN | TCP_ACK), DROP_NONE);
	world_step(&w, 3600000); /* half closed is still open */
	assert_int_equal(tcp_out(&w, a_to(PEER_1, 5000, 80), TCP_FIN | TCP_ACK), port);
	world_step(&w, 239000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NONE);
	world_step(&w, 2000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NO_MAPPING);
	world_fini(&w);
}

static void t11_rst_is_forwarded_and_state_kept(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = tcp_established(&w, 5000);
	world_clear(&w);
	assert_int_equal(tcp_in(&w, port, TCP_RST), DROP_NONE);
	assert_int_equal(w.n_in, 1);
	world_step(&w, 239000);
	/* It was forged: the connection goes on and lives long again. */
	assert_int_equal(tcp_out(&w, a_to(PEER_1, 5000, 80), TCP_ACK), port);
	world_step(&w, 3600000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NONE);
	assert_int_equal(tcp_in(&w, port, TCP_RST), DROP_NONE);
	world_step(&w, 241000);
	assert_int_equal(tcp_in(&w, port, TCP_ACK), DROP_NO_MAPPING);
	world_fini(&w);
}

static void segment_of_no_session_is_reset(void **state)
{
	struct world w;
	struct tcp_hdr *tcp;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(tcp_out(&w, a_to(PEER_1, 5000, 80), TCP_RST), 0);
	assert_int_equal(w.n_in, 0);
	p = make_tcp(&w, a_to(PEER_1, 5000, 80), TCP_ACK, 10);
	tcp = (void *)l4_of(p);
	tcp->csum = 0;
	tcp->ack = htonl(77777);
	tcp->csum = csum_fold(csum_add(csum_pseudo4(GUEST_A, PEER_1, 6, 30), tcp, 30));
	assert_int_equal(world_send(&w, p), DROP_NO_MAPPING);
	assert_int_equal(w.nat->table.n_mappings, 0);
	assert_int_equal(w.n_in, 1);
	tcp = (void *)l4_of(w.in[0]);
	assert_int_equal(tcp->flags, TCP_RST);
	assert_int_equal(ntohl(tcp->seq), 77777);
	assert_int_equal(ip_of(w.in[0])->src, PEER_1);
	assert_int_equal(w.n_bad, 0);
	/* Also without a way out, where a SYN is answered by ICMP. */
	world_clear(&w);
	w.no_route = DROP_NO_ROUTE;
	world_send(&w, make_tcp(&w, a_to(PEER_1, 5000, 80), TCP_ACK | TCP_FIN, 0));
	world_send(&w, make_tcp(&w, a_to(PEER_1, 5000, 80), TCP_SYN, 0));
	assert_int_equal(w.n_in, 2);
	assert_int_equal(ip_of(w.in[0])->proto, IPPROTO_TCP_);
	assert_int_equal(ip_of(w.in[1])->proto, IPPROTO_ICMP_);
	world_fini(&w);
}

static void guests_are_told_that_the_way_out_is_gone(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	tcp_established(&w, 5000);
	assert_int_equal(world_send(&w, make_udp(&w, a_to(PEER_2, 6000, 7), 10)), DROP_NONE);
	world_clear(&w);
	nat_tell_ext_gone(w.nat, w.ext, w.now);
	assert_int_equal(w.n_in, 2);
	for (unsigned int i = 0; i < w.n_in; i++) {
		bool tcp = ip_of(w.in[i])->proto == IPPROTO_TCP_;
		const uint8_t *l4 = l4_of(w.in[i]);

		assert_int_equal(ip_of(w.in[i])->dst, GUEST_A);
		assert_int_equal(ip_of(w.in[i])->src, tcp ? PEER_1 : GATEWAY);
		/* A bare segment to be answered; or host unreachable about UDP from port 6000. */
		assert_int_equal(tcp ? l4[13] : l4[0], tcp ? TCP_ACK : ICMP_UNREACH_);
		assert_true(tcp || (l4[8 + 20] == 6000 >> 8 && l4[8 + 21] == (6000 & 255)));
	}
	assert_int_equal(nat_drop_ext(w.nat, w.ext, w.now), 2);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

/* A SYN that announces 1460, with @pad no-ops before, after which it announces what is returned. */
static uint16_t mss_after(struct world *w, uint32_t pad)
{
	struct pkt *p = make_tcp(w, a_to(PEER_1, (uint16_t)(5000 + pad), 80), TCP_SYN, 8);
	uint8_t *l4 = l4_of(p), option[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	uint16_t mss;

	memcpy(option + pad, (uint8_t[]){2, 4, 1460 >> 8, 1460 & 255}, 4);
	l4[12] = 7 << 4;
	memcpy(l4 + 20, option, 8);
	memset(l4 + 16, 0, 2);
	memcpy(l4 + 16, &(be16){csum_fold(csum_add(csum_pseudo4(GUEST_A, PEER_1, 6, 28), l4, 28))},
	       2);
	assert_int_equal(world_send(w, p), DROP_NONE);
	l4 = l4_of(w->out[0]);
	mss = (uint16_t)(l4[22 + pad] << 8 | l4[23 + pad]);
	assert_int_equal(w->n_bad, 0);
	world_clear(w);
	return mss;
}

static void mss_is_clamped(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(mss_after(&w, 0), 1460);
	w.mtu = 1420;
	assert_int_equal(mss_after(&w, 0), 1380);
	assert_int_equal(mss_after(&w, 1), 1380);
	world_fini(&w);
	set.mss = 1000;
	world_init(&w, &set);
	assert_int_equal(mss_after(&w, 3), 1000);
	world_fini(&w);
	set.mss = NAT_MSS_OFF;
	world_init(&w, &set);
	w.mtu = 1420;
	assert_int_equal(mss_after(&w, 0), 1460);
	world_fini(&w);
}

static void gso_passes_whole(void **state)
{
	struct world w;
	struct pkt *p;
	struct tcp_hdr *tcp;

	(void)state;
	world_init(&w, NULL);
	tcp_established(&w, 5000);
	world_clear(&w);
	p = make_tcp(&w, a_to(PEER_1, 5000, 80), TCP_ACK, 40000);
	tcp = (void *)l4_of(p);
	/* As Linux leaves it: the folded sum of the pseudo header. */
	tcp->csum = (be16)~csum_fold(csum_pseudo4(GUEST_A, PEER_1, IPPROTO_TCP_, 40020));
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	p->vnet.gso_size = htole16(1460);
	p->vnet.csum_start = htole16(34);
	p->vnet.csum_offset = htole16(16);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_int_equal(w.n_out, 1);
	assert_int_equal(w.out[0]->len, 14 + 40040);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void lying_offload_header(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 10);
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = htole16(14);
	p->vnet.csum_offset = htole16(10);
	assert_int_equal(world_send(&w, p), DROP_BAD_VNET_HDR);
	world_fini(&w);
}

static void x3_ids_of_two_guests_differ(void **state)
{
	struct world w;
	struct pkt *p;
	be16 id;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 8);
	set_frag(p, IP4_MF, 99);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	p = make_udp(&w, (struct flow){GUEST_B, PEER_1, 5000, 7}, 8);
	set_frag(p, IP4_MF, 99);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	assert_int_not_equal(ip_of(w.out[0])->id, ip_of(w.out[1])->id);
	id = ip_of(w.out[0])->id;
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 8);
	set_frag(p, 2, 99);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_int_equal(w.n_out, 3);
	assert_int_equal(ip_of(w.out[2])->id, id);
	assert_int_equal(ip_of(w.out[2])->src, OUTSIDE);
	world_fini(&w);
}

/* ---- what must not pass ---------------------------------------------------------------------- */

static void s1_spoofed_and_martian(void **state)
{
	static const struct {
		const char *src, *dst;
		enum drop_reason want;
	} rows[] = {
		{"203.0.113.9", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.1", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.2", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.254", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.0", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.255", "203.0.113.1", DROP_SPOOFED},
		{"198.51.100.2", "203.0.113.1", DROP_SPOOFED},
		{"203.0.113.1", "203.0.113.1", DROP_SPOOFED},
		{"10.0.2.128", "127.0.0.1", DROP_MARTIAN}, /* S5 */
		{"10.0.2.128", "224.0.0.1", DROP_MARTIAN},
		{"10.0.2.128", "240.0.0.1", DROP_MARTIAN},
		{"10.0.2.128", "255.255.255.255", DROP_MARTIAN},
		{"10.0.2.128", "0.0.0.0", DROP_MARTIAN},
		{"10.0.2.128", "10.0.2.129", DROP_MARTIAN},
	};
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct flow f = {ip(rows[i].src), ip(rows[i].dst), 5000, 7};

		assert_int_equal(world_send(&w, make_udp(&w, f, 4)), rows[i].want);
	}
	assert_int_equal(w.n_out + w.n_in, 0);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static void s2_outside_cannot_name_the_inside(void **state)
{
	struct world w;
	struct flow f = {PEER_1, GUEST_A, 7, 5000};

	(void)state;
	world_init(&w, NULL);
	udp_out(&w, a_to(PEER_1, 5000, 7));
	assert_int_equal(world_receive(&w, make_udp(&w, f, 4)), DROP_NOT_FOR_US);
	f = back(OUTSIDE, 7, 61000);
	assert_int_equal(world_receive(&w, make_udp(&w, f, 4)), DROP_MARTIAN);
	world_fini(&w);
}

static void s4_source_routes_are_dropped(void **state)
{
	struct world w;
	struct pkt *p;
	struct ip4_hdr *h;

	(void)state;
	world_init(&w, NULL);
	p = make_udp(&w, a_to(PEER_1, 5000, 7), 20);
	h = ip_of(p);
	h->ver_ihl = 0x47;
	memcpy(h + 1, "\x83\x07\x04\x01\x02\x03\x04\x00", 8);
	set_ttl(p, 9);
	assert_int_equal(world_send(&w, p), DROP_MARTIAN);
	world_fini(&w);
}

static void uplink_gone_ends_its_flows(void **state)
{
	struct world w;
	uint16_t port;

	(void)state;
	world_init(&w, NULL);
	port = udp_out(&w, a_to(PEER_1, 5000, 7));
	udp_out(&w, a_to(PEER_2, 5001, 7));
	assert_int_equal(nat_drop_ext(w.nat, w.ext, w.now), 2);
	assert_int_equal(w.nat->table.n_mappings, 0);
	assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 7, port), 4)),
			 DROP_NO_MAPPING);
	world_fini(&w);
}

static void forward_lets_strangers_in(void **state)
{
	struct nat_key k = {0};
	struct world w;
	int err = 0;

	(void)state;
	world_init(&w, NULL);
	k = (struct nat_key){w.ext, NAT_TCP, GUEST_A, 0, htons(80), 0};
	assert_non_null(nat_mapping_add_forward(&w.nat->table, &k, htons(8080), w.now, &err));
	assert_int_equal(world_receive(&w, make_tcp(&w, back(PEER_2, 4000, 8080), TCP_SYN, 0)),
			 DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(port_of(w.in[0], 1), 80);
	assert_int_equal(tcp_out(&w, a_to(PEER_2, 80, 4000), TCP_SYN | TCP_ACK), 8080);
	world_step(&w, 8000000);
	assert_int_equal(w.nat->table.n_sessions, 0);
	assert_int_equal(w.nat->table.n_mappings, 1);
	world_fini(&w);
}

static void two_forwards_to_one_endpoint_keep_apart(void **state)
{
	static const uint16_t doors[] = {8080, 8081};
	struct nat_key k = {0};
	struct world w;
	int err = 0;

	(void)state;
	world_init(&w, NULL);
	k = (struct nat_key){w.ext, NAT_TCP, GUEST_A, 0, htons(80), 0};
	for (int i = 0; i < 2; i++)
		assert_non_null(
			nat_mapping_add_forward(&w.nat->table, &k, htons(doors[i]), w.now, &err));
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(
			world_receive(&w, make_tcp(&w, back(PEER_2, (uint16_t)(4000 + i), doors[i]),
						   TCP_SYN, 0)),
			DROP_NONE);
	}
	for (uint16_t i = 0; i < 2; i++)
		assert_int_equal(
			tcp_out(&w, a_to(PEER_2, 80, (uint16_t)(4000 + i)), TCP_SYN | TCP_ACK),
			doors[i]);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t4_unsolicited_syn_is_dropped_in_silence),
		cmocka_unit_test(t5_established_lives_2_h_4_min),
		cmocka_unit_test(t5_opening_and_closing_live_4_min),
		cmocka_unit_test(t11_rst_is_forwarded_and_state_kept),
		cmocka_unit_test(segment_of_no_session_is_reset),
		cmocka_unit_test(guests_are_told_that_the_way_out_is_gone),
		cmocka_unit_test(mss_is_clamped),
		cmocka_unit_test(gso_passes_whole),
		cmocka_unit_test(lying_offload_header),
		cmocka_unit_test(x3_ids_of_two_guests_differ),
		cmocka_unit_test(s1_spoofed_and_martian),
		cmocka_unit_test(s2_outside_cannot_name_the_inside),
		cmocka_unit_test(s4_source_routes_are_dropped),
		cmocka_unit_test(uplink_gone_ends_its_flows),
		cmocka_unit_test(forward_lets_strangers_in),
		cmocka_unit_test(two_forwards_to_one_endpoint_keep_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
