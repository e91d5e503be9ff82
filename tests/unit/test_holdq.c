/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames held back: all bytes come again, in order; memory is shared fairly and given back. */
#include "lib/holdq.h"
#include "tests/unit/unit.h"

static struct pkt_pool *packets;
static struct hold_pool pool;

static int setup(void **state)
{
	(void)state;
	packets = pkt_pool_create(4);
	hold_pool_init(&pool);
	return packets ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	hold_pool_fini(&pool);
	pkt_pool_destroy(packets);
	return 0;
}

static uint8_t byte_of(uint32_t nr, uint32_t i)
{
	return (uint8_t)(nr * 7 + i * 13 + i / 256);
}

static bool push(struct hold_queue *q, uint32_t nr, uint32_t len, uint64_t leave, uint64_t due)
{
	struct pkt *p = pkt_alloc(packets);
	bool ok;

	p->len = len;
	for (uint32_t i = 0; i < len; i++)
		p->data[i] = byte_of(nr, i);
	p->vnet.gso_size = (uint16_t)nr;
	ok = hold_push(q, p, leave, due, 1);
	pkt_put(p);
	return ok;
}

static void pop(struct hold_queue *q, uint32_t nr, uint32_t len)
{
	struct pkt *p = hold_pop(q, packets);

	assert_non_null(p);
	assert_int_equal(p->len, len);
	assert_int_equal(p->vnet.gso_size, nr);
	for (uint32_t i = 0; i < len; i++)
		if (p->data[i] != byte_of(nr, i))
			fail_msg("byte %u of frame %u", i, nr);
	pkt_put(p);
}

/* Lengths around those of a chunk, so that headers and frames lie across its end. */
static uint32_t length_of(uint32_t nr)
{
	static const uint32_t lengths[] = {60, 4049, 1514, 4096, 65550, 14, 4088, 4035, 9014};

	return lengths[nr % ARRAY_SIZE(lengths)] + nr % 3;
}

static void all_bytes_come_again(void **state)
{
	struct hold_queue q;
	uint32_t in = 0, out = 0;

	(void)state;
	hold_init(&q, &pool);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 3 + round % 5; i++, in++)
			assert_true(push(&q, in, length_of(in), in, in * 2));
		assert_int_equal(hold_due(&q), out * 2);
		for (; out + round % 3 < in; out++)
			pop(&q, out, length_of(out));
	}
	for (; out < in; out++)
		pop(&q, out, length_of(out));
	assert_true(hold_due(&q) == UINT64_MAX);
	assert_int_equal(q.frames, 0);
	assert_int_equal(q.chunks, 1);
	hold_clear(&q);
}

static void waits_until_it_has_left(void **state)
{
	struct hold_queue q;

	(void)state;
	hold_init(&q, &pool);
	for (uint32_t i = 0; i < 10; i++)
		push(&q, i, 1000, 100 * (i + 1), 1000);
	assert_int_equal(q.waiting, 10);
	hold_left(&q, 99);
	assert_int_equal(q.waiting, 10);
	hold_left(&q, 300);
	assert_int_equal(q.waiting, 7);
	assert_int_equal(q.waiting_bytes, 7000);
	for (uint32_t i = 0; i < 5; i++)
		pop(&q, i, 1000);
	assert_int_equal(q.waiting, 5);
	push(&q, 10, 60, 1100, 1100);
	assert_int_equal(q.waiting, 6);
	hold_left(&q, 1100);
	assert_int_equal(q.waiting, 0);
	assert_int_equal(q.frames, 6);
	assert_int_equal(hold_clear(&q), 6);
}

static void later(void *ctx, struct hold_frame *f)
{
	f->due_us += *(uint64_t *)ctx;
}

static void times_change(void **state)
{
	struct hold_queue q;
	uint64_t by = 50;

	(void)state;
	hold_init(&q, &pool);
	for (uint32_t i = 0; i < 20; i++)
		push(&q, i, length_of(i), i, 100 + i);
	hold_retime(&q, later, &by);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(hold_due(&q), 150 + i);
		pop(&q, i, length_of(i));
	}
	hold_clear(&q);
}

static void no_packet_no_pop(void **state)
{
	struct pkt *all[4];
	struct hold_queue q;

	(void)state;
	hold_init(&q, &pool);
	push(&q, 0, 60, 0, 0);
	for (int i = 0; i < 4; i++)
		all[i] = pkt_alloc(packets);
	assert_null(hold_pop(&q, packets));
	for (int i = 0; i < 4; i++)
		pkt_put(all[i]);
	pop(&q, 0, 60);
	hold_clear(&q);
}

/* One takes what it can get: half of the memory. The next still gets its half of the rest. */
static void nobody_starves_others(void **state)
{
	struct hold_queue q[3];
	uint32_t n[3] = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		hold_init(&q[i], &pool);
		while (push(&q[i], n[i], 60000, 0, 0))
			n[i]++;
	}
	assert_true((uint64_t)n[0] * 60000 > 100 << 20); /* 100 Mbit/s for 8 s */
	assert_in_range(q[0].chunks, HOLD_CHUNKS / 2 - 30, HOLD_CHUNKS / 2 + 30);
	assert_in_range(q[1].chunks, HOLD_CHUNKS / 4 - 30, HOLD_CHUNKS / 4 + 30);
	assert_in_range(q[2].chunks, HOLD_CHUNKS / 8 - 30, HOLD_CHUNKS / 8 + 30);
	pop(&q[0], 0, 60000);
	for (int i = 0; i < 3; i++)
		hold_clear(&q[i]);
	assert_int_equal(pool.n_free, HOLD_CHUNKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_bytes_come_again, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_until_it_has_left, setup, teardown),
		cmocka_unit_test_setup_teardown(times_change, setup, teardown),
		cmocka_unit_test_setup_teardown(no_packet_no_pop, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_starves_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
