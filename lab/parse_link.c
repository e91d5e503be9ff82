/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_link.c - `link:` of an interface: what its cable does to frames.
 *
 * The keys are the words of `vnetctl port impair` (linkspec.h), so the reader only brings them into
 * a list, trying each so that a mistake is shown at its place.
 */
#include <stdio.h>
#include <string.h>

#include "lab/parse_parts.h"
#include "lib/linkspec.h"

struct link_reader {
	struct schema *s;
	struct link_spec spec;
	struct link_words words;
	char text[LINK_TEXT_MAX];
	size_t len;
	bool ok;
};

static void wrong(struct link_reader *r, struct lab_pos pos, const char *text)
{
	lab_error(r->s->errors, pos, "%s", text);
	r->ok = false;
}

/* One more word of the list. */
static void word(struct link_reader *r, struct lab_pos pos, const char *key, const char *value)
{
	struct err err;

	if (link_word(&r->words, key, value, &err)) {
		wrong(r, pos, err.text);
		return;
	}
	r->len += (size_t)snprintf(r->text + r->len, sizeof(r->text) - r->len, "%s%s=%s",
				   r->len ? " " : "", key, value);
	if (r->len < sizeof(r->text))
		return;
	r->len = sizeof(r->text) - 1;
	wrong(r, pos, "too much for one cable");
}

static void read_words(struct link_reader *r, const struct yaml_tree *t, bool step);

/* `in:` and `out:` are lists of their own. */
static void direction(struct link_reader *r, const struct yaml_tree *t, bool step)
{
	unsigned int dirs = r->words.dirs;

	word(r, t->key_pos, "dir", t->key);
	read_words(r, t, step);
	if (r->words.dirs != dirs)
		word(r, t->key_pos, "dir", "both");
}

static bool is_one_of(const char *key, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(*words, key))
			return true;
	return false;
}

/* Not the words that make a list out of what YAML has maps for. */
static bool allowed(const char *key, bool step)
{
	static const char *const never[] = {"dir",	"none", "since", "schedule",
					    "down-for", "at",	NULL};
	static const char *const base[] = {"seed", "repeat", NULL};
	static const char *const steps[] = {"for", "down", NULL};

	return link_word_known(key) && !is_one_of(key, never) &&
	       !is_one_of(key, step ? base : steps);
}

static void read_word(struct link_reader *r, const struct yaml_tree *t, bool step)
{
	char text[128];
	const char *v;

	if (!allowed(t->key, step)) {
		snprintf(text, sizeof(text), "unknown key '%.40s' in a %s", t->key,
			 step ? "step of a schedule" : "link");
		if (!link_word_known(t->key))
			word(r, t->key_pos, t->key, "");
		else
			wrong(r, t->key_pos, text);
		return;
	}
	v = schema_scalar(r->s, t);
	if (v)
		word(r, t->pos, t->key, v);
	else
		r->ok = false;
}

static void read_words(struct link_reader *r, const struct yaml_tree *t, bool step)
{
	if (!schema_kind(r->s, t, YAML_MAP, t->key ? t->key : "a step of a schedule")) {
		r->ok = false;
		return;
	}
	for (const struct yaml_tree *v = t->first; v; v = v->next) {
		bool dir = !strcmp(v->key, "in") || !strcmp(v->key, "out");

		if (dir)
			direction(r, v, step);
		else if (!(step && !strcmp(v->key, "at")) && strcmp(v->key, "schedule") &&
			 strcmp(v->key, "repeat"))
			read_word(r, v, step);
	}
}

static void read_link_schedule(struct link_reader *r, const struct yaml_tree *t)
{
	if (!schema_kind(r->s, t, YAML_LIST, "schedule")) {
		r->ok = false;
		return;
	}
	for (const struct yaml_tree *v = t->first; v; v = v->next) {
		const struct yaml_tree *at = yaml_member(v, "at");
		const char *when = at ? schema_scalar(r->s, at) : NULL;

		if (!at)
			wrong(r, v->pos, "a step of a schedule says when: add at: 30s");
		if (!when)
			r->ok = false;
		else
			word(r, at->pos, "at", when);
		if (when && r->words.step)
			read_words(r, v, true);
	}
}

/* The words are those of linkspec.h, whose values it checks itself. */
static void say_link(struct schema *s)
{
	json_object_update_new(s->say,
			       json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
					 "properties", "in", "type", "object", "out", "type",
					 "object", "schedule", "type", "array"));
}

/* @out: the `struct lab_text` that gets the list of words. */
void read_link(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct link_reader *r = lab_alloc(s->lab, 1, sizeof(*r));
	const struct yaml_tree *schedule = yaml_member(t, "schedule");
	const struct yaml_tree *repeat = yaml_member(t, "repeat");
	struct err err;

	if (s->say)
		say_link(s);
	if (!r || s->say)
		return;
	r->s = s;
	r->ok = true;
	link_words_begin(&r->words, &r->spec);
	read_words(r, t, false);
	if (schedule)
		read_link_schedule(r, schedule);
	if (repeat && !schedule)
		wrong(r, repeat->key_pos, "repeat goes with a schedule");
	else if (repeat && r->words.step)
		read_word(r, repeat, false);
	if (r->ok && link_words_end(&r->words, &err))
		wrong(r, t->pos, err.text);
	if (r->ok && r->len)
		*(struct lab_text *)out = (struct lab_text){r->text, t->pos};
}
