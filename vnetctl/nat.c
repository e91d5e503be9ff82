/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat.c - translations of a NAT network: list, guests, watch, forward add, list and del.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "client/table.h"

/* ---- list ------------------------------------------------------------------------------------ */

static const struct arg_key filter_keys[] = {
	{"guest", ARG_STRING},
	{"proto", ARG_STRING},
	{"state", ARG_STRING},
	{"address", ARG_STRING},
	{"peer", ARG_STRING},
	{"sort", ARG_STRING},
	{0},
};

static void flow_row(struct table *t, const json_t *f)
{
	char tx[32], rx[32];

	table_add(t, jstr(f, "proto"));
	table_add(t, jstr(f, "inside"));
	table_add(t, jstr(f, "outside"));
	table_add(t, jstr(f, "peer"));
	table_add(t, jstr(f, "state"));
	table_addf(t, "%lld s", (long long)jint(f, "age_s"));
	table_addf(t, "%lld s", (long long)jint(f, "expires_s"));
	table_add(t, human_bytes((uint64_t)jint(f, "tx_bytes"), tx, sizeof(tx)));
	table_add(t, human_bytes((uint64_t)jint(f, "rx_bytes"), rx, sizeof(rx)));
	table_add(t, jstr(f, "guest"));
	table_add(t, jstr(f, "cause"));
}

/* Youngest first; sent and received: most first; expires: soonest first. */
static const char *sort_key;

static int by_key(const void *a, const void *b)
{
	json_int_t x = jint(*(json_t *const *)a, sort_key), y = jint(*(json_t *const *)b, sort_key);
	int order = (x > y) - (x < y);

	return strstr(sort_key, "bytes") ? -order : order;
}

/* The list in the order that the user asked for; NULL when there is no such order. */
static const char *sort_flows(json_t *flows, const char *by)
{
	static const char *const words[][2] = {{"age", "age_s"},
					       {"expires", "expires_s"},
					       {"sent", "tx_bytes"},
					       {"received", "rx_bytes"}};
	size_t n = json_array_size(flows);
	json_t **all = calloc(n + 1, sizeof(json_t *));

	sort_key = NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], by))
			sort_key = words[i][1];
	for (size_t i = 0; i < n && all && sort_key; i++)
		all[i] = json_incref(json_array_get(flows, i));
	if (all && sort_key) {
		qsort(all, n, sizeof(json_t *), by_key);
		for (size_t i = 0; i < n; i++)
			json_array_set_new(flows, i, all[i]);
	}
	free(all);
	return sort_key;
}

static void print_flows(const json_t *r)
{
	static const char *const titles[] = {"PROTO",	  "INSIDE", "OUTSIDE",	"PEER",
					     "~STATE",	  ">AGE",   ">EXPIRES", ">SENT",
					     ">RECEIVED", "~GUEST", "~WHY",	NULL};
	struct table *t = table_create(titles);
	size_t shown = json_array_size(jarr(r, "flows")), i;
	json_t *f;

	json_array_foreach (jarr(r, "flows"), i, f)
		flow_row(t, f);
	table_finish(t, jint(r, "sessions") ? "no flow is like that"
					    : "no flows: no guest has opened one lately");
	if ((json_int_t)shown < jint(r, "matched"))
		printf("... and %lld more: narrow the list with guest=, proto=, state=, address= "
		       "or peer=\n",
		       (long long)jint(r, "matched") - (long long)shown);
}

static int nat_list(struct ctl *c, int argc, char **argv)
{
	json_t *params, *sort, *r;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network first");
	params = json_pack("{s:s}", "net", argv[0]);
	rc = args_pairs(c, filter_keys, argc - 1, argv + 1, params);
	sort = json_incref(json_object_get(params, "sort"));
	json_object_del(params, "sort");
	if (rc) {
		json_decref(params);
		json_decref(sort);
		return rc;
	}
	r = ctl_call(c, "nat.list", params);
	if (r && sort && !sort_flows(jarr(r, "flows"), json_string_value(sort)))
		rc = ctl_usage(c, "sort= takes age, expires, sent or received");
	json_decref(sort);
	if (!r || rc) {
		json_decref(r);
		return r ? rc : CTL_FAILED;
	}
	if (c->json)
		return ctl_print_json(r);
	print_flows(r);
	json_decref(r);
	return CTL_OK;
}

