/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dhcp_store.c - leases on disk: what was committed is there after kill -9, on a full disk
 * nothing is promised, and a damaged file costs what was damaged and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dhcp/store.h"
#include "lib/addr.h"

static char dir[64];
static char file[96];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-dhcp-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/leases.db", dir);
	return 0;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static struct dhcp_store *open_store(struct dhcp_salvage *found)
{
	struct dhcp_salvage ignored;
	struct dhcp_store *s = NULL;
	struct err err = {0};

	if (dhcp_store_open(dir, &s, found ? found : &ignored, &err))
		fail_msg("%s", err.text);
	return s;
}

static struct dhcp_record record(unsigned int n)
{
	struct dhcp_record rec = {.addr = htobe32(0x0a000000 + n),
				  .key = {.len = 7, .b = {DHCP_KEY_MAC}},
				  .mac = {{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}},
				  .hostname_len = 3,
				  .hostname = "web",
				  .expires_s = 1700000000 + n,
				  .lease_s = 3600};

	memcpy(rec.key.b + 1, &rec.mac, 6);
	return rec;
}

static int put(struct dhcp_store *s, unsigned int n)
{
	struct dhcp_record rec = record(n);

	return dhcp_store_sqlite.put(s, "lan", &rec);
}

struct seen {
	unsigned int n, n_reserved;
	bool have[4096];
};

static void see_lease(void *arg, const struct dhcp_record *rec)
{
	struct seen *seen = arg;
	unsigned int n = be32toh(rec->addr) - 0x0a000000;
	struct dhcp_record want = record(n);

	assert_true(n < ARRAY_SIZE(seen->have));
	assert_memory_equal(&want.mac, &rec->mac, sizeof(want.mac));
	assert_true(dhcp_key_equal(&want.key, &rec->key));
	assert_int_equal(rec->hostname_len, 3);
	seen->have[n] = true;
	seen->n++;
}

static void see_reserved(void *arg, be32 addr, const struct dhcp_who *who)
{
	(void)addr;
	assert_true(who->len > 1);
	((struct seen *)arg)->n_reserved++;
}

static struct seen load(struct dhcp_store *s)
{
	static struct seen seen;

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(dhcp_store_sqlite.load(s, "lan", see_lease, see_reserved, &seen), 0);
	return seen;
}

static void kept_over_close(void **state)
{
	struct dhcp_store *s = open_store(NULL);
	struct dhcp_who who = dhcp_who_port("pc1.eth0");
	struct stat st;

	(void)state;
	for (unsigned int n = 1; n <= 100; n++)
		assert_int_equal(put(s, n), 0);
	assert_int_equal(dhcp_store_sqlite.reserve(s, "lan", htobe32(5), &who), 0);
	assert_int_equal(dhcp_store_sqlite.reserve(s, "other", htobe32(5), &who), 0);
	assert_int_equal(dhcp_store_sqlite.del(s, "lan", record(7).addr), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	dhcp_store_close(s);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
	s = open_store(NULL);
	assert_int_equal(load(s).n, 99);
	assert_int_equal(load(s).n_reserved, 1);
	assert_int_equal(dhcp_store_forget(s, "lan"), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(load(s).n + load(s).n_reserved, 0);
	dhcp_store_close(s);
}

/* A client that moves to another address leaves no second row. */
static void one_row_a_client(void **state)
{
	struct dhcp_store *s = open_store(NULL);
	struct dhcp_record rec = record(1);

	(void)state;
	assert_int_equal(put(s, 1), 0);
	rec.addr = record(2).addr;
	rec.mac.b[5] = 2;
	assert_int_equal(dhcp_store_sqlite.put(s, "lan", &rec), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	dhcp_store_forget(s, "nothing");
	assert_int_equal(dhcp_store_sqlite.del(s, "lan", rec.addr), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(load(s).n, 0);
	dhcp_store_close(s);
}

/* F1: the child tells each commit by a pipe and is killed at a random moment. */
static void killed_keeps_what_was_told(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 10; round++) {
		unsigned int told = 0, n, from = round * 400;
		struct dhcp_store *s;
		int fds[2];
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			s = open_store(NULL);
			for (n = from; n < from + 400; n++) {
				if (put(s, n) || dhcp_store_sqlite.commit(s) ||
				    write(fds[1], &n, sizeof(n)) != sizeof(n))
					_exit(1);
			}
			pause();
		}
		close(fds[1]);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n) && n < from + 30 * (round + 1))
			told = n + 1;
		kill(pid, SIGKILL);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			told = n + 1;
		waitpid(pid, NULL, 0);
		close(fds[0]);
		s = open_store(NULL);
		load(s);
		for (n = from; n < told; n++)
			assert_true(load(s).have[n]);
		dhcp_store_close(s);
	}
}

