/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/report.h"

#include <string.h>

#include "client/ctl.h"
#include "lab/check.h"

void check_sum_add(struct check_sum *sum, const json_t *result)
{
	const char *word = jstr(result, "result");
	bool pass = !strcmp(word, "pass");

	sum->passed += pass;
	sum->warnings += !strcmp(word, "warning");
	sum->failed += !strcmp(word, "fail");
	sum->points += pass ? jint(result, "points") : 0;
	sum->points_max += jint(result, "points");
}

int check_sum_status(const struct check_sum *sum)
{
	return sum->failed     ? CHECK_FAILED
	       : sum->warnings ? CHECK_WARNINGS
	       : sum->passed   ? CHECK_ALL_PASSED
			       : CHECK_NOTHING;
}

static const char *title(const json_t *result)
{
	const char *text = json_string_value(json_object_get(result, "title"));

	return text ? text : jstr(result, "id");
}

/* Text in XML: what has a meaning there is named, what is not allowed there is left out. */
static void xml(const char *text, FILE *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<' || c == '>' || c == '&' || c == '"')
			fprintf(out, "&#%u;", c);
		else if (c >= ' ' || c == '\n' || c == '\t')
			fputc(c, out);
	}
}

static void attribute(const char *name, const char *value, FILE *out)
{
	fprintf(out, " %s=\"", name);
	xml(value, out);
	fputc('"', out);
}

void report_junit(const char *name, const json_t *results, FILE *out)
{
	struct check_sum sum = {0};
	double seconds = 0;
	json_t *r;
	size_t i;

	json_array_foreach ((json_t *)results, i, r) {
		check_sum_add(&sum, r);
		seconds += json_real_value(json_object_get(r, "seconds"));
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite", out);
	attribute("name", name, out);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" time=\"%.3f\">\n", json_array_size(results),
		sum.failed, seconds);
	json_array_foreach ((json_t *)results, i, r) {
		fputs("  <testcase", out);
		attribute("classname", name, out);
		attribute("name", title(r), out);
		fprintf(out, " time=\"%.3f\">", json_real_value(json_object_get(r, "seconds")));
		if (!strcmp(jstr(r, "result"), "fail")) {
			fputs("\n    <failure", out);
			attribute("message", jstr(r, "detail"), out);
			fputs(">", out);
			xml(json_string_value(json_object_get(r, "hint")) ?: "", out);
			fputs("</failure>\n  ", out);
		}
		fputs("<system-out>", out);
		fprintf(out, "%s: %s (evidence: %s)", jstr(r, "id"), jstr(r, "result"),
			jstr(r, "evidence"));
		fputs("</system-out></testcase>\n", out);
	}
	fputs("</testsuite>\n", out);
}

void report_tap(const json_t *results, FILE *out)
{
	json_t *r;
	size_t i;

	fprintf(out, "TAP version 13\n1..%zu\n", json_array_size(results));
	json_array_foreach ((json_t *)results, i, r) {
		bool fail = !strcmp(jstr(r, "result"), "fail");

		/* '#' would begin a directive. */
		fprintf(out, "%s %zu - ", fail ? "not ok" : "ok", i + 1);
		for (const char *p = title(r); *p; p++)
			fputc(*p == '#' || *p == '\n' ? ' ' : *p, out);
		fprintf(out, "%s\n",
			!strcmp(jstr(r, "result"), "warning") ? " # TODO warning" : "");
		if (strcmp(jstr(r, "result"), "pass") != 0)
			fprintf(out, "# %s\n", jstr(r, "detail"));
	}
}
