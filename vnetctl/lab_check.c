/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_check.c - the verbs `check` (a line for each check, and the sum) and `selftest`.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/table.h"
#include "client/text.h"
#include "lab/check.h"
#include "lab/preflight.h"
#include "lab/report.h"
#include "lab/solution.h"
#include "lib/nearest.h"
#include "vnetctl/lab_class.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

enum { TITLE_MIN = 8, TITLE_MAX = 56, WATCH_S = 2, INDENT = 6, BESIDE_TITLE = 24 };

struct report {
	struct check_sum sum;
	size_t title_width;
	bool silent, hinted;
};

/* As wide as the longest title, or what a terminal has room for. */
static size_t title_width(const struct lab *lab)
{
	size_t width = 0, room = terminal_width(STDOUT_FILENO);

	for (size_t i = 0; i < lab->n_checks; i++) {
		const struct lab_check *check = &lab->checks[i];

		width = MAX(width, text_width(check->title.s ? check->title.s : check->id.s));
	}
	if (room)
		width = MIN(width,
			    room > BESIDE_TITLE + TITLE_MIN ? room - BESIDE_TITLE : TITLE_MIN);
	return MIN(width, (size_t)TITLE_MAX);
}

static void print_result(const json_t *result)
{
	const char *word = jstr(result, "result");
	bool pass = !strcmp(word, "pass"), warning = !strcmp(word, "warning");

	printf("%s%s%s  ",
	       ctl_colour(pass	    ? COLOUR_GOOD
			  : warning ? COLOUR_WARN
				    : COLOUR_BAD),
	       pass	 ? "PASS"
	       : warning ? "WARN"
			 : "FAIL",
	       ctl_colour(COLOUR_NONE));
}

/* @text below a check, in lines that the terminal has room for. */
static void print_words(const char *label, const char *text)
{
	unsigned int width = terminal_width(STDOUT_FILENO);
	size_t room = width > INDENT + 20 ? width - INDENT : (size_t)-1;

	room -= strlen(label);
	printf("%*s%s", INDENT, "", label);
	while (*text) {
		size_t len = strlen(text), cut = MIN(len, room);

		while (cut < len && cut && text[cut] != ' ')
			cut--;
		cut = cut ? cut : MIN(len, room);
		printf("%.*s\n", (int)cut, text);
		text += cut + (text[cut] == ' ');
		if (*text)
			printf("%*s", INDENT, "");
		room = width > INDENT + 20 ? width - INDENT : (size_t)-1;
	}
}

static void report_check(void *ctx, const json_t *result)
{
	struct report *rep = ctx;
	bool pass = !strcmp(jstr(result, "result"), "pass");
	const char *title = json_string_value(json_object_get(result, "title"));
	const char *hint = json_string_value(json_object_get(result, "hint"));

	check_sum_add(&rep->sum, result);
	if (rep->silent)
		return;
	print_result(result);
	text_put(stdout, title ? title : jstr(result, "id"), rep->title_width);
	printf(" %5.1f s  %s\n", json_real_value(json_object_get(result, "seconds")),
	       jstr(result, "evidence"));
	if (!pass)
		print_words("", jstr(result, "detail"));
	/* Only the first hint: what fails later often fails for the same reason. */
	if (!pass && hint && !rep->hinted) {
		print_words("hint: ", hint);
		rep->hinted = true;
	}
	fflush(stdout);
}

static void print_sum(const struct check_sum *sum)
{
	printf("\n%zu of %zu checks passed", sum->passed,
	       sum->passed + sum->failed + sum->warnings);
	if (sum->warnings)
		printf(", %zu warnings", sum->warnings);
	if (sum->points_max)
		printf(", %lld of %lld points", (long long)sum->points, (long long)sum->points_max);
	putchar('\n');
}

/* ---- check ----------------------------------------------------------------------------------- */

struct check_words {
	struct check_options options;
	const char *format;
	bool watch, all;
};