/* F7: the disk is full (here: a limit on file size). Nothing put is promised; it recovers. */
static void full_disk(void **state)
{
	struct dhcp_store *s = open_store(NULL);
	struct rlimit old, tight = {.rlim_cur = 64 << 10};
	unsigned int n = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	tight.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tight);
	for (; n < 4000; n++) {
		if (put(s, n) || dhcp_store_sqlite.commit(s))
			break;
	}
	assert_in_range(n, 1, 3999);
	dhcp_store_sqlite.commit(s);
	assert_true(dhcp_store_why(s)[0] != '\0');
	for (unsigned int i = 0; i < 10; i++) { /* and again, and again */
		put(s, 4000);
		assert_int_not_equal(dhcp_store_sqlite.commit(s), 0);
	}
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(load(s).n, n);
	assert_int_equal(put(s, n), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(load(s).n, n + 1);
	dhcp_store_close(s);
}

static int64_t first_end;

static void see_end(void *arg, const struct dhcp_record *rec)
{
	(void)arg;
	first_end = rec->expires_s;
}

static int64_t end_of_first(struct dhcp_store *s)
{
	assert_int_equal(dhcp_store_sqlite.load(s, "lan", see_end, see_reserved, NULL), 0);
	return first_end;
}

/* Boots and a wall clock that is set: @moved is what opening says. */
static struct dhcp_store *reopen(struct dhcp_store *s, const char *boot, int64_t ahead_ms,
				 int64_t moved)
{
	int64_t got;

	dhcp_store_close(s);
	s = open_store(NULL);
	assert_int_equal(dhcp_store_boot(s, boot, ahead_ms, &got), 0);
	assert_int_equal(got, moved);
	return s;
}

