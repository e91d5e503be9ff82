/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues against drivers that break every rule. */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/virtqueue.h"

enum { RAM = 0x10000, SIZE = 8, DESC = 0x1000, AVAIL = 0x2000, USED = 0x3000, DATA = 0x4000 };

static uint8_t *ram;
static struct memory mem;
static struct virtqueue q;
static struct virtqueue_chain chain;

static struct vring_desc *desc(unsigned int i)
{
	return (struct vring_desc *)(void *)(ram + DESC) + i;
}

static uint16_t *avail(void)
{
	return (uint16_t *)(void *)(ram + AVAIL);
}

static uint16_t *used(void)
{
	return (uint16_t *)(void *)(ram + USED);
}

static void set(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	*desc(i) = (struct vring_desc){addr, len, flags, next};
}

static void offer(uint16_t head)
{
	avail()[2 + avail()[1] % SIZE] = head;
	avail()[1]++;
}

static int setup(void **state)
{
	(void)state;
	ram = calloc(1, RAM); /* its own block: the sanitizer sees a byte too far */
	memory_init(&mem, ram, RAM);
	virtqueue_reset(&q, &mem);
	q.size = SIZE;
	q.desc_gpa = DESC;
	q.avail_gpa = AVAIL;
	q.used_gpa = USED;
	assert_int_equal(virtqueue_enable(&q), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

static void a_chain_comes_and_goes(void **state)
{
	(void)state;
	assert_int_equal(virtqueue_pop(&q, &chain), 0);
	set(3, DATA, 10, VRING_DESC_F_NEXT, 5);
	set(5, DATA + 100, 20, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	set(1, DATA + 200, 30, VRING_DESC_F_WRITE, 0);
	offer(3);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	assert_int_equal(chain.head, 3);
	assert_int_equal(chain.n_out, 1);
	assert_int_equal(chain.n_in, 2);
	assert_int_equal(chain.out_len, 10);
	assert_int_equal(chain.in_len, 50);
	assert_ptr_equal(chain.iov[2].iov_base, ram + DATA + 200);
	assert_int_equal(virtqueue_pop(&q, &chain), 0);
	virtqueue_push(&q, 3, 42);
	assert_int_equal(used()[1], 0);
	assert_true(virtqueue_publish(&q));
	assert_int_equal(used()[1], 1);
	assert_int_equal(used()[2], 3);
	assert_int_equal(used()[4], 42);
	assert_false(virtqueue_publish(&q));
}

static void unpop_gives_it_again(void **state)
{
	(void)state;
	set(0, DATA, 1, 0, 0);
	offer(0);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	virtqueue_unpop(&q);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	assert_int_equal(virtqueue_pop(&q, &chain), 0);
}

/* The chain at 0 breaks the queue for good, and no later request is looked at. */
static void assert_breaks(void)
{
	offer(0);
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
	assert_true(q.broken);
	avail()[1] = 0;
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
	assert_false(virtqueue_ready(&q));
	assert_false(virtqueue_want_kicks(&q));
}

/* V1 */
static void addresses_outside_ram(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{RAM, 1},	 {RAM - 1, 2},	   {UINT64_MAX, 2},  {UINT64_MAX - 0xfff, 0x2000},
		{0xe0000000, 4}, {0xfee00000, 16}, {0x100000000, 1}, {DATA, UINT32_MAX},
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set(0, bad[i].addr, bad[i].len, 0, 0);
		assert_breaks();
		teardown(state);
		setup(state);
	}
}

/* V1: across the hole below 4 GiB, with RAM on both sides of it. */
static void buffers_across_the_hole(void **state)
{
	struct memory big;

	(void)state;
	memory_init(&big, ram, MEMORY_HOLE_START + 0x2000);
	assert_non_null(memory_at(&big, MEMORY_HOLE_START - 1, 1));
	assert_null(memory_at(&big, MEMORY_HOLE_START - 1, 2));
	assert_null(memory_at(&big, MEMORY_HOLE_START, 1));
	assert_null(memory_at(&big, MEMORY_HOLE_END - 1, 1));
	assert_ptr_equal(memory_at(&big, MEMORY_HOLE_END, 0x2000), ram + MEMORY_HOLE_START);
	assert_null(memory_at(&big, MEMORY_HOLE_END, 0x2001));
	assert_null(memory_at(&big, MEMORY_HOLE_END + 0x2000, 1));
	assert_null(memory_at(&big, MEMORY_HOLE_START - 0x1000, UINT64_MAX));
}

/* V2 */
static void loops_end(void **state)
{
	(void)state;
	set(0, DATA, 1, VRING_DESC_F_NEXT, 1);
	set(1, DATA, 1, VRING_DESC_F_NEXT, 0);
	assert_breaks();
}

static void a_chain_may_fill_the_queue(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < SIZE; i++)
		set(i, DATA, 1, i < SIZE - 1 ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1));
	offer(0);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	assert_int_equal(chain.n_out, SIZE);
}

