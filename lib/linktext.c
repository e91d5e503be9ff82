/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linktext.c - from figures to words, the presets, and what a schedule makes of a moment.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/linkspec.h"

/* ---- presets --------------------------------------------------------------------------------- */

const char *const link_presets[] = {"dsl", "wifi", "satellite", "lte", NULL};

/* Where the figures come from is said in vnetctl(1). In is what the far end sends: its upload. */
static const struct {
	const char *name, *in, *out;
} presets[] = {
	{"dsl", "delay=12ms jitter=1ms rate=1Mbit queue=64KiB",
	 "delay=12ms jitter=1ms rate=16Mbit queue=256KiB"},
	{"wifi", "delay=2ms jitter=1ms distribution=normal loss=0.5% burst=3 rate=40Mbit",
	 "delay=2ms jitter=1ms distribution=normal loss=0.5% burst=3 rate=40Mbit"},
	{"satellite", "delay=280ms jitter=5ms loss=0.1% rate=3Mbit queue=256KiB",
	 "delay=280ms jitter=5ms loss=0.1% rate=25Mbit queue=1MiB"},
	{"lte", "delay=25ms jitter=6ms distribution=normal rate=10Mbit queue=512KiB",
	 "delay=25ms jitter=6ms distribution=normal rate=30Mbit queue=1MiB"},
};

const char *link_preset_words(const char *name, enum link_dir dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++)
		if (!strcmp(presets[i].name, name))
			return dir == LINK_IN ? presets[i].in : presets[i].out;
	return NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

struct out {
	char *text;
	size_t size, len;
};

/* One more word, after a space unless it is the first. */
static void add(struct out *o, const char *fmt, ...) CHECK_PRINTF(2, 3);
static void add(struct out *o, const char *fmt, ...)
{
	va_list args;
	int n;

	if (o->len && o->len + 1 < o->size)
		o->text[o->len++] = ' ';
	va_start(args, fmt);
	n = vsnprintf(o->text + o->len, o->size - o->len, fmt, args);
	va_end(args);
	o->len = MIN(o->len + (size_t)n, o->size - 1);
}

struct scale {
	uint64_t factor;
	const char *unit;
};

/* In the largest unit in which it is whole. */
static const char *scaled(uint64_t v, const struct scale *s, char *text, size_t size)
{
	while (s[1].unit && (v % s->factor || !v))
		s++;
	snprintf(text, size, "%llu%s", (unsigned long long)(v / s->factor), s->unit);
	return text;
}

void link_time_text(uint64_t us, char *text, size_t size)
{
	static const struct scale scales[] = {{1000000, "s"}, {1000, "ms"}, {1, "us"}, {0}};

	scaled(us, scales, text, size);
}

/* Parts per million as a percentage with as many decimals as it needs. */
static const char *share(uint64_t ppm, char *text, size_t size)
{
	int n = snprintf(text, size - 1, "%llu.%04llu", (unsigned long long)(ppm / 10000),
			 (unsigned long long)(ppm % 10000));

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	text[n++] = '%';
	text[n] = '\0';
	return text;
}

enum { SAYS_TIME, SAYS_SHARE, SAYS_COUNT, SAYS_RATE, SAYS_BYTES, SAYS_SHAPE };

static const struct field_word {
	enum link_field field;
	const char *key;
	int says;
	uint64_t rest; /* what 0 is written as */
} field_words[] = {
	{LINK_DELAY, "delay", SAYS_TIME, 0},
	{LINK_JITTER, "jitter", SAYS_TIME, 0},
	{LINK_NORMAL, "distribution", SAYS_SHAPE, 0},
	{LINK_LOSS, "loss", SAYS_SHARE, 0},
	{LINK_BURST, "burst", SAYS_COUNT, 1},
	{LINK_REORDER, "reorder", SAYS_SHARE, 0},
	{LINK_GAP, "gap", SAYS_COUNT, 1},
	{LINK_DUPLICATE, "duplicate", SAYS_SHARE, 0},
	{LINK_CORRUPT, "corrupt", SAYS_SHARE, 0},
	{LINK_RATE, "rate", SAYS_RATE, 0},
	{LINK_QUEUE, "queue", SAYS_COUNT, 0},
	{LINK_QUEUE_BYTES, "queue", SAYS_BYTES, 0},
	{LINK_MTU, "mtu", SAYS_COUNT, 0},
};

