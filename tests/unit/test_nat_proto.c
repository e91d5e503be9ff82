/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols without ports through the translator: one guest for each with each peer.
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
#include "lib/ipproto.h"
#include "modes/nat/nat_reset.h"
#include "tests/unit/nat_world.h"

enum { LEN = 40 };

static enum drop_reason out(struct world *w, be32 src, be32 dst, uint8_t proto)
{
	world_clear(w);
	return world_send(w, make_ip(w, src, dst, proto, LEN));
}

static enum drop_reason in(struct world *w, be32 src, uint8_t proto)
{
	world_clear(w);
	return world_receive(w, make_ip(w, src, OUTSIDE, proto, LEN));
}

/* Type and code of the ICMP error that went inside. */
static uint16_t told(const struct world *w)
{
	return w->n_in == 1 ? (uint16_t)(l4_of(w->in[0])[0] << 8 | l4_of(w->in[0])[1]) : 0;
}

static void every_protocol_passes_both_ways(void **state)
{
	struct world w;
	uint8_t sent[LEN];

	(void)state;
	world_init(&w, NULL);
	for (unsigned int proto = 0; proto < 256; proto++) {
		struct pkt *p;

		if (proto == IPPROTO_TCP_ || proto == IPPROTO_UDP_ || proto == IPPROTO_ICMP_ ||
		    proto == IPPROTO_UDPLITE_)
			continue;
		world_clear(&w);
		p = make_ip(&w, GUEST_A, PEER_1, (uint8_t)proto, LEN);
		memcpy(sent, l4_of(p), LEN);
		assert_int_equal(world_send(&w, p), DROP_NONE);
		assert_int_equal(w.n_out, 1);
		assert_int_equal(ip_of(w.out[0])->src, OUTSIDE);
		assert_int_equal(ip_of(w.out[0])->ttl, 63);
		assert_memory_equal(l4_of(w.out[0]), sent, LEN);
		assert_int_equal(in(&w, PEER_1, (uint8_t)proto), DROP_NONE);
		assert_int_equal(w.n_in, 1);
		assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
		assert_memory_equal(l4_of(w.in[0]), sent, LEN);
		assert_int_equal(in(&w, PEER_2, (uint8_t)proto), DROP_NO_MAPPING);
	}
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void one_guest_for_each_peer(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_GRE_), DROP_NONE);
	assert_int_equal(out(&w, GUEST_B, PEER_1, IPPROTO_GRE_), DROP_PROTO_TAKEN);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(told(&w), 3 << 8 | 13);
	/* Another peer, another protocol: nobody's. */
	assert_int_equal(out(&w, GUEST_B, PEER_2, IPPROTO_GRE_), DROP_NONE);
	assert_int_equal(out(&w, GUEST_B, PEER_1, IPPROTO_ESP_), DROP_NONE);
	assert_int_equal(in(&w, PEER_2, IPPROTO_GRE_), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_B);
	assert_int_equal(in(&w, PEER_1, IPPROTO_GRE_), DROP_NONE);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	world_fini(&w);
}

static bool the_hosts(void *ctx, uint8_t proto, be32 peer)
{
	(void)ctx;
	return !(proto == IPPROTO_GRE_ && peer == PEER_1);
}

static void what_the_host_uses_is_the_hosts(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	w.ext->pair_free = the_hosts;
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_GRE_), DROP_PROTO_HOST);
	assert_int_equal(told(&w), 3 << 8 | 13);
	assert_int_equal(out(&w, GUEST_A, PEER_2, IPPROTO_GRE_), DROP_NONE);
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_ESP_), DROP_NONE);
	world_fini(&w);
}

static void it_ends_when_nothing_goes_out(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	struct world w;

	(void)state;
	set.other_ms = 10000;
	world_init(&w, &set);
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_ESP_), DROP_NONE);
	world_step(&w, 8000);
	/* RFC 4787 REQ-6: what comes in does not keep it. */
	assert_int_equal(in(&w, PEER_1, IPPROTO_ESP_), DROP_NONE);
	world_step(&w, 4000);
	assert_int_equal(in(&w, PEER_1, IPPROTO_ESP_), DROP_NO_MAPPING);
	assert_int_equal(out(&w, GUEST_B, PEER_1, IPPROTO_ESP_), DROP_NONE);
	world_fini(&w);
}