static int parse_words(struct ctl *c, struct check_words *w, int argc, char **argv,
		       const char **name)
{
	const struct lab_option opts[] = {{"stage", &w->options.stage, NULL},
					  {"id", &w->options.id, NULL},
					  {"format", &w->format, NULL},
					  {"watch", NULL, &w->watch},
					  {"hidden", NULL, &w->options.hidden},
					  {"all", NULL, &w->all},
					  {0}};
	const char *words[WORDS_MAX];
	int n, rc = lab_words(c, opts, argc, argv, 0, 1, words, &n);

	if (rc)
		return rc;
	if (w->format && strcmp(w->format, "junit") && strcmp(w->format, "tap") &&
	    strcmp(w->format, "table"))
		return ctl_usage(c, "--format is table, junit or tap, not '%s'", w->format);
	if (w->watch && w->format)
		return ctl_usage(c, "--watch is for people: leave --format out");
	if (w->all && (n || w->watch || w->format))
		return ctl_usage(c, "--all is every lab, once, as a table or with -j");
	*name = n ? words[0] : NULL;
	return CTL_OK;
}

static int finish(struct ctl *c, const struct lab *lab, const struct check_words *w,
		  const struct check_sum *sum, json_t *results)
{
	if (c->json)
		ctl_print_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:O}", "lab", lab->name.s,
					 "passed", (json_int_t)sum->passed, "failed",
					 (json_int_t)sum->failed, "warnings",
					 (json_int_t)sum->warnings, "points", sum->points,
					 "points_max", sum->points_max, "checks", results));
	else if (w->format && !strcmp(w->format, "junit"))
		report_junit(lab->name.s, results, stdout);
	else if (w->format && !strcmp(w->format, "tap"))
		report_tap(results, stdout);
	else
		print_sum(sum);
	json_decref(results);
	return check_sum_status(sum);
}

static volatile sig_atomic_t stopped;

