/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens on one network, or at one port, is no business of the others. */
#include <stdlib.h>

#include "tests/wire/world.h"

enum { NETS = 4, PORTS = 3 };

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

/* Four networks with the same stations, all kinds of frames at random: each frame carries its
 * network's number, and every port of every network is read. */
static void networks_do_not_touch(void **state)
{
	struct port *ports[NETS][PORTS];
	unsigned int seen = 0;

	(void)state;
	for (int n = 0; n < NETS; n++) {
		char name[] = {'n', 'e', 't', (char)('0' + n), '\0'};
		struct net *net = world_net(&w, name);

		for (int i = 0; i < PORTS; i++) {
			char port[] = {(char)('A' + n), (char)('0' + i), '\0'};

			ports[n][i] = world_port(net, "dummy", port);
		}
	}
	srand(6);
	for (int i = 0; i < 20000; i++) {
		int n = rand() % NETS;

		/* Station 0 is everybody, 1 to 6 are there (or move), 7 is never heard of. */
		world_send(ports[n][rand() % PORTS], 1 + (unsigned int)rand() % 6,
			   (unsigned int)rand() % 8, 60, (uint8_t)n);
		for (int m = 0; m < NETS; m++)
			for (int j = 0; j < PORTS; j++)
				for (int got; (got = world_take(ports[m][j])) >= 0; seen++)
					assert_int_equal(got, m);
	}
	assert_true(seen > 10000);
	for (int j = 0; j < 3; j++)
		assert_int_equal(w.port[j]->stats.tx_frames, 0);
}

/* One port sends from a hundred thousand addresses: the others stay known. */
static void a_flood_of_addresses(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 500; i++)
		world_send(w.port[1], 100 + i, 0, 60, 0);
	for (unsigned int i = 0; i < 100000; i++)
		world_send(w.port[0], 10000 + i, 100, 60, 0);
	assert_int_equal(fdb_count(w.net->fdb), FDB_SIZE_DEFAULT);
	while (world_take(w.port[2]) >= 0)
		;
	for (unsigned int i = 0; i < 500; i++)
		world_send(w.port[0], 1, 100 + i, 60, 0);
	assert_int_equal(world_take(w.port[2]), -1);
}

/* Nobody reads p1: it loses its own frames, by name, and p2 gets all of its. */
static void one_who_does_not_read(void **state)
{
	unsigned int got = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		world_send(w.port[0], 1, 0, 60, 'x');
		got += world_take(w.port[2]) == 'x';
	}
	assert_int_equal(got, 5000);
	assert_int_equal(w.port[1]->stats.tx_frames + world_drops(w.port[1], DROP_QUEUE_FULL),
			 5000);
	assert_true(world_drops(w.port[1], DROP_QUEUE_FULL) > 4000);
	assert_int_equal(pkt_pool_free(w.runner.pool), RUNNER_POOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(networks_do_not_touch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(one_who_does_not_read, setup, teardown),
	};

	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}
