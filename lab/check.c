/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - runs checks: order, faults, retries, verdicts.
 *
 * A positive check is tried until it works or `within` is over, or until it can't work any more (a
 * packet that must never come has come). A negative one (expect: fail) must
 * be tried and not work, again and again while `within` lasts; a try that could not be made is made
 * again and never counts as a pass. A check whose need failed is not tried and fails.
 *
 * A check's fault is made before the first try and undone after the last. The lab is claimed
 * meanwhile ("checking"): if we are killed in between, the record says so, and the next `lab up`
 * mends the lab.
 */
#include "lab/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ctl.h"
#include "lab/attempt.h"
#include "lab/change.h"
#include "lab/record.h"
#include "lab/up_parts.h"

enum { WITHIN_DEFAULT_MS = 10000, RETRY_MS = 250, DETAIL_MAX = 400, HURRY_MS = 800 };

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL };

struct checks {
	struct lab_run *r;
	const struct check_options *options;
	enum verdict *verdicts; /* one a check, in the lab's order */
	bool *wanted;
	json_t *results;
	check_report_fn *report;
	void *ctx;
};

static void pause_ms(unsigned int ms)
{
	const struct timespec ts = {.tv_nsec = (long)ms * 1000000L};

	nanosleep(&ts, NULL);
}

static unsigned int within(const struct checks *cs, const struct lab_check *c,
			   unsigned int otherwise)
{
	unsigned int ms = c->within_ms.given ? c->within_ms.v : otherwise;

	return cs->options->once ? 0 : cs->options->hurry ? MIN(ms, (unsigned int)HURRY_MS) : ms;
}

static enum verdict positive(struct checks *cs, const struct lab_check *c, char *detail,
			     bool *outside)
{
	msec end = clock_now_ms() + within(cs, c, WITHIN_DEFAULT_MS);

	for (;;) {
		enum attempt a = check_attempt(cs->r, c, detail, DETAIL_MAX, outside);

		if (a == ATTEMPT_YES)
			return VERDICT_PASS;
		if (a == ATTEMPT_OVER || clock_now_ms() >= end)
			return VERDICT_FAIL;
		pause_ms(RETRY_MS);
	}
}

static enum verdict negative(struct checks *cs, const struct lab_check *c, char *detail,
			     bool *outside)
{
	msec now = clock_now_ms();
	msec hold = now + within(cs, c, 0);
	msec give_up = MAX(hold, now + (cs->options->once ? 0 : WITHIN_DEFAULT_MS));

	for (;;) {
		enum attempt a = check_attempt(cs->r, c, detail, DETAIL_MAX, outside);

		now = clock_now_ms();
		if (a == ATTEMPT_YES)
			return VERDICT_FAIL;
		if (a != ATTEMPT_UNTRIED && now >= hold)
			return VERDICT_PASS;
		if (now >= give_up)
			return VERDICT_FAIL;
		pause_ms(RETRY_MS);
	}
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* The words that the file gave the cable. */
static const char *own_words(const struct lab *lab, const char *word)
{
	const struct lab_cable *cable = lab_cable_find(lab, word);
	const char *port = lab_port_of(lab, word);

	if (cable)
		return cable->link.s;
	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++)
			if (port && !strcmp(lab->nodes[n].nics[i].port, port))
				return lab->nodes[n].nics[i].link.s;
	return NULL;
}

static int impair(struct lab_run *r, const char *port, const char *words, struct err *err)
{
	return up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", port, "words", words),
		       err);
}

static int fault_set(struct lab_run *r, const struct lab_fault *f, bool on, struct err *err)
{
	const char *port = f->link.s ? lab_port_of(r->lab, f->link.s) : NULL;
	const char *own = f->link.s ? own_words(r->lab, f->link.s) : NULL;
	int rc;

	if (f->power.s)
		return lab_power(r, lab_node_find(r->lab, f->power.s), !on, err);
	if (!f->impair.s)
		return up_call(r, on ? "port.down" : "port.up", json_pack("{s:s}", "port", port),
			       err);
	rc = impair(r, port, "none", err);
	if (!rc && (on || own))
		rc = impair(r, port, on ? f->impair.s : own, err);
	return rc;
}

