/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns.c - the names of a network: list, add, del, watch, explain, stats, flush.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/table.h"
#include "vnetctl/args.h"
#include "vnetctl/nouns.h"

/* ---- list, stats ----------------------------------------------------------------------------- */

static void print_resolvers(const json_t *r)
{
	static const char *const titles[] = {"RESOLVER",  "STATE",     ">RTT", ">ASKED",
					     ">ANSWERED", ">FAILURES", NULL};
	struct table *t = table_create(titles);
	json_t *s;
	size_t i;

	json_array_foreach (jarr(r, "resolvers"), i, s) {
		table_add(t, jstr(s, "address"));
		table_add(t, jstr(s, "state"));
		if (json_is_integer(json_object_get(s, "rtt_ms")))
			table_addf(t, "%lld ms", (long long)jint(s, "rtt_ms"));
		else
			table_add(t, "-");
		table_addf(t, "%lld", (long long)jint(s, "asked"));
		table_addf(t, "%lld", (long long)jint(s, "answered"));
		table_addf(t, "%lld", (long long)jint(s, "failures"));
	}
	table_finish(t, "no resolver is asked");
}

static json_t *call(struct ctl *c, const char *method, int argc, char **argv, int *rc)
{
	json_t *r = NULL;

	*rc = CTL_OK;
	if (argc != 1)
		*rc = ctl_usage(c, "wants one network");
	else
		r = ctl_call(c, method, json_pack("{s:s}", "net", argv[0]));
	if (*rc == CTL_OK && !r)
		*rc = CTL_FAILED;
	return r;
}

static void print_rate(const json_t *r)
{
	const json_t *rate = json_object_get(r, "rate");

	printf("%-14s %lld a second, %lld of them from the cache\n", "asked",
	       (long long)jint(rate, "queries_ps"), (long long)jint(rate, "cached_ps"));
}

static int dns_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME",   "TYPE",	"~VALUE", ">TTL",
					     "SOURCE", "~NOTE", NULL};
	struct table *t;
	json_t *r, *n;
	size_t i;
	int rc;

	r = call(c, "dns.list", argc, argv, &rc);
	if (!r)
		return rc;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (jarr(r, "names"), i, n) {
		table_add(t, jstr(n, "name"));
		table_add(t, jstr(n, "type"));
		table_add(t, jstr(n, "value"));
		table_addf(t, "%lld s", (long long)jint(n, "ttl"));
		table_add(t, jstr(n, "source"));
		if (json_is_string(json_object_get(n, "shadowed")))
			table_addf(t, "not answered: %s", jstr(n, "shadowed"));
		else
			table_add(t, "-");
	}
	table_finish(t, "no names");
	printf("zone %s, other names: %s\n", jstr(r, "zone"), jstr(r, "dns"));
	print_rate(r);
	if (json_array_size(jarr(r, "resolvers")))
		print_resolvers(r);
	json_decref(r);
	return CTL_OK;
}

static int dns_stats(struct ctl *c, int argc, char **argv)
{
	const json_t *cache;
	const char *word;
	char used[32], all[32];
	json_t *r, *n;
	int rc;

	r = call(c, "dns.stats", argc, argv, &rc);
	if (!r)
		return rc;
	if (c->json)
		return ctl_print_json(r);
	json_object_foreach (json_object_get(r, "counts"), word, n)
		if (json_integer_value(n))
			printf("%-14s %lld\n", word, (long long)json_integer_value(n));
	print_rate(r);
	cache = json_object_get(r, "cache");
	printf("%-14s %lld of %lld answers, %s of %s, %lld evicted\n", "cache",
	       (long long)jint(cache, "entries"), (long long)jint(cache, "entries_max"),
	       human_bytes((uint64_t)jint(cache, "bytes"), used, sizeof(used)),
	       human_bytes((uint64_t)jint(cache, "bytes_max"), all, sizeof(all)),
	       (long long)jint(cache, "evicted"));
	printf("%-14s %lld\n", "under way", (long long)jint(r, "under_way"));
	print_resolvers(r);
	json_decref(r);
	return CTL_OK;
}

/* ---- records --------------------------------------------------------------------------------- */

static int dns_add(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"ttl", ARG_NUMBER}, {0}};
	json_t *params;
	int rc;

	if (argc < 4)
		return ctl_usage(c, "wants a network, a name, a type and a value");
	params = json_pack("{s:s, s:s, s:s, s:s}", "net", argv[0], "name", argv[1], "type", argv[2],
			   "value", argv[3]);
	rc = args_pairs(c, keys, argc - 4, argv + 4, params);
	if (rc) {
		json_decref(params);
		return rc;
	}
	return ctl_do(c, "dns.add", params);
}

static int dns_del(struct ctl *c, int argc, char **argv)
{
	if (argc < 2 || argc > 4)
		return ctl_usage(c, "wants a network and a name, then a type and a value if "
				    "not all of them are meant");
	return ctl_do(c, "dns.del",
		      json_pack("{s:s, s:s, s:s*, s:s*}", "net", argv[0], "name", argv[1], "type",
				argc > 2 ? argv[2] : NULL, "value", argc > 3 ? argv[3] : NULL));
}

