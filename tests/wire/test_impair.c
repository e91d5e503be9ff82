/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cables with faults, under a stepped clock. */
#include <errno.h>
#include <stdlib.h>

#include "tests/wire/world.h"
#include "vswitchd/switch/impair.h"

enum { START_US = 1000000000, FRAMES = 100000 };

static struct world w;
static uint64_t now_us;

static void step_to(uint64_t us)
{
	now_us = us;
	runner_step_us(&w.runner, START_US + us);
}

static void nothing(struct port *port)
{
	assert_int_equal(world_take(port), -1);
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, 2);
	step_to(0);
	/* Both stations are known, so that nothing is flooded. */
	world_send(w.port[0], 1, 0, 60, 0);
	world_send(w.port[1], 2, 0, 60, 0);
	world_take(w.port[0]);
	world_take(w.port[1]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static void cable(unsigned int port, const char *words)
{
	struct err err = {0};

	if (impair_set(w.port[port], words, &err))
		fail_msg("%s: %s", words, err.text);
}

static json_int_t count(unsigned int port, const char *way, const char *key)
{
	json_t *j = impair_json(w.port[port]);
	json_int_t n = json_integer_value(json_object_get(json_object_get(j, way), key));

	json_decref(j);
	return n;
}

static void send_marked(uint8_t mark)
{
	world_send(w.port[0], 1, 2, 1514, mark);
}

/* ---- delay ----------------------------------------------------------------------------------- */

static void delay_to_the_microsecond(void **state)
{
	(void)state;
	cable(0, "dir=in delay=20ms");
	cable(1, "dir=out delay=500us");
	send_marked(1);
	step_to(10000);
	send_marked(2);
	step_to(19999);
	assert_int_equal(count(0, "in", "held"), 2);
	nothing(w.port[1]);
	step_to(20000);
	assert_int_equal(count(1, "out", "held"), 1);
	step_to(20499);
	nothing(w.port[1]);
	step_to(20500);
	assert_int_equal(world_take(w.port[1]), 1);
	step_to(30499);
	nothing(w.port[1]);
	step_to(30500);
	assert_int_equal(world_take(w.port[1]), 2);
	/* The other way is a plain one. */
	world_send(w.port[1], 2, 1, 60, 3);
	assert_int_equal(world_take(w.port[0]), 3);
}

static void seen_by_the_switch_when_it_arrives(void **state)
{
	(void)state;
	cable(0, "delay=1s");
	world_send(w.port[0], 9, 2, 60, 1);
	assert_int_equal(w.port[0]->stats.rx_frames, 1);
	world_send(w.port[1], 2, 9, 60, 2); /* 9 is not known yet: flooded, into the same cable */
	step_to(1000000);
	assert_int_equal(w.port[0]->stats.rx_frames, 2);
	assert_int_equal(world_take(w.port[1]), 1);
	assert_int_equal(world_take(w.port[0]), 2);
}

/* A frame that is held keeps no packet buffer: 100 Mbit/s for half a second and more. */
static void long_and_fat(void **state)
{
	unsigned int n = 0;

	(void)state;
	cable(0, "dir=in delay=500ms rate=100Mbit queue=10000");
	for (uint64_t us = 0; us < 500000; us += 1000, step_to(us))
		for (int i = 0; i < 8; i++)
			send_marked(7);
	assert_int_equal(pkt_pool_free(w.runner.pool), RUNNER_POOL);
	assert_true(count(0, "in", "held_bytes") > 5900000);
	assert_int_equal(world_drops(w.port[0], DROP_IMPAIR_QUEUE), 0);
	for (uint64_t us = 500000; us < 1100000; us += 1000, step_to(us))
		while (world_take(w.port[1]) >= 0)
			n++;
	assert_int_equal(n, 4000);
}

/* ---- rate ------------------------------------------------------------------------------------ */

static void rate_and_queue(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	cable(0, "dir=in rate=10Mbit queue=20");
	for (uint64_t us = 0; us < 1000000; us += 500, step_to(us)) {
		send_marked(1);
		for (; world_take(w.port[1]) >= 0;)
			bytes += 1514;
		assert_in_range(count(0, "in", "held"), 0, 20);
	}
	/* Twice as much was offered as the cable takes: within a frame or two of 1.25 MB. */
	assert_in_range(bytes, 1250000 - 2 * 1514, 1250000);
	assert_int_equal(count(0, "in", "queue_full"), world_drops(w.port[0], DROP_IMPAIR_QUEUE));
	assert_in_range(count(0, "in", "queue_full"), 1100, 1180);
}

/* ---- luck ------------------------------------------------------------------------------------ */

static uint8_t *run(const char *words)
{
	static uint8_t got[3][FRAMES / 10];
	static int turn;
	uint8_t *result = got[turn++ % 3];

	cable(0, "none");
	cable(0, words);
	memset(result, 0, FRAMES / 10);
	for (int i = 0; i < FRAMES / 10; i++) {
		struct pkt *p;

		world_send(w.port[0], 1, 2, 60, (uint8_t)i);
		step_to(now_us + 100);
		while ((p = port_dummy_sent(w.port[1]))) {
			result[i] = (uint8_t)(result[i] * 5 + p->data[59] - i + p->data[20] + 1);
			pkt_put(p);
		}
	}
	step_to(now_us + 1000000);
	while (world_take(w.port[1]) >= 0)
		;
	return result;
}

static void same_seed_same_pattern(void **state)
{
	const char *words = "dir=in loss=2% burst=3 duplicate=3% corrupt=2% delay=250us reorder=9% "
			    "seed=42";
	const uint8_t *first = run(words), *second = run(words);

	(void)state;
	assert_memory_equal(first, second, FRAMES / 10);
	second = run("dir=in loss=2% burst=3 duplicate=3% corrupt=2% delay=250us reorder=9% "
		     "seed=43");
	assert_true(memcmp(first, second, FRAMES / 10) != 0);
}

/* 100,000 frames: four deviations of a binomial distribution are 126. */
static void loss_within_the_bound(void **state)
{
	unsigned int got = 0;

	(void)state;
	cable(0, "dir=in loss=1%");
	for (int i = 0; i < FRAMES; i++) {
		world_send(w.port[0], 1, 2, 60, 1);
		got += world_take(w.port[1]) == 1;
	}
	assert_in_range(FRAMES - got, 1000 - 126, 1000 + 126);
	assert_int_equal(world_drops(w.port[0], DROP_IMPAIR_LOSS), FRAMES - got);
	assert_int_equal(count(0, "in", "lost"), FRAMES - got);
}

static void duplicates_and_overtakers(void **state)
{
	unsigned int got = 0, before = 0;
	int mark, last = -1;

	(void)state;
	cable(0, "dir=in duplicate=100%");
	send_marked(1);
	assert_int_equal(world_take(w.port[1]), 1);
	assert_int_equal(world_take(w.port[1]), 1);
	nothing(w.port[1]);
	cable(0, "none dir=in delay=1ms reorder=20%");
	for (int i = 0; i < 100; i++) {
		send_marked((uint8_t)i);
		step_to(now_us + 100);
		for (; (mark = world_take(w.port[1])) >= 0; got++) {
			before += mark < last;
			last = mark;
		}
	}
	assert_in_range(count(0, "in", "reordered"), 5, 40);
	assert_true(before > 3);
	step_to(now_us + 1000);
	while (world_take(w.port[1]) >= 0)
		got++;
	assert_int_equal(got, 100);
}

/* ---- super-frames and checksums -------------------------------------------------------------- */

static const struct frame_spec super = {.payload = 28960, .gso_size = 1448, .options = 12};
static const struct frame_spec plain = {.payload = 500, .options = 12};

static void p1_takes_all(void)
{
	world_send(w.port[1], 2, 0, 60, 0);
	world_take(w.port[0]);
	w.port[1]->offloads = OFFLOAD_ALL;
}

static void delay_keeps_a_super_frame_whole(void **state)
{
	struct pkt *p;

	(void)state;
	p1_takes_all();
	cable(0, "dir=in delay=1ms");
	world_input(w.port[0], frame_make(w.runner.pool, &super));
	assert_int_equal(count(0, "in", "held"), 20);
	step_to(1000);
	p = port_dummy_sent(w.port[1]);
	assert_non_null(p);
	assert_true(pkt_is_gso(p) && pkt_needs_csum(p));
	pkt_put(p);
	nothing(w.port[1]);
}

static void loss_is_of_segments(void **state)
{
	unsigned int got = 0;
	struct pkt *p;

	(void)state;
	p1_takes_all();
	cable(0, "dir=in loss=10% seed=1");
	for (int i = 0; i < 50; i++) {
		world_input(w.port[0], frame_make(w.runner.pool, &super));
		for (; (p = port_dummy_sent(w.port[1])); got++) {
			assert_false(pkt_is_gso(p) || pkt_needs_csum(p));
			assert_true(frame_sums_ok(p, &super));
			pkt_put(p);
		}
	}
	assert_int_equal(got + count(0, "in", "lost"), 1000);
	assert_in_range(count(0, "in", "lost"), 62, 138);
	assert_int_equal(count(0, "in", "cut"), 50);
}

/* Whoever gets it must be able to see that it is spoilt. */
static void corruption_shows(void **state)
{
	(void)state;
	p1_takes_all();
	cable(0, "dir=in corrupt=100%");
	for (int i = 0; i < 200; i++) {
		struct pkt *p;

		world_input(w.port[0], frame_make(w.runner.pool, &plain));
		p = port_dummy_sent(w.port[1]);
		assert_non_null(p);
		assert_int_equal(p->vnet.flags, 0);
		assert_false(frame_sums_ok(p, &plain));
		pkt_put(p);
	}
	assert_int_equal(count(0, "in", "corrupted"), 200);
}

static void hostile_headers_go_no_further(void **state)
{
	struct pkt *p = frame_make(w.runner.pool, &super);

	(void)state;
	cable(0, "delay=1ms loss=1% corrupt=100%");
	p->vnet.gso_size = 0;
	world_input(w.port[0], p);
	p = frame_make(w.runner.pool, &plain);
	p->vnet.csum_start = htole16(60000);
	world_input(w.port[0], p);
	assert_int_equal(world_drops(w.port[0], DROP_BAD_VNET_HDR), 2);
	p = pkt_from(w.runner.pool, "short", 5);
	world_input(w.port[0], p);
	p = pkt_alloc(w.runner.pool);
	world_input(w.port[0], p);
	assert_int_equal(world_drops(w.port[0], DROP_RUNT), 2);
}

static void mtu(void **state)
{
	(void)state;
	cable(0, "dir=in mtu=1400");
	world_send(w.port[0], 1, 2, 1414, 1);
	assert_int_equal(world_take(w.port[1]), 1);
	world_send(w.port[0], 1, 2, 1415, 1);
	nothing(w.port[1]);
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 1);
	world_input(w.port[0], frame_make(w.runner.pool, &super)); /* its pieces are too long */
	nothing(w.port[1]);
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 2);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void undone_exactly(void **state)
{
	(void)state;
	cable(0, "delay=10s rate=1Gbit");
	for (uint8_t i = 1; i <= 40; i++)
		send_marked(i);
	cable(0, "none");
	for (int i = 1; i <= 40; i++)
		assert_int_equal(world_take(w.port[1]), i);
	assert_null(w.port[0]->impair);
	assert_int_equal(w.port[0]->features, 0);
	assert_int_equal(w.runner.due.n, 0);
	assert_int_equal(w.runner.due.reserved, 1); /* ageing */
	assert_null(w.runner.held.arena);
	assert_null(impair_words(w.port[0]));
	cable(0, "none"); /* twice is no error */
	send_marked(99);
	assert_int_equal(world_take(w.port[1]), 99);
}