static int nat_guests(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"ADDRESS",	   "~GUEST",	">FLOWS",  ">TCP PORTS",
					     ">UDP PORTS", ">ECHO IDS", ">OTHERS", ">SENT",
					     ">RECEIVED",  NULL};
	char tx[32], rx[32];
	struct table *t;
	json_t *r, *g;
	size_t i;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "nat.guests", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (jarr(r, "guests"), i, g) {
		table_add(t, jstr(g, "address"));
		table_add(t, jstr(g, "guest"));
		table_addf(t, "%lld", (long long)jint(g, "flows"));
		table_addf(t, "%lld", (long long)jint(g, "tcp_ports"));
		table_addf(t, "%lld", (long long)jint(g, "udp_ports"));
		table_addf(t, "%lld", (long long)jint(g, "echo_ids"));
		table_addf(t, "%lld", (long long)jint(g, "others"));
		table_add(t, human_bytes((uint64_t)jint(g, "tx_bytes"), tx, sizeof(tx)));
		table_add(t, human_bytes((uint64_t)jint(g, "rx_bytes"), rx, sizeof(rx)));
	}
	json_decref(r);
	table_finish(t, "no guest has a flow");
	return CTL_OK;
}

/* ---- watch ----------------------------------------------------------------------------------- */

/* Is endpoint @have, "ADDR:PORT", "[ADDR]:PORT" or "ADDR", at address @want? */
static bool is_at(const char *have, const char *want)
{
	size_t n = strlen(want);
	bool brackets = have[0] == '[';

	have += brackets;
	return !strncmp(have, want, n) && (!have[n] || have[n] == (brackets ? ']' : ':'));
}

/* Is the event about what the user wants to see? */
static bool wanted(const json_t *ev, const json_t *only)
{
	const char *key, *inside = jstr(ev, "inside"), *peer = jstr(ev, "peer");
	json_t *value;

	if (!strcmp(jstr(ev, "event"), "events.lost"))
		return true;
	json_object_foreach ((json_t *)only, key, value) {
		const char *want = json_string_value(value), *have = jstr(ev, key);
		bool endpoint = !strcmp(key, "address") || !strcmp(key, "peer");

		if (endpoint) {
			have = !strcmp(key, "peer") ? peer : inside;
			if (!is_at(have, want))
				return false;
		} else if (strcmp(have, want)) {
			return false;
		}
	}
	return true;
}

static void print_note(struct ctl *c, const json_t *ev)
{
	time_t s = (time_t)(jint(ev, "time_ms") / 1000);
	char when[16], tx[32], rx[32];
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
	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm));
	printf("%s %-7s %-7s %-21s as %-21s to %-21s %s", when, jstr(ev, "what"), jstr(ev, "proto"),
	       jstr(ev, "inside"), jstr(ev, "outside"), jstr(ev, "peer"), jstr(ev, "why"));
	if (!strcmp(jstr(ev, "what"), "ended"))
		printf("; %s out, %s in",
		       human_bytes((uint64_t)jint(ev, "tx_bytes"), tx, sizeof(tx)),
		       human_bytes((uint64_t)jint(ev, "rx_bytes"), rx, sizeof(rx)));
	putchar('\n');
}

static int nat_watch(struct ctl *c, int argc, char **argv)
{
	json_t *only, *r;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network first");
	/* A network that is not there, or of another mode, is told now. */
	r = ctl_call(c, "nat.list", json_pack("{s:s, s:s}", "net", argv[0], "state", "none"));
	if (!r)
		return CTL_FAILED;
	json_decref(r);
	only = json_pack("{s:s}", "net", argv[0]);
	rc = args_pairs(c, filter_keys, argc - 1, argv + 1, only);
	json_object_del(only, "sort");
	if (!rc)
		rc = ctl_watch(c, json_pack("[s, s]", "nat.flow", "events.lost"), wanted, only,
			       print_note);
	json_decref(only);
	return rc;
}

/* ---- port forwards --------------------------------------------------------------------------- */

static int forward_list(struct ctl *c, const char *net)
{
	static const char *const titles[] = {">ID",    "PROTO",	   "FROM",	 "TO", "~ADDRESS",
					     ">FLOWS", ">BY HOST", "~WAITS FOR", NULL};
	json_t *r = ctl_call(c, "nat.forward.list", json_pack("{s:s}", "net", net));
	struct table *t;
	json_t *f;
	size_t i;

	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (json_is_array(r) ? r : jarr(r, "forwards"), i, f) {
		table_addf(t, "%lld", (long long)jint(f, "id"));
		table_add(t, jstr(f, "proto"));
		table_add(t, jstr(f, "bind"));
		table_add(t, jstr(f, "to"));
		table_add(t, jstr(f, "to_address"));
		table_addf(t, "%lld", (long long)jint(f, "flows"));
		table_addf(t, "%lld", (long long)jint(f, "from_host"));
		table_add(t, jstr(f, "reason"));
	}
	json_decref(r);
	table_finish(t, "nothing is forwarded inwards");
	return CTL_OK;
}

