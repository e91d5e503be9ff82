/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/solution.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl.h"
#include "lab/change.h"
#include "lab/check.h"
#include "lab/guest.h"
#include "lab/node.h"
#include "lab/parse.h"

enum { SCRIPT_TIMEOUT_S = 120, WRONG_MAX = 64 };

/* ---- scripts --------------------------------------------------------------------------------- */

/* What the host's script finds: this very vnetctl, on this daemon, and the lab's name. */
static char *host_text(const struct lab_run *r, const char *text)
{
	char *socket = shell_quoted(client_path(r->client)), *all = NULL;

	if (socket && asprintf(&all, "set -e\nLAB=%s\nvnetctl() { /proc/%d/exe -s %s \"$@\"; }\n%s",
			       r->lab->name.s, (int)getpid(), socket, text) < 0)
		all = NULL;
	free(socket);
	return all;
}

/* @node: NULL is the host. */
static int run_script(struct lab_run *r, const struct lab_node *node, const char *path,
		      struct err *err)
{
	struct exec_result res;
	char words[160], *all;
	const char *command;
	size_t len;
	char *text = lab_file_read(path, &len, err);
	int rc;

	if (!text)
		return err->code;
	command = lab_with_values(r->lab, text);
	all = node ? NULL : host_text(r, command);
	free(text);
	if (!node && !all)
		return err_set(err, -ENOMEM, "out of memory");
	rc = node_work(r, node, all ? all : command, SCRIPT_TIMEOUT_S, &res, err);
	free(all);
	if (rc)
		return err_wrap(err, "%s", path);
	if (res.status) {
		str_escape(res.err, strcspn(res.err, "\n"), words, sizeof(words));
		rc = err_set(err, -EIO, "%s ended with status %d: %s", path, res.status, words);
	}
	exec_result_fini(&res);
	return rc;
}

/* The script of @node (NULL: the host) in @folder, or in @instead where that has one. */
static int run_one(struct lab_run *r, const struct lab_node *node, const char *folder,
		   const char *instead, size_t *n, struct err *err)
{
	const char *name = node ? node->name.s : "host";
	char path[PATH_MAX + 128], other[PATH_MAX + 128];
	int rc;

	snprintf(path, sizeof(path), "%.4000s/%s.sh", folder, name);
	if (instead)
		snprintf(other, sizeof(other), "%.4000s/%s.sh", instead, name);
	if (instead && !access(other, R_OK))
		memcpy(path, other, sizeof(path));
	if (access(path, R_OK))
		return 0;
	rc = run_script(r, node, path, err);
	(*n)++;
	if (!rc)
		progress_line(&r->progress, "solution  %s", name);
	return rc;
}

/* The host's script first: what it sets, nodes may rely on. */
static int run_folder(struct lab_run *r, const char *folder, const char *instead, size_t *n,
		      struct err *err)
{
	int rc = run_one(r, NULL, folder, instead, n, err);

	for (size_t i = 0; !rc && i < r->lab->n_nodes; i++)
		rc = run_one(r, &r->lab->nodes[i], folder, instead, n, err);
	return rc;
}

