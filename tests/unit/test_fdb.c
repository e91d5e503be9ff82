/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/port.h"

static struct port a, b, c;

static struct mac mac_nr(unsigned int n)
{
	return (struct mac){
		{2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static enum fdb_event learn(struct fdb *fdb, unsigned int nr, struct port *port, msec now)
{
	struct mac mac = mac_nr(nr);

	return fdb_learn(fdb, &mac, 0, port, now);
}

static struct port *lookup(struct fdb *fdb, unsigned int nr, msec now)
{
	struct mac mac = mac_nr(nr);

	return fdb_lookup(fdb, &mac, 0, now);
}

static int reset(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&c, 0, sizeof(c));
	return 0;
}

static void learns_moves_ages(void **state)
{
	struct fdb *fdb = fdb_create(16, 1000);

	(void)state;
	assert_null(lookup(fdb, 1, 0));
	assert_int_equal(learn(fdb, 1, &a, 0), FDB_LEARNT);
	assert_int_equal(learn(fdb, 1, &a, 10), FDB_KNOWN);
	assert_ptr_equal(lookup(fdb, 1, 10), &a);
	assert_int_equal(learn(fdb, 1, &b, 20), FDB_MOVED);
	assert_ptr_equal(lookup(fdb, 1, 1020), &b);
	assert_null(lookup(fdb, 1, 1021));
	/* An entry that is too old is not moved, it is new. */
	assert_int_equal(learn(fdb, 1, &a, 5000), FDB_LEARNT);
	assert_int_equal(learn(fdb, 1, &a, 9000), FDB_LEARNT);
	assert_int_equal(fdb_count(fdb), 1);
	fdb_age(fdb, 10000, NULL, NULL);
	assert_int_equal(fdb_count(fdb), 1);
	fdb_age(fdb, 10001, NULL, NULL);
	assert_int_equal(fdb_count(fdb), 0);
	fdb_destroy(fdb);
	fdb_destroy(NULL);
}

static void refreshed_entries_live(void **state)
{
	struct fdb *fdb = fdb_create(16, 10000);

	(void)state;
	learn(fdb, 1, &a, 0);
	for (msec now = 0; now < 100000; now += 700) {
		assert_ptr_equal(lookup(fdb, 1, now), &a);
		learn(fdb, 1, &a, now);
		fdb_age(fdb, now, NULL, NULL);
	}
	fdb_destroy(fdb);
}

static void flush(void **state)
{
	struct fdb *fdb = fdb_create(64, 1000);

	(void)state;
	for (unsigned int i = 0; i < 30; i++)
		learn(fdb, i, i % 3 ? &a : &b, 0);
	assert_int_equal(fdb_flush(fdb, &c), 0);
	assert_int_equal(fdb_flush(fdb, &b), 10);
	assert_null(lookup(fdb, 0, 0));
	assert_ptr_equal(lookup(fdb, 1, 0), &a);
	assert_int_equal(fdb_flush(fdb, NULL), 20);
	assert_int_equal(fdb_count(fdb), 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(learn(fdb, i, &c, 0), FDB_LEARNT);
	fdb_destroy(fdb);
}

/* One port that makes addresses up by the thousand pays for them itself. */
static void a_flood_harms_only_its_port(void **state)
{
	struct fdb *fdb = fdb_create(256, 300000);

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		learn(fdb, 1000 + i, &b, 0);
		learn(fdb, 2000 + i, &c, 0);
	}
	for (unsigned int i = 0; i < 100000; i++)
		learn(fdb, 100000 + i, &a, 1 + i / 100);
	assert_int_equal(fdb_count(fdb), 256);
	for (unsigned int i = 0; i < 20; i++) {
		assert_ptr_equal(lookup(fdb, 1000 + i, 2000), &b);
		assert_ptr_equal(lookup(fdb, 2000 + i, 2000), &c);
	}
	/* Others still learn, and the flooder lost its oldest, not its newest. */
	assert_int_equal(learn(fdb, 3000, &b, 2000), FDB_REPLACED);
	assert_ptr_equal(fdb_was(fdb), &a);
	assert_ptr_equal(lookup(fdb, 3000, 2000), &b);
	assert_ptr_equal(lookup(fdb, 100000 + 99999, 2000), &a);
	assert_null(lookup(fdb, 100000, 2000));
	fdb_destroy(fdb);
}

/* What is used stays, what is idle goes. */
static void eviction_takes_the_oldest(void **state)
{
	struct fdb *fdb = fdb_create(8, 300000);

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		learn(fdb, i, &a, 0);
	learn(fdb, 0, &a, 5000);
	learn(fdb, 100, &a, 6000);
	assert_ptr_equal(lookup(fdb, 0, 6000), &a);
	assert_null(lookup(fdb, 1, 6000));
	fdb_destroy(fdb);
}

static void pinned_addresses_stay(void **state)
{
	struct fdb *fdb = fdb_create(4, 1000);
	struct mac gw = mac_nr(1);

	(void)state;
	/* Even when somebody had it before. */
	learn(fdb, 1, &b, 0);
	assert_true(fdb_pin(fdb, &gw, &a));
	assert_int_equal(learn(fdb, 1, &b, 0), FDB_PINNED);
	assert_int_equal(learn(fdb, 1, &a, 0), FDB_KNOWN);
	for (unsigned int i = 0; i < 100; i++)
		learn(fdb, 100 + i, &a, i);
	fdb_age(fdb, 1000000, NULL, NULL);
	assert_int_equal(fdb_count(fdb), 1);
	fdb_flush(fdb, NULL);
	assert_ptr_equal(lookup(fdb, 1, 1000000), &a);
	fdb_forget(fdb, &a);
	assert_null(lookup(fdb, 1, 1000000));
	/* Nothing but pinned ones: nothing is evicted, nothing breaks. */
	for (unsigned int i = 0; i < 4; i++) {
		struct mac m = mac_nr(i);

		assert_true(fdb_pin(fdb, &m, &a));
	}
	learn(fdb, 77, &b, 0);
	assert_null(lookup(fdb, 77, 0));
	gw = mac_nr(78);
	assert_false(fdb_pin(fdb, &gw, &a));
	fdb_destroy(fdb);
}

static void count_row(void *ctx, const struct fdb_row *row)
{
	unsigned int *n = ctx;

	assert_int_equal(row->vid, 0);
	assert_int_equal(row->mac.b[0], 2);
	assert_ptr_equal(row->port, &a);
	assert_int_equal(row->age_ms, 500);
	++*n;
}

static void each_shows_the_living(void **state)
{
	struct fdb *fdb = fdb_create(16, 1000);
	unsigned int n = 0;

	(void)state;
	learn(fdb, 1, &b, 0);
	learn(fdb, 2, &a, 1000);
	learn(fdb, 3, &a, 1000);
	fdb_each(fdb, 1500, count_row, &n);
	assert_int_equal(n, 2);
	fdb_destroy(fdb);
}

/* Entry size, another size, what fits and whose it is. */
static void sizes(void **state)
{
	struct fdb *fdb = fdb_create(8192, 300000);
	struct mac own = mac_nr(9999);

	(void)state;
	assert_true(fdb_bytes(fdb) <= 8192 * 32);
	assert_true(fdb_pin(fdb, &own, &c));
	for (unsigned int i = 0; i < 1000; i++)
		learn(fdb, i, &a, i);
	for (unsigned int i = 0; i < 10; i++)
		learn(fdb, 5000 + i, &b, i);
	assert_int_equal(fdb_resize(&fdb, 100000), 0);
	assert_int_equal(fdb_max(fdb), 100000);
	assert_true(fdb_bytes(fdb) <= 100000 * 32);
	assert_int_equal(fdb_count(fdb), 1011);
	for (unsigned int i = 0; i < 1000; i++)
		assert_ptr_equal(lookup(fdb, i, 1000), &a);
	assert_int_equal(fdb_resize(&fdb, 64), 0);
	assert_int_equal(fdb_count(fdb), 64);
	for (unsigned int i = 0; i < 10; i++)
		assert_ptr_equal(lookup(fdb, 5000 + i, 1000), &b);
	assert_ptr_equal(lookup(fdb, 999, 1000), &a);
	assert_null(lookup(fdb, 1, 1000));
	assert_ptr_equal(lookup(fdb, 9999, 1000), &c);
	fdb_forget(fdb, &a);
	fdb_forget(fdb, &b);
	fdb_forget(fdb, &c);
	assert_int_equal(fdb_count(fdb), 0);
	fdb_destroy(fdb);
}

static void a_port_has_its_limit(void **state)
{
	struct fdb *fdb = fdb_create(64, 1000);

	(void)state;
	a.fdb_share.limit = 2;
	assert_int_equal(learn(fdb, 1, &a, 0), FDB_LEARNT);
	assert_int_equal(learn(fdb, 2, &a, 500), FDB_LEARNT);
	assert_int_equal(learn(fdb, 3, &a, 500), FDB_LIMITED);
	assert_null(lookup(fdb, 3, 500));
	assert_int_equal(learn(fdb, 3, &b, 500), FDB_LEARNT);
	assert_int_equal(learn(fdb, 3, &a, 500), FDB_LIMITED); /* nor by a move */
	assert_ptr_equal(lookup(fdb, 3, 500), &b);
	assert_int_equal(learn(fdb, 2, &a, 1100), FDB_KNOWN);
	/* The first is too old by now, and makes room. */
	assert_int_equal(learn(fdb, 4, &a, 1200), FDB_LEARNT);
	assert_int_equal(a.fdb_share.limit, 2);
	fdb_forget(fdb, &a);
	fdb_forget(fdb, &b);
	fdb_destroy(fdb);
}

static void count_aged(void *ctx, const struct mac *mac, uint16_t vid, struct port *port)
{
	(void)mac;
	(void)vid;
	assert_ptr_equal(port, &a);
	++*(unsigned int *)ctx;
}

/* Many at once go in steps, each of which is told. */
static void ageing_is_done_in_steps(void **state)
{
	struct fdb *fdb = fdb_create(4096, 1000);
	unsigned int steps = 1, aged = 0;

	(void)state;
	for (unsigned int i = 0; i < 4000; i++)
		learn(fdb, i, &a, 0);
	learn(fdb, 5000, &b, 2000);
	while (fdb_age(fdb, 2000, count_aged, &aged))
		steps++;
	assert_int_equal(aged, 4000);
	assert_true(steps > 20);
	assert_int_equal(fdb_count(fdb), 1);
	fdb_forget(fdb, &b);
	fdb_destroy(fdb);
}

static void static_entries(void **state)
{
	struct fdb *fdb = fdb_create(64, 1000);
	struct mac mac = mac_nr(7);
	struct fdb_answer known;

	(void)state;
	assert_true(fdb_tie(fdb, &mac, 10, &a, FDB_STATIC));
	assert_true(fdb_ask(fdb, &mac, 10, 999999, &known));
	assert_int_equal(known.kind, FDB_STATIC);
	assert_null(fdb_lookup(fdb, &mac, 0, 0)); /* another VLAN */
	assert_int_equal(fdb_flush(fdb, &a), 0);
	assert_int_equal(fdb_learn(fdb, &mac, 10, &b, 0), FDB_PINNED);
	assert_true(fdb_tie(fdb, &mac, 10, &b, FDB_STATIC)); /* elsewhere */
	assert_ptr_equal(fdb_lookup(fdb, &mac, 10, 0), &b);
	assert_false(fdb_unpin(fdb, &mac, 10, FDB_OWN));
	assert_true(fdb_unpin(fdb, &mac, 10, FDB_STATIC));
	assert_false(fdb_unpin(fdb, &mac, 10, FDB_STATIC));
	assert_int_equal(fdb_count(fdb), 0);
	fdb_destroy(fdb);
}

/* Against a plain array, long and at random. */
static void agrees_with_a_model(void **state)
{
	enum { MACS = 64 };
	struct port *ports[] = {&a, &b, &c}, *model[MACS] = {NULL};
	struct fdb *fdb = fdb_create(MACS, 50000);
	msec seen[MACS] = {0}, now = 0;

	(void)state;
	srand(5);
	for (int i = 0; i < 200000; i++) {
		unsigned int nr = (unsigned int)rand() % MACS;
		struct port *port = ports[rand() % 3];

		now += 1000 + (msec)rand() % 1000;
		if (model[nr] && now - seen[nr] > 50000)
			model[nr] = NULL;
		assert_ptr_equal(lookup(fdb, nr, now), model[nr]);
		switch (rand() % 16) {
		case 0:
			fdb_age(fdb, now, NULL, NULL);
			break;
		case 1:
			if (rand() % 8)
				break;
			fdb_flush(fdb, port);
			for (int m = 0; m < MACS; m++)
				if (model[m] == port)
					model[m] = NULL;
			break;
		default:
			assert_int_equal(learn(fdb, nr, port, now), !model[nr] ? FDB_LEARNT
								    : model[nr] != port
									    ? FDB_MOVED
									    : FDB_KNOWN);
			model[nr] = port;
			seen[nr] = now;
		}
	}
	fdb_destroy(fdb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(learns_moves_ages, reset),
		cmocka_unit_test_setup(refreshed_entries_live, reset),
		cmocka_unit_test_setup(flush, reset),
		cmocka_unit_test_setup(a_flood_harms_only_its_port, reset),
		cmocka_unit_test_setup(eviction_takes_the_oldest, reset),
		cmocka_unit_test_setup(pinned_addresses_stay, reset),
		cmocka_unit_test_setup(each_shows_the_living, reset),
		cmocka_unit_test_setup(sizes, reset),
		cmocka_unit_test_setup(a_port_has_its_limit, reset),
		cmocka_unit_test_setup(ageing_is_done_in_steps, reset),
		cmocka_unit_test_setup(static_entries, reset),
		cmocka_unit_test_setup(agrees_with_a_model, reset),
	};

	return cmocka_run_group_tests_name("fdb", tests, NULL, NULL);
}
