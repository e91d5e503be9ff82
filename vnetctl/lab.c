/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab.c - the noun `lab`, and its verbs list, status, console, exec.
 *
 * This file reads the command line and prints; lab/ does the work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run.h"
#include "vnetctl/lab_class.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"
#include "vnetctl/nouns.h"
#include "client/table.h"
#include "vnetctl/copy.h"
#include "vnetctl/vm.h"

/* ---- list, status ---------------------------------------------------------------------------- */

/* Is something half done, and nobody doing it? */
static bool was_cut(const json_t *lab)
{
	return strcmp(jstr(lab, "state"), "up") != 0 && !json_is_true(json_object_get(lab, "busy"));
}

static int lab_list_run(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME", "STATE", ">UP FOR", "~FILE", NULL};
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
		table_addf(t, "%s%s", was_cut(lab) ? "interrupted while " : "", jstr(lab, "state"));
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

static void print_probes(const json_t *probes)
{
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)probes, i, row)
		printf("%sprobe of %s: %s\n", i ? "" : "\n", jstr(row, "network"),
		       jstr(row, "address"));
}

/* Its schedule: what has happened, and what will. */
static void print_schedule(const json_t *schedule)
{
	static const char *const titles[] = {">AT", "DO", "NODE", "", NULL};
	json_int_t elapsed = jint(schedule, "elapsed_ms"), done = jint(schedule, "done");
	char at[32], left[32];
	struct table *t;
	json_t *step;
	size_t i;

	if (!json_is_object(schedule))
		return;
	putchar('\n');
	t = table_create(titles);
	json_array_foreach (jarr(schedule, "steps"), i, step) {
		json_int_t ms = jint(step, "at_ms");

		table_add(t, human_seconds((double)ms / 1000, at, sizeof(at)));
		table_add(t, jstr(step, "do"));
		table_add(t, jstr(step, "node"));
		if ((json_int_t)i < done)
			table_add(t, "done");
		else if (ms <= elapsed)
			table_add(t, "now");
		else
			table_addf(
				t, "in %s",
				human_seconds((double)(ms - elapsed) / 1000, left, sizeof(left)));
	}
	table_finish(t, "no steps");
}

static int lab_status_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {0};
	struct lab *lab;
	struct err err;
	json_t *rows, *probes, *record = NULL;

	if (argc > 1)
		return ctl_usage(c, "wants one lab at most, or --all");
	if (argc && !strcmp(argv[0], "--all"))
		return ctl_client(c) ? lab_class_status(c) : CTL_FAILED;
	lab = ctl_client(c) ? lab_running(c, argc ? argv[0] : NULL, &record) : NULL;
	if (!lab)
		return CTL_FAILED;
	r.client = c->client;
	r.lab = lab;
	rows = lab_status(&r, record, &err);
	probes = lab_status_probes(&r);
	if (rows && c->json) {
		ctl_print_json(json_pack("{s:s, s:O, s:O, s:O}", "lab", lab->name.s, "nics", rows,
					 "probes", probes, "schedule",
					 json_object_get(record, "schedule")));
	} else if (rows) {
		printf("lab %s%s%s\n\n", lab->name.s, lab->title.s ? ": " : "",
		       lab->title.s ? lab->title.s : "");
		print_status(rows);
		print_probes(probes);
		print_schedule(json_object_get(record, "schedule"));
	}
	json_decref(record);
	json_decref(probes);
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
	bool watch;

	watch = argc == 3 && !strcmp(argv[2], "watch");
	if (argc != 2 + watch)
		return ctl_usage(c, "wants a lab, a node and perhaps the word watch");
	lab = lab_running(c, argv[0], NULL);
	node = lab ? node_of(lab, argv[1]) : NULL;
	if (node && node->kind == LAB_VM)
		rc = vm_console_run(c, node->id, node->name.s, watch);
	else if (node && watch)
		fprintf(stderr,
			"vnetctl: '%s' is a namespace: each console there is a shell of its own, "
			"and nobody else's can be watched\n",
			node->name.s);
	else if (node)
		rc = ns_console_run(c, node->id, node->name.s);
	lab_destroy(lab);
	return rc;
}

