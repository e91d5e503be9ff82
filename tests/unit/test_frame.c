/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/frame.h"
#include "tests/unit/build.h"
#include "tests/unit/unit.h"

static struct frame parsed(const struct build *b)
{
	struct frame f;

	frame_parse(b->b, b->len, &f);
	return f;
}

static void ethernet_and_tags(void **state)
{
	struct build b = build_eth("88b5 01");
	struct frame f = parsed(&b);

	(void)state;
	assert_int_equal(f.bad, FRAME_OK);
	assert_int_equal(f.type, 0x88b5);
	b = build_eth("88a8 0064 8100 2005 0806");
	f = parsed(&b);
	assert_int_equal(f.bad, FRAME_BAD_ARP);
	assert_int_equal(f.tags, 2);
	assert_int_equal(f.tci[0], 100);
	assert_int_equal(f.tci[1], 0x2005);
	assert_int_equal(f.l3, 22);
	b = build_eth("8100 0001 8100 0002 8100 0003 0800");
	assert_int_equal(parsed(&b).bad, FRAME_DEEP);
	b = build_eth("8100 00");
	assert_int_equal(parsed(&b).bad, FRAME_BAD_ETH);
	b.len = 13;
	assert_int_equal(parsed(&b).bad, FRAME_BAD_ETH);
}

static void arp(void **state)
{
	struct build b = build_arp("0001", MAC_2, "0a000005");
	struct frame f = parsed(&b);

	(void)state;
	assert_int_equal(f.bad, FRAME_OK);
	assert_int_equal(f.l3_kind, L3_ARP);
	assert_int_equal(ip_addr_get4(&f.src), htonl(0x0a000005));
	assert_int_equal(frame_arp_hdr(&f)->sha.b[5], 2);
	for (size_t at = 14; at < 20; at++) { /* what kind of addresses it says it has */
		b.b[at] ^= 1;
		assert_int_equal(parsed(&b).bad, FRAME_BAD_ARP);
		b.b[at] ^= 1;
	}
	for (b.len--; b.len >= 14; b.len--)
		assert_int_equal(parsed(&b).bad, FRAME_BAD_ARP);
}

static void ip4(void **state)
{
	struct build b = build_ip4("11", "0a000005", "0000", UDP_68);
	struct frame f = parsed(&b);

	(void)state;
	assert_int_equal(f.bad, FRAME_OK);
	assert_true(f.has_l4 && !f.fragment);
	assert_int_equal(f.sport, 68);
	assert_int_equal(f.dport, 67);
	b.len += 8; /* padding */
	assert_int_equal(parsed(&b).end, b.len - 8);
	b.b[14] = 0x44;
	assert_int_equal(parsed(&b).bad, FRAME_BAD_IP);
	b.b[14] = 0x4f; /* options longer than the packet */
	assert_int_equal(parsed(&b).bad, FRAME_BAD_IP);
	b.b[14] = 0x65;
	assert_int_equal(parsed(&b).bad, FRAME_BAD_IP);
	b = build_ip4("11", "0a000005", "0000", "0044 0043 000d 0000 61626364");
	f = parsed(&b); /* a UDP length beyond the end: the ports are known all the same */
	assert_int_equal(f.bad, FRAME_BAD_L4);
	assert_true(f.has_l4);
}

static void ip4_fragments(void **state)
{
	struct build b = build_ip4("11", "0a000005", "2000", UDP_67);
	struct frame f = parsed(&b);

	(void)state;
	assert_true(f.fragment && f.has_l4 && f.sport == 67);
	b = build_ip4("11", "0a000005", "2000", "0043 0044 00");
	f = parsed(&b);
	assert_int_equal(f.bad, FRAME_BAD_L4);
	assert_false(f.has_l4);
	b = build_ip4("11", "0a000005", "0001", UDP_67);
	f = parsed(&b);
	assert_true(f.fragment && !f.has_l4);
	assert_int_equal(f.frag_off, 8);
	assert_int_equal(f.bad, FRAME_OK);
}

