/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspec.c - lists of words: which direction and which step of the schedule a word is for.
 */
#include "lib/linkspec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/linkwords.h"
#include "lib/nearest.h"

enum { BOTH = 1 << LINK_IN | 1 << LINK_OUT };

#define PPM		LINK_PPM
#define SCHEDULE_MAX_US (30 * 86400 * 1000000ull)

/* ---- other words ----------------------------------------------------------------------------- */

static struct link_faults *faults_of(struct link_words *w, int dir)
{
	return w->step ? &w->step->dir[dir] : &w->spec->dir[dir];
}

/* The words of a preset, each read as if it had been typed. */
static void preset_apply(struct link_faults *f, const char *words)
{
	char key[LINK_WORD_MAX], value[LINK_WORD_MAX];
	int used;

	for (; sscanf(words, "%90[^= ]=%90[^ ]%n", key, value, &used) == 2; words += used + 1) {
		link_fault_word(f, key, value, NULL);
		if (!words[used])
			break;
	}
}

static int word_preset(struct link_words *w, const char *text, struct err *err)
{
	if (!link_preset_words(text, LINK_IN))
		return err_set(err, -EINVAL, "wants dsl, wifi, satellite or lte");
	for (int d = 0; d < LINK_DIRS; d++)
		if (w->dirs & 1u << d)
			preset_apply(faults_of(w, d), link_preset_words(text, d));
	return 0;
}

static const struct {
	const char *word;
	unsigned int dirs;
} dir_words[] = {{"in", 1 << LINK_IN}, {"out", 1 << LINK_OUT}, {"both", BOTH}};

static int word_dir(struct link_words *w, const char *text, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(dir_words); i++)
		if (!strcmp(text, dir_words[i].word)) {
			w->dirs = dir_words[i].dirs;
			return 0;
		}
	return err_set(err, -EINVAL, "wants in, out or both");
}

static void forget_schedule(struct link_words *w)
{
	memset(w->spec->steps, 0, sizeof(w->spec->steps));
	w->spec->n_steps = 0;
	w->spec->repeat_us = 0;
	w->spec->begun = false;
	w->scheduled = true;
	w->step = NULL;
}

static int word_none(struct link_words *w, const char *text, struct err *err)
{
	if (*text)
		return err_set(err, -EINVAL, "takes no value");
	for (int d = 0; d < LINK_DIRS; d++)
		if (w->dirs & 1u << d)
			memset(faults_of(w, d), 0, sizeof(struct link_faults));
	if (w->dirs == BOTH && !w->step) {
		w->spec->seeded = false;
		forget_schedule(w);
	}
	return 0;
}

static int word_seed(struct link_words *w, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_count(text, 0, UINT32_MAX, &v, err);

	if (!rc) {
		w->spec->seed = (uint32_t)v;
		w->spec->seeded = true;
	}
	return rc;
}

static int word_schedule(struct link_words *w, const char *text, struct err *err)
{
	if (strcmp(text, "none"))
		return err_set(err, -EINVAL, "wants none; a schedule is made of at= words");
	forget_schedule(w);
	return 0;
}

static int word_at(struct link_words *w, const char *text, struct err *err)
{
	uint64_t at;
	int rc = link_read_time(text, SCHEDULE_MAX_US, "at most 720h", &at, err);

	if (rc)
		return rc;
	if (!w->scheduled)
		forget_schedule(w);
	if (w->spec->n_steps == LINK_STEPS_MAX)
		return err_set(err, -ENOSPC, "a schedule has at most %d steps", LINK_STEPS_MAX);
	w->step = &w->spec->steps[w->spec->n_steps++];
	*w->step = (struct link_step){.at_us = at, .for_us = LINK_NEVER};
	w->dirs = BOTH;
	return 0;
}

static int need_step(const struct link_words *w, struct err *err)
{
	return w->step ? 0 : err_set(err, -EINVAL, "goes with at=: write at=30s before it");
}