/* Whatever the rule of mapping is, here it is one for each peer. */
static void with_every_rule_of_mapping(void **state)
{
	(void)state;
	for (enum nat_kind kind = NAT_ENDPOINT; kind <= NAT_ADDRESS_PORT; kind++) {
		struct nat_settings set = NAT_SETTINGS_DEFAULT;
		struct world w;

		set.mapping = set.filter = kind;
		world_init(&w, &set);
		assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_SCTP_), DROP_NONE);
		assert_int_equal(out(&w, GUEST_A, PEER_2, IPPROTO_SCTP_), DROP_NONE);
		assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_SCTP_), DROP_NONE);
		assert_int_equal(w.nat->table.n_mappings, 2);
		assert_int_equal(w.nat->table.n_sessions, 2);
		assert_int_equal(out(&w, GUEST_B, PEER_2, IPPROTO_SCTP_), DROP_PROTO_TAKEN);
		world_fini(&w);
	}
}

static void errors_are_translated_with_what_they_quote(void **state)
{
	struct world w;
	struct pkt *quoted;
	const struct ip4_hdr *inner;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_GRE_), DROP_NONE);
	quoted = pkt_get(w.out[0]);
	world_clear(&w);
	assert_int_equal(world_receive(&w, make_error(&w, ROUTER, OUTSIDE, 3, 2, quoted, 28)),
			 DROP_NONE);
	inner = (const void *)(l4_of(w.in[0]) + 8);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(inner->src, GUEST_A);
	assert_int_equal(csum_ip4(inner, 20), 0);
	pkt_put(quoted);

	/* And the guest's own, about what came to it. */
	assert_int_equal(in(&w, PEER_1, IPPROTO_GRE_), DROP_NONE);
	quoted = pkt_get(w.in[0]);
	world_clear(&w);
	assert_int_equal(world_send(&w, make_error(&w, GUEST_A, PEER_1, 3, 2, quoted, 28)),
			 DROP_NONE);
	inner = (const void *)(l4_of(w.out[0]) + 8);
	assert_int_equal(ip_of(w.out[0])->src, OUTSIDE);
	assert_int_equal(inner->dst, OUTSIDE);
	assert_int_equal(csum_ip4(inner, 20), 0);
	assert_int_equal(w.n_bad, 0);
	pkt_put(quoted);
	world_fini(&w);
}

static struct pkt *make_lite(struct world *w, be32 src, be32 dst, uint16_t coverage)
{
	struct pkt *p = make_ip(w, src, dst, IPPROTO_UDPLITE_, LEN);
	struct udp_hdr *lite = (void *)l4_of(p);

	*lite = (struct udp_hdr){htons(5000), htons(7), htons(coverage), 0};
	lite->csum = csum_fold(csum_add(csum_pseudo4(src, dst, IPPROTO_UDPLITE_, LEN), lite,
					coverage ? coverage : LEN));
	return p;
}

/* The world checks the sum of each that leaves. */
static void udplite_keeps_its_checksum(void **state)
{
	static const uint16_t coverages[] = {0, 8, 20, LEN};
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(coverages); i++) {
		world_clear(&w);
		assert_int_equal(world_send(&w, make_lite(&w, GUEST_A, PEER_1, coverages[i])),
				 DROP_NONE);
		assert_true(sums_hold(w.out[0]));
		assert_int_equal(port_of(w.out[0], 0), 5000);
		assert_int_equal(world_receive(&w, make_lite(&w, PEER_1, OUTSIDE, coverages[i])),
				 DROP_NONE);
		assert_true(sums_hold(w.in[0]));
	}
	assert_int_equal(world_send(&w, make_lite(&w, GUEST_A, PEER_1, 7)), DROP_BAD_L4);
	assert_int_equal(world_send(&w, make_lite(&w, GUEST_A, PEER_1, LEN + 1)), DROP_BAD_L4);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static void sctp_is_finished_when_a_card_should_have(void **state)
{
	struct world w;
	struct pkt *p;
	uint32_t crc, want;

	(void)state;
	/* RFC 3720 B.4: the check value of CRC32c. */
	assert_int_equal(csum_crc32c("123456789", 9), 0xe3069283);
	world_init(&w, NULL);
	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_SCTP_, LEN);
	memset(l4_of(p) + 8, 0, 4);
	want = htole32(csum_crc32c(l4_of(p), LEN));
	memset(l4_of(p) + 8, 0x55, 4);
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = htole16((uint16_t)(l4_of(p) - p->data));
	p->vnet.csum_offset = htole16(8);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	memcpy(&crc, l4_of(w.out[0]) + 8, 4);
	assert_int_equal(crc, want);
	assert_false(pkt_needs_csum(w.out[0]));
	world_fini(&w);
}

