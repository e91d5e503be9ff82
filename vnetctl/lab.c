/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab.c - labs: up, down, status, check, validate, graph, console, exec.
 *
 * This file reads the command line; lab/ does the work.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lab/parse.h"
#include "vnetctl/nouns.h"

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

static const struct verb verbs[] = {
	{"validate", "FILE", "is the file well formed? needs no daemon", lab_validate_run},
	{0},
};

const struct noun noun_lab = {"lab", "labs: networks and nodes from one file", verbs, NULL};