/* Try with the fault; *@detail says why when it could not be made. */
static enum verdict with_fault(struct checks *cs, const struct lab_check *c, char *detail,
			       bool *outside)
{
	enum verdict v = VERDICT_FAIL;
	struct progress p = cs->r->progress;
	struct err err = {0};
	int rc = lab_state(cs->r, "checking", &err);

	cs->r->progress.out = NULL; /* what switching a node off and on would tell */
	if (!rc)
		rc = fault_set(cs->r, c->fault, true, &err);
	if (!rc)
		v = c->expect_fail ? negative(cs, c, detail, outside)
				   : positive(cs, c, detail, outside);
	else
		snprintf(detail, DETAIL_MAX, "the fault can't be made: %.300s", err.text);
	if (fault_set(cs->r, c->fault, false, &err) || lab_state(cs->r, "up", &err)) {
		snprintf(detail, DETAIL_MAX, "the fault can't be undone: %.300s", err.text);
		v = VERDICT_FAIL;
	}
	cs->r->progress = p;
	return v;
}

/* ---- one check ------------------------------------------------------------------------------- */

/* @need: of what it needs, what failed, so that it was not tried; NULL: it was. */
static void record(struct checks *cs, const struct lab_check *c, enum verdict v, msec took,
		   const char *detail, bool outside, const char *need)
{
	const char *word = v == VERDICT_PASS ? "pass" : c->warning.v ? "warning" : "fail";
	json_t *result =
		json_pack("{s:s, s:s?, s:s, s:f, s:s, s:s?, s:i, s:s, s:s, s:s?, s:b, s:b, s:b}",
			  "id", c->id.s, "title", c->title.s, "result", word, "seconds",
			  (double)took / 1000, "detail", detail, "hint", c->hint.s, "points",
			  c->points.given ? (int)c->points.v : 0, "evidence",
			  need	    ? "none"
			  : outside ? "outside"
				    : "inside",
			  "verb", lab_verb_word(c->verb), "stage", c->stage.s, "given",
			  (int)c->given.v, "hidden", (int)c->hidden.v, "tried", need == NULL);

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
	bool outside = false;
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
	} else if (c->fault) {
		v = with_fault(cs, c, detail, &outside);
	} else if (c->expect_fail) {
		v = negative(cs, c, detail, &outside);
	} else {
		v = positive(cs, c, detail, &outside);
	}
	progress_end(&cs->r->progress);
	record(cs, c, v, clock_now_ms() - start, detail, outside, need);
}

static bool wanted(const struct check_options *o, const struct lab_check *c)
{
	return (!c->hidden.v || o->hidden) && (!o->given_only || c->given.v) &&
	       (!o->work_only || !c->given.v) && (!o->id || !strcmp(o->id, c->id.s)) &&
	       (!o->stage || (c->stage.s && !strcmp(o->stage, c->stage.s)));
}

size_t lab_check_count(const struct lab *lab, const struct check_options *options)
{
	size_t n = 0;

	for (size_t i = 0; i < lab->n_checks; i++)
		n += wanted(options, &lab->checks[i]);
	return n;
}

json_t *lab_check(struct lab_run *r, const struct check_options *options, check_report_fn *report,
		  void *ctx)
{
	struct checks cs = {.r = r,
			    .options = options,
			    .verdicts = calloc(r->lab->n_checks + 1, sizeof(*cs.verdicts)),
			    .results = json_array(),
			    .report = report,
			    .ctx = ctx};

	for (size_t i = 0; cs.verdicts && i < r->lab->n_checks && !r->interrupted; i++)
		if (wanted(options, &r->lab->checks[i]))
			run_check(&cs, &r->lab->checks[i]);
	free(cs.verdicts);
	return cs.results;
}
