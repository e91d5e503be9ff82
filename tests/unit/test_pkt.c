/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lib/pkt.h"
#include "tests/unit/unit.h"

static void empty_pool_is_a_null(void **state)
{
	struct pkt_pool *pool = pkt_pool_create(3);
	struct pkt *p[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		p[i] = pkt_alloc(pool);
		assert_non_null(p[i]);
		/* Every byte of a buffer is its own. */
		memset(p[i]->data, 'a' + i, PKT_FRAME_MAX);
	}
	assert_null(pkt_alloc(pool));
	assert_null(pkt_from(pool, "x", 1));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(p[i]->data[0], 'a' + i);
		assert_int_equal(p[i]->data[PKT_FRAME_MAX - 1], 'a' + i);
		pkt_put(p[i]);
	}
	assert_int_equal(pkt_pool_free(pool), 3);
	pkt_pool_destroy(pool);
	pkt_pool_destroy(NULL);
}

static void last_in_first_out(void **state)
{
	struct pkt_pool *pool = pkt_pool_create(8);
	struct pkt *p = pkt_alloc(pool);

	(void)state;
	p->vnet.flags = 1;
	p->len = 5;
	p->data += 3;
	pkt_put(p);
	assert_ptr_equal(pkt_alloc(pool), p);
	/* and like new */
	assert_int_equal(p->vnet.flags, 0);
	assert_int_equal(p->len, 0);
	assert_ptr_equal(p->data, p->buf + PKT_HEADROOM);
	pkt_put(p);
	pkt_put(NULL);
	pkt_pool_destroy(pool);
}

static void shared_is_copied_before_writing(void **state)
{
	struct pkt_pool *pool = pkt_pool_create(2);
	struct pkt *p = pkt_from(pool, "frame", 5), *copy;

	(void)state;
	assert_ptr_equal(pkt_writable(p), p);
	p->vnet.gso_size = 77;
	copy = pkt_writable(pkt_get(p));
	assert_ptr_not_equal(copy, p);
	assert_memory_equal(copy->data, "frame", 5);
	assert_int_equal(copy->vnet.gso_size, 77);
	assert_int_equal(p->refs, 1);
	/* No buffer for the copy: the reference is gone all the same. */
	assert_null(pkt_writable(pkt_get(p)));
	assert_int_equal(p->refs, 1);
	pkt_put(copy);
	pkt_put(p);
	assert_int_equal(pkt_pool_free(pool), 2);
	pkt_pool_destroy(pool);
}

static void bounds(void **state)
{
	static uint8_t big[PKT_FRAME_MAX + 1];
	struct pkt_pool *pool = pkt_pool_create(1);
	struct pkt *p;

	(void)state;
	assert_null(pkt_from(pool, big, PKT_FRAME_MAX + 1));
	p = pkt_from(pool, big, PKT_FRAME_MAX);
	assert_non_null(p);
	p->len = 10;
	assert_non_null(pkt_at(p, 0, 10));
	assert_non_null(pkt_at(p, 10, 0));
	assert_null(pkt_at(p, 0, 11));
	assert_null(pkt_at(p, 11, 0));
	assert_null(pkt_at(p, 5, SIZE_MAX));
	assert_null(pkt_at(p, SIZE_MAX, 5));
	pkt_put(p);
	pkt_pool_destroy(pool);
}

static void batches(void **state)
{
	struct pkt_pool *pool = pkt_pool_create(PKT_BATCH_MAX + 1);
	struct pkt_batch b = {.n = 0};
	struct pkt *extra;

	(void)state;
	for (int i = 0; i < PKT_BATCH_MAX; i++)
		assert_true(pkt_batch_add(&b, pkt_alloc(pool)));
	extra = pkt_alloc(pool);
	assert_false(pkt_batch_add(&b, extra));
	pkt_put(extra);
	pkt_batch_put(&b);
	assert_int_equal(b.n, 0);
	assert_int_equal(pkt_pool_free(pool), PKT_BATCH_MAX + 1);
	pkt_pool_destroy(pool);
}

/* Only an idle pool is trimmed; afterwards its buffers are as new. */
static void trimmed(void **state)
{
	struct pkt_pool *pool = pkt_pool_create(2);
	struct pkt *p = pkt_alloc(pool);

	(void)state;
	memset(p->data, 0xab, 100);
	pkt_pool_trim(pool);
	assert_int_equal(p->data[99], 0xab);
	pkt_put(p);
	pkt_pool_trim(pool);
	p = pkt_alloc(pool);
	assert_int_equal(p->data[99], 0);
	memset(p->data, 0xcd, PKT_FRAME_MAX);
	pkt_put(p);
	pkt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_pool_is_a_null),
		cmocka_unit_test(last_in_first_out),
		cmocka_unit_test(shared_is_copied_before_writing),
		cmocka_unit_test(bounds),
		cmocka_unit_test(batches),
		cmocka_unit_test(trimmed),
	};

	return cmocka_run_group_tests_name("pkt", tests, NULL, NULL);
}