static void add_field(struct out *o, const struct field_word *w, uint64_t v)
{
	static const struct scale rates[] = {
		{1000000000, "Gbit"}, {1000000, "Mbit"}, {1000, "kbit"}, {1, "bit"}, {0}};
	static const struct scale sizes[] = {{1 << 20, "MiB"}, {1024, "KiB"}, {1, "B"}, {0}};
	char text[48];

	if (w->says == SAYS_TIME)
		link_time_text(v, text, sizeof(text));
	else if (w->says == SAYS_SHARE)
		share(v, text, sizeof(text));
	else if (w->says == SAYS_SHAPE)
		snprintf(text, sizeof(text), "%s", v ? "normal" : "uniform");
	else if (w->says == SAYS_RATE && !v)
		snprintf(text, sizeof(text), "none");
	else if (w->says == SAYS_COUNT)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)(v ? v : w->rest));
	else
		scaled(v, w->says == SAYS_RATE ? rates : sizes, text, sizeof(text));
	add(o, "%s=%s", w->key, text);
}

static void add_gilbert(struct out *o, const struct link_faults *f)
{
	char p[4][24];

	for (int i = 0; i < 4; i++)
		share(f->v[LINK_GE_ENTER + i], p[i], sizeof(p[i]));
	add(o, "loss=gilbert:%s,%s,%s,%s", p[0], p[1], p[2], p[3]);
}

/* @zeros: also what was given as nothing, since in a step that takes something away. */
static void add_faults(struct out *o, const struct link_faults *f, bool zeros)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_words); i++) {
		const struct field_word *w = &field_words[i];
		bool given = f->given & 1u << w->field;

		if (w->field == LINK_LOSS && f->v[LINK_GE_LEAVE])
			add_gilbert(o, f);
		else if (f->v[w->field] || (zeros && given && w->field != LINK_QUEUE &&
					    w->field != LINK_QUEUE_BYTES &&
					    (w->field != LINK_BURST || !f->v[LINK_GE_LEAVE])))
			add_field(o, w, f->v[w->field]);
	}
}

static struct out begin(char *text, size_t size)
{
	text[0] = '\0';
	return (struct out){text, size, 0};
}

void link_faults_text(const struct link_faults *f, char *text, size_t size)
{
	struct out o = begin(text, size);

	add_faults(&o, f, false);
}

/* Both directions at once where they are the same. */
static void add_dirs(struct out *o, const struct link_faults dir[LINK_DIRS], bool zeros)
{
	static const char *const words[] = {"in", "out"};

	bool same = memcmp(dir[LINK_IN].v, dir[LINK_OUT].v, sizeof(dir->v)) == 0;

	if (same && (!zeros || dir[LINK_IN].given == dir[LINK_OUT].given)) {
		add_faults(o, &dir[LINK_IN], zeros);
		return;
	}
	for (int d = 0; d < LINK_DIRS; d++) {
		if (link_faults_empty(&dir[d]) && !(zeros && dir[d].given))
			continue;
		add(o, "dir=%s", words[d]);
		add_faults(o, &dir[d], zeros);
	}
}

static void add_step(struct out *o, const struct link_step *s)
{
	char text[32] = "forever";

	if (s->for_us != LINK_NEVER)
		link_time_text(s->for_us, text, sizeof(text));
	if (s->down)
		add(o, "down=%s", text);
	add_dirs(o, s->dir, true);
	if (!s->down && s->for_us != LINK_NEVER)
		add(o, "for=%s", text);
}

