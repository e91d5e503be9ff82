/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_table.c - what a flow costs in the translator's table, without a kernel in the way: memory,
 * making, finding, ending. 100,000 and 1,000,000 flows, each with a mapping (and so an outside
 * port) of its own, of 64 guests, over 16 outside addresses.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "modes/nat/nat_table.h"

enum { GUESTS = 64, EXTS = 16, MAX_FLOWS = 1u << 20 };

struct stage {
	struct nat_table table;
	struct nat_ext *ext[EXTS];
	uint32_t *order; /* a walk that no cache foresees */
};

static double now_s(void)
{
	struct timespec ts;

	/* Of this thread: what others do on the machine does not count. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long all, resident = 0;

	if (!f || fscanf(f, "%lu %lu", &all, &resident) != 2)
		abort();
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static struct nat_key key_of(const struct stage *s, uint32_t i)
{
	return (struct nat_key){.ext = s->ext[i / GUESTS % EXTS],
				.proto = i / GUESTS / EXTS % 2 ? NAT_TCP : NAT_UDP,
				.addr = htonl(0x0a000200 + i % GUESTS),
				.port = htons((uint16_t)(1024 + i / GUESTS)),
				.peer = htonl(0xc6336400 + i % 251),
				.peer_port = htons((uint16_t)(i % 60000 + 1))};
}

static void stage_init(struct stage *s, uint32_t flows)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;
	uint64_t seed[4] = {1, 2, 3, 4};

	set.max = MAX_FLOWS;
	set.max_guest = MAX_FLOWS;
	if (nat_table_init(&s->table, &set, (void *)s, 24, seed, 1))
		abort();
	for (int i = 0; i < EXTS; i++)
		s->ext[i] = nat_ext_create(htonl(0xc6336402 + (uint32_t)i), 1, 65535, 1000, seed);
	s->order = calloc(flows, sizeof(*s->order));
	for (uint32_t i = 0; i < flows; i++)
		s->order[i] = i;
	for (uint32_t i = flows - 1; i; i--) {
		uint32_t j = (uint32_t)(nat_random(&s->table) % (i + 1)), was = s->order[i];

		s->order[i] = s->order[j];
		s->order[j] = was;
	}
}

static void make_all(struct stage *s, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		struct nat_key k = key_of(s, i);
		struct nat_mapping *m = nat_mapping_find(&s->table, &k);
		struct nat_session *one;

		m = m ? m : nat_mapping_add(&s->table, &k, 1);
		one = m ? nat_session_add(&s->table, m, k.peer, k.peer_port, NAT_BY_GUEST, 1)
			: NULL;
		if (!one)
			abort();
		nat_session_touch(&s->table, one, NAT_OUT, TCP_SYN, 1);
	}
}

static void find_all(struct stage *s, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		struct nat_key k = key_of(s, s->order[i]);
		struct nat_mapping *m = nat_mapping_find(&s->table, &k);
		struct nat_session *one = nat_session_find(&s->table, m, k.peer, k.peer_port);

		nat_session_touch(&s->table, one, NAT_OUT, TCP_SYN, 2);
	}
}

static double end_all(struct stage *s, msec when, double *longest)
{
	double start = now_s(), at;
	bool more;

	do {
		double before = now_s();

		more = nat_table_run(&s->table, when);
		at = now_s();
		*longest = MAX(*longest, at - before);
	} while (more);
	return at - start;
}

static void measure(uint32_t flows)
{
	struct stage s = {0};
	double base, grown, t[3], longest = 0, idle = 0, all;

	stage_init(&s, flows);
	base = resident_bytes();
	t[0] = now_s();
	make_all(&s, flows);
	t[1] = now_s();
	grown = resident_bytes() - base;
	find_all(&s, flows);
	t[2] = now_s();
	all = end_all(&s, 1000, &idle);
	printf("%8u flows: %5.0f bytes each, made %5.2f M/s, found %5.2f M/s, a round with nothing "
	       "due %4.0f us\n",
	       flows, grown / flows, flows / (t[1] - t[0]) / 1e6, flows / (t[2] - t[1]) / 1e6,
	       all * 1e6);
	all = end_all(&s, 1000000, &longest);
	printf("%8s        all ended in one second: %5.2f M/s, longest piece %3.0f us\n", "",
	       flows / all / 1e6, longest * 1e6);
	t[0] = now_s();
	make_all(&s, flows);
	t[1] = now_s();
	printf("%8s        made again, in memory that is there: %5.2f M/s\n", "",
	       flows / (t[1] - t[0]) / 1e6);
	nat_table_fini(&s.table, 1);
	for (int i = 0; i < EXTS; i++)
		nat_ext_destroy(s.ext[i]);
	free(s.order);
}

int main(void)
{
	printf("sizes: session %zu, mapping %zu, buckets and round %zu\n",
	       sizeof(struct nat_session), sizeof(struct nat_mapping), 4 * sizeof(nat_ref));
	measure(100000);
	measure(1000000);
	return 0;
}
