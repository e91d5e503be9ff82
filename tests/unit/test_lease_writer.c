/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lease_writer.c - the thread that writes leases: what gathers while the disk is busy, the
 * bound on it, and that a failure takes back everything that rested on it, newest first. A second
 * connection that holds the file's lock is the busy disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dhcp/lease_writer.h"
#include "tests/unit/tight_disk.h"

struct rig {
	char dir[64];
	struct dhcp_store *store;
	struct lease_writer *w;
	sqlite3 *other;
	atomic_uint woken;
	unsigned int n; /* calls of finished() */
	struct {
		unsigned int batch;
		int rc;
	} call[16];
	unsigned int n_rebuilt, n_removed;
	int rebuilt;
	struct dhcp_salvage found;
	unsigned int put_when_finished; /* one more change from inside finished() */
};

static int put(struct rig *r, unsigned int n)
{
	struct dhcp_record rec = {.addr = htobe32(0x0a000000 + n),
				  .key = {.len = 7},
				  .mac = {{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}},
				  .expires_s = 1000,
				  .lease_s = 3600};

	memcpy(rec.key.b + 1, &rec.mac, 6);
	return lease_writer_ops.put(r->w, "lan", &rec);
}

static void wake(void *ctx)
{
	atomic_fetch_add(&((struct rig *)ctx)->woken, 1);
}

static void finished(void *ctx, unsigned int batch, int rc)
{
	struct rig *r = ctx;

	assert_true(r->n < ARRAY_SIZE(r->call));
	r->call[r->n].batch = batch;
	r->call[r->n++].rc = rc;
	if (r->put_when_finished)
		assert_int_equal(put(r, r->put_when_finished), 0);
	r->put_when_finished = 0;
}

static void rebuilt(void *ctx, int rc, const struct dhcp_salvage *found)
{
	struct rig *r = ctx;

	r->n_rebuilt++;
	r->rebuilt = rc;
	r->found = *found;
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct lease_writer_conf conf = {
		.wake = wake, .finished = finished, .rebuilt = rebuilt, .ctx = r};
	struct dhcp_salvage found;
	struct err err = {0};
	char file[96];

	*state = r;
	strcpy(r->dir, "/tmp/test-lease-writer-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(dhcp_store_open(r->dir, &r->store, &found, &err), 0);
	conf.store = r->store;
	assert_int_equal(lease_writer_open(&conf, &r->w), 0);
	snprintf(file, sizeof(file), "%s/leases.db", r->dir);
	assert_int_equal(sqlite3_open(file, &r->other), SQLITE_OK);
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	char cmd[96];

	lease_writer_close(r->w);
	dhcp_store_close(r->store);
	sqlite3_close(r->other);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", r->dir);
	free(r);
	return system(cmd);
}

static void sql(struct rig *r, const char *text)
{
	assert_int_equal(sqlite3_exec(r->other, text, NULL, NULL, NULL), SQLITE_OK);
}

static void await_wake(struct rig *r, unsigned int n)
{
	while (atomic_load(&r->woken) < n)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void count_lease(void *arg, const struct dhcp_record *rec)
{
	(void)rec;
	++*(unsigned int *)arg;
}

static void ignore(void *arg, be32 addr, const struct dhcp_who *who)
{
	(void)arg;
	(void)addr;
	(void)who;
}

static void ignore_lease(void *arg, const struct dhcp_record *rec)
{
	(void)arg;
	(void)rec;
}

static unsigned int on_disk(struct rig *r)
{
	unsigned int n = 0;

	assert_int_equal(lease_writer_ops.load(r->w, "lan", count_lease, ignore, &n), 0);
	return n;
}

static void many_share_one_commit(void **state)
{
	struct rig *r = *state;
	unsigned int first = lease_writer_batch(r->w);

	for (unsigned int n = 0; n < 100; n++)
		assert_int_equal(put(r, n), 0);
	assert_int_equal(lease_writer_batch(r->w), first);
	lease_writer_kick(r->w);
	assert_int_not_equal(lease_writer_batch(r->w), first);
	await_wake(r, 1);
	assert_int_equal(r->n, 0); /* nobody is told before reap() */
	lease_writer_reap(r->w);
	assert_int_equal(r->n, 1);
	assert_int_equal(r->call[0].batch, first);
	assert_int_equal(r->call[0].rc, 0);
	lease_writer_reap(r->w);
	assert_int_equal(r->n, 1);
	assert_int_equal(on_disk(r), 100);
}

static void busy_disk(void **state)
{
	struct rig *r = *state;
	unsigned int n = 1;

	sql(r, "BEGIN IMMEDIATE");
	assert_int_equal(put(r, 0), 0);
	lease_writer_kick(r->w);
	while (put(r, n) == 0)
		n++;
	assert_int_equal(n, DHCP_BATCH_MAX + 1);
	assert_int_equal(put(r, n), -ENOBUFS);
	lease_writer_reap(r->w); /* nothing came back, and nothing is lost by asking */
	assert_int_equal(r->n, 0);
	sql(r, "COMMIT");
	await_wake(r, 1);
	lease_writer_reap(r->w); /* gives the thread the next batch by itself */
	await_wake(r, 2);
	lease_writer_reap(r->w);
	assert_int_equal(r->n, 2);
	assert_int_equal(on_disk(r), DHCP_BATCH_MAX + 1);
}

/* More than a batch at once, with the thread at rest: nothing is refused. */
static void burst(void **state)
{
	struct rig *r = *state;

	for (unsigned int n = 0; n < 2 * DHCP_BATCH_MAX; n++)
		assert_int_equal(put(r, n), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->n, 2);
	assert_int_equal(on_disk(r), 2 * DHCP_BATCH_MAX);
}

static void failure_takes_both_back(void **state)
{
	struct rig *r = *state;
	unsigned int first = lease_writer_batch(r->w);

	sql(r, "BEGIN IMMEDIATE");
	tighten(true);
	assert_int_equal(put(r, 1), 0);
	lease_writer_kick(r->w);
	assert_int_equal(put(r, 2), 0);
	sql(r, "ROLLBACK");
	await_wake(r, 1);
	lease_writer_reap(r->w);
	tighten(false);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->call[0].batch, !first);
	assert_int_equal(r->call[1].batch, first);
	assert_true(r->call[0].rc < 0 && r->call[1].rc < 0);
	assert_int_equal(on_disk(r), 0);
	assert_int_equal(put(r, 3), 0); /* and on it goes */
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(on_disk(r), 1);
}

/* Who waits without a change is told, after what was changed before. */
static void waiting_without_a_change(void **state)
{
	struct rig *r = *state;

	lease_writer_kick(r->w);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->n, 0);
	lease_writer_await(r->w);
	lease_writer_kick(r->w);
	await_wake(r, 1);
	lease_writer_reap(r->w);
	assert_int_equal(r->n, 1);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->n, 1);
}

