/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undo.c - a command that is run when its client's connection ends, however that comes about.
 *
 * Who copies a file makes one with a name of its own first. A client that is killed can't remove
 * it; we see its connection end. One whose command has cleaned up after itself says so, since
 * running anything in a guest costs it time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/netns.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/guest/vm.h"

struct undo {
	struct undo *next;
	const struct client *client;
	bool vm;
	char *name, *command;
};

static void undo_free(struct undo *u)
{
	free(u->name);
	free(u->command);
	free(u);
}

/* The client's, which is not in the list any more; NULL when it has none. */
static struct undo *take(struct daemon *d, const struct client *client)
{
	struct undo **link = &d->undos, *u;

	while (*link && (*link)->client != client)
		link = &(*link)->next;
	u = *link;
	if (u)
		*link = u->next;
	return u;
}

/* The client's, without running it. */
static void drop(const struct rpc *rpc)
{
	struct undo *u = take(rpc->d, rpc->client);

	if (u)
		undo_free(u);
}

int undo_set(const struct rpc *rpc, const char *name, bool vm, struct err *err)
{
	const char *command = rpc_str(rpc, "undo");
	struct undo *u;

	if (!command)
		return 0;
	drop(rpc);
	if (!command[0])
		return 0;
	u = calloc(1, sizeof(*u));
	if (!u)
		return err_set(err, -ENOMEM, "memory is short");
	*u = (struct undo){.next = rpc->d->undos,
			   .client = rpc->client,
			   .vm = vm,
			   .name = strdup(name),
			   .command = strdup(command)};
	if (!u->name || !u->command) {
		undo_free(u);
		return err_set(err, -ENOMEM, "memory is short");
	}
	rpc->d->undos = u;
	return 0;
}

static int undo_drop_m(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)err;
	drop(rpc);
	*result = json_object();
	return 0;
}

const struct rpc_method rpc_undo_methods[] = {
	{"undo.drop", undo_drop_m, "", false},
	{0},
};

/* 0, also where it is not there any more. */
static int run(struct daemon *d, const struct undo *u, struct err *err)
{
	struct vm *vm = u->vm ? vm_find(d, u->name) : NULL;
	struct netns *ns = u->vm ? NULL : netns_find(d, u->name);
	int rc;

	if (vm && vm->agent)
		return agent_send(vm->agent, u->command, err);
	rc = ns ? netns_spawn(ns, u->command, err) : 0;
	return rc < 0 ? rc : 0;
}

void undo_client_gone(struct daemon *d, struct client *client)
{
	struct undo *u = take(d, client);
	struct err err = {0};

	if (!u)
		return;
	if (run(d, u, &err))
		log_warn("%s: %s", u->name, err.text);
	undo_free(u);
}

void undo_fini(struct daemon *d)
{
	struct undo *u;

	while ((u = d->undos)) {
		d->undos = u->next;
		undo_free(u);
	}
}
