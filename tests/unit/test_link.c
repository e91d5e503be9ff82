/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cables: their words, their luck, their schedule. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/due.h"
#include "lib/linkmodel.h"
#include "tests/unit/unit.h"

enum { FRAMES = 100000 };

static struct link_spec said(const char *words)
{
	struct link_spec spec = {0};
	struct err err = {0};

	if (link_spec_parse(&spec, words, &err))
		fail_msg("%s: %s", words, err.text);
	return spec;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void words_and_back(void **state)
{
	/* What is said, and how it is written. */
	static const char *const rows[][2] = {
		{"delay=20ms", "delay=20ms"},
		{"delay=1500us jitter=0.5ms", "delay=1500us jitter=500us"},
		{"loss=1%", "loss=1%"},
		{"loss=0.05% burst=4", "loss=0.05% burst=4"},
		{"loss=gilbert:1%,25%", "loss=gilbert:1%,25%,100%,0%"},
		{"loss=gilbert:1%,25%,90%,0.1% loss=2%", "loss=2%"},
		{"rate=1.5Mbit queue=100", "rate=1500kbit queue=100"},
		{"rate=1Gbit queue=100 queue=64KiB", "rate=1Gbit queue=64KiB"},
		{"delay=10ms reorder=25% gap=5", "delay=10ms reorder=25% gap=5"},
		{"dir=in delay=1s dir=out mtu=1400", "dir=in delay=1s dir=out mtu=1400"},
		{"dir=in delay=1s dir=out delay=1s", "delay=1s"},
		{"delay=20ms rate=10Mbit dir=in", "dir=in delay=20ms rate=10Mbit"},
		{"delay=20ms dir=out at=5s loss=1% for=1s dir=in",
		 "dir=out delay=20ms at=5s dir=in loss=1% for=1s"},
		{"delay=10ms distribution=normal jitter=2ms seed=0",
		 "delay=10ms jitter=2ms distribution=normal seed=0"},
		{"at=30s down-for=5s at=1min loss=10% for=10s",
		 "at=30s down=5s at=60s loss=10% for=10s"},
		{"loss=2% at=5s dir=out loss=0% at=9s down=forever repeat=10s",
		 "loss=2% at=5s dir=out loss=0% at=9s down=forever repeat=10s"},
		{"delay=10ms loss=1% none rate=10Mbit", "rate=10Mbit"},
		{"delay=10ms dir=in none", "dir=out delay=10ms"},
		{"at=1s down=1s schedule=none", ""},
		{"delay=0ms loss=0%", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct link_spec spec = said(rows[i][0]);
		char text[LINK_TEXT_MAX], again[LINK_TEXT_MAX];

		link_spec_text(&spec, text, sizeof(text));
		assert_string_equal(text, rows[i][1]);
		spec = said(text);
		link_spec_text(&spec, again, sizeof(again));
		assert_string_equal(again, text);
	}
}

static void bad_words(void **state)
{
	static const char *const rows[][2] = {
		{"dealy=20ms", "did you mean \"delay\"?"},
		{"colour=red", "a cable knows delay"},
		{"delay=20", "with its unit"},
		{"delay=20 ms", "with its unit"},
		{"delay=0.5us", "with its unit"}, /* finer than what can be done */
		{"delay=-1ms", "with its unit"},
		{"delay=61s", "at most 60s"},
		{"delay", "has no value"},
		{"delay=", "has no value"},
		{"loss=1", "wants a share"},
		{"loss=101%", "from 0% to 100%"},
		{"loss=gilbert:1%", "gilbert:ENTER"},
		{"loss=gilbert:1%,0%", "gilbert:ENTER"},
		{"loss=gilbert:1%,2%,3%,4%,5%", "gilbert:ENTER"},
		{"loss=gilbert:1%,x", "wants a share"},
		{"loss=90% burst=2", "too high for bursts"},
		{"loss=gilbert:1%,25% burst=2", "does not go with"},
		{"rate=10", "wants a rate"},
		{"rate=10mbit", "wants a rate"},
		{"rate=999bit", "from 1kbit"},
		{"queue=0", "from 1 to"},
		{"queue=1GiB", "wants a number of frames"},
		{"reorder=5%", "reorder needs delay"},
		{"jitter=5ms", "jitter needs delay"},
		{"distribution=pareto", "uniform or normal"},
		{"mtu=67", "from 68"},
		{"dir=up", "in, out or both"},
		{"preset=isdn", "dsl, wifi"},
		{"seed=4294967296", "from 0 to 4294967295"},
		{"down=5s", "goes with at="},
		{"at=5s", "a step says what happens"},
		{"at=5s for=1s", "a step says what happens"},
		{"at=5s down=10s repeat=12s", "after the schedule has begun again"},
		{"at=5s down=1s repeat=1ms", "at least 100ms"},
		{"at=5s down=0s", "longer than 0"},
		{"none=5", "takes no value"},
		{"delay=5ms at=5s reorder=1% delay=0ms", "at step 1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct link_spec spec = said("delay=1ms seed=3 none"), before = spec;
		struct err err = {0};

		if (link_spec_parse(&spec, rows[i][0], &err) != -EINVAL)
			fail_msg("%s was taken", rows[i][0]);
		if (!strstr(err.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], err.text);
		assert_memory_equal(&spec, &before, sizeof(spec));
	}
}

/* @words @times, one after the other; how long that is. */
static size_t repeated(const char *words, int times, char *out, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < times; i++)
		n += (size_t)snprintf(out + n, size - n, "%s", words);
	return n;
}

static void too_many_steps(void **state)
{
	char text[1024];
	struct link_spec spec = {0};
	struct err err = {0};

	(void)state;
	repeated("at=1s down=1s ", LINK_STEPS_MAX + 1, text, sizeof(text));
	assert_int_equal(link_spec_parse(&spec, text, &err), -ENOSPC);
	assert_int_equal(spec.n_steps, 0);
}

/* The longest spec there is comes back whole. */
static void longest(void **state)
{
	char text[LINK_TEXT_MAX];
	struct link_spec spec, again;
	size_t n;

	(void)state;
	n = repeated("at=719h dir=in preset=satellite dir=out preset=wifi for=1us ", LINK_STEPS_MAX,
		     text, sizeof(text));
	snprintf(text + n, sizeof(text) - n, "repeat=720h ");
	spec = said(text);
	link_spec_text(&spec, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	again = said(text);
	assert_int_equal(again.n_steps, LINK_STEPS_MAX);
	assert_memory_equal(again.steps, spec.steps, sizeof(spec.steps));
}

static void presets_are_words(void **state)
{
	(void)state;
	for (const char *const *name = link_presets; *name; name++) {
		char text[64];
		struct link_spec spec, typed;

		snprintf(text, sizeof(text), "preset=%s", *name);
		spec = said(text);
		typed = said(link_preset_words(*name, LINK_OUT));
		assert_false(link_spec_empty(&spec));
		assert_memory_equal(&spec.dir[LINK_OUT], &typed.dir[LINK_OUT],
				    sizeof(spec.dir[LINK_OUT]));
	}
	assert_null(link_preset_words("isdn", LINK_IN));
}

/* ---- schedule -------------------------------------------------------------------------------- */

enum { S = 1000000 };

static void moments(void **state)
{
	struct link_spec spec = said("loss=1% at=30s down=5s at=60s dir=in loss=10% for=10s");
	const struct link_step *next;
	struct link_now now;

	(void)state;
	assert_int_equal(link_spec_at(&spec, 0, &now, &next), 30 * S);
	assert_ptr_equal(next, &spec.steps[0]);
	assert_false(now.down);
	assert_int_equal(link_spec_at(&spec, 30 * S, &now, &next), 35 * S);
	assert_true(now.down);
	assert_null(next);
	assert_int_equal(link_spec_at(&spec, 35 * S, &now, NULL), 60 * S);
	assert_false(now.down);
	assert_int_equal(link_spec_at(&spec, 60 * S, &now, NULL), 70 * S);
	assert_int_equal(now.dir[LINK_IN].v[LINK_LOSS], 100000);
	assert_int_equal(now.dir[LINK_OUT].v[LINK_LOSS], 10000);
	assert_true(link_spec_at(&spec, 70 * S, &now, NULL) == LINK_NEVER);
	assert_int_equal(now.dir[LINK_IN].v[LINK_LOSS], 10000);
}

static void rounds(void **state)
{
	struct link_spec spec = said("at=2s down=3s at=7s delay=5ms repeat=10s");
	struct link_now now;

	(void)state;
	for (uint64_t round = 0; round < 3; round++) {
		uint64_t at = round * 10 * S;

		assert_int_equal(link_spec_at(&spec, at, &now, NULL), at + 2 * S);
		assert_false(now.down || now.dir[LINK_IN].v[LINK_DELAY]);
		assert_int_equal(link_spec_at(&spec, at + 2 * S, &now, NULL), at + 5 * S);
		assert_true(now.down);
		assert_int_equal(link_spec_at(&spec, at + 5 * S, &now, NULL), at + 7 * S);
		assert_int_equal(link_spec_at(&spec, at + 7 * S, &now, NULL), at + 10 * S);
		assert_int_equal(now.dir[LINK_IN].v[LINK_DELAY], 5000);
	}
}

/* ---- luck ------------------------------------------------------------------------------------ */

struct luck {
	unsigned int lost, runs, longest, duplicated, corrupted, reordered;
	uint64_t pattern; /* a sum that tells one from another */
};

static struct luck try_luck(const char *words, uint32_t seed)
{
	struct link_spec spec = said(words);
	struct link_model m = {0};
	struct luck l = {0};
	unsigned int run = 0;

	link_model_seed(&m, seed, LINK_IN);
	for (int i = 0; i < FRAMES; i++) {
		struct link_fate fate = link_model_fate(&m, &spec.dir[LINK_IN]);

		l.lost += fate.lost;
		l.runs += fate.lost && !run;
		run = fate.lost ? run + 1 : 0;
		l.longest = MAX(l.longest, run);
		l.duplicated += fate.duplicated;
		l.corrupted += fate.corrupted;
		l.reordered += fate.reordered;
		l.pattern = l.pattern * 31 + fate.lost + 2 * fate.duplicated + 4 * fate.corrupted +
			    8 * fate.reordered + fate.bit;
	}
	return l;
}

/* Four deviations of a binomial distribution: one seed in 16,000 would be outside. */
static void near_share(unsigned int n, double share)
{
	double mean = FRAMES * share, variance = mean * (1 - share);

	if ((n - mean) * (n - mean) > 16 * variance)
		fail_msg("%u of %d, wanted %.0f", n, FRAMES, mean);
}

static void shares_are_kept(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 5; seed++) {
		struct luck l =
			try_luck("delay=1ms loss=1% duplicate=2% corrupt=0.1% reorder=30%", seed);

		near_share(l.lost, 0.01);
		near_share(l.duplicated, 0.02);
		near_share(l.corrupted, 0.001);
		near_share(l.reordered, 0.3);
		near_share(l.runs, 0.01 * 0.99); /* each frame has its own luck */
		near_share(try_luck("loss=50%", seed).lost, 0.5);
		assert_int_equal(try_luck("loss=100%", seed).lost, FRAMES);
		assert_int_equal(try_luck("loss=0%", seed).lost, 0);
	}
}

static void bursts_are_as_long_as_asked(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 5; seed++) {
		struct luck l = try_luck("loss=5% burst=4", seed);
		double mean = (double)l.lost / l.runs;

		assert_true(fabs(mean - 4) < 0.3);
		assert_true(fabs(l.lost / (double)FRAMES - 0.05) < 0.006);
		l = try_luck("loss=gilbert:1%,20%", seed); /* 1/21 of the time, 5 frames long */
		assert_true(fabs((double)l.lost / l.runs - 5) < 0.5);
		assert_true(fabs(l.lost / (double)FRAMES - 1 / 21.0) < 0.006);
		l = try_luck("loss=gilbert:1%,20%,50%,1%", seed);
		assert_true(fabs(l.lost / (double)FRAMES - (0.5 / 21 + 0.01 * 20 / 21)) < 0.005);
	}
}

static void same_seed_same_luck(void **state)
{
	const char *words = "delay=1ms loss=1% burst=3 duplicate=1% corrupt=1% reorder=5%";

	(void)state;
	assert_true(try_luck(words, 7).pattern == try_luck(words, 7).pattern);
	assert_true(try_luck(words, 7).pattern != try_luck(words, 8).pattern);
	/* What else befalls frames does not change which are lost. */
	assert_int_equal(try_luck("loss=1%", 7).lost,
			 try_luck("loss=1% duplicate=9% corrupt=3%", 7).lost);
}

static void gaps(void **state)
{
	struct link_spec spec = said("delay=1ms reorder=100% gap=5");
	struct link_model m = {0};

	(void)state;
	link_model_seed(&m, 1, LINK_IN);
	for (int i = 1; i <= 100; i++)
		assert_int_equal(link_model_fate(&m, &spec.dir[LINK_IN]).reordered, i % 5 == 0);
}

/* ---- times ----------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Delays of frames so far apart that none waits for another, in order. */
static uint64_t *delays(const char *words)
{
	static uint64_t us[FRAMES];
	struct link_spec spec = said(words);
	struct link_model m = {0};

	link_model_seed(&m, 5, LINK_IN);
	for (int i = 0; i < FRAMES; i++) {
		uint64_t now = 1000000 + i * 1000000ull, leave, due;

		link_model_times(&m, &spec.dir[LINK_IN], 100, now, &leave, &due);
		assert_int_equal(leave, now);
		us[i] = due - now;
	}
	qsort(us, FRAMES, sizeof(us[0]), by_size);
	return us;
}

static void delay_percentiles(void **state)
{
	uint64_t *us = delays("delay=20ms");

	(void)state;
	assert_true(us[0] == 20000 && us[FRAMES - 1] == 20000);
	us = delays("delay=20ms jitter=10ms");
	assert_true(us[0] >= 10000 && us[FRAMES - 1] <= 30000);
	for (int p = 1; p < 10; p++) /* uniform: deciles lie 2 ms apart */
		assert_in_range(us[FRAMES / 10 * p], 10000 + p * 2000 - 150,
				10000 + p * 2000 + 150);
	us = delays("delay=100ms jitter=10ms distribution=normal");
	assert_in_range(us[FRAMES / 2], 99800, 100200);
	assert_in_range(us[FRAMES * 16 / 100], 89700, 90400); /* -1 deviation is 15.87 % */
	assert_in_range(us[FRAMES * 84 / 100], 109600, 110300);
	assert_in_range(us[FRAMES * 977 / 1000], 119400, 120600); /* +2: 97.72 % */
	us = delays("delay=1ms jitter=10ms");
	assert_true(us[0] == 0); /* and no frame comes before it was sent */
}

static void order_is_kept(void **state)
{
	struct link_spec spec = said("delay=20ms jitter=20ms");
	struct link_model m = {0};
	uint64_t last = 0;

	(void)state;
	link_model_seed(&m, 5, LINK_OUT);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t leave, due;

		link_model_times(&m, &spec.dir[LINK_OUT], 100, i * 10, &leave, &due);
		assert_true(due >= last);
		last = due;
	}
}