static void drain_takes_what_comes(void **state)
{
	struct rig *r = *state;

	r->put_when_finished = 2;
	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->n, 2);
	assert_int_equal(on_disk(r), 2);
}

static void count_reserved(void *arg, be32 addr, const struct dhcp_who *who)
{
	(void)addr;
	(void)who;
	++*(unsigned int *)arg;
}

static unsigned int reserved_on_disk(struct rig *r)
{
	unsigned int n = 0;

	assert_int_equal(lease_writer_ops.load(r->w, "lan", ignore_lease, count_reserved, &n), 0);
	return n;
}

/* What people change joins the batch: nobody waits, and the order is kept. */
static void changes_by_people(void **state)
{
	struct rig *r = *state;
	struct dhcp_who who = dhcp_who_mac(&(struct mac){{2, 9, 9, 9, 9, 9}});

	sql(r, "BEGIN IMMEDIATE");
	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_ops.reserve(r->w, "lan", htobe32(0x0a000009), &who), 0);
	assert_int_equal(lease_writer_ops.del(r->w, "lan", htobe32(0x0a000001)), 0);
	assert_int_equal(lease_writer_ops.commit(r->w), 0);
	assert_int_equal(r->n, 0); /* the disk is busy, and here we are */
	sql(r, "COMMIT");
	await_wake(r, 1);
	lease_writer_reap(r->w);
	assert_int_equal(r->n, 1);
	assert_int_equal(on_disk(r), 0);
	assert_int_equal(reserved_on_disk(r), 1);
	assert_int_equal(lease_writer_forget(r->w, "lan"), 0);
	assert_int_equal(reserved_on_disk(r), 0); /* what is on its way counts */
}

