/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair_json.c - cables as text: for port.show, and for who asks what would happen to a frame.
 */
#include <stdio.h>

#include "vswitchd/switch/impair_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { WORDS_MAX = 512 };

static json_t *way_json(const struct cable_way *c)
{
	char words[WORDS_MAX];

	link_faults_text(&c->faults, words, sizeof(words));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "now", words,
			 "frames", (json_int_t)c->offered, "held", (json_int_t)c->held.frames,
			 "held_bytes", (json_int_t)c->held.bytes, "lost", (json_int_t)c->lost,
			 "duplicated", (json_int_t)c->duplicated, "corrupted",
			 (json_int_t)c->corrupted, "reordered", (json_int_t)c->reordered,
			 "queue_full", (json_int_t)c->full, "cut", (json_int_t)c->cut);
}

static json_t *schedule_json(const struct link_spec *spec)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < spec->n_steps; i++) {
		char at[32], words[WORDS_MAX];

		link_time_text(spec->steps[i].at_us, at, sizeof(at));
		link_step_text(&spec->steps[i], words, sizeof(words));
		json_array_append_new(list, json_pack("{s:s, s:s}", "at", at, "words", words));
	}
	return list;
}

static json_t *next_json(const struct impair *m)
{
	const struct runner *r = m->port->net->runner;
	char words[WORDS_MAX] = "as before";

	if (!m->change.place)
		return json_null();
	if (m->next)
		link_step_text(m->next, words, sizeof(words));
	return json_pack("{s:I, s:s}", "in_ms",
			 (json_int_t)(m->change.at_us > r->now_us
					      ? (m->change.at_us - r->now_us) / 1000
					      : 0),
			 "words", words);
}

json_t *impair_json(const struct port *port)
{
	const struct impair *m = port->impair;
	char words[LINK_TEXT_MAX];
	struct link_spec plain;

	if (!m)
		return json_null();
	plain = m->spec;
	plain.begun = false;
	link_spec_text(&plain, words, sizeof(words));
	return json_pack("{s:s, s:I, s:b, s:o, s:o, s:o, s:I, s:o}", "words", words, "seed",
			 (json_int_t)m->spec.seed, "down", m->down, "in",
			 way_json(&m->way[LINK_IN]), "out", way_json(&m->way[LINK_OUT]), "schedule",
			 schedule_json(&m->spec), "repeat_ms",
			 (json_int_t)(m->spec.repeat_us / 1000), "next", next_json(m));
}

/* ---- what would happen ----------------------------------------------------------------------- */

enum drop_reason impair_explain(struct walk *w, const struct port *port, bool out)
{
	const struct impair *m = port->impair;
	const struct cable_way *c = m ? &m->way[out ? LINK_OUT : LINK_IN] : NULL;
	char words[WORDS_MAX];

	if (!c || !port->admin_up || w->p->len < ETH_HLEN_ ||
	    !(port->features & (out ? PORT_IMPAIR_OUT : PORT_IMPAIR_IN)))
		return DROP_NONE;
	if (m->down) {
		walk_say(w, "cable", "the schedule of %s's cable has pulled it", port->name);
		return DROP_IMPAIR_DOWN;
	}
	link_faults_text(&c->faults, words, sizeof(words));
	walk_say(w, "cable", "%s %s's cable: %.160s; %u frames are on it", out ? "out by" : "in by",
		 port->name, words, c->held.frames);
	return cable_too_long(c, w->p) ? DROP_TOO_BIG : DROP_NONE;
}
