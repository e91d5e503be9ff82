/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/schedule.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/ctl.h"
#include "lab/up_parts.h"
#include "lib/clock.h"

enum { STEP_MS = 60000, POLL_MS = 100 };

json_t *schedule_steps(const struct lab *lab)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < lab->n_steps; i++)
		for (size_t k = 0; k < LAB_DOS; k++)
			if (lab->steps[i].does[k].s)
				json_array_append_new(steps,
						      json_pack("{s:I, s:s, s:s}", "at_ms",
								(json_int_t)lab->steps[i].at_ms.v,
								"do", lab_do_words[k], "node",
								lab->steps[i].does[k].s));
	return steps;
}

int schedule_begin(struct lab_run *r, bool had, struct err *err)
{
	int rc;

	if (!r->lab->n_steps && !had)
		return 0;
	rc = up_call(
		r, "lab.schedule",
		json_pack("{s:s, s:o}", "name", r->lab->name.s, "steps", schedule_steps(r->lab)),
		err);
	if (!rc && r->lab->n_steps)
		progress_line(&r->progress, "schedule  %zu steps, counted from here",
			      r->lab->n_steps);
	return rc;
}

/* By the last step of those that are done; one that switches off may have done so and not ended. */
static bool last_was_off(const json_t *record, const char *node)
{
	const json_t *schedule = json_object_get(record, "schedule");
	bool off = false, running = json_is_true(json_object_get(schedule, "running"));
	size_t done = (size_t)jint(schedule, "done"), i;
	json_t *step;

	json_array_foreach (json_object_get(schedule, "steps"), i, step) {
		const char *what = jstr(step, "do");

		if (strcmp(jstr(step, "node"), node) != 0)
			continue;
		if (!strcmp(what, "off") && i < done + running)
			off = true;
		else if (!strcmp(what, "on") && i < done)
			off = false;
	}
	return off;
}

bool schedule_has_off(const json_t *record, const char *node, const char *state)
{
	return !strcmp(state, "missing") && last_was_off(record, node);
}

/*
 * The lab was somebody's: is it worth to try again? While a step of the schedule runs (*@step), and
 * when nobody has the lab any more, as what had it may have ended since. And once more after a
 * step: the daemon may hear that its command has ended before it hears that its connection has.
 */
static bool may_be_free(struct client *c, const char *lab, bool *step)
{
	struct err ignored;
	json_t *record = client_call(c, "lab.get", json_pack("{s:s}", "name", lab), &ignored);
	bool busy = json_is_true(json_object_get(record, "busy")), was = *step;

	*step = json_is_true(json_object_get(json_object_get(record, "schedule"), "running"));
	json_decref(record);
	return *step || was || !busy;
}

int schedule_claim(struct client *c, json_t *params, struct err *err)
{
	const struct timespec poll = {.tv_nsec = POLL_MS * 1000000L};
	msec end = clock_now_ms() + STEP_MS;
	bool step = false;
	json_t *r;

	for (;;) {
		r = client_call(c, "lab.set", json_incref(params), err);
		if (r || err->code != -EBUSY || clock_now_ms() >= end ||
		    !may_be_free(c, jstr(params, "name"), &step))
			break;
		nanosleep(&poll, NULL);
	}
	json_decref(params);
	json_decref(r);
	return r ? 0 : err->code;
}
