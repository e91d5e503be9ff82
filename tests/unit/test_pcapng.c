/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks that are written can be read, fit or are left out whole, and no malformed one is believed.
 */
#include <string.h>

#include "lib/pcapng.h"
#include "tests/unit/unit.h"

static uint8_t buf[4096];

static struct pcapng_out out_init(size_t size)
{
	memset(buf, 0xaa, sizeof(buf));
	return (struct pcapng_out){.buf = buf, .size = size};
}

static struct pcapng_packet sample(void)
{
	static const uint8_t frame[] = "0123456789abcdef-";

	return (struct pcapng_packet){.interface = 3,
				      .flags = PCAPNG_INBOUND | PCAPNG_NO_CSUM,
				      .time_ns = 1790000000123456789,
				      .data = frame,
				      .caplen = 17,
				      .len = 1500,
				      .dropped = 7,
				      .n_comments = 2,
				      .comment = {"delivered to b", "table: x"}};
}

static void a_packet_comes_back(void **state)
{
	struct pcapng_out o = out_init(sizeof(buf));
	struct pcapng_packet p = sample(), got;
	uint32_t type, len;

	(void)state;
	pcapng_put_packet(&o, &p);
	assert_false(o.full);
	assert_true(pcapng_block(buf, &type, &len));
	assert_int_equal(type, PCAPNG_PACKET);
	assert_int_equal(len, o.len);
	assert_true(pcapng_get_packet(buf, len, &got));
	assert_int_equal(got.interface, 3);
	assert_int_equal(got.flags, p.flags);
	assert_true(got.time_ns == p.time_ns);
	assert_int_equal(got.caplen, 17);
	assert_int_equal(got.len, 1500);
	assert_memory_equal(got.data, p.data, 17);
	assert_int_equal(got.dropped, 7);
	assert_int_equal(got.n_comments, 2);
	assert_int_equal(got.comment_len[0], 14);
	assert_memory_equal(got.comment[0], "delivered to b", 14);
	assert_memory_equal(got.comment[1], "table: x", 8);
}

static void interfaces_and_counts_come_back(void **state)
{
	const struct pcapng_interface i = {
		.name = "web.eth0", .description = "network n", .filter = "tcp", .snaplen = 128};
	const struct pcapng_stats s = {.interface = 1,
				       .start_ns = 1ull << 40,
				       .end_ns = 1ull << 41,
				       .received = 9,
				       .dropped = 2};
	struct pcapng_out o = out_init(sizeof(buf));
	struct pcapng_stats got;
	const char *name;
	uint16_t linktype, name_len;
	size_t first;

	(void)state;
	pcapng_put_interface(&o, &i);
	first = o.len;
	pcapng_put_stats(&o, &s);
	assert_true(pcapng_get_interface(buf, first, &linktype, &name, &name_len));
	assert_int_equal(linktype, 1);
	assert_int_equal(name_len, 8);
	assert_memory_equal(name, "web.eth0", 8);
	assert_true(pcapng_get_stats(buf + first, o.len - first, &got));
	assert_true(got.start_ns == s.start_ns && got.end_ns == s.end_ns);
	assert_int_equal(got.received, 9);
	assert_int_equal(got.dropped, 2);
}

/* Whatever room there is: the whole block or nothing. */
static void no_half_blocks(void **state)
{
	struct pcapng_packet p = sample();
	struct pcapng_out o = out_init(sizeof(buf));
	size_t whole;

	(void)state;
	pcapng_put_packet(&o, &p);
	whole = o.len;
	for (size_t size = 0; size < whole; size++) {
		o = out_init(size);
		pcapng_put_packet(&o, &p);
		assert_true(o.full);
		assert_int_equal(o.len, 0);
		assert_int_equal(buf[size], 0xaa);
	}
	o = out_init(whole);
	pcapng_put_packet(&o, &p);
	assert_int_equal(o.len, whole);
	pcapng_put_section(&o, "x");
	assert_true(o.full);
	assert_int_equal(o.len, whole);
}

static void lies_about_lengths_are_not_believed(void **state)
{
	struct pcapng_packet p = sample(), got;
	struct pcapng_out o = out_init(sizeof(buf));
	uint32_t type, len, v;

	(void)state;
	pcapng_put_packet(&o, &p);
	for (size_t n = 0; n < o.len; n++)
		assert_false(pcapng_get_packet(buf, n, &got));
	v = 0xfffffff0;
	memcpy(buf + 20, &v, 4); /* the captured length */
	assert_false(pcapng_get_packet(buf, o.len, &got));
	v = (uint32_t)o.len;
	memcpy(buf + 20, &v, 4);
	assert_false(pcapng_get_packet(buf, o.len, &got));
	for (uint32_t bad = 0; bad < PCAPNG_BLOCK_MIN; bad++) {
		memcpy(buf + 4, &bad, 4);
		assert_false(pcapng_block(buf, &type, &len));
	}
	v = PCAPNG_BLOCK_MAX + 4;
	memcpy(buf + 4, &v, 4);
	assert_false(pcapng_block(buf, &type, &len));
	v = 13;
	memcpy(buf + 4, &v, 4);
	assert_false(pcapng_block(buf, &type, &len));
}

/* An option that claims more than the block has ends the options. */
static void options_end_with_their_block(void **state)
{
	struct pcapng_packet p = sample(), got;
	struct pcapng_out o = out_init(sizeof(buf));
	uint16_t huge = 60000;

	(void)state;
	pcapng_put_packet(&o, &p);
	memcpy(buf + 28 + 20 + 2, &huge, 2); /* length of the first option, epb_flags */
	assert_true(pcapng_get_packet(buf, o.len, &got));
	assert_int_equal(got.flags, 0);
	assert_int_equal(got.n_comments, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_comes_back),
		cmocka_unit_test(interfaces_and_counts_come_back),
		cmocka_unit_test(no_half_blocks),
		cmocka_unit_test(lies_about_lengths_are_not_believed),
		cmocka_unit_test(options_end_with_their_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
