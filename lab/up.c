/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up.c - brings a lab up.
 *
 * Order: the record (which claims the name), namespaces and their veths, networks (a bridge may
 * need a veth), cables between networks, namespace ports and addresses, what namespaces run (a
 * LAN's servers), guests all at once, their leases, what guests run, forwards, faults of cables.
 * Within each step all nodes go side by side (wave.h). Every object carries the lab's name as its
 * tag, so undoing a failure is lab_down().
 *
 * A record says "starting" until all is up. One that says so while nobody works on it is what a
 * killed vnetctl or daemon left behind: it is removed first, then made anew.
 */
#include <errno.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/change.h"
#include "lab/record.h"
#include "lab/schedule.h"
#include "lab/up_parts.h"

static int undo(struct lab_run *r, struct err *err)
{
	struct err ignored;

	progress_line(&r->progress, "failed: removing what was made");
	lab_down(r->client, r->lab->name.s, true, &r->progress, NULL, &ignored);
	return err_wrap(err, "lab '%s' is not up", r->lab->name.s);
}

/* The record is there: all else. */
static int make(struct lab_run *r, struct err *err)
{
	int rc = up_objects(r, err);

	if (!rc)
		rc = lab_state(r, "up", err);
	if (!rc)
		rc = schedule_begin(r, false, err);
	if (rc)
		return undo(r, err);
	progress_line(&r->progress, "lab       %s up", r->lab->name.s);
	return 0;
}

/* A lab of this name is recorded: is it ours, and is it whole? */
static int found(struct lab_run *r, const json_t *record, const char *text, struct err *err)
{
	const char *name = r->lab->name.s, *state = jstr(record, "state");
	bool busy = json_is_true(json_object_get(record, "busy"));

	if (busy && !json_is_true(json_object_get(json_object_get(record, "schedule"), "running")))
		return err_set(err, -EBUSY, "lab '%s' is %s already: somebody else is at it", name,
			       state);
	/* What is half made, or half gone, is made anew; what was only being changed is mended, so
	 * that nobody loses work. */
	if (!strcmp(state, "starting") || !strcmp(state, "stopping")) {
		progress_line(&r->progress,
			      "lab       %s: an earlier command was interrupted while it was %s: "
			      "removing what is left of it",
			      name, state);
		if (lab_down(r->client, name, true, &r->progress, NULL, err))
			return err->code;
		return record_put(r, text, err) ? err->code : make(r, err);
	}
	/* A step of the schedule, which is being made, is no interrupted command. */
	if (strcmp(state, "up") != 0 && !busy)
		progress_line(&r->progress,
			      "lab       %s: an earlier command was interrupted while it was %s: "
			      "mending what it left",
			      name, state);
	if (strcmp(jstr(record, "text"), text) != 0 ||
	    strcmp(json_string_value(json_object_get(record, "seed")) ?: "", r->lab->seed) != 0 ||
	    strcmp(json_string_value(json_object_get(record, "kind")) ?: "", r->lab->kind) != 0)
		return err_set(err, -EEXIST,
			       "a lab '%s' is up already, of another text: `vnetctl lab diff %s "
			       "FILE` shows the difference, `lab apply` makes it, and `lab up FILE "
			       "--name NAME` starts one beside it",
			       name, name);
	return lab_mend(r, err);
}

int lab_up(struct lab_run *r, const char *text, struct err *err)
{
	json_t *record;
	int rc = record_put(r, text, err);

	if (!rc)
		return make(r, err);
	if (rc != -EEXIST)
		return rc;
	record = client_call(r->client, "lab.get", json_pack("{s:s}", "name", r->lab->name.s), err);
	rc = record ? found(r, record, text, err) : err->code;
	json_decref(record);
	return rc;
}