/* While the disk is busy, a network that nothing waits of is read past the thread. */
static void loading_does_not_wait(void **state)
{
	struct rig *r = *state;
	unsigned int n = 0;

	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	sql(r, "BEGIN IMMEDIATE");
	assert_int_equal(lease_writer_ops.del(r->w, "other", 1), 0);
	lease_writer_kick(r->w);
	assert_int_equal(lease_writer_ops.load(r->w, "lan", count_lease, ignore, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(atomic_load(&r->woken), 0);
	sql(r, "COMMIT");
	assert_int_equal(lease_writer_drain(r->w), 0);
}

/* A failed batch leaves nothing behind but the wish to forget a network; while it fails, people are
 * told so. */
static void failure_and_people(void **state)
{
	struct rig *r = *state;
	struct dhcp_who who = dhcp_who_mac(&(struct mac){{2, 9, 9, 9, 9, 9}});

	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	tighten(true);
	assert_int_equal(lease_writer_forget(r->w, "lan"), 0);
	assert_true(lease_writer_drain(r->w) < 0);
	assert_int_equal(lease_writer_failing(r->w), r->call[1].rc);
	assert_true(lease_writer_ops.reserve(r->w, "lan", htobe32(9), &who) == 0 &&
		    lease_writer_ops.commit(r->w) < 0);
	assert_true(lease_writer_drain(r->w) < 0);
	tighten(false);
	assert_int_equal(on_disk(r), 0);
	assert_int_equal(reserved_on_disk(r), 0);
	assert_int_equal(lease_writer_failing(r->w), 0);
}

static struct lease_image *image(bool reopen)
{
	struct lease_image *img = calloc(1, sizeof(*img));
	struct dhcp_record rec = {.key = {.len = 7}, .expires_s = 1000, .lease_s = 3600};

	img->reopen = reopen;
	lease_image_net(img, "lan");
	for (unsigned int n = 1; n <= 200; n++) {
		rec.addr = htobe32(0x0a000000 + n);
		rec.key.b[6] = (uint8_t)n;
		assert_int_equal(lease_image_ops.put(img, "lan", &rec), 0);
	}
	return img;
}

/* An image replaces what the file has of its networks. */
static void images(void **state)
{
	struct rig *r = *state;
	unsigned int n;

	for (n = 1000; n < 1010; n++)
		assert_int_equal(put(r, n), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(on_disk(r), 10);
	lease_writer_rebuild(r->w, image(false));
	lease_writer_rebuild(r->w, image(false)); /* the first has not begun, or is done */
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_false(lease_writer_rebuilds(r->w));
	assert_true(r->n_rebuilt >= 1);
	assert_int_equal(r->rebuilt, 0);
	assert_int_equal(on_disk(r), 200);
	n = r->n;
	lease_writer_rebuild(r->w, image(false));
	assert_int_equal(put(r, 2000), 0); /* waits behind it */
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(on_disk(r), 201);
	assert_int_equal(r->n, n + 1);
	assert_int_equal(r->call[n].rc, 0);
}

/* What came while an image failed is taken back, as when a batch does. */
static void image_fails(void **state)
{
	struct rig *r = *state;

	tighten(true);
	lease_writer_rebuild(r->w, image(false));
	assert_int_equal(put(r, 1), 0);
	assert_true(lease_writer_drain(r->w) < 0);
	assert_true(r->rebuilt < 0);
	assert_int_equal(r->n, 1);
	assert_true(r->call[0].rc < 0);
	tighten(false);
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(on_disk(r), 0);
}

/* The file goes while it is open: noticed by the next change, and written anew. */
static void file_goes(void **state)
{
	struct rig *r = *state;
	char cmd[200];

	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	snprintf(cmd, sizeof(cmd), "rm %s/leases.db%s", r->dir, r->n_removed++ ? "-wal" : "");
	assert_int_equal(system(cmd), 0);
	assert_int_equal(put(r, 2), 0);
	assert_true(lease_writer_drain(r->w) < 0);
	assert_true(dhcp_store_damaged(r->store));
	lease_writer_rebuild(r->w, image(true));
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->rebuilt, 0);
	assert_true(r->found.damaged);
	assert_false(dhcp_store_damaged(r->store));
	assert_int_equal(on_disk(r), 200);
}

/* The same with garbage for a header, which only reading it tells. */
static void file_turns_to_garbage(void **state)
{
	struct rig *r = *state;
	char cmd[200];

	assert_int_equal(put(r, 1), 0);
	assert_int_equal(lease_writer_drain(r->w), 0);
	sql(r, "PRAGMA wal_checkpoint(TRUNCATE)"); /* else what is in the log would mend it */
	snprintf(cmd, sizeof(cmd),
		 "head -c 5000 /dev/zero | dd of=%s/leases.db conv=notrunc 2>&1 | cat", r->dir);
	assert_int_equal(system(cmd), 0);
	while (!dhcp_store_damaged(r->store)) {
		assert_int_equal(put(r, 1), 0);
		lease_writer_drain(r->w);
		r->n = 0;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	lease_writer_rebuild(r->w, image(true));
	assert_int_equal(lease_writer_drain(r->w), 0);
	assert_int_equal(r->rebuilt, 0);
	assert_true(r->found.aside[0]);
	assert_int_equal(on_disk(r), 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_share_one_commit),
		TEST(busy_disk),
		TEST(burst),
		TEST(failure_takes_both_back),
		TEST(drain_takes_what_comes),
		TEST(changes_by_people),
		TEST(loading_does_not_wait),
		TEST(failure_and_people),
		TEST(images),
		TEST(file_goes),
		TEST(image_fails),
		TEST(file_turns_to_garbage),
		TEST(waiting_without_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
