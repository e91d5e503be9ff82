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
	if (*wants && (!strcmp(asked, "discover") || !strcmp(asked, "solicit")))
		verb = "would like";
	if (!strcmp(asked, "duplicate"))
		verb = "has anybody";
	snprintf(out, size, "%s%s%s%s%s", asked, *verb || *wants ? ": " : "", verb,
		 *verb && *wants ? " " : "", wants);
}

static void answer_text(const json_t *ev, char *out, size_t size)
{
	const char *answer = jstr(ev, "answer"), *reason = jstr(ev, "reason");
	const char *addr =
		json_is_string(json_object_get(ev, "address")) ? jstr(ev, "address") : "";
	const char *status =
		json_is_string(json_object_get(ev, "status")) ? jstr(ev, "status") : "";
	char left[32] = "";

	if (!strcmp(answer, "none") && (!strcmp(reason, "released") || !strcmp(reason, "declined")))
		answer = "noted"; /* DHCPv4 never answers these */
	else if (!strcmp(answer, "none"))
		answer = "no answer";
	if (json_is_integer(json_object_get(ev, "lease_s")))
		human_seconds((double)jint(ev, "lease_s"), left, sizeof(left));
	snprintf(out, size, "%s%s%s%s%s", answer, *addr || *status ? " " : "",
		 *status ? status : addr, *left ? " for " : "", left);
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

/* The counters, in the order in which one reads them; a line with `always` is there also for 0. */
struct counter {
	const char *key, *text;
	bool always;
};

static const struct counter counters[] = {
	{"discover", "asked for an address", true},
	{"offer", "were offered one", true},
	{"request", "asked to have or keep one", true},
	{"ack", "got it, on disk", true},
	{"nak", "were told no", false},
	{"probe", "addresses asked for by ARP before they were offered", false},
	{"conflict", "of those were in use by a stranger", false},
	{"decline", "found theirs in use", false},
	{"release", "gave theirs back", false},
	{"inform", "wanted options only", false},
	{"port-limit", "got nothing: their port has its share", false},
	{"pool-exhausted", "got nothing: no address was free", false},
	{"store-failed", "got nothing: the lease could not be written", false},
	{"unknown-client", "asked for a lease that nothing is known of", false},
	{"not-owner", "asked for, or gave back, what is not theirs", false},
	{"wrong-net", "asked for an address of another network", false},
	{"other-server", "spoke to another server", false},
	{"malformed", "broken messages", false},
	{"not-dhcp", "not DHCP", false},
	{"unknown-type", "messages that no server gets", false},
	{NULL, NULL, false},
};

static const struct counter counters6[] = {
	{"solicit", "looked for a server", true},
	{"advertise", "were told of one", true},
	{"request", "took what was offered", true},
	{"renew", "asked to keep theirs", false},
	{"rebind", "asked everybody to keep theirs", false},
	{"confirm", "were back and asked whether theirs still holds", false},
	{"reply", "were answered, on disk", true},
	{"decline", "found theirs in use", false},
	{"release", "gave theirs back", false},
	{"information-request", "wanted options only", false},
	{"port-limit", "got nothing: their port has its share", false},
	{"pool-exhausted", "got nothing: no address was free", false},
	{"store-failed", "got nothing: the lease could not be written", false},
	{"no-binding", "asked for, or gave back, what is not theirs", false},
	{"wrong-net", "asked for an address of another network", false},
	{"refused",
	 "asked for what is not given: prefixes, or addresses where ipv6= is not stateful", false},
	{"other-server", "spoke to another server", false},
	{"malformed", "broken messages", false},
	{"not-for-a-server", "messages that no server gets", false},
	{NULL, NULL, false},
};

static void print_counts(const struct counter *c, const json_t *counts, const char *what)
{
	const char *const titles[] = {">COUNT", what, "CLIENTS THAT", NULL};
	struct table *t = table_create(titles);

	for (; c->key; c++) {
		if (!jint(counts, c->key) && !c->always)
			continue;
		table_addf(t, "%lld", (long long)jint(counts, c->key));
		table_add(t, c->key);
		table_add(t, c->text);
	}
	table_finish(t, "nothing yet");
}

static void print_leases(const json_t *leases, const json_t *pool)
{
	printf("addresses: %lld bound, %lld offered, %lld put away",
	       (long long)jint(leases, "bound"), (long long)jint(leases, "offered"),
	       (long long)jint(leases, "declined"));
	if (pool)
		printf(", %lld of %lld free", (long long)jint(pool, "free"),
		       (long long)jint(pool, "size"));
	printf("\n");
}

static void print_store(const json_t *store)
{
	if (strcmp(jstr(store, "state"), "working"))
		printf("leases can't be written: %s; nobody gets an address until that ends\n",
		       jstr(store, "why"));
}

int dhcp_stats(struct ctl *c, int argc, char **argv)
{
	const json_t *counts, *counts6;
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "dhcp.stats", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	counts = json_object_get(r, "counts");
	counts6 = json_object_get(r, "counts6");
	if (json_is_object(counts)) {
		print_counts(counters, counts, counts6 ? "DHCPV4" : "WHAT");
		print_leases(json_object_get(r, "leases"), json_object_get(r, "pool"));
	}
	if (json_is_object(counts) && counts6)
		printf("\n");
	if (counts6) {
		print_counts(counters6, counts6, "DHCPV6");
		print_leases(json_object_get(r, "leases6"), NULL);
	}
	print_store(json_object_get(r, "store"));
	json_decref(r);
	return CTL_OK;
}
