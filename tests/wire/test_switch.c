/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learning, flooding, ageing, moving, and the frames that a switch must not pass. */
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

static void unknown_is_flooded_known_is_not(void **state)
{
	(void)state;
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), 'a');
	assert_int_equal(world_take(w.port[2]), 'a');
	assert_int_equal(world_take(w.port[0]), -1);
	assert_int_equal(w.net->floods, 1);

	world_send(w.port[1], 2, 1, 60, 'b');
	assert_int_equal(world_take(w.port[0]), 'b');
	assert_int_equal(world_take(w.port[2]), -1);

	world_send(w.port[0], 1, 2, 60, 'c');
	assert_int_equal(world_take(w.port[1]), 'c');
	assert_int_equal(world_take(w.port[2]), -1);
	assert_int_equal(w.net->floods, 1);
}

static void broadcast_goes_to_all_others(void **state)
{
	struct mac multicast = {{0x01, 0, 0x5e, 0, 0, 0xfb}};
	uint8_t frame[60] = {0};
	struct mac from = station(1);

	(void)state;
	for (int i = 0; i < 2; i++) {
		world_send(w.port[0], 1, 0, 60, 'a');
		assert_int_equal(world_take(w.port[1]), 'a');
		assert_int_equal(world_take(w.port[2]), 'a');
		assert_int_equal(world_take(w.port[0]), -1);
	}
	memcpy(frame, &multicast, 6);
	memcpy(frame + 6, &from, 6);
	frame[59] = 'm';
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	assert_int_equal(world_take(w.port[1]), 'm');
	assert_int_equal(world_take(w.port[2]), 'm');
}

static void what_is_old_is_forgotten(void **state)
{
	msec start = w.runner.now;

	(void)state;
	world_send(w.port[1], 2, 0, 60, 'x');
	assert_int_equal(world_take(w.port[0]), 'x');
	assert_int_equal(world_take(w.port[2]), 'x');

	runner_step(&w.runner, start + FDB_AGEING_MS);
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_int_equal(world_take(w.port[1]), 'a');
	assert_int_equal(world_take(w.port[2]), -1);

	runner_step(&w.runner, start + FDB_AGEING_MS + 1);
	world_send(w.port[0], 1, 2, 60, 'b');
	assert_int_equal(world_take(w.port[2]), 'b');
	/* The tick takes it off the table too. */
	for (msec t = 0; t < 100; t++)
		runner_step(&w.runner, start + 3 * FDB_AGEING_MS + t * 1000);
	assert_int_equal(fdb_count(w.net->fdb), 0);
}

static void a_station_may_move(void **state)
{
	(void)state;
	world_send(w.port[0], 1, 0, 60, 'x');
	world_send(w.port[2], 1, 0, 60, 'y'); /* the cable was replugged */
	while (world_take(w.port[0]) >= 0 || world_take(w.port[1]) >= 0 ||
	       world_take(w.port[2]) >= 0)
		;
	world_send(w.port[1], 2, 1, 60, 'a');
	assert_int_equal(world_take(w.port[2]), 'a');
	assert_int_equal(world_take(w.port[0]), -1);
	assert_true(world_event(
		&w, "mac.moved {\"from\": \"p0\", \"mac\": \"52:54:00:00:00:01\", \"net\": \"n\", "
		    "\"port\": \"p2\"}"));
}

/* A loop in the network moves addresses with every frame: events must not follow. */
static void a_storm_of_moves_is_told_slowly(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		world_send(w.port[i % 2], 1, 9, 60, 'x');
	/* And one word of what it means. */
	assert_int_equal(w.n_events, LEARN_MOVES_PER_S + 1);
	assert_true(
		world_event(&w, "mac.flapping {\"from\": \"p0\", \"mac\": \"52:54:00:00:00:01\""));
	runner_step(&w.runner, w.runner.now + 1000);
	world_send(w.port[2], 1, 9, 60, 'x');
	assert_int_equal(w.n_events, LEARN_MOVES_PER_S + 2);
}

static void link_local_groups_stay_on_their_link(void **state)
{
	uint8_t frame[60] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00, 0x52, 0x54};

	(void)state;
	for (uint8_t last = 0; last <= 0x10; last++) {
		frame[5] = last;
		port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	}
	assert_int_equal(world_drops(w.port[0], DROP_RESERVED_MAC), 16);
	/* 01:80:c2:00:00:10 is an ordinary group. */
	assert_int_equal(w.port[1]->stats.tx_frames, 1);
}

static void nobody_sends_as_a_group_or_as_zero(void **state)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0x5e};

	(void)state;
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	memset(frame + 6, 0xff, 6);
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	memset(frame + 6, 0, 6);
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	assert_int_equal(world_drops(w.port[0], DROP_BAD_SRC_MAC), 3);
	assert_int_equal(w.port[1]->stats.tx_frames, 0);
	assert_int_equal(fdb_count(w.net->fdb), 0);
}