static int lab_copy_run(struct ctl *c, int argc, char **argv)
{
	const struct lab_node *node;
	struct copy_words w;
	struct copy copy;
	struct lab *lab;
	int rc = CTL_FAILED;

	memset(&copy, 0, sizeof(copy));
	if (!copy_max(&argc, argv, &copy))
		return ctl_usage(c, "'%s' is not a size like 100MiB or 2GiB", argv[argc]);
	if (argc != 3 || !copy_words(argv[1], argv[2], &w))
		return ctl_usage(c, "wants a lab, then FILE NODE:PATH or NODE:PATH FILE");
	lab = lab_running(c, argv[0], NULL);
	node = lab ? node_of(lab, w.node) : NULL;
	if (node) {
		copy.node = node->id;
		copy.vm = node->kind == LAB_VM;
		rc = copy_run(c, &copy, &w);
	}
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
		lab = lab_running(c, argv[0], NULL);
	node = lab ? node_of(lab, argv[1]) : NULL;
	if (!node) {
		rc = rc ? rc : CTL_FAILED;
	} else {
		vm = node->kind == LAB_VM;
		json_object_set_new(params, vm ? "vm" : "name", json_string(node->id));
		json_object_set_new(params, "command", json_string(command));
		rc = exec_finish(c, ctl_call(c, vm ? "vm.exec" : "ns.exec", json_incref(params)));
	}
	free(command);
	json_decref(params);
	lab_destroy(lab);
	return rc;
}

static const struct verb verbs[] = {
	{"up", "FILE [--name NAME] [--seed SEED] [--kind KIND]",
	 "bring the lab of a file up, all or nothing", lab_up_run},
	{"down", "[NAME|FILE]", "stop its guests and remove all that belongs to it", lab_down_run},
	{"list", "", "the labs that are up", lab_list_run},
	{"status", "[NAME|FILE|--all]", "its nodes, NICs and addresses; of all: a line for each",
	 lab_status_run},
	{"tasks", "[NAME|FILE] [--stage STAGE]", "what there is to do", lab_tasks_run},
	{"check",
	 "[NAME|FILE] [--stage STAGE] [--id CHECK] [--watch] [--hidden]\n"
	 "           [--format table|junit|tap] | --all [--stage STAGE] [--hidden]",
	 "run its checks", lab_check_run},
	{"selftest", "FILE [--name NAME] [--seed SEED] [--kind KIND]",
	 "are its checks worth something? tried untouched, solved, and solved wrongly",
	 lab_selftest_run},
	{"solve", "[NAME [STAGE]]", "apply the solution beside its file", lab_solve_run},
	{"reset", "NAME [NODE...]", "make it, or some nodes, anew as the file says", lab_reset_run},
	{"power", "NAME NODE on|off", "switch a node off or on", lab_power_run},
	{"pause", "NAME [NODE...]", "stop the time of nodes", lab_pause_run},
	{"resume", "NAME [NODE...]", "let it go on", lab_resume_run},
	{"link", "NAME NODE.ethN|CABLE up|down", "pull a cable, or plug it in", lab_link_run},
	{"diff", "NAME [FILE]", "what is not as its file, or as FILE, says", lab_diff_run},
	{"apply", "NAME [FILE]", "make the running lab what the file says now", lab_apply_run},
	{"save", "[NAME] [--out FILE] [--student NAME]", "keep your work on it in a file",
	 lab_save_run},
	{"restore", "NAME FILE", "put saved work into a lab that is up", lab_restore_run},
	{"pack", "FILE|NAME [--out FILE]",
	 "a lab, without its solution, as one file; NAME: as save", lab_pack_run},
	{"unpack", "FILE [FOLDER]", "the other way", lab_unpack_run},
	{"grade", "--lab FILE HAND-IN... [--out CSV] [--junit FOLDER] [--jobs N] [--kind KIND]",
	 "run the checks of FILE on each hand-in, afresh", lab_grade_run},
	{"validate", "FILE [--seed SEED] [--kind KIND]", "is the file well formed? needs no daemon",
	 lab_validate_run},
	{"fmt", "FILE [--check]", "rewrite the file neatly; comments stay", lab_fmt_run},
	{"schema", "", "the JSON Schema of lab files, for editors", lab_schema_run},
	{"graph", "FILE|NAME [--format text|dot|mermaid|svg|png] [--out FILE]", "a picture of it",
	 lab_graph_run},
	{"console", "NAME NODE [watch]", "its console on this terminal; Ctrl-] leaves it",
	 lab_console_run},
	{"copy", "NAME FILE NODE:PATH | NAME NODE:PATH FILE [max=1GiB]",
	 "copy a file or folder into a node, or out of it", lab_copy_run},
	{"exec", "NAME NODE [timeout=SECONDS] -- COMMAND", "run a command in a node", lab_exec_run},
	{0},
};

const struct noun noun_lab = {
	"lab", "labs: networks and nodes from one file", verbs,
	"vnet-lab(5) describes the files. Without a name the only lab that is up is meant. An object\n"
	"of a lab is called LAB.NAME; where only one lab has a NAME, that is enough elsewhere. KIND makes\n"
	"nodes that do not insist on one namespaces, guests (vm), or guests on kvm, uml or qemu. `check`\n"
	"exits 0 when all checks pass, 1 when one fails, 2 when there is none, 3 when only warnings\n"
	"fail, 4 when the lab is not up.\n"};