int lab_solve(struct lab_run *r, struct solution *s, struct err *err)
{
	char *folder = lab_beside(r->file, "solution"), *wrong = NULL, stage[PATH_MAX + 64];
	char instead[PATH_MAX + 64];
	int rc;

	if (s->stage && !lab_stage_find(r->lab, s->stage)) {
		free(folder);
		return err_set(err, -ENOENT, "lab '%s' has no stage '%s'", r->lab->name.s,
			       s->stage);
	}
	if (s->wrong) {
		snprintf(stage, sizeof(stage), "wrong/%s", s->wrong);
		wrong = lab_beside(r->file, stage);
	}
	if (!folder || (s->wrong && !wrong)) {
		free(folder);
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = run_folder(r, folder, wrong, &s->n, err);
	for (size_t i = 0; !rc && i < r->lab->n_stages; i++) {
		snprintf(stage, sizeof(stage), "%.4000s/%s", folder, r->lab->stages[i].id.s);
		if (wrong)
			snprintf(instead, sizeof(instead), "%.4000s/%s", wrong,
				 r->lab->stages[i].id.s);
		rc = run_folder(r, stage, wrong ? instead : NULL, &s->n, err);
		if (s->stage && !strcmp(s->stage, r->lab->stages[i].id.s))
			break;
	}
	free(folder);
	free(wrong);
	return rc;
}

/* ---- selftest -------------------------------------------------------------------------------- */

static void tell(struct selftest *test, bool good, const char *fmt, ...) CHECK_PRINTF(3, 4);
static void tell(struct selftest *test, bool good, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	test->good += good;
	test->bad += !good;
	test->tell(test->ctx, good, text);
}

static bool passed(const json_t *result)
{
	return !strcmp(jstr(result, "result"), "pass");
}

/* Nothing is done yet. */
static void untouched(struct lab_run *r, struct selftest *test)
{
	const struct check_options given = {.hidden = true, .given_only = true};
	const struct check_options all = {.hidden = true, .work_only = true, .hurry = true};
	json_t *results = lab_check(r, &given, NULL, NULL), *result;
	size_t i;

	json_array_foreach (results, i, result)
		tell(test, passed(result), "%s: given, and %s: %s", jstr(result, "id"),
		     passed(result) ? "it holds" : "it does not hold", jstr(result, "detail"));
	json_decref(results);
	results = lab_check(r, &all, NULL, NULL);
	json_array_foreach (results, i, result)
		if (!json_is_true(json_object_get(result, "given"))) /* a need of another */
			tell(test, !passed(result), "%s: %s", jstr(result, "id"),
			     passed(result) ? "passes before anything is done: mark it given, or "
					      "let it need what is to be done"
					    : "fails on the untouched lab");
	json_decref(results);
}

static int solved(struct lab_run *r, struct selftest *test, struct err *err)
{
	const struct check_options all = {.hidden = true};
	struct solution s = {0};
	json_t *results, *result;
	size_t i;
	int rc = lab_solve(r, &s, err);

	if (rc)
		return rc;
	results = lab_check(r, &all, NULL, NULL);
	json_array_foreach (results, i, result)
		tell(test, passed(result), "%s: %s%s%s", jstr(result, "id"),
		     passed(result) ? "passes with the solution" : "FAILS with the solution",
		     passed(result) ? "" : ": ", passed(result) ? "" : jstr(result, "detail"));
	json_decref(results);
	return 0;
}

/* What was needed before holds: it is this check, with its hint, that the student will see. */
static void tell_wrong(struct selftest *test, const struct lab_check *c, const json_t *result)
{
	bool tried = json_is_true(json_object_get(result, "tried"));

	tell(test, !passed(result) && tried && c->hint.s, "wrong/%s: %s%s", c->id.s,
	     passed(result) ? "the check passes all the same, so nobody would find the mistake"
	     : !tried	    ? "is found too early: "
	     : c->hint.s    ? "is found, with a hint: "
			    : "is found, but the check has no hint: ",
	     passed(result) ? "" : jstr(result, "detail"));
}

/* The solution with a mistake: the check of that name must find it. */
static int wrong(struct lab_run *r, const char *id, struct selftest *test, struct err *err)
{
	const struct check_options one = {.hidden = true, .id = id};
	const struct lab_check *check = lab_check_find(r->lab, id);
	struct solution s = {.wrong = id};
	json_t *results, *result;
	size_t i;
	int rc;

	if (!check) {
		tell(test, false, "wrong/%s: there is no such check", id);
		return 0;
	}
	rc = lab_reset(r, err);
	if (!rc)
		rc = lab_solve(r, &s, err);
	if (rc)
		return err_wrap(err, "wrong/%s", id);
	results = lab_check(r, &one, NULL, NULL);
	json_array_foreach (results, i, result)
		if (!strcmp(jstr(result, "id"), id))
			tell_wrong(test, check, result);
	json_decref(results);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int wrongs(struct lab_run *r, struct selftest *test, struct err *err)
{
	char *folder = lab_beside(r->file, "wrong");
	struct dirent **list = NULL;
	int n = folder ? scandir(folder, &list, NULL, by_name) : 0, rc = 0;

	for (int i = 0; i < n; i++) {
		if (!rc && list[i]->d_name[0] != '.')
			rc = wrong(r, list[i]->d_name, test, err);
		free(list[i]);
	}
	free(list);
	free(folder);
	return rc;
}

int lab_selftest(struct lab_run *r, const char *text, struct selftest *test, struct err *err)
{
	struct err ignored;
	int rc = lab_up(r, text, err);

	if (rc)
		return rc;
	untouched(r, test);
	rc = lab_reset(r, err);
	if (!rc)
		rc = solved(r, test, err);
	if (!rc)
		rc = wrongs(r, test, err);
	lab_down(r->client, r->lab->name.s, true, &r->progress, NULL, rc ? &ignored : err);
	return rc;
}