static void rate_is_exact(void **state)
{
	static const uint64_t rates[] = {1000, 512000, 10000000, 1000000000, 25000000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct link_faults f = {.v[LINK_RATE] = rates[i]};
		struct link_model m = {0};
		uint64_t leave = 0, due, want = 10000 * 1514 * 8 * 1000000ull / rates[i];

		for (int n = 0; n < 10000; n++)
			link_model_times(&m, &f, 1514, 0, &leave, &due);
		assert_true(leave >= want - want / 100 && leave <= want + want / 100 + 1);
	}
}

/* Is there room for @len bytes in a queue of @frames and @bytes, as @words say? */
static bool has_room(const char *words, unsigned int frames, unsigned int bytes, unsigned int len)
{
	struct link_spec spec = said(words);

	return link_queue_has_room(&spec.dir[LINK_IN], frames, bytes, len);
}

static void queue_limits(void **state)
{
	(void)state;
	assert_true(has_room("rate=1Mbit queue=10", 9, 1 << 20, 1514));
	assert_false(has_room("rate=1Mbit queue=10", 10, 0, 60));
	assert_true(has_room("rate=1Mbit queue=2000B", 99, 486, 1514));
	assert_false(has_room("rate=1Mbit queue=2000B", 1, 487, 1514));
	/* 100 ms */
	assert_true(has_room("rate=100Mbit", 0, 1250000 - 1514, 1514));
	assert_false(has_room("rate=100Mbit", 0, 1250000, 60));
	assert_true(has_room("delay=1s", 1000000, 1 << 30, 1514));
}