static void stop_cb(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Again and again, one try each, until all pass or Ctrl-C. On a terminal the list stays in place.
 */
static int watch(struct ctl *c, struct lab_run *r, struct check_words *w)
{
	struct sigaction sa = {.sa_handler = stop_cb};
	bool tty = isatty(STDOUT_FILENO);
	struct report rep;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	w->options.once = true;
	do {
		rep = (struct report){.title_width = title_width(r->lab), .silent = c->json};
		if (tty)
			fputs("\033[H\033[J", stdout);
		json_decref(lab_check(r, &w->options, report_check, &rep));
		print_sum(&rep.sum);
		if (!rep.sum.failed)
			break;
		if (tty)
			puts("watching; Ctrl-C ends");
		fflush(stdout);
		nanosleep(&(struct timespec){.tv_sec = WATCH_S}, NULL);
	} while (!stopped);
	return check_sum_status(&rep.sum);
}

static void unknown_check(const struct lab *lab, const char *id)
{
	const char **ids = calloc(lab->n_checks + 1, sizeof(*ids)), *near = NULL;

	for (size_t i = 0, n = 0; ids && i < lab->n_checks; i++)
		if (lab->checks[i].id.s)
			ids[n++] = lab->checks[i].id.s;
	near = ids ? nearest_word(id, ids) : NULL;
	fprintf(stderr, "vnetctl: lab '%s' has no check '%s'%s%s%s\n", lab->name.s, id,
		near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(ids);
}

static int run_checks(struct ctl *c, struct lab_run *r, struct check_words *w)
{
	bool people = !c->json && (!w->format || !strcmp(w->format, "table"));
	struct report rep = {.silent = !people, .title_width = title_width(r->lab)};
	json_t *results;

	if (w->watch)
		return watch(c, r, w);
	progress_init(&r->progress, people ? stdout : NULL);
	results = lab_check(r, &w->options, report_check, &rep);
	return finish(c, r->lab, w, &rep.sum, results);
}

int lab_check_run(struct ctl *c, int argc, char **argv)
{
	struct check_words w = {0};
	const char *name = NULL;
	struct lab_run r = {0};
	json_t *record = NULL;
	struct lab *lab;
	int rc = parse_words(c, &w, argc, argv, &name);

	if (rc)
		return rc;
	if (w.all)
		return lab_class_check(c, &w.options);
	lab = ctl_client(c) ? lab_running(c, name, &record) : NULL;
	if (!lab)
		return CHECK_NOT_RUNNING;
	if (w.options.stage && !lab_stage_find(lab, w.options.stage)) {
		fprintf(stderr, "vnetctl: lab '%s' has no stage '%s'\n", lab->name.s,
			w.options.stage);
		rc = CHECK_NOTHING;
	} else if (w.options.id && !lab_check_find(lab, w.options.id)) {
		unknown_check(lab, w.options.id);
		rc = CHECK_NOTHING;
	} else if (!lab_check_count(lab, &w.options)) {
		fprintf(stderr, "vnetctl: lab '%s' has no checks%s\n", lab->name.s,
			lab->n_checks ? " of that kind" : "");
		rc = CHECK_NOTHING;
	}
	r.client = c->client;
	r.lab = lab;
	r.file = jstr(record, "file");
	if (!rc)
		rc = run_checks(c, &r, &w);
	json_decref(record);
	lab_destroy(lab);
	return rc;
}

/* ---- selftest -------------------------------------------------------------------------------- */

static void tell(void *ctx, bool good, const char *text)
{
	const struct ctl *c = ctx;

	if (!c->json)
		printf("%s%s%s  %s\n", ctl_colour(good ? COLOUR_GOOD : COLOUR_BAD),
		       good ? "good" : "BAD ", ctl_colour(COLOUR_NONE), text);
	fflush(stdout);
}

int lab_selftest_run(struct ctl *c, int argc, char **argv)
{
	struct lab_options options = {.name = "selftest"};
	const struct lab_option opts[] = {{"name", &options.name, NULL},
					  {"seed", &options.seed, NULL},
					  {"kind", &options.kind, NULL},
					  {0}};
	struct selftest test = {.tell = tell, .ctx = c};
	const char *words[WORDS_MAX];
	struct lab_run r = {0};
	char *text = NULL, *full;
	struct err err = {0};
	struct lab *lab;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (!rc)
		rc = lab_kind_word(c, options.kind);
	if (rc)
		return rc;
	lab = lab_from_file(words[0], &options, &text);
	full = realpath(words[0], NULL);
	r.client = lab && full ? ctl_client(c) : NULL;
	r.lab = lab;
	r.file = full;
	rc = r.client ? CTL_OK : CTL_FAILED;
	if (!rc) {
		rc = lab_preflight(&r, &err);
		if (!rc)
			rc = lab_selftest(&r, text, &test, &err);
		if (rc)
			rc = ctl_fail(&err);
		else if (c->json)
			ctl_print_json(json_pack("{s:s, s:i, s:i}", "lab", lab->file_name.s, "good",
						 (int)test.good, "bad", (int)test.bad));
		else
			printf("\nlab '%s': %u good, %u bad\n", lab->file_name.s, test.good,
			       test.bad);
	}
	free(text);
	free(full);
	lab_destroy(lab);
	return rc ? rc : test.bad ? CTL_FAILED : CTL_OK;
}

/* ---- solve ----------------------------------------------------------------------------------- */

int lab_solve_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {.client = ctl_client(c)};
	struct solution s = {.stage = argc == 2 ? argv[1] : NULL};
	json_t *record = NULL;
	struct err err;
	struct lab *lab;
	int rc;

	if (argc > 2)
		return ctl_usage(c, "wants a lab, and a stage or none");
	lab = r.client ? lab_running(c, argc ? argv[0] : NULL, &record) : NULL;
	if (!lab)
		return CTL_FAILED;
	r.lab = lab;
	r.file = jstr(record, "file");
	progress_init(&r.progress, c->json ? NULL : stdout);
	rc = lab_solve(&r, &s, &err);
	if (!rc && !s.n)
		rc = err_set(&err, -1,
			     "there is no solution beside %s: it would be solution/NODE.sh",
			     r.file);
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s, s:i}", "lab", lab->name.s, "scripts", (int)s.n));
	json_decref(record);
	lab_destroy(lab);
	return rc ? ctl_fail(&err) : CTL_OK;
}