void link_step_text(const struct link_step *step, char *text, size_t size)
{
	struct out o = begin(text, size);

	add_step(&o, step);
}

void link_spec_text(const struct link_spec *spec, char *text, size_t size)
{
	struct out o = begin(text, size);
	char time[32];

	add_dirs(&o, spec->dir, false);
	if (spec->seeded)
		add(&o, "seed=%u", spec->seed);
	for (unsigned int i = 0; i < spec->n_steps; i++) {
		link_time_text(spec->steps[i].at_us, time, sizeof(time));
		add(&o, "at=%s", time);
		add_step(&o, &spec->steps[i]);
	}
	if (spec->repeat_us) {
		link_time_text(spec->repeat_us, time, sizeof(time));
		add(&o, "repeat=%s", time);
	}
	if (spec->n_steps && spec->begun)
		add(&o, "since=%llu", (unsigned long long)spec->since_ms);
}

/* ---- moments --------------------------------------------------------------------------------- */

bool link_faults_empty(const struct link_faults *f)
{
	static const uint64_t none[LINK_FIELDS];

	return memcmp(f->v, none, sizeof(none)) == 0;
}

bool link_spec_empty(const struct link_spec *spec)
{
	return link_faults_empty(&spec->dir[LINK_IN]) && link_faults_empty(&spec->dir[LINK_OUT]) &&
	       !spec->n_steps;
}

static void overlay(struct link_faults *f, const struct link_faults *by)
{
	for (int i = 0; i < LINK_FIELDS; i++)
		if (by->given & 1u << i)
			f->v[i] = by->v[i];
}

static uint64_t step_end(const struct link_step *s)
{
	return s->for_us == LINK_NEVER ? LINK_NEVER : s->at_us + s->for_us;
}

/* The nearest moment after @t at which a step begins or ends. */
static uint64_t next_change(const struct link_spec *spec, uint64_t t, const struct link_step **next)
{
	uint64_t best = LINK_NEVER;

	*next = NULL;
	for (unsigned int i = 0; i < spec->n_steps; i++) {
		const struct link_step *s = &spec->steps[i];
		uint64_t end = step_end(s);

		if (s->at_us > t && s->at_us <= best) {
			best = s->at_us;
			*next = s;
		}
		if (end > t && end < best) {
			best = end;
			*next = NULL;
		}
	}
	return best;
}

/* The step that is first in a round. */
static const struct link_step *first_step(const struct link_spec *spec)
{
	const struct link_step *first = &spec->steps[0];

	for (unsigned int i = 1; i < spec->n_steps; i++)
		if (spec->steps[i].at_us < first->at_us)
			first = &spec->steps[i];
	return first;
}

uint64_t link_spec_at(const struct link_spec *spec, uint64_t elapsed_us, struct link_now *now,
		      const struct link_step **next)
{
	uint64_t round = spec->repeat_us ? elapsed_us / spec->repeat_us * spec->repeat_us : 0;
	uint64_t t = elapsed_us - round, change;
	const struct link_step *step;

	memcpy(now->dir, spec->dir, sizeof(now->dir));
	now->down = false;
	for (unsigned int i = 0; i < spec->n_steps; i++) {
		const struct link_step *s = &spec->steps[i];

		if (t < s->at_us || t >= step_end(s))
			continue;
		now->down |= s->down;
		for (int d = 0; d < LINK_DIRS; d++)
			overlay(&now->dir[d], &s->dir[d]);
	}
	change = next_change(spec, t, &step);
	if (spec->n_steps && spec->repeat_us && change >= spec->repeat_us) {
		change = spec->repeat_us + first_step(spec)->at_us;
		step = first_step(spec);
		/* What has no end ends with the round. */
		if (change > spec->repeat_us) {
			change = spec->repeat_us;
			step = NULL;
		}
	}
	if (next)
		*next = step;
	return change == LINK_NEVER ? LINK_NEVER : round + change;
}
