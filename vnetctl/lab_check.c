/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_check.c - the verb `check`: a line for each check, and the sum.
 */
#include <stdio.h>
#include <string.h>

#include "lab/check.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

struct report {
	size_t passed, failed, title_width;
	json_int_t points, points_max;
	bool silent, hinted;
};

static size_t title_width(const struct lab *lab)
{
	size_t width = 0;

	for (size_t i = 0; i < lab->n_checks; i++) {
		const struct lab_check *check = &lab->checks[i];
		size_t len = strlen(check->title.s ? check->title.s : check->id.s);

		width = MAX(width, len);
	}
	return MIN(width, 60u);
}

static void report_check(void *ctx, const json_t *result)
{
	struct report *rep = ctx;
	bool pass = !strcmp(jstr(result, "result"), "pass");
	const char *title = json_string_value(json_object_get(result, "title"));
	const char *hint = json_string_value(json_object_get(result, "hint"));

	rep->passed += pass;
	rep->failed += !pass;
	rep->points += pass ? jint(result, "points") : 0;
	rep->points_max += jint(result, "points");
	if (rep->silent)
		return;
	printf("%s%s%s  %-*s %5.1f s", ctl_colour(pass ? COLOUR_GOOD : COLOUR_BAD),
	       pass ? "PASS" : "FAIL", ctl_colour(COLOUR_NONE), (int)rep->title_width,
	       title ? title : jstr(result, "id"),
	       json_real_value(json_object_get(result, "seconds")));
	if (!pass)
		printf("  %s", jstr(result, "detail"));
	putchar('\n');
	/* Only the first hint: what fails later often fails for the same reason. */
	if (!pass && hint && !rep->hinted) {
		printf("      hint: %s\n", hint);
		rep->hinted = true;
	}
	fflush(stdout);
}

static int check_summary(struct ctl *c, const struct lab *lab, const struct report *rep,
			 json_t *results)
{
	int rc = rep->failed ? CHECK_FAILED : CHECK_ALL_PASSED;

	if (c->json) {
		ctl_print_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "lab", lab->name.s,
					 "passed", (json_int_t)rep->passed, "failed",
					 (json_int_t)rep->failed, "points", rep->points,
					 "points_max", rep->points_max, "checks", results));
		return rc;
	}
	json_decref(results);
	printf("\n%zu of %zu checks passed", rep->passed, rep->passed + rep->failed);
	if (rep->points_max)
		printf(", %lld of %lld points", (long long)rep->points, (long long)rep->points_max);
	putchar('\n');
	return rc;
}

int lab_check_run(struct ctl *c, int argc, char **argv)
{
	struct report rep = {.silent = c->json};
	struct lab_run r = {0};
	struct lab *lab;
	json_t *results;
	int rc;

	if (argc > 1)
		return ctl_usage(c, "wants one lab at most");
	lab = ctl_client(c) ? lab_running(c, argc ? argv[0] : NULL, NULL) : NULL;
	if (!lab)
		return CHECK_NOT_RUNNING;
	if (!lab->n_checks) {
		fprintf(stderr, "vnetctl: lab '%s' has no checks\n", lab->name.s);
		lab_destroy(lab);
		return CHECK_NOTHING;
	}
	r.client = c->client;
	r.lab = lab;
	rep.title_width = title_width(lab);
	progress_init(&r.progress, c->json ? NULL : stdout);
	results = lab_check(&r, report_check, &rep);
	rc = check_summary(c, lab, &rep, results);
	lab_destroy(lab);
	return rc;
}
