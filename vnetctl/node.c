/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node.c - exec, console and copy of a node by its name alone, whichever lab it is of, or none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vnetctl/copy.h"
#include "vnetctl/nouns.h"
#include "vnetctl/vm.h"

struct found {
	char id[2 * NAME_MAX_]; /* for the daemon */
	bool vm;
	unsigned int n;	 /* how many there are */
	char where[256]; /* their full names */
};

/* Those of @list that are called @word, by their full names or without their labs'. */
static void look(const json_t *list, struct found *f, const char *word, bool vm, bool full)
{
	const json_t *obj;
	size_t i, len;

	json_array_foreach (list, i, obj) {
		if (strcmp(full ? jstr(obj, "name") : ctl_name_in_lab(obj), word) != 0)
			continue;
		len = strlen(f->where);
		snprintf(f->where + len, sizeof(f->where) - len, "%s%s", f->n ? ", " : "",
			 jstr(obj, "name"));
		snprintf(f->id, sizeof(f->id), "%s", jstr(obj, "name"));
		f->vm = vm;
		f->n++;
	}
}

/* A full name is nobody else's, whatever the short names are. */
static bool node_find(struct ctl *c, const char *word, struct found *f)
{
	struct err ignored; /* namespaces are for users with the daemon's rights only */
	json_t *vms, *spaces;

	memset(f, 0, sizeof(*f));
	if (!ctl_client(c))
		return false;
	vms = client_call(c->client, "vm.list", NULL, &ignored);
	spaces = client_call(c->client, "ns.list", NULL, &ignored);
	for (int full = 1; full >= 0 && !f->n; full--) {
		look(vms, f, word, true, full);
		look(spaces, f, word, false, full);
	}
	json_decref(vms);
	json_decref(spaces);
	if (f->n > 1)
		fprintf(stderr, "vnetctl: several are called '%s': say which of %s\n", word,
			f->where);
	if (!f->n)
		fprintf(stderr,
			"vnetctl: no node '%s' is up: `vnetctl lab status` and `vnetctl vm list` "
			"show those that are\n",
			word);
	return f->n == 1;
}

static int exec_run(struct ctl *c, int argc, char **argv)
{
	json_t *params = json_object();
	char *command = NULL;
	struct found f;
	int rc = exec_words(c, 1, argc, argv, params, &command);

	if (!rc && !node_find(c, argv[0], &f))
		rc = CTL_FAILED;
	if (!rc) {
		json_object_set_new(params, f.vm ? "vm" : "name", json_string(f.id));
		json_object_set_new(params, "command", json_string(command));
		rc = exec_finish(c, ctl_call(c, f.vm ? "vm.exec" : "ns.exec", json_incref(params)));
	}
	free(command);
	json_decref(params);
	return rc;
}

static int console_run(struct ctl *c, int argc, char **argv)
{
	bool watch = argc == 2 && !strcmp(argv[1], "watch");
	struct found f;

	if (argc != 1 + watch)
		return ctl_usage(c, "wants a node and perhaps the word watch");
	if (!node_find(c, argv[0], &f))
		return CTL_FAILED;
	if (f.vm)
		return vm_console_run(c, f.id, argv[0], watch);
	if (!watch)
		return ns_console_run(c, f.id, argv[0]);
	fprintf(stderr,
		"vnetctl: '%s' is a namespace: each console there is a shell of its own, and "
		"nobody else's can be watched\n",
		argv[0]);
	return CTL_FAILED;
}

static int copy_node_run(struct ctl *c, int argc, char **argv)
{
	struct copy_words w;
	struct copy copy;
	struct found f;

	memset(&copy, 0, sizeof(copy));
	if (!copy_max(&argc, argv, &copy))
		return ctl_usage(c, "'%s' is not a size like 100MiB or 2GiB", argv[argc]);
	if (argc != 2 || !copy_words(argv[0], argv[1], &w))
		return ctl_usage(c, "wants FILE NODE:PATH or NODE:PATH FILE");
	if (!node_find(c, w.node, &f))
		return CTL_FAILED;
	copy.node = f.id;
	copy.vm = f.vm;
	return copy_run(c, &copy, &w);
}

static const struct verb exec_verbs[] = {
	{"", "NODE [timeout=SECONDS] -- COMMAND", "run a command in a node", exec_run},
	{0},
};
static const struct verb console_verbs[] = {
	{"", "NODE [watch]", "its console on this terminal; Ctrl-] leaves it", console_run},
	{0},
};
static const struct verb copy_verbs[] = {
	{"", "FILE NODE:PATH | NODE:PATH FILE [max=1GiB]",
	 "copy a file or folder into a node, or out of it", copy_node_run},
	{0},
};

#define NODE_TEXT                                                                                  \
	"NODE is a node of a lab that is up, or a guest. Where several labs have one of that\n"    \
	"name, say LAB.NODE.\n"

const struct noun noun_exec = {"exec", "run a command in a node", exec_verbs, NODE_TEXT};
const struct noun noun_console = {"console", "a node's console", console_verbs, NODE_TEXT};
const struct noun noun_copy = {"copy", "files into and out of nodes", copy_verbs, NODE_TEXT};
