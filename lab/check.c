/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - runs checks: order, retries, verdicts.
 *
 * A positive check is tried until it works or `within` is over. A negative one (expect: fail) must
 * be tried and not work, again and again while `within` lasts; a try that could not be made is made
 * again and never counts as a pass. A check whose need failed is not tried and fails.
 */
#include "lab/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ctl.h"

enum { WITHIN_DEFAULT_MS = 10000, RETRY_MS = 250, DETAIL_MAX = 400 };

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL };

struct checks {
	struct lab_run *r;
	enum verdict *verdicts; /* one a check, in the lab's order */
	json_t *results;
	check_report_fn *report;
	void *ctx;
};

static void pause_ms(unsigned int ms)
{
	const struct timespec ts = {.tv_nsec = (long)ms * 1000000L};

	nanosleep(&ts, NULL);
}

static enum verdict positive(struct lab_run *r, const struct lab_check *c, char *detail)
{
	msec end = clock_now_ms() + (c->within_ms.given ? c->within_ms.v : WITHIN_DEFAULT_MS);

	for (;;) {
		if (check_attempt(r, c, detail, DETAIL_MAX) == ATTEMPT_YES)
			return VERDICT_PASS;
		if (clock_now_ms() >= end)
			return VERDICT_FAIL;
		pause_ms(RETRY_MS);
	}
}

static enum verdict negative(struct lab_run *r, const struct lab_check *c, char *detail)
{
	msec now = clock_now_ms();
	msec hold = now + (c->within_ms.given ? c->within_ms.v : 0);
	msec give_up = MAX(hold, now + WITHIN_DEFAULT_MS);

	for (;;) {
		enum attempt a = check_attempt(r, c, detail, DETAIL_MAX);

		now = clock_now_ms();
		if (a == ATTEMPT_YES)
			return VERDICT_FAIL;
		if (a == ATTEMPT_NO && now >= hold)
			return VERDICT_PASS;
		if (now >= give_up)
			return VERDICT_FAIL;
		pause_ms(RETRY_MS);
	}
}

static void record(struct checks *cs, const struct lab_check *c, enum verdict v, msec took,
		   const char *detail)
{
	json_t *result = json_pack("{s:s, s:s?, s:s, s:f, s:s, s:s?, s:i}", "id", c->id.s, "title",
				   c->title.s, "result", v == VERDICT_PASS ? "pass" : "fail",
				   "seconds", (double)took / 1000, "detail", detail, "hint",
				   c->hint.s, "points", c->points.given ? (int)c->points.v : 0);

	cs->verdicts[c - cs->r->lab->checks] = v;
	if (!result)
		return;
	if (cs->report)
		cs->report(cs->ctx, result);
	json_array_append_new(cs->results, result);
}

static void run_check(struct checks *cs, const struct lab_check *c);

/* Run what @c needs first; the id of one that failed, or NULL. */
static const char *failed_need(struct checks *cs, const struct lab_check *c)
{
	for (size_t i = 0; i < c->n_needs; i++) {
		const struct lab_check *need = lab_check_find(cs->r->lab, c->needs[i].s);

		run_check(cs, need);
		if (cs->verdicts[need - cs->r->lab->checks] != VERDICT_PASS)
			return need->id.s;
	}
	return NULL;
}

/* Needs have no cycles (lab_validate_checks()), so this ends. */
static void run_check(struct checks *cs, const struct lab_check *c)
{
	char detail[DETAIL_MAX] = "";
	const char *need;
	enum verdict v;
	msec start;

	if (cs->verdicts[c - cs->r->lab->checks] != VERDICT_NONE)
		return;
	need = failed_need(cs, c);
	start = clock_now_ms();
	progress_wait(&cs->r->progress, "checking %s", c->title.s ? c->title.s : c->id.s);
	if (need) {
		snprintf(detail, sizeof(detail), "not tried, since '%s' failed", need);
		v = VERDICT_FAIL;
	} else if (c->expect_fail) {
		v = negative(cs->r, c, detail);
	} else {
		v = positive(cs->r, c, detail);
	}
	progress_end(&cs->r->progress);
	record(cs, c, v, clock_now_ms() - start, detail);
}

json_t *lab_check(struct lab_run *r, check_report_fn *report, void *ctx)
{
	struct checks cs = {.r = r,
			    .verdicts = calloc(r->lab->n_checks + 1, sizeof(*cs.verdicts)),
			    .results = json_array(),
			    .report = report,
			    .ctx = ctx};

	for (size_t i = 0; cs.verdicts && i < r->lab->n_checks; i++)
		run_check(&cs, &r->lab->checks[i]);
	free(cs.verdicts);
	return cs.results;
}
