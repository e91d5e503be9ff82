/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change.c - nodes of a running lab are removed, made again, switched off and on.
 *
 * The record says "changing" meanwhile. Who finds that later, with nobody at it, makes what is
 * missing (lab_mend): so an interrupted change ends with the lab as its text says.
 */
#include "lab/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/node.h"
#include "lab/record.h"
#include "lab/schedule.h"
#include "lab/up_parts.h"
#include "lab/wave.h"

enum { STOP_TIMEOUT_S = 10 };

static int make_nodes(struct lab_run *r, const bool *which, struct err *err)
{
	const bool *before = r->only;
	int rc;

	r->only = which;
	rc = up_objects(r, err);
	r->only = before;
	return rc;
}

static bool mend_port(struct lab_run *r, const char *name)
{
	struct err ignored;
	json_t *port =
		client_call(r->client, "port.show", json_pack("{s:s}", "port", name), &ignored);
	bool down = port && !strcmp(jstr(port, "admin"), "down");
	bool odd = port && !json_is_null(json_object_get(port, "impair"));

	if (down) {
		progress_line(&r->progress, "cable     %s is plugged in again",
			      name + strlen(r->lab->name.s) + 1);
		up_call(r, "port.up", json_pack("{s:s}", "port", name), &ignored);
	}
	if (odd)
		up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", name, "words", "none"),
			&ignored);
	json_decref(port);
	return down || odd;
}

/* Which nodes are not there, or dead? But not those that the schedule of @record has off. Their
 * number. */
static size_t missing_nodes(struct lab_run *r, const json_t *record, bool *which)
{
	char state[32];
	size_t n = 0;

	for (size_t i = 0; i < r->lab->n_nodes; i++) {
		const char *name = r->lab->nodes[i].name.s;

		node_state(r, &r->lab->nodes[i], state, sizeof(state));
		if (schedule_has_off(record, name, state)) {
			progress_line(&r->progress, "node      %s is off by the lab's schedule",
				      name);
			continue;
		}
		which[i] = !strcmp(state, "missing") || !strcmp(state, "failed") ||
			   !strcmp(state, "stopped");
		n += which[i];
		if (which[i])
			progress_line(&r->progress, "node      %s is %s: made again", name, state);
	}
	return n;
}

/* A check that was killed may have left a cable pulled, or with a fault that the file doesn't give
 * it. How many were. */
static size_t replug(struct lab_run *r)
{
	const struct lab *lab = r->lab;
	size_t n = 0;

	for (size_t i = 0; i < lab->n_nodes; i++)
		for (size_t k = 0; k < lab->nodes[i].n_nics; k++)
			if (lab->nodes[i].nics[k].net)
				n += mend_port(r, lab->nodes[i].nics[k].port);
	for (size_t i = 0; i < lab->n_cables; i++)
		n += mend_port(r, lab->cables[i].end[0].port);
	return n;
}

/* The lab is claimed. Only now is its record read: till then a step of the schedule may have been
 * under way, and a record from before it would have us undo that. */
static int make_missing(struct lab_run *r, bool *which, struct err *err)
{
	json_t *record =
		client_call(r->client, "lab.get", json_pack("{s:s}", "name", r->lab->name.s), err);
	size_t n;

	if (!record)
		return err->code;
	n = missing_nodes(r, record, which);
	json_decref(record);
	if (n)
		return make_nodes(r, which, err);
	progress_line(&r->progress, "lab       %s is up already, and whole", r->lab->name.s);
	return 0;
}

int lab_mend(struct lab_run *r, struct err *err)
{
	bool *which = calloc(r->lab->n_nodes + 1, sizeof(*which));
	int rc = which ? lab_state(r, "changing", err) : err_set(err, -ENOMEM, "out of memory");

	if (!rc && replug(r))
		rc = up_links(r, err);
	if (!rc)
		rc = make_missing(r, which, err);
	if (!rc)
		rc = lab_state(r, "up", err);
	free(which);
	return rc;
}

int nodes_remove(struct lab_run *r, bool keep_files, struct err *err)
{
	char state[32];
	struct wave w;

	wave_begin(&w, r, err);
	for (size_t i = 0; i < r->lab->n_nodes; i++) {
		const struct lab_node *node = &r->lab->nodes[i];

		if (!run_wants(r, node) ||
		    !strcmp(node_state(r, node, state, sizeof(state)), "missing"))
			continue;
		if (node->kind == LAB_NAMESPACE)
			wave_call(&w, node->name.s, "ns.del",
				  json_pack("{s:s, s:s}", "name", node->id, "files",
					    keep_files ? "keep" : "delete"));
		else if (keep_files && !strcmp(state, "running"))
			wave_call(&w, node->name.s, "vm.stop",
				  json_pack("{s:s, s:i}", "vm", node->id, "timeout_s",
					    STOP_TIMEOUT_S));
		else
			wave_call(&w, node->name.s, "vm.kill", json_pack("{s:s}", "vm", node->id));
	}
	return wave_end(&w);
}

int lab_reset(struct lab_run *r, struct err *err)
{
	int rc = lab_state(r, "changing", err);

	if (!rc)
		rc = nodes_remove(r, false, err);
	if (!rc && !r->only)
		rc = lab_down_networks(r, err);
	if (!rc)
		rc = make_nodes(r, r->only, err);
	if (!rc)
		rc = lab_state(r, "up", err);
	if (!rc && !r->only)
		rc = schedule_begin(r, false, err);
	return rc;
}

int lab_power(struct lab_run *r, const struct lab_node *node, bool on, struct err *err)
{
	bool *which = calloc(r->lab->n_nodes + 1, sizeof(*which));
	char state[32];
	bool is_on;
	int rc = which ? lab_state(r, "changing", err) : err_set(err, -ENOMEM, "out of memory");

	if (rc) {
		free(which);
		return rc;
	}
	which[node - r->lab->nodes] = true;
	node_state(r, node, state, sizeof(state));
	is_on = strcmp(state, "missing") && strcmp(state, "failed") && strcmp(state, "stopped");
	r->only = which;
	r->power = true;
	if (on && !is_on)
		rc = make_nodes(r, which, err);
	else if (!on && is_on)
		rc = nodes_remove(r, true, err);
	r->only = NULL;
	r->power = false;
	if (!rc)
		rc = lab_state(r, "up", err);
	free(which);
	return rc;
}
