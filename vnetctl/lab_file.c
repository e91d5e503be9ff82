/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_file.c - verbs about a topology file, which need no daemon: validate, fmt, schema; and tasks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/fmt.h"
#include "lab/guest.h"
#include "client/table.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

static json_t *errors_json(const struct lab_errors *e)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < e->n; i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:s?}", "line",
						      (int)e->items[i].pos.line, "column",
						      (int)e->items[i].pos.col, "message",
						      e->items[i].text ? e->items[i].text : "",
						      "corrected", e->items[i].fix));
	return list;
}

static void print_valid(const char *path, const struct lab *lab)
{
	size_t vms = 0;

	for (size_t i = 0; i < lab->n_nodes; i++)
		vms += lab->nodes[i].kind == LAB_VM;
	printf("%s: lab '%s' is well formed: %s, %s, %s, %s\n", path, lab->name.s,
	       human_count((long long)lab->n_nets, "network").text,
	       human_count((long long)vms, "guest").text,
	       human_count((long long)(lab->n_nodes - vms), "namespace").text,
	       human_count((long long)lab->n_checks, "check").text);
	for (size_t i = 0; i < lab->n_variables; i++)
		printf("  {%s} is %s\n", lab->variables[i].name.s, lab->variables[i].value);
}

int lab_validate_run(struct ctl *c, int argc, char **argv)
{
	struct lab_options options = {0};
	const struct lab_option opts[] = {
		{"seed", &options.seed, NULL}, {"kind", &options.kind, NULL}, {0}};
	struct lab_errors errors = {0};
	const char *words[WORDS_MAX];
	struct err err;
	struct lab *lab;
	char *text;
	size_t len;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (!rc)
		rc = lab_kind_word(c, options.kind);
	if (rc)
		return rc;
	text = lab_file_read(words[0], &len, &err);
	if (!text)
		return ctl_fail(&err);
	errors.file = words[0];
	lab = lab_parse(text, len, &options, &errors);
	if (c->json)
		ctl_print_json(json_pack("{s:b, s:o}", "valid", lab != NULL, "errors",
					 errors_json(&errors)));
	else if (lab)
		print_valid(words[0], lab);
	else
		lab_errors_print(&errors, stderr);
	lab_errors_fini(&errors);
	free(text);
	lab_destroy(lab);
	return lab ? CTL_OK : CTL_FAILED;
}

/* The whole new text, or the old file: written beside it, then renamed. */
static int replace(const char *path, const char *text, struct err *err)
{
	char *beside = NULL;
	FILE *f;
	int rc = 0;

	if (asprintf(&beside, "%s.new", path) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	f = fopen(beside, "we");
	if (!f || fputs(text, f) < 0)
		rc = err_sys(err, -errno, "can't write %s", beside);
	if (f && fclose(f) && !rc)
		rc = err_sys(err, -errno, "can't write %s", beside);
	if (!rc && rename(beside, path) < 0)
		rc = err_sys(err, -errno, "can't replace %s", path);
	if (rc)
		unlink(beside);
	free(beside);
	return rc;
}

int lab_fmt_run(struct ctl *c, int argc, char **argv)
{
	bool only_check = false;
	const struct lab_option opts[] = {{"check", NULL, &only_check}, {0}};
	const char *words[WORDS_MAX];
	struct err err;
	char *text, *neat;
	size_t len;
	bool same;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (rc)
		return rc;
	text = lab_file_read(words[0], &len, &err);
	neat = text ? lab_fmt(text, len, &err) : NULL;
	same = neat && !strcmp(text, neat);
	if (!neat)
		rc = ctl_fail(&err);
	else if (only_check && !same)
		rc = CTL_FAILED;
	else if (!same && !only_check && replace(words[0], neat, &err))
		rc = ctl_fail(&err);
	if (neat && c->json)
		ctl_print_json(json_pack("{s:s, s:b}", "file", words[0], "neat", same));
	else if (neat && !rc)
		printf("%s: %s\n", words[0], same ? "is neat" : "rewritten");
	else if (neat && only_check)
		fprintf(stderr, "vnetctl: %s is not neat: `vnetctl lab fmt %s` rewrites it\n",
			words[0], words[0]);
	free(text);
	free(neat);
	return rc;
}

int lab_schema_run(struct ctl *c, int argc, char **argv)
{
	if (argc)
		return ctl_usage(c, "takes no arguments, but got '%s'", argv[0]);
	return ctl_print_json(lab_schema_json());
}

/* ---- tasks ----------------------------------------------------------------------------------- */

/* The stage's text, with the values of variables; the caller frees it. NULL when it has none or the
 * file can't be read. */
static char *stage_text(const struct lab *lab, const struct lab_stage *stage, const char *file)
{
	struct err err;
	size_t len;
	char *path, *text, *full;

	if (stage->text.s)
		return strdup(stage->text.s);
	path = stage->file.s ? lab_beside(file, stage->file.s) : NULL;
	text = path ? lab_file_read(path, &len, &err) : NULL;
	if (path && !text)
		ctl_fail(&err);
	free(path);
	full = text ? strdup(lab_with_values(lab, text)) : NULL;
	free(text);
	return full;
}

static void print_stage(const struct lab_stage *stage, const char *text)
{
	const char *good = ctl_colour(COLOUR_GOOD), *none = ctl_colour(COLOUR_NONE);

	printf("%s%s%s%s%s\n", good, stage->id.s, stage->title.s ? ": " : "",
	       stage->title.s ? stage->title.s : "", none);
	if (text)
		printf("\n%s%s", text, *text && text[strlen(text) - 1] == '\n' ? "\n" : "\n\n");
}

int lab_tasks_run(struct ctl *c, int argc, char **argv)
{
	const char *only = NULL, *words[WORDS_MAX], *file;
	const struct lab_option opts[] = {{"stage", &only, NULL}, {0}};
	json_t *record = NULL, *list = json_array();
	char *text = NULL;
	struct lab *lab;
	int n, rc = lab_words(c, opts, argc, argv, 0, 1, words, &n);

	if (rc) {
		json_decref(list);
		return rc;
	}
	if (n && lab_is_file(words[0]))
		lab = lab_from_file(words[0], NULL, &text);
	else
		lab = lab_running(c, n ? words[0] : NULL, &record);
	file = record ? jstr(record, "file") : n ? words[0] : "";
	if (lab && only && !lab_stage_find(lab, only)) {
		fprintf(stderr, "vnetctl: lab '%s' has no stage '%s'\n", lab->name.s, only);
		rc = CTL_FAILED;
	}
	if (lab && !rc && !c->json && !lab->n_stages)
		printf("lab '%s' has no tasks\n", lab->name.s);
	for (size_t i = 0; lab && !rc && i < lab->n_stages; i++) {
		const struct lab_stage *stage = &lab->stages[i];
		char *body =
			only && strcmp(only, stage->id.s) ? NULL : stage_text(lab, stage, file);

		if (c->json)
			json_array_append_new(list,
					      json_pack("{s:s, s:s?, s:s?}", "id", stage->id.s,
							"title", stage->title.s, "text", body));
		else if (!only || !strcmp(only, stage->id.s))
			print_stage(stage, body);
		free(body);
	}
	rc = lab ? rc : CTL_FAILED;
	if (c->json && !rc)
		ctl_print_json(json_incref(list));
	json_decref(list);
	json_decref(record);
	free(text);
	lab_destroy(lab);
	return rc;
}