/* V2: a total over 4 GiB, of pieces that are each fine. */
static void totals_over_4_gib(void **state)
{
	struct memory big;
	unsigned int i;

	(void)state;
	memory_init(&big, ram, MEMORY_HOLE_START);
	q.mem = &big;
	for (i = 0; i < 3; i++)
		set(i, 0, 0x80000000, i < 2 ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1));
	assert_breaks();
}

/* V3 */
static void index_jumps(void **state)
{
	(void)state;
	set(0, DATA, 1, 0, 0);
	avail()[1] = SIZE + 1;
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
	assert_true(q.broken);
}

static void index_goes_back(void **state)
{
	(void)state;
	set(0, DATA, 1, 0, 0);
	offer(0);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	avail()[1] = 0;
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
}

static void heads_and_links_out_of_range(void **state)
{
	(void)state;
	offer(SIZE);
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
	teardown(state);
	setup(state);
	offer(UINT16_MAX);
	assert_int_equal(virtqueue_pop(&q, &chain), -EPROTO);
	teardown(state);
	setup(state);
	set(0, DATA, 1, VRING_DESC_F_NEXT, SIZE);
	assert_breaks();
}

/* V5 */
static void bad_set_ups_stay_disabled(void **state)
{
	static const struct {
		uint16_t size;
		uint64_t desc, avail, used;
	} bad[] = {
		{0, DESC, AVAIL, USED},
		{3, DESC, AVAIL, USED},
		{VIRTQUEUE_SIZE_MAX * 2, DESC, AVAIL, USED},
		{0x8000, DESC, AVAIL, USED},
		{SIZE, DESC + 8, AVAIL, USED},
		{SIZE, DESC, AVAIL + 1, USED},
		{SIZE, DESC, AVAIL, USED + 2},
		{SIZE, RAM - 16 * SIZE + 16, AVAIL, USED},
		{SIZE, DESC, RAM - 6, USED},
		{SIZE, DESC, AVAIL, RAM - 8},
		{SIZE, UINT64_MAX - 15, AVAIL, USED},
		{SIZE, 0xfee00000, AVAIL, USED},
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		virtqueue_reset(&q, &mem);
		q.size = bad[i].size;
		q.desc_gpa = bad[i].desc;
		q.avail_gpa = bad[i].avail;
		q.used_gpa = bad[i].used;
		assert_int_equal(virtqueue_enable(&q), -EINVAL);
		assert_int_equal(virtqueue_pop(&q, &chain), 0);
		assert_false(virtqueue_publish(&q));
	}
}

