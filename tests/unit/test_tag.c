/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/gso.h"
#include "lib/tag.h"
#include "tests/unit/frames.h"
#include "tests/unit/unit.h"

enum { POOL = 64 };

static struct pkt_pool *pool;

static int setup(void **state)
{
	(void)state;
	pool = pkt_pool_create(POOL);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(pkt_pool_free(pool), POOL);
	pkt_pool_destroy(pool);
	return 0;
}

static void discard(void *ctx, struct pkt *seg)
{
	struct frame_spec *spec = ctx;

	assert_true(frame_sums_ok(seg, spec));
	pkt_put(seg);
}

/* Each kind of frame gets a tag and loses it: between, it is as right as a frame that was made with
 * the tag, and after, it is what it was. @shared: somebody else has the packet too. */
static void there_and_back(const struct frame_spec *spec, bool shared)
{
	struct frame_spec tagged = *spec;
	struct pkt *p = frame_make(pool, spec), *first = p, *was;
	uint16_t tci;

	tagged.tags++;
	was = pkt_from(pool, p->data, p->len);
	was->vnet = p->vnet;
	if (shared)
		pkt_get(first);
	assert_true(tag_push(&p, ETHERTYPE_CTAG, 0x6000 | 100));
	assert_int_equal(p == first, !shared);
	assert_true(tag_get(p, &tci));
	assert_int_equal(tci, 0x6000 | 100);
	assert_int_equal(p->len, was->len + 4);
	assert_int_equal(gso_check(p), DROP_NONE);
	if (spec->gso_size)
		assert_int_equal(gso_segment(p, discard, &tagged), DROP_NONE);
	if (shared) {
		assert_int_equal(first->refs, 1);
		assert_memory_equal(first->data, was->data, was->len);
		pkt_put(first);
		first = pkt_get(p);
	}
	assert_true(tag_pop(&p));
	assert_int_equal(p->len, was->len);
	assert_memory_equal(p->data, was->data, was->len);
	assert_memory_equal(&p->vnet, &was->vnet, sizeof(p->vnet));
	if (shared) {
		assert_true(tag_get(first, &tci));
		pkt_put(first);
	}
	gso_csum_complete(p);
	if (!spec->gso_size)
		assert_true(frame_sums_ok(p, spec));
	pkt_put(p);
	pkt_put(was);
}

static void on_and_off(void **state)
{
	const struct frame_spec specs[] = {
		{.payload = 100},
		{.payload = 100, .udp = true, .tags = 1},
		{.payload = 9000, .gso_size = 1448, .options = 12},
		{.payload = 9000, .gso_size = 1448, .v6 = true, .tags = 1},
		{.payload = 9000, .gso_size = 1472, .udp = true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		there_and_back(&specs[i], false);
		there_and_back(&specs[i], true);
	}
}

static void only_a_whole_customer_tag_counts(void **state)
{
	const struct frame_spec one = {.tags = 1, .payload = 10}, two = {.tags = 2, .payload = 10};
	struct pkt *p = frame_make(pool, &one);
	uint16_t tci;

	(void)state;
	assert_true(tag_get(p, &tci));
	p->len = 18;
	assert_true(tag_get(p, &tci));
	for (p->len = 17; p->len >= 14; p->len--) {
		assert_false(tag_get(p, &tci));
		assert_true(tag_cut_short(p));
	}
	p->len = 13;
	assert_false(tag_cut_short(p));
	pkt_put(p);
	p = frame_make(pool, &two); /* 0x88a8 outermost */
	assert_false(tag_get(p, &tci));
	assert_false(tag_cut_short(p));
	pkt_put(p);
}

/* A sender may say that its checksum begins inside the tag. */
static void a_checksum_in_the_tag_stays_tagged(void **state)
{
	const struct frame_spec one = {.tags = 1, .payload = 10};
	struct pkt *p = frame_make(pool, &one);

	(void)state;
	assert_true(tag_may_pop(p));
	for (uint16_t start = 14; start < 18; start++) {
		p->vnet.csum_start = htole16(start);
		assert_int_equal(gso_check(p), DROP_NONE);
		assert_false(tag_may_pop(p));
	}
	p->vnet.flags = 0;
	assert_true(tag_may_pop(p));
	p->vnet.hdr_len = htole16(3);
	assert_true(tag_pop(&p));
	assert_int_equal(p->vnet.hdr_len, 0);
	pkt_put(p);
}

static void headroom_ends_but_tags_do_not(void **state)
{
	const struct frame_spec spec = {.payload = 10};
	struct pkt *p = frame_make(pool, &spec);
	uint32_t len = p->len;
	uint16_t tci;

	(void)state;
	for (int i = 0; i < 200; i++)
		assert_true(tag_push(&p, ETHERTYPE_CTAG, (uint16_t)i));
	assert_int_equal(p->len, len + 800);
	for (int i = 199; i >= 0; i--) {
		assert_true(tag_get(p, &tci));
		assert_int_equal(tci, i);
		assert_true(tag_pop(&p));
	}
	assert_int_equal(p->len, len);
	pkt_put(p);
}

static void without_a_buffer_nothing_changes(void **state)
{
	const struct frame_spec spec = {.tags = 1, .payload = 10};
	struct pkt *p = frame_make(pool, &spec), *had = p, *all[POOL];
	unsigned int n = 0;

	(void)state;
	while ((all[n] = pkt_alloc(pool)))
		n++;
	pkt_get(p);
	assert_false(tag_push(&p, ETHERTYPE_CTAG, 1));
	assert_false(tag_pop(&p));
	assert_ptr_equal(p, had);
	assert_int_equal(p->refs, 2);
	while (n)
		pkt_put(all[--n]);
	/* Too long for a copy. */
	p->len = PKT_FRAME_MAX + 1;
	assert_false(tag_push(&p, ETHERTYPE_CTAG, 1));
	pkt_put(p);
	pkt_put(p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(on_and_off),
		T(only_a_whole_customer_tag_counts),
		T(a_checksum_in_the_tag_stays_tagged),
		T(headroom_ends_but_tags_do_not),
		T(without_a_buffer_nothing_changes),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