static void change_keeps_what_is_on_it(void **state)
{
	(void)state;
	cable(0, "dir=in delay=10s");
	send_marked(1);
	step_to(1000);
	cable(0, "loss=100% delay=20ms");
	send_marked(2);
	step_to(21000);
	assert_int_equal(world_take(w.port[1]), 1);
	cable(0, "none dir=in rate=100kbit queue=100"); /* 121 ms a frame */
	for (uint8_t i = 10; i < 20; i++)
		send_marked(i);
	step_to(now_us + 300000);
	assert_int_equal(world_take(w.port[1]), 10);
	assert_int_equal(world_take(w.port[1]), 11);
	nothing(w.port[1]);
	cable(0, "dir=in rate=100Mbit");
	step_to(now_us + 1000);
	for (int i = 12; i < 20; i++)
		assert_int_equal(world_take(w.port[1]), i);
}

static void nothing_changes_on_an_error(void **state)
{
	struct err err = {0};
	char *words;

	(void)state;
	assert_int_equal(impair_set(w.port[0], "loss=1", &err), -EINVAL);
	assert_null(w.port[0]->impair);
	cable(0, "delay=5ms");
	assert_int_equal(impair_set(w.port[0], "delay=7ms lost=1%", &err), -EINVAL);
	words = impair_words(w.port[0]);
	assert_string_equal(words, "delay=5ms");
	free(words);
}