static void too_short_and_too_long(void **state)
{
	uint8_t frame[14] = {0};

	(void)state;
	for (size_t len = 0; len < 14; len++)
		port_dummy_receive(w.port[0], frame, len, NULL);
	assert_int_equal(world_drops(w.port[0], DROP_RUNT), 14);
	world_send(w.port[0], 1, 0, 14, 'a');
	world_send(w.port[0], 1, 0, 1518, 'b'); /* MTU, header, a VLAN tag */
	world_send(w.port[0], 1, 0, 1519, 'c');
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 1);
	assert_int_equal(world_take(w.port[1]), 'a');
	assert_int_equal(world_take(w.port[1]), 'b');
	assert_int_equal(world_take(w.port[1]), -1);
	w.net->conf.mtu = 9000;
	world_send(w.port[0], 1, 0, 9018, 'd');
	world_send(w.port[0], 1, 0, 9019, 'e');
	assert_int_equal(world_drops(w.port[0], DROP_TOO_BIG), 2);
	assert_int_equal(world_take(w.port[1]), 'd');
}

static void behind_its_own_port(void **state)
{
	(void)state;
	world_send(w.port[0], 1, 0, 60, 'a');
	world_send(w.port[0], 2, 1, 60, 'b');
	assert_int_equal(world_drops(w.port[0], DROP_HAIRPIN), 1);
}

static void alone_on_the_network(void **state)
{
	(void)state;
	port_del(w.port[1], true);
	port_del(w.port[2], true);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(world_drops(w.port[0], DROP_NO_PORT), 1);
}

static void counts_frames_and_bytes(void **state)
{
	json_t *j, *drops;

	(void)state;
	world_send(w.port[0], 1, 0, 60, 'a');
	world_send(w.port[0], 1, 0, 100, 'a');
	world_send(w.port[0], 1, 1, 60, 'a');
	j = port_json(w.port[0]);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "rx"), "frames")),
			 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "rx"), "bytes")),
			 220);
	drops = json_object_get(j, "drops");
	assert_int_equal(json_object_size(drops), 1);
	assert_int_equal(json_integer_value(json_object_get(drops, "hairpin")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "drops_total")), 1);
	json_decref(j);
	assert_int_equal(w.port[1]->stats.tx_frames, 2);
	assert_int_equal(w.port[1]->stats.tx_bytes, 160);
}

static struct pkt *plain(unsigned int src, unsigned int dst, uint8_t mark)
{
	struct pkt *p = pkt_alloc(w.runner.pool);
	struct mac from = station(src), to = station(dst);

	p->len = 60;
	memset(p->data, 0, p->len);
	memcpy(p->data, &to, sizeof(to));
	memcpy(p->data + 6, &from, sizeof(from));
	p->data[59] = mark;
	return p;
}

/* A burst of 32 leaves each port by one send, in order. */
static void a_burst_is_flushed_once(void **state)
{
	struct port *a = world_port(w.net, "fake", "a"), *b = world_port(w.net, "fake", "b");
	struct pkt_batch batch = {.n = 0};

	(void)state;
	world_input(a, plain(11, 0, 0));
	world_input(b, plain(12, 0, 0));
	memset(a->priv, 0, sizeof(struct fake));
	memset(b->priv, 0, sizeof(struct fake));
	for (int i = 0; i < PKT_BATCH_MAX; i++)
		pkt_batch_add(&batch, plain(1, i % 2 ? 11 : 12, (uint8_t)i));
	net_input(w.net, w.port[0], &batch);
	assert_int_equal(batch.n, 0);
	assert_int_equal(fake_of(a)->sends, 1);
	assert_int_equal(fake_of(b)->sends, 1);
	assert_int_equal(fake_of(a)->frames, PKT_BATCH_MAX / 2);
	for (int i = 0; i < PKT_BATCH_MAX / 2; i++) {
		assert_int_equal(fake_of(a)->last_byte[i], 2 * i + 1);
		assert_int_equal(fake_of(b)->last_byte[i], 2 * i);
	}
	assert_null(w.net->queued);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(unknown_is_flooded_known_is_not),
		T(broadcast_goes_to_all_others),
		T(what_is_old_is_forgotten),
		T(a_station_may_move),
		T(a_storm_of_moves_is_told_slowly),
		T(link_local_groups_stay_on_their_link),
		T(nobody_sends_as_a_group_or_as_zero),
		T(too_short_and_too_long),
		T(behind_its_own_port),
		T(alone_on_the_network),
		T(counts_frames_and_bytes),
		T(a_burst_is_flushed_once),
	};

	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
