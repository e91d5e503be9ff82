/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_grade.c - the verb `grade`: hand-ins one after the other or side by side, and their marks as
 * a table, CSV and JUnit.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/grade.h"
#include "lab/preflight.h"
#include "lab/report.h"
#include "client/table.h"
#include "client/text.h"
#include "vnetctl/args.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

enum { STUDENT_SHOWN = 24 }; /* columns */

struct grading {
	struct ctl *c;
	size_t done, n;
};

/* The student: as the package says, or the file's name. */
static const char *student_of(const json_t *mark, char *buf, size_t size)
{
	const char *name = json_string_value(json_object_get(mark, "student"));
	const char *file = jstr(mark, "file"), *slash = strrchr(file, '/');

	if (name)
		return name;
	file = slash ? slash + 1 : file;
	snprintf(buf, size, "%.*s", (int)(strlen(file) - (strstr(file, ".vlab") ? 5 : 0)), file);
	return buf;
}

static void tell_mark(void *ctx, const char *hand_in, const json_t *mark)
{
	struct grading *g = ctx;
	const char *error = json_string_value(json_object_get(mark, "error"));
	char name[128], shown[STUDENT_SHOWN * 4 + 1];

	(void)hand_in;
	g->done++;
	if (g->c->json)
		return;
	printf("%3zu/%zu  ", g->done, g->n);
	text_put(stdout, text_show(student_of(mark, name, sizeof(name)), shown, sizeof(shown)),
		 STUDENT_SHOWN);
	if (error)
		printf(" not graded: %s\n", error);
	else if (!jint(mark, "points_max"))
		printf(" %lld of %lld checks\n", (long long)jint(mark, "passed"),
		       (long long)(jint(mark, "passed") + jint(mark, "failed")));
	else
		printf(" %lld of %lld points\n", (long long)jint(mark, "points"),
		       (long long)jint(mark, "points_max"));
	fflush(stdout);
}

/* A cell as spreadsheets read it, and none that they would compute. */
static void csv(FILE *out, const char *text, char end)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
	fputc(end, out);
}

static void mark_row(FILE *out, const json_t *mark)
{
	const char *error = json_string_value(json_object_get(mark, "error"));
	char name[128], ids[1024] = "";
	size_t len = 0, i;
	json_t *id;

	json_array_foreach (jarr(mark, "failed_ids"), i, id)
		if (len < sizeof(ids))
			len += (size_t)snprintf(ids + len, sizeof(ids) - len, "%s%s",
						len ? " " : "", json_string_value(id));
	csv(out, student_of(mark, name, sizeof(name)), ',');
	csv(out, jstr(mark, "file"), ',');
	csv(out, json_string_value(json_object_get(mark, "seed")) ?: "", ',');
	fprintf(out, "%lld,%lld,%lld,%lld,", (long long)jint(mark, "points"),
		(long long)jint(mark, "points_max"), (long long)jint(mark, "passed"),
		(long long)jint(mark, "failed"));
	csv(out, ids, ',');
	csv(out, error ? error : "", '\n');
}

static int write_csv(const char *path, const json_t *marks, struct err *err)
{
	FILE *out = fopen(path, "we");
	json_t *mark;
	size_t i;
	int rc = 0;

	if (!out)
		return err_sys(err, -errno, "can't write %s", path);
	fputs("student,file,seed,points,points_max,passed,failed,failed_ids,error\n", out);
	json_array_foreach ((json_t *)marks, i, mark)
		mark_row(out, mark);
	if (ferror(out))
		rc = err_sys(err, -EIO, "can't write %s", path);
	if (fclose(out) && !rc)
		rc = err_sys(err, -errno, "can't write %s", path);
	return rc;
}

static int write_junit(const char *folder, const json_t *marks, struct err *err)
{
	char path[PATH_MAX], name[128];
	json_t *mark;
	size_t i;

	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "can't make the folder %s", folder);
	json_array_foreach ((json_t *)marks, i, mark) {
		const char *file = jstr(mark, "file"), *slash = strrchr(file, '/');
		FILE *out;

		snprintf(path, sizeof(path), "%.3900s/%.150s.xml", folder,
			 slash ? slash + 1 : file);
		out = fopen(path, "we");
		if (!out)
			return err_sys(err, -errno, "can't write %s", path);
		report_junit(student_of(mark, name, sizeof(name)), jarr(mark, "checks"), out);
		fclose(out);
	}
	return 0;
}

static int sum_up(struct ctl *c, const json_t *marks)
{
	size_t bad = 0, i;
	json_t *mark;

	json_array_foreach ((json_t *)marks, i, mark)
		bad += json_is_string(json_object_get(mark, "error"));
	if (!c->json)
		printf("\n%s, %zu could not be graded\n",
		       human_count((long long)json_array_size(marks), "hand-in").text, bad);
	return bad ? CTL_FAILED : CTL_OK;
}

static int grade_run(struct ctl *c, struct grade *g, char **paths, size_t n, const char *out,
		     const char *junit)
{
	struct err err = {0};
	int left = grade_sweep(g->socket, &err), rc;
	json_t *marks;

	if (left < 0)
		return ctl_fail(&err);
	if (left && !c->json)
		printf("removed %d labs that an interrupted grading had left\n", left);
	marks = grade_all(g, paths, n, &err);
	if (!marks)
		return ctl_fail(&err);
	if (g->waited_ms && !c->json)
		printf("fewer at a time for %.0f s, while memory was short\n",
		       ceil((double)g->waited_ms / 1000));
	rc = out ? write_csv(out, marks, &err) : 0;
	if (!rc && junit)
		rc = write_junit(junit, marks, &err);
	rc = rc ? ctl_fail(&err) : sum_up(c, marks);
	if (c->json)
		ctl_print_json(json_incref(marks));
	json_decref(marks);
	return rc;
}

int lab_grade_run(struct ctl *c, int argc, char **argv)
{
	const char *out = NULL, *junit = NULL, *jobs = NULL, *file = NULL, *words[WORDS_MAX];
	struct lab_options options = {0};
	const struct lab_option opts[] = {{"out", &out, NULL},		 {"junit", &junit, NULL},
					  {"jobs", &jobs, NULL},	 {"lab", &file, NULL},
					  {"kind", &options.kind, NULL}, {0}};
	struct grading grading = {.c = c};
	struct grade g = {.socket = c->socket, .tell = tell_mark, .ctx = &grading};
	int n, rc = lab_words(c, opts, argc, argv, 1, WORDS_MAX, words, &n);
	char *text = NULL, *full;
	struct lab *lab;
	char why[200];
	long want = 0;

	if (!rc && !file)
		rc = ctl_usage(c, "--lab FILE says whose checks to run");
	if (!rc)
		rc = lab_kind_word(c, options.kind);
	if (!rc && jobs && !arg_number(jobs, 1, 64, &want))
		rc = ctl_usage(c, "--jobs is a number from 1 to 64");
	if (rc)
		return rc;
	lab = lab_from_file(file, &options, &text);
	full = lab ? realpath(file, NULL) : NULL;
	if (!full)
		return CTL_FAILED;
	g.file = full;
	g.text = text;
	g.kind = options.kind;
	g.memory_mib = lab_memory_mib(lab);
	g.jobs = grade_jobs(lab, (unsigned int)want, why, sizeof(why));
	grading.n = (size_t)n;
	if (!c->json)
		printf("%s, %u at a time: %s\n", human_count(n, "hand-in").text, g.jobs, why);
	rc = grade_run(c, &g, (char **)words, (size_t)n, out, junit);
	lab_destroy(lab);
	free(text);
	free(full);
	return rc;
}