static void down_move_and_delete_empty_it(void **state)
{
	struct net *other = world_net(&w, "other");
	struct err err;

	(void)state;
	cable(0, "delay=1s");
	cable(1, "dir=out delay=1s");
	send_marked(1);
	port_set_admin(w.port[0], false);
	assert_int_equal(world_drops(w.port[0], DROP_PORT_DOWN), 1);
	port_set_admin(w.port[0], true);
	send_marked(2);
	assert_int_equal(port_move(w.port[0], other, &err), 0);
	assert_int_equal(world_drops(w.port[0], DROP_PORT_DOWN), 2);
	assert_int_equal(port_move(w.port[0], w.net, &err), 0);
	send_marked(3);
	step_to(1500000);
	assert_int_equal(count(1, "out", "held"), 1);
	port_del(w.port[1], true);
	send_marked(4);
	step_to(9000000); /* and the timers of the deleted one fire no more */
}

/* ---- schedule -------------------------------------------------------------------------------- */

static void schedule_pulls_and_changes(void **state)
{
	struct port *f = world_port(w.net, "fake", "f");
	struct err err;
	uint64_t dropped;

	(void)state;
	world_send(w.port[0], 1, 0, 60, 0);
	world_take(w.port[1]);
	assert_int_equal(impair_set(f, "at=1s down=2s at=5s dir=in loss=100% for=1s", &err), 0);
	assert_int_equal(f->features, 0);
	step_to(1000000);
	assert_int_equal(fake_of(f)->up, -1);
	assert_true(world_event(&w, "port.impaired {\"down\": true"));
	dropped = world_drops(f, DROP_IMPAIR_DOWN);
	world_send(w.port[0], 1, 0, 60, 5);
	assert_int_equal(world_drops(f, DROP_IMPAIR_DOWN), dropped + 1);
	port_set_admin(f, false); /* the user's word and the schedule's: both must agree */
	step_to(3000000);
	assert_int_equal(fake_of(f)->up, -1);
	port_set_admin(f, true);
	assert_int_equal(fake_of(f)->up, 1);
	step_to(5000000);
	assert_true(f->features != 0);
	step_to(6000000);
	assert_int_equal(f->features, 0);
	assert_int_equal(w.runner.due.n, 0); /* nothing is to come */
}