static int word_for(struct link_words *w, const char *text, struct err *err)
{
	uint64_t v;
	int rc = need_step(w, err);

	if (!rc)
		rc = link_read_time(text, SCHEDULE_MAX_US, "at most 720h", &v, err);
	if (!rc && !v)
		return err_set(err, -EINVAL, "must be longer than 0");
	if (!rc)
		w->step->for_us = v;
	return rc;
}

static int word_down(struct link_words *w, const char *text, struct err *err)
{
	int rc = need_step(w, err);

	if (!rc && strcmp(text, "forever"))
		rc = word_for(w, text, err);
	if (!rc)
		w->step->down = true;
	return rc;
}

static int word_repeat(struct link_words *w, const char *text, struct err *err)
{
	int rc = need_step(w, err);

	if (rc)
		return rc;
	rc = link_read_time(text, SCHEDULE_MAX_US, "at most 720h", &w->spec->repeat_us, err);
	return rc ? rc
		  : link_in_range(w->spec->repeat_us, 100000, SCHEDULE_MAX_US, "at least 100ms",
				  err);
}

static int word_since(struct link_words *w, const char *text, struct err *err)
{
	int rc = link_read_count(text, 0, 1ull << 40, &w->spec->since_ms, err);

	w->spec->begun = !rc;
	return rc;
}

static const struct list_word {
	const char *key;
	int (*read)(struct link_words *w, const char *text, struct err *err);
} list_words[] = {
	{"dir", word_dir},	     {"preset", word_preset}, {"none", word_none},
	{"seed", word_seed},	     {"at", word_at},	      {"for", word_for},
	{"down", word_down},	     {"down-for", word_down}, {"repeat", word_repeat},
	{"schedule", word_schedule}, {"since", word_since},   {0},
};

/* ---- lists of words -------------------------------------------------------------------------- */

void link_words_begin(struct link_words *w, struct link_spec *spec)
{
	*w = (struct link_words){.spec = spec, .dirs = BOTH};
}

bool link_word_known(const char *key)
{
	for (const struct list_word *row = list_words; row->key; row++)
		if (!strcmp(row->key, key))
			return true;
	for (unsigned int i = 0; link_fault_key(i); i++)
		if (!strcmp(link_fault_key(i), key))
			return true;
	return false;
}

static int unknown(const char *key, struct err *err)
{
	const char *names[LINK_FAULT_WORDS + ARRAY_SIZE(list_words)];
	const char *near;
	size_t n = 0;

	for (; link_fault_key((unsigned int)n); n++)
		names[n] = link_fault_key((unsigned int)n);
	for (const struct list_word *row = list_words; row->key; row++)
		names[n++] = row->key;
	names[n] = NULL;
	near = nearest_word(key, names);
	if (near)
		return err_set(err, -EINVAL, "unknown word \"%.40s\": did you mean \"%s\"?", key,
			       near);
	return err_set(err, -EINVAL,
		       "unknown word \"%.40s\": a cable knows delay, jitter, distribution, loss, "
		       "burst, reorder, gap, duplicate, corrupt, rate, queue, mtu, preset, dir, "
		       "seed, at, for, down, repeat, schedule and none",
		       key);
}

int link_word(struct link_words *w, const char *key, const char *value, struct err *err)
{
	int rc = 0;

	for (const struct list_word *row = list_words; row->key; row++)
		if (!strcmp(row->key, key)) {
			rc = row->read(w, value, err);
			return rc ? err_wrap(err, "%s", key) : 0;
		}
	for (int d = 0; d < LINK_DIRS && !rc; d++)
		if (w->dirs & 1u << d)
			rc = link_fault_word(faults_of(w, d), key, value, err);
	if (rc == -ENOENT)
		return unknown(key, err);
	return rc ? err_wrap(err, "%s", key) : 0;
}