static int forward_add(struct ctl *c, char **argv)
{
	json_t *r = ctl_call(c, "nat.forward.add",
			     json_pack("{s:s, s:s, s:s, s:s}", "net", argv[0], "proto", argv[1],
				       "bind", argv[2], "to", argv[3]));

	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	printf("forward %lld%s%s\n", (long long)jint(r, "id"),
	       jstr(r, "reason")[0] ? " waits: " : "", jstr(r, "reason"));
	json_decref(r);
	return CTL_OK;
}

static int forward_del(struct ctl *c, char **argv)
{
	long id;

	if (!arg_number(argv[1], 0, 1L << 31, &id))
		return ctl_usage(c, "'%s' is not the number of a forward", argv[1]);
	return ctl_do(c, "nat.forward.del",
		      json_pack("{s:s, s:I}", "net", argv[0], "id", (json_int_t)id));
}

static int nat_forward(struct ctl *c, int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[0], "add"))
		return forward_add(c, argv + 1);
	if (argc == 2 && !strcmp(argv[0], "list"))
		return forward_list(c, argv[1]);
	if (argc == 3 && !strcmp(argv[0], "del"))
		return forward_del(c, argv + 1);
	return ctl_usage(c, "wants add, list or del with their arguments");
}

/* ---- static maps ----------------------------------------------------------------------------- */

static int map_list(struct ctl *c, const char *net)
{
	static const char *const titles[] = {"OUTSIDE", "TO",	     "~ADDRESS",   "~BY",
					     ">SENT",	">RECEIVED", "~WAITS FOR", NULL};
	json_t *r = ctl_call(c, "nat.map.list", json_pack("{s:s}", "net", net)), *m;
	char tx[32], rx[32];
	struct table *t;
	size_t i;

	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (jarr(r, "maps"), i, m) {
		table_add(t, jstr(m, "address"));
		table_add(t, jstr(m, "to"));
		table_add(t, jstr(m, "to_address"));
		table_add(t, jstr(m, "uplink"));
		table_add(t, human_bytes((uint64_t)jint(m, "tx_bytes"), tx, sizeof(tx)));
		table_add(t, human_bytes((uint64_t)jint(m, "rx_bytes"), rx, sizeof(rx)));
		table_add(t, jstr(m, "reason"));
	}
	json_decref(r);
	table_finish(t, "no guest has an address outside of its own");
	return CTL_OK;
}

static int map_add(struct ctl *c, char **argv)
{
	json_t *r = ctl_call(
		c, "nat.map.add",
		json_pack("{s:s, s:s, s:s}", "net", argv[0], "address", argv[1], "to", argv[2]));

	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	printf("%s is %s%s%s\n", jstr(r, "address"), jstr(r, "to"),
	       jstr(r, "reason")[0] ? "; waits: " : "", jstr(r, "reason"));
	json_decref(r);
	return CTL_OK;
}

static int nat_map(struct ctl *c, int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[0], "add"))
		return map_add(c, argv + 1);
	if (argc == 2 && !strcmp(argv[0], "list"))
		return map_list(c, argv[1]);
	if (argc == 3 && !strcmp(argv[0], "del"))
		return ctl_do(c, "nat.map.del",
			      json_pack("{s:s, s:s}", "net", argv[1], "address", argv[2]));
	return ctl_usage(c, "wants add, list or del with their arguments");
}

static const struct verb verbs[] = {
	{"list", "NET [guest=NAME] [address=ADDR] [peer=ADDR] [proto=..] [state=..] [sort=age]",
	 "the flows that are translated now", nat_list},
	{"guests", "NET", "what each guest uses of the table", nat_guests},
	{"watch", "NET [guest=NAME] [address=ADDR] [peer=ADDR] [proto=..]",
	 "flows as they are created, change and end, and why; until Ctrl-C", nat_watch},
	{"forward",
	 "add NET tcp|udp|both [ADDR:]PORT[-PORT] GUEST:PORT\n"
	 "       vnetctl nat forward list NET\n"
	 "       vnetctl nat forward del NET ID",
	 "let the outside, and the host, in to ports of a guest", nat_forward},
	{"map",
	 "add NET ADDR GUEST\n"
	 "       vnetctl nat map list NET\n"
	 "       vnetctl nat map del NET ADDR",
	 "give a guest an address outside of its own, whole, both ways", nat_map},
	{0},
};

const struct noun noun_nat = {"nat", "translations of NAT networks", verbs, NULL};