static void none_while_pulled(void **state)
{
	struct port *f = world_port(w.net, "fake", "f");
	struct err err;

	(void)state;
	assert_int_equal(impair_set(f, "at=0s down=forever", &err), 0);
	assert_int_equal(fake_of(f)->up, -1);
	assert_int_equal(impair_set(f, "none", &err), 0);
	assert_int_equal(fake_of(f)->up, 1);
	assert_false(f->pulled);
}

/* What the store gives back goes on where the schedule would have been. */
static void schedule_goes_on(void **state)
{
	char *words;
	json_t *j;

	(void)state;
	cable(0, "at=10s loss=5% repeat=1min");
	words = impair_words(w.port[0]);
	cable(0, "none");
	step_to(72000000); /* 12 s into the second round */
	cable(0, words);
	free(words);
	j = impair_json(w.port[0]);
	words = json_dumps(j, JSON_SORT_KEYS);
	json_decref(j);
	assert_non_null(strstr(words, "\"in_ms\": 48000"));
	assert_non_null(strstr(words, "\"now\": \"loss=5%\""));
	free(words);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(delay_to_the_microsecond),
		IN_WORLD(seen_by_the_switch_when_it_arrives),
		IN_WORLD(long_and_fat),
		IN_WORLD(rate_and_queue),
		IN_WORLD(same_seed_same_pattern),
		IN_WORLD(loss_within_the_bound),
		IN_WORLD(duplicates_and_overtakers),
		IN_WORLD(delay_keeps_a_super_frame_whole),
		IN_WORLD(loss_is_of_segments),
		IN_WORLD(corruption_shows),
		IN_WORLD(hostile_headers_go_no_further),
		IN_WORLD(mtu),
		IN_WORLD(undone_exactly),
		IN_WORLD(change_keeps_what_is_on_it),
		IN_WORLD(nothing_changes_on_an_error),
		IN_WORLD(down_move_and_delete_empty_it),
		IN_WORLD(schedule_pulls_and_changes),
		IN_WORLD(none_while_pulled),
		IN_WORLD(schedule_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
