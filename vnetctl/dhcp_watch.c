/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_watch.c - what the DHCP server does: each exchange as it comes, and counters.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client/table.h"
#include "vnetctl/args.h"
#include "vnetctl/dhcp.h"

/* ---- watch ----------------------------------------------------------------------------------- */

static const struct arg_key filter_keys[] = {{"mac", ARG_STRING},    {"port", ARG_STRING},
					     {"vm", ARG_STRING},     {"asked", ARG_STRING},
					     {"answer", ARG_STRING}, {0}};

static bool wanted(const json_t *ev, const json_t *only)
{
	const char *key;
	json_t *value;

	if (!strcmp(jstr(ev, "event"), "events.lost"))
		return true;
	json_object_foreach ((json_t *)only, key, value) {
		if (strcasecmp(jstr(ev, key), json_string_value(value)))
			return false;
	}
	return true;
}

static const char *const states[][2] = {{"selecting", "takes"},
					{"init-reboot", "is back, wants"},
					{"renewing", "renews"},
					{"rebinding", "asks everybody to renew"}};

/* What the client said. */
static void ask_text(const json_t *ev, char *out, size_t size)
{
	const char *asked = jstr(ev, "asked"), *verb = "", *wants = "";

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(jstr(ev, "state"), states[i][0]))
			verb = states[i][1];
	if (json_is_string(json_object_get(ev, "wants")))
		wants = jstr(ev, "wants");
	if (!strcmp(asked, "discover") && *wants)
		verb = "would like";
	snprintf(out, size, "%s%s%s%s%s", asked, *verb || *wants ? ": " : "", verb,
		 *verb && *wants ? " " : "", wants);
}

static void answer_text(const json_t *ev, char *out, size_t size)
{
	const char *answer = jstr(ev, "answer"), *reason = jstr(ev, "reason");
	const char *addr =
		json_is_string(json_object_get(ev, "address")) ? jstr(ev, "address") : "";
	char left[32] = "";

	if (!strcmp(reason, "released") || !strcmp(reason, "declined"))
		answer = "noted"; /* these are never answered */
	else if (!strcmp(answer, "none"))
		answer = "no answer";
	if (json_is_integer(json_object_get(ev, "lease_s")))
		human_seconds((double)jint(ev, "lease_s"), left, sizeof(left));
	snprintf(out, size, "%s%s%s%s%s", answer, *addr ? " " : "", addr, *left ? " for " : "",
		 left);
}

static void print_exchange(struct ctl *c, const json_t *ev)
{
	time_t s = (time_t)(jint(ev, "time_ms") / 1000);
	char when[16], ask[96], answer[96];
	const char *who;
	struct tm tm;

	if (c->json) {
		json_dumpf(ev, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	if (!strcmp(jstr(ev, "event"), "events.lost")) {
		printf("... %lld were too many to show\n", (long long)jint(ev, "count"));
		return;
	}
	who = json_is_string(json_object_get(ev, "port")) ? jstr(ev, "port") : "";
	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm));
	ask_text(ev, ask, sizeof(ask));
	answer_text(ev, answer, sizeof(answer));
	printf("%s %-12s %s %-34s -> %-30s %s\n", when, who, jstr(ev, "mac"), ask, answer,
	       jstr(ev, "why"));
}

/* A network that is not there, or that serves no DHCP, is told now. */
static bool net_serves(struct ctl *c, const char *net)
{
	json_t *r = ctl_call(c, "dhcp.stats", json_pack("{s:s}", "net", net));

	json_decref(r);
	return r != NULL;
}

int dhcp_watch(struct ctl *c, int argc, char **argv)
{
	json_t *only;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network first");
	if (!net_serves(c, argv[0]))
		return CTL_FAILED;
	only = json_pack("{s:s}", "net", argv[0]);
	rc = args_pairs(c, filter_keys, argc - 1, argv + 1, only);
	if (!rc)
		rc = ctl_watch(c, json_pack("[s, s]", "dhcp.exchange", "events.lost"), wanted, only,
			       print_exchange);
	json_decref(only);
	return rc;
}

/* ---- stats ----------------------------------------------------------------------------------- */

/* The counters, in the order in which one reads them. */
static const struct {
	const char *key, *text;
} counters[] = {
	{"discover", "asked for an address"},
	{"offer", "were offered one"},
	{"request", "asked to have or keep one"},
	{"ack", "got it, on disk"},
	{"nak", "were told no"},
	{"probe", "addresses asked for by ARP before they were offered"},
	{"conflict", "of those were in use by a stranger"},
	{"decline", "found theirs in use"},
	{"release", "gave theirs back"},
	{"inform", "wanted options only"},
	{"port-limit", "got nothing: their port has its share"},
	{"pool-exhausted", "got nothing: no address was free"},
	{"store-failed", "got nothing: the lease could not be written"},
	{"unknown-client", "asked for a lease that nothing is known of"},
	{"not-owner", "asked for, or gave back, what is not theirs"},
	{"wrong-net", "asked for an address of another network"},
	{"other-server", "spoke to another server"},
	{"malformed", "broken messages"},
	{"not-dhcp", "not DHCP"},
	{"unknown-type", "messages that no server gets"},
};

static void print_store(const json_t *store)
{
	if (strcmp(jstr(store, "state"), "working"))
		printf("leases can't be written: %s; nobody gets an address until that ends\n",
		       jstr(store, "why"));
}

int dhcp_stats(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {">COUNT", "WHAT", "CLIENTS THAT", NULL};
	const json_t *counts, *leases, *pool;
	struct table *t;
	char n[24];
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "dhcp.stats", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	counts = json_object_get(r, "counts");
	leases = json_object_get(r, "leases");
	pool = json_object_get(r, "pool");
	t = table_create(titles);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		if (!jint(counts, counters[i].key) && i >= 4)
			continue;
		snprintf(n, sizeof(n), "%lld", (long long)jint(counts, counters[i].key));
		table_add(t, n);
		table_add(t, counters[i].key);
		table_add(t, counters[i].text);
	}
	table_finish(t, "nothing yet");
	printf("addresses: %lld bound, %lld offered, %lld put away, %lld of %lld free\n",
	       (long long)jint(leases, "bound"), (long long)jint(leases, "offered"),
	       (long long)jint(leases, "declined"), (long long)jint(pool, "free"),
	       (long long)jint(pool, "size"));
	print_store(json_object_get(r, "store"));
	json_decref(r);
	return CTL_OK;
}
