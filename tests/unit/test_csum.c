/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "lib/csum.h"
#include "tests/unit/frames.h"
#include "tests/unit/unit.h"

static uint8_t text[70000];

static void fill(unsigned int seed)
{
	srand(seed);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)rand();
}

static void any_length_and_address(void **state)
{
	(void)state;
	fill(1);
	for (size_t len = 0; len < 600; len++)
		for (size_t at = 0; at < 3; at++)
			assert_int_equal(csum_fold(csum_add(0, text + at, len)),
					 htons((uint16_t)~ref_sum(text + at, len, 0)));
	assert_int_equal(csum_fold(csum_add(0, text, 65535)),
			 htons((uint16_t)~ref_sum(text, 65535, 0)));
}

/* All ones is where carries get lost. */
static void all_ones(void **state)
{
	(void)state;
	memset(text, 0xff, sizeof(text));
	for (size_t len = 2; len < sizeof(text); len = len * 3 / 2 + 1)
		assert_int_equal(csum_fold(csum_add(0xffffffff, text, len & ~1ul)), 0);
}

static void pieces_add_up(void **state)
{
	(void)state;
	fill(2);
	for (size_t cut = 0; cut <= 1500; cut += 2) {
		uint32_t sum = csum_add(0, text, cut);

		assert_int_equal(csum_fold(csum_add(sum, text + cut, 1500 - cut)),
				 csum_fold(csum_add(0, text, 1500)));
	}
}

static void ip4_header(void **state)
{
	/* The example of RFC 1071's readers: a header whose checksum is b861. */
	static uint8_t header[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
				     0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	struct ip4_hdr *ip = (void *)header;

	(void)state;
	ip->csum = csum_ip4(ip, 20);
	assert_int_equal(ip->csum, htons(0xb861));
	assert_int_equal(csum_ip4(ip, 20), 0);
}

static void pseudo_headers(void **state)
{
	uint8_t ip[40] = {0};
	be32 src, dst;

	(void)state;
	frame_ip4(ip, 6, 40);
	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	assert_int_equal(csum_fold(csum_pseudo4(src, dst, 6, 1234)),
			 htons((uint16_t)~ref_pseudo(ip, false, 6, 1234)));
	memset(ip, 0, sizeof(ip));
	frame_ip6(ip, 17, 100, 0);
	assert_int_equal(csum_fold(csum_pseudo6(ip + 8, ip + 24, 17, 70000)),
			 htons((uint16_t)~ref_pseudo(ip, true, 17, 70000)));
}

/* RFC 1624 4: HC = 0xdd2f, m = 0x5555, m' = 0x3285 gives 0x0000, not 0xffff. */
static void rfc1624_example(void **state)
{
	be16 csum = htons(0xdd2f);

	(void)state;
	csum_update16(&csum, htons(0x5555), htons(0x3285));
	assert_int_equal(csum, 0);
}

static void updates_agree_with_a_new_sum(void **state)
{
	(void)state;
	fill(3);
	for (int i = 0; i < 5000; i++) {
		size_t at = (size_t)rand() % 30 * 2;
		be32 from32, to32 = (be32)rand();
		be16 csum = csum_fold(csum_add(0, text, 64)), from16, to16 = (be16)rand();
		be16 partial = (be16)~csum;

		memcpy(&from32, text + at, 4);
		memcpy(text + at, &to32, 4);
		csum_update32(&csum, from32, to32);
		csum_partial_update32(&partial, from32, to32);
		assert_int_equal(csum, csum_fold(csum_add(0, text, 64)));
		assert_int_equal(partial, (be16)~csum);

		memcpy(&from16, text + at, 2);
		memcpy(text + at, &to16, 2);
		csum_update16(&csum, from16, to16);
		assert_int_equal(csum, csum_fold(csum_add(0, text, 64)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_length_and_address),
		cmocka_unit_test(all_ones),
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(ip4_header),
		cmocka_unit_test(pseudo_headers),
		cmocka_unit_test(rfc1624_example),
		cmocka_unit_test(updates_agree_with_a_new_sum),
	};

	return cmocka_run_group_tests_name("csum", tests, NULL, NULL);
}
