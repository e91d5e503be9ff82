/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab.c - labs: up, down, list, status, check, validate, graph, console, exec.
 *
 * This file reads the command line and prints; lab/ does the work.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/parse.h"
#include "lab/run.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/nouns.h"
#include "client/table.h"
#include "vnetctl/vm.h"

/* ---- validate, graph ------------------------------------------------------------------------- */

static json_t *errors_json(const struct lab_errors *e)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < e->n; i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:s}", "line",
						      (int)e->items[i].pos.line, "column",
						      (int)e->items[i].pos.col, "message",
						      e->items[i].text ? e->items[i].text : ""));
	return list;
}

static void print_valid(const char *path, const struct lab *lab)
{
	size_t vms = 0;

	for (size_t i = 0; i < lab->n_nodes; i++)
		vms += lab->nodes[i].kind == LAB_VM;
	printf("%s: lab '%s' is well formed: %zu networks, %zu guests, %zu namespaces, %zu "
	       "checks\n",
	       path, lab->name.s, lab->n_nets, vms, lab->n_nodes - vms, lab->n_checks);
}

static int lab_validate_run(struct ctl *c, int argc, char **argv)
{
	struct lab_errors errors = {0};
	struct err err;
	struct lab *lab;
	char *text;
	size_t len;

	if (argc != 1)
		return ctl_usage(c, "wants one file");
	text = lab_file_read(argv[0], &len, &err);
	if (!text)
		return ctl_fail(&err);
	errors.file = argv[0];
	lab = lab_parse(text, len, &errors);
	if (c->json)
		ctl_print_json(json_pack("{s:b, s:o}", "valid", lab != NULL, "errors",
					 errors_json(&errors)));
	else if (lab)
		print_valid(argv[0], lab);
	else
		lab_errors_print(&errors, stderr);
	lab_errors_fini(&errors);
	free(text);
	lab_destroy(lab);
	return lab ? CTL_OK : CTL_FAILED;
}

static int lab_graph_run(struct ctl *c, int argc, char **argv)
{
	bool dot = argc == 2 && !strcmp(argv[1], "format=dot");
	struct lab *lab;
	char *text = NULL;

	if (argc < 1 || argc > 2 || (argc == 2 && !dot && strcmp(argv[1], "format=text")))
		return ctl_usage(c, "wants a file or the name of a lab");
	lab = lab_is_file(argv[0]) ? lab_from_file(argv[0], &text) : lab_running(c, argv[0]);
	if (!lab)
		return CTL_FAILED;
	if (dot)
		lab_graph_dot(lab, stdout);
	else
		lab_graph_text(lab, stdout);
	free(text);
	lab_destroy(lab);
	return CTL_OK;
}

/* ---- up, down -------------------------------------------------------------------------------- */

static struct lab_run *interrupt_target;

static void interrupt_cb(int sig)
{
	(void)sig;
	interrupt_target->interrupted = true;
}

/* From here on Ctrl-C ends the bringing up, which then is undone, not this process. */
static void catch_interrupts(struct lab_run *r)
{
	struct sigaction sa = {.sa_handler = interrupt_cb};

	interrupt_target = r;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	client_interruptible(r->client, true);
}

static int bring_up(struct ctl *c, struct lab *lab, const char *path, const char *text)
{
	struct lab_run r = {.client = ctl_client(c), .lab = lab};
	char *full = realpath(path, NULL);
	struct err err;
	int rc;

	if (!r.client || !full) {
		free(full);
		return CTL_FAILED;
	}
	progress_init(&r.progress, c->json ? NULL : stdout);
	catch_interrupts(&r);
	rc = lab_up(&r, full, text, &err);
	free(full);
	if (rc)
		return ctl_fail(&err);
	if (c->json)
		return ctl_print_json(json_pack("{s:s, s:f}", "lab", lab->name.s, "seconds",
						progress_seconds(&r.progress)));
	return CTL_OK;
}

static int lab_up_run(struct ctl *c, int argc, char **argv)
{
	struct lab *lab;
	char *text;
	int rc;

	if (argc != 1)
		return ctl_usage(c, "wants one file");
	lab = lab_from_file(argv[0], &text);
	if (!lab)
		return CTL_FAILED;
	rc = bring_up(c, lab, argv[0], text);
	free(text);
	lab_destroy(lab);
	return rc;
}

static int lab_down_run(struct ctl *c, int argc, char **argv)
{
	struct progress p;
	bool found = false;
	struct err err;
	char *name;
	int rc;

	if (argc > 1)
		return ctl_usage(c, "wants one lab at most");
	if (!ctl_client(c))
		return CTL_FAILED;
	name = lab_name(c, argc ? argv[0] : NULL);
	if (!name)
		return CTL_FAILED;
	progress_init(&p, c->json ? NULL : stdout);
	rc = lab_down(c->client, name, false, &p, &found, &err);
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s, s:b, s:f}", "lab", name, "was_up", found, "seconds",
					 progress_seconds(&p)));
	else if (!rc && found)
		progress_line(&p, "lab       %s down", name);
	else if (!rc)
		printf("lab '%s' was not up\n", name);
	free(name);
	return rc ? ctl_fail(&err) : CTL_OK;
}

/* ---- list, status ---------------------------------------------------------------------------- */