/* A tunnel's inner checksum is finished, a lying header is refused. */
static void offload_headers_of_other_protocols(void **state)
{
	struct world w;
	struct pkt *p;

	(void)state;
	world_init(&w, NULL);
	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 64);
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	memset(l4_of(p) + 24 + 16, 0, 2);
	p->vnet.csum_start = htole16(ETH_HLEN_ + 20 + 4 + 20);
	p->vnet.csum_offset = htole16(16);
	assert_int_equal(world_send(&w, p), DROP_NONE);
	assert_false(pkt_needs_csum(w.out[0]));
	assert_int_equal(csum_fold(csum_add(0, l4_of(w.out[0]) + 24, 40)), 0);

	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 64);
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = htole16(ETH_HLEN_);
	p->vnet.csum_offset = htole16(16);
	assert_int_equal(world_send(&w, p), DROP_BAD_VNET_HDR);
	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 64);
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = htole16(ETH_HLEN_ + 60);
	p->vnet.csum_offset = htole16(100);
	assert_int_equal(world_send(&w, p), DROP_BAD_VNET_HDR);
	p = make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 64);
	p->vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	p->vnet.gso_size = htole16(16);
	assert_int_equal(world_send(&w, p), DROP_GSO_UNSUPPORTED);
	world_fini(&w);
}

static void what_can_not_be_one_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_int_equal(world_send(&w, make_ip(&w, GUEST_A, PEER_1, IPPROTO_SCTP_, 11)),
			 DROP_BAD_L4);
	assert_int_equal(world_send(&w, make_ip(&w, GUEST_A, PEER_1, IPPROTO_GRE_, 3)),
			 DROP_BAD_L4);
	assert_int_equal(world_send(&w, make_ip(&w, GUEST_A, PEER_1, IPPROTO_ESP_, 7)),
			 DROP_BAD_L4);
	assert_int_equal(world_send(&w, make_ip(&w, GUEST_A, PEER_1, IPPROTO_UDPLITE_, 7)),
			 DROP_BAD_L4);
	assert_int_equal(w.nat->table.n_mappings, 0);
	/* By the outside address from inside: nobody is there who could be meant. */
	assert_int_equal(out(&w, GUEST_A, OUTSIDE, IPPROTO_GRE_), DROP_MODE);
	world_fini(&w);
}

static void fragments_pass(void **state)
{
	struct world w;
	struct pkt *first, *second;

	(void)state;
	world_init(&w, NULL);
	/* Out, the second piece first. */
	first = make_ip(&w, GUEST_A, PEER_1, IPPROTO_ESP_, LEN);
	set_frag(first, IP4_MF, 77);
	second = make_ip(&w, GUEST_A, PEER_1, IPPROTO_ESP_, LEN);
	set_frag(second, LEN / 8, 77);
	assert_int_equal(world_send(&w, second), DROP_NONE);
	assert_int_equal(w.n_out, 0);
	assert_int_equal(world_send(&w, first), DROP_NONE);
	assert_int_equal(w.n_out, 2);
	assert_int_equal(ip_of(w.out[0])->id, ip_of(w.out[1])->id);
	assert_int_equal(ip_of(w.out[1])->src, OUTSIDE);
	/* And in. */
	world_clear(&w);
	first = make_ip(&w, PEER_1, OUTSIDE, IPPROTO_ESP_, LEN);
	set_frag(first, IP4_MF, 78);
	second = make_ip(&w, PEER_1, OUTSIDE, IPPROTO_ESP_, LEN);
	set_frag(second, LEN / 8, 78);
	assert_int_equal(world_receive(&w, second), DROP_NONE);
	assert_int_equal(world_receive(&w, first), DROP_NONE);
	assert_int_equal(w.n_in, 2);
	assert_int_equal(ip_of(w.in[0])->dst, GUEST_A);
	assert_int_equal(ip_of(w.in[1])->dst, GUEST_A);
	assert_int_equal(w.n_bad, 0);
	world_fini(&w);
}

static unsigned int claims;

static int claim(void *ctx, uint16_t number, uint8_t proto, be32 peer)
{
	(void)ctx;
	(void)number;
	(void)proto;
	(void)peer;
	return claims++ < 1000 ? 0 : -1;
}

static void unclaim(void *ctx, uint16_t number, uint8_t proto, be32 peer)
{
	(void)ctx;
	(void)number;
	(void)proto;
	(void)peer;
	claims--;
}