/* Together they must make sense: bursts need a share, overtaking needs something to overtake. */
static int check_faults(const struct link_faults *f, struct err *err)
{
	uint64_t loss = f->v[LINK_LOSS], burst = f->v[LINK_BURST];

	if (f->v[LINK_REORDER] && !f->v[LINK_DELAY])
		return err_set(err, -EINVAL,
			       "reorder needs delay: a frame overtakes those that are delayed");
	if (f->v[LINK_JITTER] && !f->v[LINK_DELAY])
		return err_set(err, -EINVAL, "jitter needs delay, which it varies");
	if (burst && f->v[LINK_GE_LEAVE])
		return err_set(err, -EINVAL,
			       "burst does not go with loss=gilbert:..., whose "
			       "second share gives the length of bursts");
	/* The good state must last a frame or longer in the mean. */
	if (burst && loss * (1 + burst) > burst * PPM)
		return err_set(err, -EINVAL,
			       "loss is too high for bursts of %llu frames: between two of them a "
			       "frame must arrive",
			       (unsigned long long)burst);
	return 0;
}

static int check_step(const struct link_spec *spec, const struct link_step *step, struct err *err)
{
	uint64_t end = step->for_us == LINK_NEVER ? step->at_us : step->at_us + step->for_us;

	if (!step->down && link_faults_empty(&step->dir[LINK_IN]) &&
	    link_faults_empty(&step->dir[LINK_OUT]) && !step->dir[LINK_IN].given &&
	    !step->dir[LINK_OUT].given)
		return err_set(err, -EINVAL,
			       "at: a step says what happens then, such as at=30s down=5s or "
			       "at=60s loss=10%% for=10s");
	if (spec->repeat_us && end > spec->repeat_us)
		return err_set(err, -EINVAL,
			       "repeat: a step ends after the schedule has begun again");
	return 0;
}

int link_words_end(struct link_words *w, struct err *err)
{
	for (int d = 0; d < LINK_DIRS; d++)
		if (check_faults(&w->spec->dir[d], err))
			return -EINVAL;
	for (unsigned int i = 0; i < w->spec->n_steps; i++) {
		int rc = check_step(w->spec, &w->spec->steps[i], err);

		if (rc)
			return rc;
	}
	for (unsigned int i = 0; i < w->spec->n_steps; i++) {
		struct link_now now;
		int rc = 0;

		link_spec_at(w->spec, w->spec->steps[i].at_us, &now, NULL);
		for (int d = 0; d < LINK_DIRS && !rc; d++)
			rc = check_faults(&now.dir[d], err);
		if (rc)
			return err_wrap(err, "at step %u of the schedule", i + 1);
	}
	return 0;
}

/* A dir= behind all other words, or behind all before at=, could say nothing of what follows: it is
 * meant for what it stands behind. */
static void dir_said_last(struct link_words *w, const char *text)
{
	const char *last = NULL;
	size_t len = 0;

	for (; *(text += strspn(text, " \t")) && strncmp(text, "at=", 3) != 0; text += len) {
		last = text;
		len = strcspn(text, " \t");
	}
	if (!last || strncmp(last, "dir=", 4) != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(dir_words); i++)
		if (len - 4 == strlen(dir_words[i].word) &&
		    !strncmp(last + 4, dir_words[i].word, len - 4))
			w->dirs = dir_words[i].dirs;
}

int link_spec_parse(struct link_spec *spec, const char *text, struct err *err)
{
	struct link_spec new = *spec;
	struct link_words w;
	char word[LINK_WORD_MAX], *equals;
	int rc = 0;

	link_words_begin(&w, &new);
	dir_said_last(&w, text);
	while (!rc && *(text += strspn(text, " \t"))) {
		size_t len = strcspn(text, " \t");

		if (len >= sizeof(word))
			return err_set(err, -EINVAL, "the word \"%.40s...\" is too long", text);
		memcpy(word, text, len);
		word[len] = '\0';
		text += len;
		equals = strchr(word, '=');
		if (equals)
			*equals++ = '\0';
		if ((!equals || !*equals) && strcmp(word, "none"))
			rc = err_set(err, -EINVAL, "\"%s\" has no value: write %s=VALUE", word,
				     word);
		else
			rc = link_word(&w, word, equals ? equals : "", err);
		if (!rc && !strcmp(word, "at"))
			dir_said_last(&w, text);
	}
	if (!rc)
		rc = link_words_end(&w, err);
	if (!rc)
		*spec = new;
	return rc;
}
