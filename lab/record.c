/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/record.h"

#include "lab/schedule.h"
#include "lab/up_parts.h"

int lab_state(struct lab_run *r, const char *state, struct err *err)
{
	return schedule_claim(r->client,
			      json_pack("{s:s, s:s}", "name", r->lab->name.s, "state", state), err);
}

int record_put(struct lab_run *r, const char *text, struct err *err)
{
	const struct lab *lab = r->lab;

	/* The daemon takes a name only once, so this decides between two that come at the same
	 * time. */
	return up_call(r, "lab.put",
		       json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "name", lab->name.s, "text",
				 text, "file", r->file, "started_s", (json_int_t)clock_wall_s(),
				 "state", "starting", "seed", lab->seed, "kind", lab->kind),
		       err);
}
