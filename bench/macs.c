/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * macs.c - what 100,000 addresses in a network's table cost (part of `make bench-micro`).
 *
 * Addresses are taken in an order that no cache likes. The longest step of ageing is measured, not
 * worked out: each call of fdb_age() on its own, after every address has become too old.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/port.h"

enum { MACS = 100000, PORTS = 64, STEP = 7919, RUNS = 7, NOW = 1000 };

static struct port ports[PORTS];

/* Of this thread alone: while others run, a step does not last. */
static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Made and not kept: a frame's address is in the cache when it is looked up. */
static struct mac mac_of(uint32_t i)
{
	uint32_t nr = (uint32_t)((uint64_t)i * STEP % MACS);

	return (struct mac){{2, 0, 0, (uint8_t)(nr >> 16), (uint8_t)(nr >> 8), (uint8_t)nr}};
}

/* Nanoseconds for each of @n addresses: learnt, or looked up. */
static double learn(struct fdb *fdb, uint32_t n)
{
	double start = seconds();

	for (uint32_t i = 0; i < n; i++) {
		struct mac mac = mac_of(i);

		fdb_learn(fdb, &mac, 0, &ports[i % PORTS], NOW);
	}
	return (seconds() - start) * 1e9 / n;
}

static double look_up(struct fdb *fdb, uint32_t n)
{
	double start = seconds();

	for (uint32_t i = 0; i < MACS; i++) {
		struct mac mac = mac_of((uint32_t)((uint64_t)i * 31337 % n));

		if (!fdb_lookup(fdb, &mac, 0, NOW))
			abort();
	}
	return (seconds() - start) * 1e9 / MACS;
}

/* Microseconds of the longest step of forgetting all. */
static double age(struct fdb *fdb)
{
	double longest = 0, start, end;
	bool more = true;

	while (more) {
		start = seconds();
		more = fdb_age(fdb, NOW + FDB_AGEING_MS + 1000, NULL, NULL);
		end = seconds();
		if (end - start > longest)
			longest = end - start;
	}
	if (fdb_count(fdb))
		abort();
	return longest * 1e6;
}

/* Other work on the machine only makes a figure worse. */
static void best(double *of, double value)
{
	if (value < *of)
		*of = value;
}

int main(void)
{
	double learnt = 1e9, known = 1e9, few = 1e9, longest = 1e9;
	size_t bytes = 0;

	for (int run = 0; run < RUNS; run++) {
		struct fdb *fdb = fdb_create(MACS, FDB_AGEING_MS);

		if (!fdb)
			return 1;
		bytes = fdb_bytes(fdb);
		learn(fdb, MACS); /* its pages are there now, as in a table that lives */
		fdb_flush(fdb, NULL);
		learn(fdb, 10);
		best(&few, look_up(fdb, 10));
		best(&learnt, learn(fdb, MACS));
		best(&known, look_up(fdb, MACS));
		best(&longest, age(fdb));
		fdb_destroy(fdb);
	}
	printf("%d addresses of %d ports: bytes an address %13.1f\n", MACS, PORTS,
	       (double)bytes / MACS);
	printf("%-44s %10.2f M/s\n", "  learnt", 1e3 / learnt);
	printf("%-44s %10.1f ns\n", "  looked up in any order", known);
	printf("%-44s %10.1f ns\n", "  looked up among 10", few);
	printf("%-44s %10.1f us\n", "  longest step of forgetting all", longest);
	return 0;
}