static void clock_is_set(void **state)
{
	enum { DAY = 86400 };
	int64_t end = record(1).expires_s;
	struct dhcp_store *s;

	(void)state;
	s = reopen(NULL, "boot-1", 5000000, 0);
	assert_int_equal(put(s, 1), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	s = reopen(s, "boot-1", 5000000 + DAY * 1000, DAY); /* while no daemon ran */
	assert_int_equal(end_of_first(s), end + DAY);
	assert_int_equal(dhcp_store_clock(s, 5000000 - DAY * 1000, true), 0); /* while one runs */
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(end_of_first(s), end - DAY);
	assert_int_equal(dhcp_store_clock(s, 5001500 - DAY * 1000, false), 0); /* it drifts */
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(end_of_first(s), end - DAY);
	s = reopen(s, "boot-1", 5001500 - DAY * 1000, 0);
	s = reopen(s, "boot-2", 77, 0); /* nothing is known of what happened between */
	assert_int_equal(end_of_first(s), end - DAY);
	s = reopen(s, "", 77, 0); /* a boot without a name is none */
	s = reopen(s, "", INT64_MIN, 0);
	dhcp_store_close(s);
}

static void fill(unsigned int n)
{
	struct dhcp_store *s = open_store(NULL);

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(put(s, i), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	dhcp_store_close(s);
}

static void overwrite(off_t at, size_t len)
{
	static const uint8_t junk[4096] = {0xde, 0xad};
	int fd = open(file, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, len, at), len);
	close(fd);
}

/* F3, F4: garbage, an empty file, a torn one, a bad page: it starts, and says what it lost. */
static void damage_is_survived(void **state)
{
	struct dhcp_salvage found;
	struct dhcp_store *s;
	struct stat st;
	unsigned int n;

	(void)state;
	fill(2000);
	assert_int_equal(stat(file, &st), 0);
	for (unsigned int i = 0; i < 4; i++) /* some of these hold leases, some the index */
		overwrite((st.st_size / 8192 + i) * 4096, 4096);
	s = open_store(&found);
	assert_true(found.damaged);
	n = load(s).n;
	assert_int_equal(found.kept, n);
	assert_in_range(n, 1000, 1999);
	assert_int_equal(put(s, 3000), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	dhcp_store_close(s);

	assert_int_equal(truncate(file, st.st_size / 3), 0);
	s = open_store(&found);
	assert_true(found.damaged);
	dhcp_store_close(s);

	overwrite(0, 4096); /* no database at all */
	s = open_store(&found);
	assert_true(found.damaged);
	assert_int_equal(load(s).n, 0);
	dhcp_store_close(s);

	assert_int_equal(truncate(file, 0), 0); /* empty is simply new */
	s = open_store(&found);
	assert_false(found.damaged);
	dhcp_store_close(s);
}

/* The same of a file in use: what can be read of it goes to the new one. */
static void damage_in_use_is_survived(void **state)
{
	const struct timespec tick = {.tv_nsec = 50000000};
	struct dhcp_salvage found;
	uint8_t header[100];
	struct dhcp_store *s;
	struct stat st;
	unsigned int n;
	int fd;

	(void)state;
	fill(2000);
	assert_int_equal(stat(file, &st), 0);
	s = open_store(NULL);
	fd = open(file, O_RDWR);
	assert_int_equal(pread(fd, header, sizeof(header), 0), sizeof(header));
	overwrite(0, sizeof(header));
	for (unsigned int i = 0; i < 200 && !dhcp_store_damaged(s); i++) {
		put(s, 3000);
		dhcp_store_sqlite.commit(s);
		nanosleep(&tick, NULL);
	}
	assert_true(dhcp_store_damaged(s));
	assert_int_equal(pwrite(fd, header, sizeof(header), 0), sizeof(header));
	close(fd);
	for (unsigned int i = 0; i < 4; i++)
		overwrite((st.st_size / 8192 + i) * 4096, 4096);
	assert_int_equal(dhcp_store_reopen(s, &found), 0);
	assert_true(found.damaged);
	assert_true(found.aside[0]);
	n = load(s).n;
	assert_int_equal(found.kept, n);
	assert_in_range(n, 1000, 2000);
	assert_false(dhcp_store_damaged(s));
	assert_int_equal(put(s, 3001), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	dhcp_store_close(s);
}

/* Rows of the right shape with values that make no sense are left out one by one. */
static void bad_rows_left_out(void **state)
{
	struct dhcp_store *s;
	char cmd[600];

	(void)state;
	fill(10);
	snprintf(cmd, sizeof(cmd),
		 "sqlite3 %s \"UPDATE leases SET addr = -5 WHERE addr = 0x0a000001;"
		 "UPDATE leases SET mac = x'00' WHERE addr = 0x0a000002;"
		 "UPDATE leases SET expires_s = 'soon' WHERE addr = 0x0a000003;"
		 "UPDATE leases SET hostname = zeroblob(5000) WHERE addr = 0x0a000004;"
		 "UPDATE leases SET client = 'text' WHERE addr = 0x0a000005;"
		 "INSERT INTO reserved VALUES ('lan', 'x', x'')\"",
		 file);
	assert_int_equal(system(cmd), 0);
	s = open_store(NULL);
	assert_int_equal(load(s).n, 5);
	assert_int_equal(dhcp_store_bad_rows(s), 6);
	dhcp_store_close(s);
}

/* A second connection gives all that is committed or nothing, so that whoever then loads by the
 * first does not get rows twice. */
static void beside_all_or_nothing(void **state)
{
	static struct seen got;
	struct dhcp_who who = dhcp_who_port("pc1.eth0");
	struct dhcp_store *s;
	char cmd[200];

	(void)state;
	fill(10);
	s = open_store(NULL);
	assert_int_equal(dhcp_store_sqlite.reserve(s, "lan", record(99).addr, &who), 0);
	assert_int_equal(dhcp_store_sqlite.commit(s), 0);
	assert_int_equal(dhcp_store_load_beside(s, "lan", see_lease, see_reserved, &got), 0);
	assert_int_equal(got.n, 10);
	assert_int_equal(got.n_reserved, 1);
	snprintf(cmd, sizeof(cmd),
		 "sqlite3 %s \"UPDATE leases SET mac = x'00' WHERE addr = 0x0a000009\"", file);
	assert_int_equal(system(cmd), 0);
	got = (struct seen){0};
	assert_int_equal(dhcp_store_load_beside(s, "lan", see_lease, see_reserved, &got), -EIO);
	assert_int_equal(got.n + got.n_reserved, 0);
	dhcp_store_close(s);
}

static void refuses_symlink(void **state)
{
	struct dhcp_salvage found;
	struct dhcp_store *s;
	struct err err = {0};

	(void)state;
	assert_int_equal(symlink("/tmp/nowhere-at-all", file), 0);
	assert_int_not_equal(dhcp_store_open(dir, &s, &found, &err), 0);
	assert_non_null(strstr(err.text, "leases.db"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept_over_close),
		TEST(one_row_a_client),
		TEST(killed_keeps_what_was_told),
		TEST(full_disk),
		TEST(damage_is_survived),
		TEST(damage_in_use_is_survived),
		TEST(bad_rows_left_out),
		TEST(beside_all_or_nothing),
		TEST(refuses_symlink),
		TEST(clock_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
