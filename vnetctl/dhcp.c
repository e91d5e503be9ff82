/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp.c - leases of a network: list, reserve, release.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vnetctl/args.h"
#include "vnetctl/dhcp.h"
#include "client/table.h"

static void lease_row(struct table *t, const json_t *l)
{
	char left[32];

	table_add(t, jstr(l, "address"));
	table_add(t, jstr(l, "state"));
	if (jint(l, "expires_s"))
		table_add(t, human_seconds((double)jint(l, "expires_s"), left, sizeof(left)));
	else
		table_add(t, "-");
	table_add(t, jstr(l, "mac"));
	table_add(t, jstr(l, "hostname"));
	table_add(t, jstr(l, "port"));
	table_add(t, jstr(l, "vm"));
	table_add(t, jstr(l, "reserved"));
	table_add(t, jstr(l, "client_id"));
}

/* Rows come by address. */
static const char *sort_key;

static int by_key(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	if (!strcmp(sort_key, "expires_s"))
		return (jint(x, sort_key) > jint(y, sort_key)) -
		       (jint(x, sort_key) < jint(y, sort_key));
	return strcmp(jstr(x, sort_key), jstr(y, sort_key));
}

static bool sort_leases(json_t *rows, const char *by)
{
	static const char *const words[][2] = {{"address", NULL},  {"expires", "expires_s"},
					       {"mac", "mac"},	   {"hostname", "hostname"},
					       {"state", "state"}, {"port", "port"}};
	size_t n = json_array_size(rows), k = 0;
	json_t **all;

	while (k < ARRAY_SIZE(words) && strcmp(words[k][0], by) != 0)
		k++;
	if (k == ARRAY_SIZE(words))
		return false;
	sort_key = words[k][1];
	all = sort_key ? calloc(n + 1, sizeof(*all)) : NULL;
	if (!all)
		return true;
	for (size_t i = 0; i < n; i++)
		all[i] = json_incref(json_array_get(rows, i));
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n; i++)
		json_array_set_new(rows, i, all[i]);
	free(all);
	return true;
}

static void print_leases(const json_t *r)
{
	static const char *const titles[] = {"ADDRESS",	   "STATE", ">LEFT",  "MAC",
					     "~HOSTNAME",  "~PORT", "~GUEST", "~RESERVED FOR",
					     "~CLIENT ID", NULL};
	const json_t *pool = json_object_get(r, "pool");
	struct table *t = table_create(titles);
	json_t *l;
	size_t i;

	json_array_foreach (jarr(r, "leases"), i, l)
		lease_row(t, l);
	json_array_foreach (jarr(r, "leases6"), i, l)
		lease_row(t, l);
	table_finish(t, "no leases");
	if (!json_is_object(pool))
		return;
	printf("pool %s to %s: %lld of %lld free\n", jstr(pool, "first"), jstr(pool, "last"),
	       (long long)jint(pool, "free"), (long long)jint(pool, "size"));
}

static int dhcp_list(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {
		{"state", ARG_STRING},	   {"address", ARG_STRING},  {"mac", ARG_STRING},
		{"client_id", ARG_STRING}, {"hostname", ARG_STRING}, {"port", ARG_STRING},
		{"vm", ARG_STRING},	   {"sort", ARG_STRING},     {0}};
	json_t *params, *sort, *r;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network first");
	params = json_pack("{s:s}", "net", argv[0]);
	rc = args_pairs(c, keys, argc - 1, argv + 1, params);
	sort = json_incref(json_object_get(params, "sort"));
	json_object_del(params, "sort");
	r = rc ? NULL : ctl_call(c, "dhcp.list", json_incref(params));
	json_decref(params);
	if (!rc && !r)
		rc = CTL_FAILED;
	if (!rc && sort && !sort_leases(jarr(r, "leases"), json_string_value(sort)))
		rc = ctl_usage(c, "sort= takes address, expires, mac, hostname, state or port");
	json_decref(sort);
	if (!rc && c->json)
		return ctl_print_json(r);
	if (!rc)
		print_leases(r);
	json_decref(r);
	return rc;
}

static int dhcp_reserve(struct ctl *c, int argc, char **argv)
{
	if (argc != 3)
		return ctl_usage(c, "wants a network, a client and an address");
	return ctl_do(
		c, "dhcp.reserve",
		json_pack("{s:s, s:s, s:s}", "net", argv[0], "who", argv[1], "address", argv[2]));
}

static int dhcp_release(struct ctl *c, int argc, char **argv)
{
	if (argc != 2)
		return ctl_usage(c, "wants a network and an address");
	return ctl_do(c, "dhcp.release",
		      json_pack("{s:s, s:s}", "net", argv[0], "address", argv[1]));
}

static const struct verb verbs[] = {
	{"list", "NET [KEY=VALUE...] [sort=address|expires|mac|hostname|state|port]",
	 "leases and reservations; keys: state, address, mac, client_id, hostname, port, vm",
	 dhcp_list},
	{"reserve", "NET CLIENT ADDR", "give this client always this address", dhcp_reserve},
	{"release", "NET ADDR", "end a lease or a reservation", dhcp_release},
	{"set", "NET [subnet=PREFIX|class=NAME|client=CLIENT] OPTION=VALUE|none|default...",
	 "set options; force:OPTION=VALUE sends it unasked", dhcp_set},
	{"options", "[NET]", "what is set; without a network: which options there are",
	 dhcp_options},
	{"class",
	 "add NET NAME [vendor=PATTERN] [user=PATTERN] [mac=PATTERN] [arch=N] | del NET NAME",
	 "a kind of client, to set options for", dhcp_class},
	{"subnet", "add NET PREFIX [range=FIRST-LAST] [server=ADDR] [relay=on] | del NET PREFIX",
	 "more addresses on the same wire, or behind a relay agent", dhcp_subnet},
	{"explain", "NET MAC|ADDR [port=PORT] [vendor=TEXT] [user=TEXT] [arch=N]",
	 "which address a client gets and why, and which options", dhcp_explain},
	{"watch", "NET [port=PORT] [vm=GUEST] [mac=MAC] [asked=..] [answer=..]",
	 "each exchange: who asked what, what was answered and why; until Ctrl-C", dhcp_watch},
	{"stats", "NET", "how many asked for what, and what they got", dhcp_stats},
	{0},
};

const struct noun noun_dhcp = {
	"dhcp", "DHCP leases and options", verbs,
	"CLIENT is a MAC address, id:HEX (a client identifier), GUEST or GUEST:NIC, or a port; the\n"
	"guest need not be there yet. Nearer settings replace farther ones: network, subnet, class,\n"
	"client. `vnetctl dhcp options` names the options; any can be written by number and type,\n"
	"as option:224:text=... (vnetctl(1)).\n"};