/* ---- timers ---------------------------------------------------------------------------------- */

static uint64_t fired_at;
static unsigned int fired;

static void note(struct due *d)
{
	assert_true(d->at_us >= fired_at);
	fired_at = d->at_us;
	fired++;
}

static void timers_fire_in_order(void **state)
{
	static struct due timers[1000];
	struct due_heap h = {0};
	uint32_t r = 1;

	(void)state;
	assert_int_equal(due_reserve(&h, 1000), 0);
	assert_true(due_next(&h) == DUE_NEVER);
	for (int round = 0; round < 3; round++) /* restart most of them, stop some */
		for (int i = 0; i < 1000; i++) {
			r = r * 1664525 + 1013904223;
			timers[i].fire = note;
			due_start(&h, &timers[i], r >> 12);
			if (r % 7 == 0)
				due_stop(&h, &timers[i]);
		}
	for (int i = 0; i < 1000; i++)
		assert_true(!timers[i].place || timers[i].at_us >= due_next(&h));
	r = h.n;
	assert_int_equal(due_run(&h, 1 << 20, 10), 10);
	due_run(&h, 1 << 20, 1000);
	assert_int_equal(fired, r);
	assert_int_equal(h.n, 0);
	due_stop(&h, &timers[0]);
	due_release(&h, 1000);
	assert_null(h.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_back),
		cmocka_unit_test(bad_words),
		cmocka_unit_test(too_many_steps),
		cmocka_unit_test(longest),
		cmocka_unit_test(presets_are_words),
		cmocka_unit_test(moments),
		cmocka_unit_test(rounds),
		cmocka_unit_test(shares_are_kept),
		cmocka_unit_test(bursts_are_as_long_as_asked),
		cmocka_unit_test(same_seed_same_luck),
		cmocka_unit_test(gaps),
		cmocka_unit_test(delay_percentiles),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(rate_is_exact),
		cmocka_unit_test(queue_limits),
		cmocka_unit_test(timers_fire_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
