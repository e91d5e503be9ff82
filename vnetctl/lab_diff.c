/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_diff.c - the running lab against its file: diff, apply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/table.h"
#include "lab/change.h"
#include "lab/preflight.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

struct pair {
	struct lab *running, *wanted;
	json_t *record;
	char *text, *file;
};

static void pair_close(struct pair *p)
{
	lab_destroy(p->running);
	lab_destroy(p->wanted);
	json_decref(p->record);
	free(p->text);
	free(p->file);
}

/* The lab that is up, and the file of it: @path, or the one that it came from. */
static bool pair_open(struct ctl *c, struct pair *p, const char *name, const char *path)
{
	struct lab_options options = {0};

	memset(p, 0, sizeof(*p));
	p->running = ctl_client(c) ? lab_running(c, name, &p->record) : NULL;
	if (!p->running)
		return false;
	options.name = p->running->name.s;
	options.seed = p->running->seed;
	options.kind = p->running->kind;
	if (!path)
		path = jstr(p->record, "file");
	p->wanted = lab_from_file(path, &options, &p->text);
	p->file = p->wanted ? realpath(path, NULL) : NULL;
	if (p->file)
		return true;
	pair_close(p);
	return false;
}

static char *keys_text(const json_t *row, char *buf, size_t size)
{
	size_t len = 0, i;
	json_t *key;

	*buf = 0;
	json_array_foreach (json_object_get(row, "keys"), i, key)
		if (len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
						!strcmp(json_string_value(key), "live")
							? "link, settings"
							: json_string_value(key));
	return buf;
}

static void print_rows(const json_t *rows, const char *none)
{
	static const char *const titles[] = {"WHAT", "NAME", "CHANGE", "~IN", NULL};
	struct table *t = table_create(titles);
	char keys[256];
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		table_add(t, jstr(row, "what"));
		table_add(t, jstr(row, "name"));
		table_add(t, jstr(row, "change"));
		table_add(t, keys_text(row, keys, sizeof(keys)));
	}
	table_finish(t, none);
}

int lab_diff_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {0};
	json_t *rows, *drift;
	struct pair p;
	struct err err;
	bool any;

	if (argc < 1 || argc > 2)
		return ctl_usage(c, "wants a lab, and a file or none");
	if (!pair_open(c, &p, argv[0], argc == 2 ? argv[1] : NULL))
		return CTL_FAILED;
	r.client = c->client;
	r.lab = p.running;
	rows = lab_diff(p.running, p.wanted);
	drift = lab_drift(&r, p.record, &err);
	if (drift)
		json_array_extend(rows, drift);
	any = json_array_size(rows);
	if (c->json)
		ctl_print_json(json_incref(rows));
	else if (drift)
		print_rows(rows, "the running lab is as the file says");
	json_decref(rows);
	json_decref(drift);
	pair_close(&p);
	if (!drift)
		return ctl_fail(&err);
	return any ? CTL_FAILED : CTL_OK;
}

int lab_apply_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {0};
	struct pair p;
	struct err err;
	int rc;

	if (argc < 1 || argc > 2)
		return ctl_usage(c, "wants a lab, and a file or none");
	if (!pair_open(c, &p, argv[0], argc == 2 ? argv[1] : NULL))
		return CTL_FAILED;
	r.client = c->client;
	r.lab = p.wanted;
	r.file = p.file;
	progress_init(&r.progress, c->json ? NULL : stdout);
	rc = lab_preflight(&r, &err);
	if (!rc)
		rc = lab_apply(&r, p.running, p.text, &err);
	if (!rc)
		progress_line(&r.progress, "lab       %s is as %s says", p.wanted->name.s, p.file);
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s}", "lab", p.wanted->name.s));
	pair_close(&p);
	return rc ? ctl_fail(&err) : CTL_OK;
}
