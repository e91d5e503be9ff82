/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_schedule.c - what happens to nodes while the lab is up: steps, in the order of their times.
 * (What happens to cables is said at the cable, parse_link.c.)
 */
#include "lab/parse.h"
#include "lab/parse_parts.h"

const char *const lab_do_words[] = {"off", "on", "pause", "resume"};

#define DOES(what) (offsetof(struct lab_step, does) + (what) * sizeof(struct lab_text))

static void read_step(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"at", read_ms, offsetof(struct lab_step, at_ms)},
		{"off", read_text, DOES(LAB_OFF)},
		{"on", read_text, DOES(LAB_ON)},
		{"pause", read_text, DOES(LAB_PAUSE)},
		{"resume", read_text, DOES(LAB_RESUME)},
		{0},
	};
	struct lab *lab = out;
	struct lab_step *step = &lab->steps[lab->n_steps++];
	unsigned int before = s->errors ? s->errors->n : 0, n = 0;

	step->pos = t->pos;
	schema_map(s, t, "a step of the schedule", keys, step);
	schema_says_required(s, "at");
	if (s->say || t->kind != YAML_MAP || s->errors->n != before)
		return;
	for (size_t i = 0; i < LAB_DOS; i++)
		n += step->does[i].s != NULL;
	if (n != 1 || !step->at_ms.given)
		lab_error(s->errors, t->pos,
			  "a step is {at: 10s, off: NODE}, or with on, pause or resume for off");
}

void read_schedule(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->steps = lab_alloc(lab, t->n, sizeof(*lab->steps));
	if (lab->steps)
		schema_list(s, t, "schedule", read_step, lab);
}

void lab_validate_schedule(const struct lab *lab, struct lab_errors *errors)
{
	unsigned int last_ms = 0;

	for (size_t i = 0; i < lab->n_steps; i++) {
		const struct lab_step *step = &lab->steps[i];

		for (size_t k = 0; k < LAB_DOS; k++)
			if (step->does[k].s && !lab_node_find(lab, step->does[k].s))
				lab_unknown_node(lab, &step->does[k], errors);
		if (!step->at_ms.given)
			continue;
		if (step->at_ms.v < last_ms)
			lab_error(errors, step->at_ms.pos,
				  "steps are in the order of their times: this is before the one "
				  "above it");
		last_ms = MAX(last_ms, step->at_ms.v);
	}
	if (lab->n_steps > LAB_STEPS_MAX)
		lab_error(errors, lab->steps[LAB_STEPS_MAX].pos, "a schedule has %d steps at most",
			  LAB_STEPS_MAX);
}