static int dns_flush(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1 && argc != 2)
		return ctl_usage(c, "wants a network, and a name if not all is to be forgotten");
	r = ctl_call(c, "dns.flush",
		     json_pack("{s:s, s:s*}", "net", argv[0], "name", argc > 1 ? argv[1] : NULL));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	printf("%lld answers forgotten\n", (long long)jint(r, "flushed"));
	json_decref(r);
	return CTL_OK;
}

/* ---- explain, watch -------------------------------------------------------------------------- */

static int dns_explain(struct ctl *c, int argc, char **argv)
{
	json_t *r, *step;
	size_t i;

	if (argc != 2 && argc != 3)
		return ctl_usage(c, "wants a network, a name, and a type if it is not A");
	r = ctl_call(c, "dns.explain",
		     json_pack("{s:s, s:s, s:s*}", "net", argv[0], "name", argv[1], "type",
			       argc > 2 ? argv[2] : NULL));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	printf("%s %s\n", jstr(r, "name"), jstr(r, "type"));
	json_array_foreach (jarr(r, "steps"), i, step)
		printf("  %s\n", json_string_value(step));
	json_decref(r);
	return CTL_OK;
}

static bool wanted(const json_t *ev, const json_t *only)
{
	const char *guest = json_string_value(json_object_get(only, "guest"));
	const char *net = json_string_value(json_object_get(only, "net"));

	if (!strcmp(jstr(ev, "event"), "events.lost"))
		return true;
	return !strcmp(jstr(ev, "net"), net) && (!guest || !strcmp(jstr(ev, "vm"), guest));
}

static void print_query(const json_t *ev, const char *when)
{
	const char *from = jstr(ev, "from");
	bool vm = json_is_string(json_object_get(ev, "vm"));

	printf("%s %-16s %s %s: %s", when, vm ? jstr(ev, "vm") : jstr(ev, "address"),
	       jstr(ev, "name"), jstr(ev, "type"), jstr(ev, "answer"));
	if (!strcmp(from, "resolver"))
		printf(" (from %s in %lld ms)\n", jstr(ev, "server"),
		       (long long)jint(ev, "took_ms"));
	else if (json_is_string(json_object_get(ev, "why")))
		printf(" (%s: %s)\n", from, jstr(ev, "why"));
	else
		printf(" (%s)\n", from);
}

static void print_event(struct ctl *c, const json_t *ev)
{
	time_t s = (time_t)(jint(ev, "time_ms") / 1000);
	char when[16];
	struct tm tm;

	if (c->json) {
		json_dumpf(ev, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm));
	if (!strcmp(jstr(ev, "event"), "events.lost"))
		printf("... %lld were too many to show\n", (long long)jint(ev, "count"));
	else if (!strcmp(jstr(ev, "event"), "dns.conflict"))
		printf("%s %-16s calls itself %s and does not get that name: %s\n", when,
		       jstr(ev, "address"), jstr(ev, "name"), jstr(ev, "why"));
	else
		print_query(ev, when);
}

static int dns_watch(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"guest", ARG_STRING}, {0}};
	json_t *only, *r;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network first");
	/* A network that is not there, or has no name server, is told now. */
	r = ctl_call(c, "dns.stats", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	json_decref(r);
	only = json_pack("{s:s}", "net", argv[0]);
	rc = args_pairs(c, keys, argc - 1, argv + 1, only);
	if (!rc)
		rc = ctl_watch(c,
			       json_pack("[s, s, s]", "dns.query", "dns.conflict", "events.lost"),
			       wanted, only, print_event);
	json_decref(only);
	return rc;
}

static const struct verb verbs[] = {
	{"list", "NET", "the names of a network, and which resolvers are asked for others",
	 dns_list},
	{"add", "NET NAME TYPE VALUE [ttl=60]", "write a record down", dns_add},
	{"del", "NET NAME [TYPE [VALUE]]", "and strike it out", dns_del},
	{"watch", "NET [guest=NAME]", "each question, its answer and who knew it; until Ctrl-C",
	 dns_watch},
	{"explain", "NET NAME [TYPE]", "what would be answered, and why", dns_explain},
	{"stats", "NET", "questions by what became of them, the cache, the resolvers", dns_stats},
	{"flush", "NET [NAME]", "forget what resolvers have answered", dns_flush},
	{0},
};

const struct noun noun_dns = {
	"dns", "names", verbs,
	"Guests find each other as NAME and NAME.NET.vnet. A NAME here is below NET.vnet, unless it\n"
	"ends with a dot; \"@\" is NET.vnet itself. Records:\n"
	"  www A 10.0.2.9          www AAAA fd00::9        shop CNAME www\n"
	"  @ MX \"10 mail\"          hello TXT \"any text\"    _sip._udp SRV \"0 5 5060 pbx\"\n"
	"  www.example.com. A 10.0.2.9    a name of somebody else, as these guests shall see it\n"
	"Who is asked for names that are not known here: `net set NET dns=host` (the host's\n"
	"resolvers), dns=192.0.2.1,192.0.2.2, dns=own (nobody), dns=off (no name server).\n"};