static int lab_list_run(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME", ">UP FOR", "FILE", NULL};
	struct table *t;
	json_t *r, *lab;
	size_t i;

	if (argc)
		return ctl_usage(c, "takes no arguments, but got '%s'", argv[0]);
	r = ctl_call(c, "lab.list", NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, lab) {
		double up = (double)(clock_wall_s() - jint(lab, "started_s"));
		char text[32];

		table_add(t, jstr(lab, "name"));
		table_add(t, human_seconds(up, text, sizeof(text)));
		table_add(t, jstr(lab, "file"));
	}
	json_decref(r);
	table_finish(t, "no lab is up: start one with `vnetctl lab up FILE`");
	return CTL_OK;
}

static void print_status(const json_t *rows)
{
	static const char *const titles[] = {"NODE", "KIND",	"STATE", "NIC",	    "~NETWORK",
					     "MODE", "ADDRESS", "MAC",	 "~REASON", NULL};
	static const char *const keys[] = {"node", "kind",    "state", "nic",	 "network",
					   "mode", "address", "mac",   "reason", NULL};
	struct table *t = table_create(titles);
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		for (const char *const *key = keys; *key; key++)
			table_add(t, jstr(row, *key));
	}
	table_finish(t, "the lab has no nodes");
}

static int lab_status_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {0};
	struct lab *lab;
	struct err err;
	json_t *rows;

	if (argc > 1)
		return ctl_usage(c, "wants one lab at most");
	lab = ctl_client(c) ? lab_running(c, argc ? argv[0] : NULL) : NULL;
	if (!lab)
		return CTL_FAILED;
	r.client = c->client;
	r.lab = lab;
	rows = lab_status(&r, &err);
	if (rows && c->json) {
		ctl_print_json(json_pack("{s:s, s:O}", "lab", lab->name.s, "nics", rows));
	} else if (rows) {
		printf("lab %s%s%s\n\n", lab->name.s, lab->title.s ? ": " : "",
		       lab->title.s ? lab->title.s : "");
		print_status(rows);
	}
	json_decref(rows);
	lab_destroy(lab);
	return rows ? CTL_OK : ctl_fail(&err);
}

/* ---- console, exec --------------------------------------------------------------------------- */

static const struct lab_node *node_of(const struct lab *lab, const char *name)
{
	const struct lab_node *node = lab_node_find(lab, name);

	if (!node)
		fprintf(stderr, "vnetctl: lab '%s' has no node '%s'\n", lab->name.s, name);
	return node;
}

static int lab_console_run(struct ctl *c, int argc, char **argv)
{
	const struct lab_node *node;
	struct lab *lab;
	int rc = CTL_FAILED;

	if (argc != 2)
		return ctl_usage(c, "wants a lab and a node");
	lab = lab_running(c, argv[0]);
	node = lab ? node_of(lab, argv[1]) : NULL;
	if (node && node->kind != LAB_VM)
		fprintf(stderr,
			"vnetctl: '%s' is a namespace, which has no console: `vnetctl lab exec %s "
			"%s -- sh`, or `ip netns exec %s sh` as root\n",
			node->name.s, argv[0], node->name.s, node->name.s);
	else if (node)
		rc = vm_console_run(c, node->name.s);
	lab_destroy(lab);
	return rc;
}

static int lab_exec_run(struct ctl *c, int argc, char **argv)
{
	json_t *params = json_object();
	const struct lab_node *node;
	struct lab *lab = NULL;
	char *command = NULL;
	int rc = exec_words(c, 2, argc, argv, params, &command);
	bool vm;

	if (!rc)
		lab = lab_running(c, argv[0]);
	node = lab ? node_of(lab, argv[1]) : NULL;
	if (!node) {
		rc = rc ? rc : CTL_FAILED;
	} else {
		vm = node->kind == LAB_VM;
		json_object_set_new(params, vm ? "vm" : "name", json_string(node->name.s));
		json_object_set_new(params, "command", json_string(command));
		rc = exec_finish(c, ctl_call(c, vm ? "vm.exec" : "ns.exec", json_incref(params)));
	}
	free(command);
	json_decref(params);
	lab_destroy(lab);
	return rc;
}

static const struct verb verbs[] = {
	{"up", "FILE", "bring the lab of a topology file up, all of it or nothing", lab_up_run},
	{"down", "[NAME|FILE]", "stop its guests and remove all that belongs to it", lab_down_run},
	{"list", "", "the labs that are up", lab_list_run},
	{"status", "[NAME|FILE]", "its nodes, NICs and addresses", lab_status_run},
	{"check", "[NAME|FILE]", "run its checks", lab_check_run},
	{"validate", "FILE", "is the file well formed? needs no daemon", lab_validate_run},
	{"graph", "FILE|NAME [format=text|dot]", "a picture of it", lab_graph_run},
	{"console", "NAME NODE", "a guest's console on this terminal; Ctrl-] leaves it",
	 lab_console_run},
	{"exec", "NAME NODE [timeout=SECONDS] -- COMMAND", "run a command in a node", lab_exec_run},
	{0},
};

const struct noun noun_lab = {
	"lab", "labs: networks and nodes from one file", verbs,
	"vnet-lab(5) describes the files. Without a name the only lab that is up is meant. `check`\n"
	"exits 0 when all checks pass, 1 when one fails, 2 when there is none, 4 when the lab is\n"
	"not up.\n"};
