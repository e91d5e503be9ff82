/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_class.c - all labs that are up, side by side: how they are, and which checks each passes.
 *
 * Checks of different labs have nothing to do with each other, so each lab is checked by a process
 * of its own, a few at a time, which says its results into a pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <signal.h>

#include "client/table.h"
#include "lab/check.h"
#include "lab/parse.h"
#include "lab/preflight.h"
#include "lab/report.h"
#include "lab/run.h"
#include "vnetctl/lab_class.h"
#include "vnetctl/lab_find.h"

enum { CHECKS_PER_CPU = 4, COLUMNS_FIRST = 3, ID_SHOWN = 12 };
enum { COLUMNS_MAX = TABLE_COLUMNS_MAX - COLUMNS_FIRST };

static struct lab *parse_record(const json_t *record)
{
	struct lab_errors errors = {.file = jstr(record, "file")};
	struct lab *lab = lab_of_record(record, &errors);

	lab_errors_fini(&errors);
	return lab;
}

/* ---- status ---------------------------------------------------------------------------------- */

static json_t *lab_line(struct ctl *c, const json_t *record)
{
	struct lab *lab = parse_record(record);
	struct lab_run r = {.client = c->client, .lab = lab};
	const char *down = NULL, *last = "";
	struct err ignored;
	json_t *rows = lab ? lab_status(&r, record, &ignored) : NULL, *row;
	int nodes = 0, up = 0;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *state = jstr(row, "state");
		bool runs = !strcmp(state, "up") || !strcmp(state, "running");

		if (!strcmp(last, jstr(row, "node")))
			continue;
		last = jstr(row, "node");
		nodes++;
		up += runs;
		down = runs || down ? down : last;
	}
	row = json_pack("{s:s, s:s, s:b, s:i, s:i, s:s?, s:s?}", "lab", jstr(record, "name"),
			"state", jstr(record, "state"), "busy",
			json_is_true(json_object_get(record, "busy")), "nodes", nodes, "up", up,
			"down", down, "seed", json_string_value(json_object_get(record, "seed")));
	json_decref(rows);
	lab_destroy(lab);
	return row;
}

int lab_class_status(struct ctl *c)
{
	static const char *const titles[] = {"LAB", "STATE", ">NODES", ">UP", "~DOWN", NULL};
	json_t *labs = ctl_call(c, "lab.list", NULL), *lines = json_array(), *line;
	struct table *t;
	size_t i;

	json_array_foreach (labs, i, line)
		json_array_append_new(lines, lab_line(c, line));
	if (!labs || c->json) {
		json_decref(labs ? labs : lines);
		return labs ? ctl_print_json(lines) : CTL_FAILED;
	}
	t = table_create(titles);
	json_array_foreach (lines, i, line) {
		table_add(t, jstr(line, "lab"));
		table_add(t, jstr(line, "state"));
		table_addf(t, "%lld", (long long)jint(line, "nodes"));
		table_addf(t, "%lld", (long long)jint(line, "up"));
		table_add(t, jstr(line, "down"));
	}
	table_finish(t, "no lab is up: start one with `vnetctl lab up FILE`");
	json_decref(labs);
	json_decref(lines);
	return CTL_OK;
}

/* ---- checks ---------------------------------------------------------------------------------- */

struct pupil {
	pid_t pid; /* 0: has not begun, or has ended */
	int fd;
	json_t *results; /* NULL: there are none */
};