/* V8: not offered, so any is an error. */
static void indirect_descriptors(void **state)
{
	(void)state;
	set(0, DATA, 16, VRING_DESC_F_INDIRECT, 0);
	assert_breaks();
	teardown(state);
	setup(state);
	set(0, DATA, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	assert_breaks();
}

/* V9 */
static void readable_after_writable(void **state)
{
	(void)state;
	set(0, DATA, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	set(1, DATA, 16, 0, 0);
	assert_breaks();
}

/* V20: one interrupt a batch, and only when used_event was passed. */
static void interrupts_by_used_event(void **state)
{
	uint16_t *used_event = &avail()[2 + SIZE];
	unsigned int i;

	(void)state;
	q.event_idx = true;
	*used_event = 2;
	for (i = 0; i < 2; i++) {
		virtqueue_push(&q, 0, 0);
		assert_false(virtqueue_publish(&q));
	}
	virtqueue_push(&q, 0, 0);
	assert_true(virtqueue_publish(&q));
	for (i = 0; i < 5; i++)
		virtqueue_push(&q, 0, 0);
	assert_false(virtqueue_publish(&q));
	*used_event = 0xffff; /* out of range: silence or one interrupt, no more */
	virtqueue_push(&q, 0, 0);
	assert_false(virtqueue_publish(&q));
}

static void interrupts_by_flag(void **state)
{
	(void)state;
	avail()[0] = VRING_AVAIL_F_NO_INTERRUPT;
	virtqueue_push(&q, 0, 0);
	assert_false(virtqueue_publish(&q));
	avail()[0] = 0;
	virtqueue_push(&q, 0, 0);
	assert_true(virtqueue_publish(&q));
}

static void kicks(void **state)
{
	const uint16_t *avail_event = &used()[2 + 4 * SIZE];

	(void)state;
	virtqueue_spare_kicks(&q);
	assert_int_equal(used()[0], VRING_USED_F_NO_NOTIFY);
	assert_false(virtqueue_want_kicks(&q));
	assert_int_equal(used()[0], 0);
	q.event_idx = true;
	set(0, DATA, 1, 0, 0);
	offer(0);
	assert_int_equal(virtqueue_pop(&q, &chain), 1);
	offer(0);
	assert_true(virtqueue_want_kicks(&q)); /* one came meanwhile */
	assert_int_equal(*avail_event, 1);
}

static void indices_wrap(void **state)
{
	unsigned int i;

	(void)state;
	set(0, DATA, 1, 0, 0);
	for (i = 0; i < 70000; i++) {
		offer(0);
		assert_int_equal(virtqueue_pop(&q, &chain), 1);
		virtqueue_push(&q, chain.head, 0);
		virtqueue_publish(&q);
	}
	assert_int_equal(used()[1], (uint16_t)70000);
}

/* V15: buffers of one byte, of none, in any cut. */
static void scattered_copies(void **state)
{
	static const char text[] = "0123456789";
	struct iovec iov[] = {
		{ram, 1}, {ram + 10, 0}, {ram + 20, 3}, {ram + 30, 4}, {ram + 40, 100},
	};
	char back[11] = {0};

	(void)state;
	assert_int_equal(virtqueue_iov_put(iov, 5, 0, text, 10), 10);
	assert_memory_equal(ram + 20, "123", 3);
	assert_int_equal(virtqueue_iov_get(iov, 5, 2, back, 8), 8);
	assert_string_equal(back, "23456789");
	assert_int_equal(virtqueue_iov_get(iov, 3, 0, back, 10), 4);
	assert_int_equal(virtqueue_iov_put(iov, 5, 107, text, 10), 1);
	assert_int_equal(virtqueue_iov_put(iov, 5, 500, text, 10), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chain_comes_and_goes),
		T(unpop_gives_it_again),
		T(addresses_outside_ram),
		T(buffers_across_the_hole),
		T(loops_end),
		T(a_chain_may_fill_the_queue),
		T(totals_over_4_gib),
		T(index_jumps),
		T(index_goes_back),
		T(heads_and_links_out_of_range),
		T(bad_set_ups_stay_disabled),
		T(indirect_descriptors),
		T(readable_after_writable),
		T(interrupts_by_used_event),
		T(interrupts_by_flag),
		T(kicks),
		T(indices_wrap),
		T(scattered_copies),
	};

	return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
