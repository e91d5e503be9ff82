/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_lab.c - lab.*: records of labs that are up. What a lab is, vnetctl knows; here it is a name,
 * a text, and the tag on the objects that belong to it.
 */
#include <errno.h>
#include <string.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/control/netns.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"

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
	if (!rc)
		rc = state_put("lab", name, rpc->params, err);
	if (rc)
		return rc;
	doc = state_get("lab", name);
	*result = doc;
	return 0;
}

static int lab_missing(const struct rpc *rpc, struct err *err)
{
	const char *name = rpc_str(rpc, "name");
	char shown[80];

	return err_set(err, -ENOENT, "lab \"%s\" is not up",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}

static int lab_get_m(struct rpc *rpc, json_t **result, struct err *err)
{
	*result = state_get("lab", rpc_str(rpc, "name"));
	return *result ? 0 : lab_missing(rpc, err);
}

static int lab_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *all = state_all("lab"), *doc;
	const char *name;

	(void)rpc;
	(void)err;
	*result = json_array();
	json_object_foreach (all, name, doc)
		json_array_append(*result, doc);
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
	rc = state_del("lab", name, err);
	*result = rc ? NULL : json_object();
	return rc;
}

const struct rpc_method rpc_lab_methods[] = {
	{"lab.put", lab_put_m, "name! text! file started_s:i", false},
	{"lab.get", lab_get_m, "name!", false},
	{"lab.list", lab_list_m, "", false},
	{"lab.del", lab_del_m, "name!", false},
	{0},
};