/* One guest gets half of the pairs, another half of the rest; each is given back once. */
static void a_greedy_guest_leaves_room(void **state)
{
	unsigned int a = 0, b = 0;
	struct world w;

	(void)state;
	claims = 0;
	world_init(&w, NULL);
	w.ext->pair_claim = claim;
	w.ext->pair_unclaim = unclaim;
	for (uint32_t i = 0; i < 2 * NAT_PAIRS; i++)
		a += out(&w, GUEST_A, htonl(0xcb007100 + i), IPPROTO_GRE_) == DROP_NONE;
	assert_int_equal(a, NAT_PAIRS / 2);
	for (uint32_t i = 0; i < 2 * NAT_PAIRS; i++)
		b += out(&w, GUEST_B, htonl(0xcb008000 + i), IPPROTO_GRE_) == DROP_NONE;
	assert_int_equal(b, NAT_PAIRS / 4);
	assert_int_equal(claims, a + b);
	assert_int_equal(in(&w, htonl(0xcb007103), IPPROTO_GRE_), DROP_NONE);
	world_step(&w, NAT_SETTINGS_DEFAULT.other_ms + 5000);
	assert_int_equal(claims, 0);
	assert_int_equal(w.ext->pairs.n, 0);
	assert_int_equal(w.nat->table.n_mappings, 0);
	world_fini(&w);
}

static int no_claim(void *ctx, uint16_t number, uint8_t proto, be32 peer)
{
	(void)ctx;
	(void)number;
	(void)proto;
	(void)peer;
	return -1;
}

static void what_can_not_be_guarded_is_not_made(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	w.ext->pair_claim = no_claim;
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_GRE_), DROP_TABLE_FULL);
	assert_int_equal(w.nat->table.n_mappings, 0);
	assert_int_equal(w.ext->pairs.n, 0);
	w.ext->pair_claim = NULL;
	assert_int_equal(out(&w, GUEST_A, PEER_1, IPPROTO_GRE_), DROP_NONE);
	world_fini(&w);
}

static void the_guest_is_told_that_the_way_is_gone(void **state)
{
	static const uint8_t protos[] = {IPPROTO_GRE_, IPPROTO_SCTP_, IPPROTO_UDPLITE_};
	struct world w;
	unsigned int n = 0;

	(void)state;
	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
		world_clear(&w);
		if (protos[i] == IPPROTO_UDPLITE_)
			n += world_send(&w, make_lite(&w, GUEST_A, PEER_1, 8)) == DROP_NONE;
		else
			n += out(&w, GUEST_A, PEER_1, protos[i]) == DROP_NONE;
	}
	assert_int_equal(n, 3);
	world_clear(&w);
	nat_tell_ext_gone(w.nat, w.ext, w.now);
	assert_int_equal(w.n_in, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(l4_of(w.in[i])[0] << 8 | l4_of(w.in[i])[1], 3 << 8 | 1);
	assert_int_equal(nat_drop_ext(w.nat, w.ext, w.now), 3);
	assert_int_equal(w.ext->pairs.n, 0);
	world_fini(&w);
}

static void words(void **state)
{
	char text[IP_PROTO_STR];

	(void)state;
	for (unsigned int proto = 0; proto < 256; proto++)
		assert_int_equal(ip_proto_parse(ip_proto_text((uint8_t)proto, text)), proto);
	assert_string_equal(ip_proto_text(47, text), "gre");
	assert_string_equal(ip_proto_text(200, text), "ip-200");
	assert_int_equal(ip_proto_parse("ip-256"), -1);
	assert_int_equal(ip_proto_parse("ip-"), -1);
	assert_int_equal(ip_proto_parse("ip--1"), -1);
	assert_int_equal(ip_proto_parse("tcp"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_protocol_passes_both_ways),
		cmocka_unit_test(one_guest_for_each_peer),
		cmocka_unit_test(what_the_host_uses_is_the_hosts),
		cmocka_unit_test(it_ends_when_nothing_goes_out),
		cmocka_unit_test(with_every_rule_of_mapping),
		cmocka_unit_test(errors_are_translated_with_what_they_quote),
		cmocka_unit_test(udplite_keeps_its_checksum),
		cmocka_unit_test(sctp_is_finished_when_a_card_should_have),
		cmocka_unit_test(offload_headers_of_other_protocols),
		cmocka_unit_test(what_can_not_be_one_is_refused),
		cmocka_unit_test(fragments_pass),
		cmocka_unit_test(a_greedy_guest_leaves_room),
		cmocka_unit_test(what_can_not_be_guarded_is_not_made),
		cmocka_unit_test(the_guest_is_told_that_the_way_is_gone),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
