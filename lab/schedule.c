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

bool schedule_off(const json_t *record, const char *node)
{
	const json_t *schedule = json_object_get(record, "schedule");
	size_t done = (size_t)jint(schedule, "done"), i;
	bool off = false;
	json_t *step;

	json_array_foreach (json_object_get(schedule, "steps"), i, step) {
		const char *what = jstr(step, "do");

		if (i < done && !strcmp(jstr(step, "node"), node) &&
		    (!strcmp(what, "off") || !strcmp(what, "on")))
			off = !strcmp(what, "off");
	}
	return off;
}

static bool step_has_it(struct client *c, const char *lab)
{
	struct err ignored;
	json_t *record = client_call(c, "lab.get", json_pack("{s:s}", "name", lab), &ignored);
	bool has = json_is_true(json_object_get(json_object_get(record, "schedule"), "running"));

	json_decref(record);
	return has;
}

int schedule_claim(struct client *c, json_t *params, struct err *err)
{
	const struct timespec poll = {.tv_nsec = POLL_MS * 1000000L};
	msec end = clock_now_ms() + STEP_MS;
	json_t *r;

	for (;;) {
		r = client_call(c, "lab.set", json_incref(params), err);
		if (r || err->code != -EBUSY || clock_now_ms() >= end ||
		    !step_has_it(c, jstr(params, "name")))
			break;
		nanosleep(&poll, NULL);
	}
	json_decref(params);
	json_decref(r);
	return r ? 0 : err->code;
}
