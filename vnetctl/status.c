/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.c - the daemon as a whole: status, doctor, events.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/addr.h"
#include "vnetctl/nouns.h"
#include "client/table.h"

static int no_args(const struct ctl *c, int argc, char **argv)
{
	return argc ? ctl_usage(c, "takes no arguments, but got '%s'", argv[0]) : CTL_OK;
}

static void print_status(const json_t *r)
{
	char up[32], rss[32];

	printf("vswitchd %s, process %lld, up %s, %s resident\n", jstr(r, "version"),
	       (long long)jint(r, "pid"),
	       human_seconds((double)jint(r, "uptime_s"), up, sizeof(up)),
	       human_bytes((uint64_t)jint(r, "rss_kib") << 10, rss, sizeof(rss)));
	printf("%s, %s, %s\n", human_count(jint(r, "networks"), "network").text,
	       human_count(jint(r, "ports"), "port").text,
	       human_count(jint(r, "vms"), "guest").text);
	printf("hypervisor: %s (%s)\n", jstr(r, "hypervisor"), jstr(r, "hypervisor_note"));
	if (!strcmp(jstr(json_object_get(r, "leases"), "state"), "failing"))
		printf("leases can't be written: %s\n", jstr(json_object_get(r, "leases"), "why"));
	printf("packet buffers: %lld of %lld free\n", (long long)jint(r, "pool_free"),
	       (long long)jint(r, "pool_size"));
}

static int status_run(struct ctl *c, int argc, char **argv)
{
	int rc = no_args(c, argc, argv);
	json_t *r;

	if (rc)
		return rc;
	r = ctl_call(c, "status", NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_status(r);
	json_decref(r);
	return CTL_OK;
}

static void print_finding(const json_t *f)
{
	const char *status = jstr(f, "status"), *mend = jstr(f, "mend");
	enum ctl_colour colour = !strcmp(status, "ok")	   ? COLOUR_GOOD
				 : !strcmp(status, "warn") ? COLOUR_WARN
							   : COLOUR_BAD;

	printf("%s%-4s%s  %s: %s\n", ctl_colour(colour), status, ctl_colour(COLOUR_NONE),
	       jstr(f, "title"), jstr(f, "detail"));
	if (strcmp(status, "ok") && strcmp(mend, "-") && *mend)
		printf("      mend: %s\n", mend);
}

/* Exit status 1 when something fails, so that a script can ask. */
static int doctor_run(struct ctl *c, int argc, char **argv)
{
	int rc = no_args(c, argc, argv);
	json_t *r, *f;
	size_t i;

	if (rc)
		return rc;
	r = ctl_call(c, "doctor", NULL);
	if (!r)
		return CTL_FAILED;
	json_array_foreach (jarr(r, "checks"), i, f) {
		if (!strcmp(jstr(f, "status"), "fail"))
			rc = CTL_FAILED;
		if (!c->json)
			print_finding(f);
	}
	if (c->json)
		return ctl_print_json(r), rc;
	json_decref(r);
	return rc;
}

static void print_event(const json_t *ev)
{
	time_t s = (time_t)(jint(ev, "time_ms") / 1000);
	char when[16], text[512];
	struct tm tm;
	const char *key;
	json_t *value;

	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm));
	printf("%s %s", when, jstr(ev, "event"));
	json_object_foreach ((json_t *)ev, key, value) {
		char *dump;

		if (!strcmp(key, "event") || !strcmp(key, "time_ms") || json_is_null(value))
			continue;
		dump = json_is_string(value) ? strdup(json_string_value(value))
					     : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		if (dump)
			printf(" %s=%s", key, str_escape(dump, strlen(dump), text, sizeof(text)));
		free(dump);
	}
	putchar('\n');
}

static void show_event(struct ctl *c, const json_t *ev)
{
	if (c->json) {
		json_dumpf(ev, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_event(ev);
	}
}

static int events_run(struct ctl *c, int argc, char **argv)
{
	json_t *topics = argc ? json_array() : NULL;

	for (int i = 0; i < argc; i++)
		json_array_append_new(topics, json_string(argv[i]));
	return ctl_watch(c, topics, NULL, NULL, show_event);
}

static const struct verb status_verbs[] = {
	{"", "", "what the daemon is, has and can", status_run},
	{0},
};
static const struct verb doctor_verbs[] = {
	{"", "",
	 "what this host can do, and how to mend what it can't; exit 1 when something fails",
	 doctor_run},
	{0},
};
static const struct verb events_verbs[] = {
	{"", "[TOPIC]...", "one line for each change, until Ctrl-C", events_run},
	{0},
};

const struct noun noun_status = {"status", "the daemon in a few lines", status_verbs, NULL};
const struct noun noun_doctor = {"doctor", "what this host can do and how to mend the rest",
				 doctor_verbs, NULL};
const struct noun noun_events = {"events", "watch changes as they happen", events_verbs, NULL};
