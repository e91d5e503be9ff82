/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_lab.c - lab.*: records of labs. What a lab is, vnetctl knows; here it is a name, a text, and
 * the tag on the objects that belong to it.
 *
 * A record says what is being done to the lab (starting, changing, stopping) or that it is up. Who
 * does something holds a claim as long as its connection lasts, so that two never work on one lab.
 * A record that is not "up" and that nobody has claimed is what a vnetctl or a daemon that was
 * killed left in the middle; the next command of vnetctl sees it and mends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/labsched.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/control/netns.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"

struct lab_claim {
	struct lab_claim *next;
	const struct client *client;
	char lab[NAME_MAX_ + 1];
};

/* ---- claims ---------------------------------------------------------------------------------- */

static struct lab_claim **claim_of(struct daemon *d, const char *lab)
{
	struct lab_claim **at = &d->claims;

	while (*at && strcmp((*at)->lab, lab) != 0)
		at = &(*at)->next;
	return at;
}

static void claim_end(struct lab_claim **at)
{
	struct lab_claim *claim = *at;

	*at = claim->next;
	free(claim);
}

void lab_client_gone(struct daemon *d, struct client *client)
{
	for (struct lab_claim **at = &d->claims; *at;)
		if ((*at)->client == client)
			claim_end(at);
		else
			at = &(*at)->next;
}

static int claim(const struct rpc *rpc, const char *lab, struct err *err)
{
	struct lab_claim **at = claim_of(rpc->d, lab), *new;

	if (*at && (*at)->client == rpc->client)
		return 0;
	if (*at)
		return err_set(
			err, -EBUSY,
			"somebody else is starting, changing or stopping lab \"%s\" just now", lab);
	new = calloc(1, sizeof(*new));
	if (!new)
		return err_set(err, -ENOMEM, "memory is short");
	new->client = rpc->client;
	snprintf(new->lab, sizeof(new->lab), "%s", lab);
	new->next = rpc->d->claims;
	rpc->d->claims = new;
	return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

/* With what the store does not know. Takes @doc. */
static json_t *told(struct daemon *d, const char *name, json_t *doc)
{
	json_object_set_new(doc, "busy", json_boolean(*claim_of(d, name) != NULL));
	json_object_set_new(doc, "schedule", labsched_json(d, name) ?: json_null());
	if (!json_object_get(doc, "state"))
		json_object_set_new(doc, "state", json_string("up"));
	return doc;
}

static bool working(const char *state)
{
	return state && strcmp(state, "up") != 0;
}

bool lab_at_work(struct daemon *d, const char *lab)
{
	return *claim_of(d, lab) != NULL;
}

bool lab_cut_off(const char *lab)
{
	json_t *doc = state_get("lab", lab);
	bool cut = !doc || working(json_string_value(json_object_get(doc, "state")));

	json_decref(doc);
	return cut;
}

static int lab_put_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *name;
	json_t *doc;
	int rc = rpc_name(rpc, "name", &name, err);

	/* Putting claims the name: of two that bring the same lab up at once, one must fail before
	 * it has made anything. */
	doc = rc ? NULL : state_get("lab", name);
	if (doc)
		rc = err_set(err, -EEXIST, "lab \"%s\" is up already", name);
	json_decref(doc);
	if (!rc && working(rpc_str(rpc, "state")))
		rc = claim(rpc, name, err);
	if (!rc)
		rc = state_put("lab", name, rpc->params, err);
	if (rc)
		return rc;
	*result = told(rpc->d, name, state_get("lab", name));
	return 0;
}

static int lab_missing(const struct rpc *rpc, struct err *err)
{
	const char *name = rpc_str(rpc, "name");
	char shown[80];

	return err_set(err, -ENOENT, "lab \"%s\" is not up",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}

static int lab_set_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *name = rpc_str(rpc, "name"), *state = rpc_str(rpc, "state");
	json_t *doc = state_get("lab", name);
	int rc;

	if (!doc)
		return lab_missing(rpc, err);
	rc = claim(rpc, name, err);
	if (!rc) {
		json_object_update(doc, rpc->params);
		rc = state_put("lab", name, doc, err);
	}
	if (rc) {
		json_decref(doc);
		return rc;
	}
	if (!working(state))
		claim_end(claim_of(rpc->d, name));
	*result = told(rpc->d, name, doc);
	return 0;
}

