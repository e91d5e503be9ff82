/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Super-frames and unfinished checksums on their way through the switch. */
#include <errno.h>

#include "tests/wire/world.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static const struct frame_spec super = {.payload = 60000, .gso_size = 1448, .options = 12};
enum { PIECES = (60000 + 1447) / 1448 };

static void drain(struct port *port)
{
	while (world_take(port) >= 0)
		;
}

/* p1 is where frame_make()'s frames go to, and @offloads is what it takes. */
static void p1_takes(unsigned int offloads)
{
	world_send(w.port[1], 2, 0, 60, 0); /* 52:54:00:00:00:02 is here */
	drain(w.port[0]);
	drain(w.port[2]);
	w.port[1]->offloads = offloads;
}

static void whole_between_those_who_can(void **state)
{
	struct pkt *p = frame_make(w.runner.pool, &super), *got;
	struct virtio_net_hdr vnet = p->vnet;
	uint32_t len = p->len;

	(void)state;
	p1_takes(OFFLOAD_ALL);
	world_input(w.port[0], p);
	got = port_dummy_sent(w.port[1]);
	assert_non_null(got);
	assert_int_equal(got->len, len);
	assert_memory_equal(&got->vnet, &vnet, sizeof(vnet));
	pkt_put(got);
	assert_int_equal(w.port[0]->stats.rx_gso, 1);
	assert_int_equal(w.port[1]->stats.tx_gso, 1);
	assert_int_equal(w.port[1]->stats.soft_gso, 0);
}

/* Read all of p1: every piece must be finished. Returns how many. */
static unsigned int count_pieces(struct port *port, const struct frame_spec *s)
{
	unsigned int n = 0;
	struct pkt *p;

	for (; (p = port_dummy_sent(port)); n++) {
		assert_false(pkt_needs_csum(p) || pkt_is_gso(p));
		assert_true(p->len <= 1514);
		assert_true(frame_sums_ok(p, s));
		pkt_put(p);
	}
	return n;
}

static void cut_for_those_who_cannot(void **state)
{
	static const unsigned int takes[] = {0, OFFLOAD_CSUM, OFFLOAD_TSO4,
					     OFFLOAD_CSUM | OFFLOAD_TSO6 | OFFLOAD_USO};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takes); i++) {
		p1_takes(takes[i]);
		world_input(w.port[0], frame_make(w.runner.pool, &super));
		assert_int_equal(count_pieces(w.port[1], &super), PIECES);
		assert_int_equal(w.port[1]->stats.soft_gso, i + 1);
	}
	assert_int_equal(world_drops(w.port[1], DROP_QUEUE_FULL), 0);
}

/* Flooded, each gets what it can take, from one and the same packet. */
static void mixed_company(void **state)
{
	struct pkt *got;

	(void)state;
	w.port[2]->offloads = OFFLOAD_ALL;
	world_input(w.port[0], frame_make(w.runner.pool, &super));
	assert_int_equal(count_pieces(w.port[1], &super), PIECES);
	got = port_dummy_sent(w.port[2]);
	assert_int_equal(got->len, 14 + 20 + 32 + 60000);
	assert_true(pkt_is_gso(got));
	pkt_put(got);
}

static void checksum_completed_for_one_left_for_the_other(void **state)
{
	struct frame_spec s = {.udp = true, .v6 = true, .payload = 333};
	struct pkt *raw, *done;

	(void)state;
	/* p2 is flooded to after p1, so that a completion in place would reach it. */
	w.port[2]->offloads = OFFLOAD_CSUM;
	world_input(w.port[0], frame_make(w.runner.pool, &s));
	done = port_dummy_sent(w.port[1]);
	raw = port_dummy_sent(w.port[2]);
	assert_true(frame_sums_ok(done, &s));
	assert_false(pkt_needs_csum(done));
	assert_int_equal(w.port[1]->stats.soft_csum, 1);
	assert_false(frame_sums_ok(raw, &s));
	assert_true(pkt_needs_csum(raw));
	pkt_put(done);
	pkt_put(raw);
}

/* It is the pieces that must fit the MTU, not the super-frame. */
static void mtu_of_the_pieces(void **state)
{
	struct frame_spec s = {.payload = 30000, .gso_size = 1464};

	(void)state;
	p1_takes(OFFLOAD_ALL);
	world_input(w.port[0], frame_make(w.runner.pool, &s)); /* 14 + 40 + 1464 = 1518 */
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 0);
	s.gso_size++;
	world_input(w.port[0], frame_make(w.runner.pool, &s));
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 1);
}

static void a_lying_header_is_dropped_by_name(void **state)
{
	struct pkt *p = frame_make(w.runner.pool, &super);

	(void)state;
	p1_takes(OFFLOAD_ALL);
	p->vnet.gso_size = 0;
	world_input(w.port[0], p);
	p = frame_make(w.runner.pool, &super);
	p->vnet.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	world_input(w.port[0], p);
	p = frame_make(w.runner.pool, &super);
	memset(&p->vnet, 0, sizeof(p->vnet));
	world_input(w.port[0], p);
	assert_int_equal(world_drops(w.port[0], DROP_BAD_VNET_HDR), 1);
	assert_int_equal(world_drops(w.port[0], DROP_GSO_UNSUPPORTED), 1);
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 1);
	assert_int_equal(w.port[1]->stats.tx_frames, 0);
}

/* Flags that we don't know are ignored and go no further. */
static void unknown_flags_end_here(void **state)
{
	struct frame_spec s = {.payload = 100};
	struct pkt *p = frame_make(w.runner.pool, &s), *got;

	(void)state;
	p1_takes(OFFLOAD_ALL);
	p->vnet.flags |= 0xf4;
	world_input(w.port[0], p);
	got = port_dummy_sent(w.port[1]);
	assert_int_equal(got->vnet.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	pkt_put(got);
}

static void no_buffers_left(void **state)
{
	static struct pkt *hoard[RUNNER_POOL];
	struct frame_spec s = {.payload = 100};
	struct pkt *p = frame_make(w.runner.pool, &super);
	unsigned int n = 0;

	(void)state;
	p1_takes(0);
	while ((hoard[n] = pkt_alloc(w.runner.pool)))
		n++;
	/* Nothing to cut the pieces into. */
	world_input(w.port[0], p);
	assert_int_equal(world_drops(w.port[1], DROP_NO_BUFFER), 1);
	/* p1 wants a copy to finish, p2 takes the frame as it is. */
	pkt_put(hoard[--n]);
	fdb_flush(w.net->fdb, NULL);
	w.port[2]->offloads = OFFLOAD_CSUM;
	while (pkt_pool_free(w.runner.pool) > 1)
		hoard[n++] = pkt_alloc(w.runner.pool);
	world_input(w.port[0], frame_make(w.runner.pool, &s));
	assert_int_equal(world_drops(w.port[1], DROP_NO_BUFFER), 2);
	assert_int_equal(w.port[2]->stats.tx_frames, 2);
	/* Nothing to receive into. */
	hoard[n++] = pkt_alloc(w.runner.pool);
	assert_int_equal(port_dummy_receive(w.port[0], "", 0, NULL), -ENOBUFS);
	assert_int_equal(world_drops(w.port[0], DROP_NO_BUFFER), 1);
	while (n)
		pkt_put(hoard[--n]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(whole_between_those_who_can),
		T(cut_for_those_who_cannot),
		T(mixed_company),
		T(checksum_completed_for_one_left_for_the_other),
		T(mtu_of_the_pieces),
		T(a_lying_header_is_dropped_by_name),
		T(unknown_flags_end_here),
		T(no_buffers_left),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
