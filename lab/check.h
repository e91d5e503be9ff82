/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - does a running lab do what its checks claim?
 */
#ifndef LAB_CHECK_H
#define LAB_CHECK_H

#include "lab/run.h"

/* Exit statuses of `lab check`. */
enum { CHECK_ALL_PASSED = 0, CHECK_FAILED = 1, CHECK_NOTHING = 2, CHECK_NOT_RUNNING = 4 };

/* Called after each check; @result is one element of the array that lab_check() gives. */
typedef void check_report_fn(void *ctx, const json_t *result);

/* Run all checks of @r->lab in the file's order, those that others need first. Returns
 * [{id, title, result: "pass"|"fail", seconds, detail, hint, points}], a new reference. */
json_t *lab_check(struct lab_run *r, check_report_fn *report, void *ctx);

/* ---- attempt.c ---- */

enum attempt {
	ATTEMPT_NO,	 /* it was tried and did not work: what `expect: fail` wants */
	ATTEMPT_YES,	 /* it works */
	ATTEMPT_UNTRIED, /* could not be tried: counts for nobody */
};

/* Try what @c asks for once; why not goes to @detail (one line). */
enum attempt check_attempt(struct lab_run *r, const struct lab_check *c, char *detail, size_t size);

#endif