static int lab_get_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *name = rpc_str(rpc, "name");
	json_t *doc = state_get("lab", name);

	if (!doc)
		return lab_missing(rpc, err);
	*result = told(rpc->d, name, doc);
	return 0;
}

static int lab_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *all = state_all("lab"), *doc;
	const char *name;

	(void)err;
	*result = json_array();
	json_object_foreach (all, name, doc)
		json_array_append_new(*result, told(rpc->d, name, json_incref(doc)));
	json_decref(all);
	return 0;
}

/* What still carries the tag of lab @lab? NULL when nothing does. */
static const char *lab_member(const struct daemon *d, const char *lab)
{
	for (const struct vm *vm = d->vms; vm; vm = vm->next)
		if (!strcmp(vm->lab, lab))
			return vm->name;
	for (const struct net *n = d->runner.nets; n; n = n->next) {
		if (!strcmp(n->conf.lab, lab))
			return n->conf.name;
		for (const struct port *p = n->ports; p; p = p->next)
			if (!strcmp(p->lab, lab))
				return p->name;
	}
	return netns_of_lab(d, lab);
}

static int lab_del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *name = rpc_str(rpc, "name"), *member;
	json_t *doc = state_get("lab", name);
	int rc;

	if (!doc)
		return lab_missing(rpc, err);
	json_decref(doc);
	member = lab_member(rpc->d, name);
	if (member)
		return err_set(err, -EBUSY, "lab \"%s\" still has \"%s\" (see: vnetctl lab down)",
			       name, member);
	rc = claim(rpc, name, err);
	/* First, or a daemon killed in between would leave a schedule for the next lab of the name.
	 */
	if (!rc)
		rc = labsched_end(rpc->d, name, err);
	if (!rc)
		rc = state_del("lab", name, err);
	if (rc)
		return rc;
	claim_end(claim_of(rpc->d, name));
	*result = json_object();
	return 0;
}

/* ---- its schedule ---------------------------------------------------------------------------- */

static int check_step(const json_t *step, json_int_t *last, struct err *err)
{
	static const char *const words[] = {"off", "on", "pause", "resume"};
	const json_t *at = json_object_get(step, "at_ms");
	const char *what = json_string_value(json_object_get(step, "do"));
	const char *node = json_string_value(json_object_get(step, "node"));
	bool known = false;

	for (size_t i = 0; what && i < ARRAY_SIZE(words); i++)
		known |= !strcmp(what, words[i]);
	if (!known || !node || !name_valid(node) || !json_is_integer(at) ||
	    json_integer_value(at) < *last || json_integer_value(at) > UINT32_MAX)
		return err_set(
			err, -EINVAL,
			"a step is {at_ms, do: off, on, pause or resume, node}, in the order "
			"of their times");
	*last = json_integer_value(at);
	return 0;
}

static int check_steps(const json_t *steps, struct err *err)
{
	json_int_t last = 0;
	json_t *step;
	size_t i;
	int rc = 0;

	if (json_array_size(steps) > LABSCHED_STEPS_MAX)
		return err_set(err, -EINVAL, "a schedule has %d steps at most", LABSCHED_STEPS_MAX);
	json_array_foreach ((json_t *)steps, i, step)
		rc = rc ? rc : check_step(step, &last, err);
	return rc;
}

static int lab_schedule_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const json_t *steps = json_object_get(rpc->params, "steps");
	const char *name = rpc_str(rpc, "name");
	json_t *doc = state_get("lab", name);
	int rc;

	if (!doc)
		return lab_missing(rpc, err);
	rc = check_steps(steps, err);
	if (!rc)
		rc = labsched_set(rpc->d, name, steps, err);
	if (rc)
		json_decref(doc);
	else
		*result = told(rpc->d, name, doc);
	return rc;
}

const struct rpc_method rpc_lab_methods[] = {
	{"lab.put", lab_put_m, "name! text! file started_s:i state seed kind", false},
	{"lab.set", lab_set_m, "name! state! text file seed", false},
	{"lab.get", lab_get_m, "name!", false},
	{"lab.list", lab_list_m, "", false},
	{"lab.del", lab_del_m, "name!", false},
	{"lab.schedule", lab_schedule_m, "name! steps:a!", true},
	{0},
};