static _Noreturn void work(const struct ctl *c, const json_t *record,
			   const struct check_options *options, int fd)
{
	FILE *out = fdopen(fd, "w");
	struct lab_run r = {.lab = parse_record(record), .file = jstr(record, "file")};
	struct err ignored;
	json_t *results;

	/* Who interrupts us ends all of it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r.client = client_open(c->socket, &ignored);
	results = r.lab && r.client ? lab_check(&r, options, NULL, NULL) : NULL;
	if (out && results) {
		json_dumpf(results, out, 0);
		fclose(out);
	}
	_exit(0);
}

static void begin(const struct ctl *c, struct pupil *p, const json_t *record,
		  const struct check_options *options)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	p->pid = fork();
	if (p->pid == 0) {
		close(fds[0]);
		work(c, record, options, fds[1]);
	}
	close(fds[1]);
	p->fd = fds[0];
	if (p->pid < 0) {
		close(fds[0]);
		p->pid = 0;
	}
}

/* The others go on meanwhile; the pipe of one that is waited for holds no other up. */
static void end(struct pupil *p)
{
	json_error_t why;

	if (!p->pid)
		return;
	p->results = json_loadfd(p->fd, 0, &why);
	close(p->fd);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

static void check_all(const struct ctl *c, struct pupil *pupils, const json_t *labs,
		      const struct check_options *options)
{
	size_t n = json_array_size(labs), at_once = host_cpus() * CHECKS_PER_CPU;

	for (size_t i = 0; i < n + at_once; i++) {
		if (i >= at_once)
			end(&pupils[i - at_once]);
		if (i < n)
			begin(c, &pupils[i], json_array_get(labs, i), options);
	}
}

static bool has_column(const char *const *ids, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(ids[i], id))
			return true;
	return false;
}

/* The ids of all checks of all labs, in the order in which they come. */
static size_t columns(const struct pupil *pupils, size_t n, const char *ids[COLUMNS_MAX])
{
	size_t used = 0, i;
	json_t *result;

	for (size_t k = 0; k < n; k++)
		json_array_foreach (pupils[k].results, i, result)
			if (used < COLUMNS_MAX && !has_column(ids, used, jstr(result, "id")))
				ids[used++] = jstr(result, "id");
	return used;
}

static const char *cell(const json_t *results, const char *id)
{
	json_t *result;
	size_t i;

	json_array_foreach ((json_t *)results, i, result)
		if (!strcmp(jstr(result, "id"), id))
			return !strcmp(jstr(result, "result"), "pass")	    ? "yes"
			       : !strcmp(jstr(result, "result"), "warning") ? "warn"
									    : "no";
	return "-";
}

static void add_sum(struct table *t, const json_t *results)
{
	struct check_sum sum = {0};
	json_t *result;
	size_t i;

	json_array_foreach ((json_t *)results, i, result)
		check_sum_add(&sum, result);
	table_addf(t, "%zu of %zu", sum.passed, sum.passed + sum.failed + sum.warnings);
	table_addf(t, "%lld of %lld", (long long)sum.points, (long long)sum.points_max);
}

static void print_class(const struct pupil *pupils, const json_t *labs)
{
	const char *ids[COLUMNS_MAX],
		*titles[TABLE_COLUMNS_MAX + 1] = {"LAB", ">PASSED", ">POINTS"};
	size_t n = json_array_size(labs), wide = columns(pupils, n, ids);
	char shown[COLUMNS_MAX][ID_SHOWN + 1];
	struct table *t;

	for (size_t i = 0; i < wide; i++) {
		snprintf(shown[i], sizeof(shown[i]), "%.*s", ID_SHOWN, ids[i]);
		titles[COLUMNS_FIRST + i] = shown[i];
	}
	t = table_create(titles);
	for (size_t k = 0; k < n; k++) {
		table_add(t, jstr(json_array_get(labs, k), "name"));
		add_sum(t, pupils[k].results);
		for (size_t i = 0; i < wide; i++)
			table_add(t, cell(pupils[k].results, ids[i]));
	}
	table_finish(t, "no lab is up: start one with `vnetctl lab up FILE`");
}

static json_t *class_json(const struct pupil *pupils, const json_t *labs)
{
	json_t *list = json_array();

	for (size_t k = 0; k < json_array_size(labs); k++)
		json_array_append_new(list, json_pack("{s:s, s:O*}", "lab",
						      jstr(json_array_get(labs, k), "name"),
						      "checks", pupils[k].results));
	return list;
}

/* As of one lab: 1 when one fails, or could not be asked. */
static int class_status(const struct pupil *pupils, size_t n)
{
	int status = CHECK_ALL_PASSED;
	json_t *result;
	size_t i;

	for (size_t k = 0; k < n; k++) {
		if (!pupils[k].results)
			return CHECK_FAILED;
		json_array_foreach (pupils[k].results, i, result) {
			if (!strcmp(jstr(result, "result"), "fail"))
				return CHECK_FAILED;
			if (!strcmp(jstr(result, "result"), "warning"))
				status = CHECK_WARNINGS;
		}
	}
	return status;
}

int lab_class_check(struct ctl *c, const struct check_options *options)
{
	json_t *labs = ctl_call(c, "lab.list", NULL);
	size_t n = json_array_size(labs);
	struct pupil *pupils = calloc(n + 1, sizeof(*pupils));
	int rc = labs && pupils ? CTL_OK : CTL_FAILED;

	if (!rc && !n) {
		fprintf(stderr, "vnetctl: no lab is up: start one with `vnetctl lab up FILE`\n");
		rc = CHECK_NOT_RUNNING;
	} else if (!rc) {
		check_all(c, pupils, labs, options);
		rc = class_status(pupils, n);
		if (c->json)
			ctl_print_json(class_json(pupils, labs));
		else
			print_class(pupils, labs);
	}
	for (size_t i = 0; pupils && i < n; i++)
		json_decref(pupils[i].results);
	free(pupils);
	json_decref(labs);
	return rc;
}
