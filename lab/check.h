/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - does a running lab do what its checks claim?
 */
#ifndef LAB_CHECK_H
#define LAB_CHECK_H

#include "lab/run.h"

/* Exit statuses of `lab check`. */
enum {
	CHECK_ALL_PASSED = 0,
	CHECK_FAILED = 1,
	CHECK_NOTHING = 2,
	CHECK_WARNINGS = 3,
	CHECK_NOT_RUNNING = 4
};

struct check_options {
	const char *stage, *id; /* only this stage's checks; only this one (and its needs) */
	bool hidden;		/* those that students are not shown, too */
	bool given_only;	/* only what holds before anybody has done anything */
	bool work_only;		/* those that are not given, and what they need */
	bool once;		/* one try each, whatever `within` says */
	bool hurry;		/* they are to fail: don't wait long for them */
};

/* Called after each check; @result is one element of the array that lab_check() gives. */
typedef void check_report_fn(void *ctx, const json_t *result);

/* Run the checks of @r->lab that @options choose, in the file's order, those that others need
 * first. Returns [{id, title, result: "pass"|"fail"|"warning", seconds, detail, hint, points,
 * evidence: "outside"|"inside", verb, stage, given, hidden}], a new reference. */
json_t *lab_check(struct lab_run *r, const struct check_options *options, check_report_fn *report,
		  void *ctx);
/* How many @options choose. */
size_t lab_check_count(const struct lab *lab, const struct check_options *options);

#endif