static void ip6_chain(void **state)
{
	struct build b = build_ip6("00", LL_1,
				   "3c 00 0104 00000000 2b 01 00000000 0000 00000000 "
				   "00000000 3a 00 0104 00000000" RA);
	struct frame f = parsed(&b);

	(void)state;
	/* Hop-by-hop, destination options, and a routing header's worth of them. */
	assert_int_equal(f.bad, FRAME_OK);
	assert_int_equal(f.proto, IPPROTO_ICMP6_);
	assert_int_equal(f.icmp_type, ND_RA);
	assert_true(frame_is_nd(&f));
	assert_null(frame_nd_option(&f, NULL));
	b = build_ip6("3a", LL_1, RA "01 01" MAC_1 "05 01 0000 000005dc");
	f = parsed(&b);
	assert_int_equal(frame_nd_option(&f, NULL)->type, ND_OPT_SOURCE_LL);
	assert_int_equal(frame_nd_option(&f, NULL)->value[5], 1);
	assert_int_equal(frame_nd_option(&f, frame_nd_option(&f, NULL))->type, 5);
	b = build_ip6("3a", LL_1, RA "01 00" MAC_1);
	assert_int_equal(parsed(&b).bad, FRAME_BAD_L4); /* length 0 */
	b = build_ip6("3a", LL_1, RA "01 02" MAC_1);
	assert_int_equal(parsed(&b).bad, FRAME_BAD_L4); /* over the end */
}

static void ip6_fragments(void **state)
{
	struct build b = build_ip6("2c", LL_1, "3a 00 0001 00000009" RA);
	struct frame f = parsed(&b);

	(void)state;
	assert_true(f.fragment && f.icmp_type == ND_RA);
	b = build_ip6("2c", LL_1, "3a 00 0000 00000009" RA);
	f = parsed(&b); /* atomic: RFC 6946 */
	assert_true(!f.fragment && f.icmp_type == ND_RA);
	b = build_ip6("2c", LL_1, "3c 00 0001 00000009"); /* the chain goes on elsewhere */
	f = parsed(&b);
	assert_int_equal(f.bad, FRAME_BAD_IP);
	b = build_ip6("2c", LL_1, "3a 00 0009 00000009" RA);
	f = parsed(&b);
	assert_int_equal(f.frag_off, 8);
	assert_false(f.has_l4);
}

static void deep(void **state)
{
	struct build b = build_ip6("3c", LL_1, "");
	struct frame f;

	(void)state;
	for (int i = 0; i < FRAME_EXT_MAX; i++)
		build_hex(&b,
			  i == FRAME_EXT_MAX - 1 ? "3a 00 0104 00000000" : "3c 00 0104 00000000");
	build_hex(&b, RA);
	build_set16(&b, 18, b.len - 54);
	f = parsed(&b);
	assert_int_equal(f.bad, FRAME_OK);
	assert_int_equal(f.icmp_type, ND_RA);
	b = build_ip6("3c", LL_1, "");
	for (int i = 0; i <= FRAME_EXT_MAX; i++)
		build_hex(&b, "3c 00 0104 00000000");
	build_set16(&b, 18, b.len - 54);
	assert_int_equal(parsed(&b).bad, FRAME_DEEP);
}

/* Every frame cut at every byte: nothing is read behind the end (the sanitizer looks on). */
static void cut_anywhere(void **state)
{
	struct build all[] = {
		build_ip4("11", "0a000005", "0000", UDP_68),
		build_ip6("00", LL_1, "3a 00 0104 00000000" RA "01 01" MAC_1),
		build_arp("0002", MAC_1, "0a000005"),
		build_eth("88a8 0064 8100 2005 0800 45"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t len = 0; len < all[i].len; len++) {
			uint8_t *cut = malloc(len ? len : 1);
			struct frame f;

			memcpy(cut, all[i].b, len);
			assert_int_not_equal(frame_parse(cut, len, &f), FRAME_OK);
			free(cut);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethernet_and_tags),
		cmocka_unit_test(arp),
		cmocka_unit_test(ip4),
		cmocka_unit_test(ip4_fragments),
		cmocka_unit_test(ip6_chain),
		cmocka_unit_test(ip6_fragments),
		cmocka_unit_test(deep),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
