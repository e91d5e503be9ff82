/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_explain.c - which address a client gets and why, and which options from which layer.
 */
#include <stdio.h>
#include <string.h>

#include "vnetctl/args.h"
#include "vnetctl/dhcp.h"
#include "client/table.h"

static void print_options(const json_t *rows)
{
	static const char *const titles[] = {"OPTION", ">NUMBER", "~VALUE", "SENT", "FROM", NULL};
	struct table *t = table_create(titles);
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *sent = jstr(row, "sent");

		table_add(t, jstr(row, "option"));
		if (json_is_integer(json_object_get(row, "code")))
			table_addf(t, "%lld", (long long)jint(row, "code"));
		else
			table_add(t, NULL);
		table_add(t, jstr(row, "value"));
		table_add(t, strcmp(sent, "asked") ? sent : "when asked");
		table_addf(t, "%s%s%s", jstr(row, "layer"), name ? " " : "", name ? name : "");
	}
	table_finish(t, "no options");
}

static void print_classes(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		printf("%s%s", i ? ", " : "  classes   ", json_string_value(name));
	if (json_array_size(names))
		printf("\n");
}

static void print_nobody(const json_t *r)
{
	printf("%s: %s\n", jstr(r, "address"), jstr(r, "why"));
	if (json_is_string(json_object_get(r, "reserved")))
		printf("  reserved  for %s\n", jstr(r, "reserved"));
}

/* Of one family. */
static void print_answer(const json_t *r)
{
	const char *address = json_string_value(json_object_get(r, "address"));
	char left[32];
	json_t *own;
	size_t i;

	if (!strcmp(jstr(r, "reason"), "nobody")) {
		print_nobody(r);
		return;
	}
	if (!strcmp(jstr(r, "reason"), "slaac"))
		printf("%s: %s\n", jstr(r, "mac"), jstr(r, "why"));
	else
		printf("%s gets %s: %s\n", jstr(r, "mac"), address ? address : "no address",
		       jstr(r, "why"));
	if (json_is_string(json_object_get(r, "port")))
		printf("  port      %s\n", jstr(r, "port"));
	json_array_foreach (jarr(r, "own"), i, own)
		printf("  own       %s\n", json_string_value(own));
	printf("  subnet    %s, from server %s\n", jstr(r, "subnet"), jstr(r, "server"));
	if (json_is_integer(json_object_get(r, "lease_s")))
		printf("  lease     %s\n",
		       human_seconds((double)jint(r, "lease_s"), left, sizeof(left)));
	print_classes(jarr(r, "classes"));
	print_options(jarr(r, "options"));
}

static void print_both(const json_t *r)
{
	const json_t *six = json_object_get(r, "ipv6");
	bool four = json_object_get(r, "reason");

	if (four)
		print_answer(r);
	if (four && six)
		printf("\n");
	if (json_object_get(six, "error"))
		printf("IPv6: %s\n", jstr(six, "error"));
	else if (six)
		print_answer(six);
}

int dhcp_explain(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"port", ARG_STRING},
					      {"vendor", ARG_STRING},
					      {"user", ARG_STRING},
					      {"arch", ARG_NUMBER},
					      {0}};
	json_t *params, *r;
	int rc;

	if (argc < 2 || strchr(argv[0], '=') || strchr(argv[1], '='))
		return ctl_usage(c, "wants a network and a MAC, IPv4 or IPv6 address");
	params = json_pack("{s:s, s:s}", "net", argv[0], "client", argv[1]);
	rc = args_pairs(c, keys, argc - 2, argv + 2, params);
	if (rc) {
		json_decref(params);
		return rc;
	}
	r = ctl_call(c, "dhcp.explain", params);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_both(r);
	json_decref(r);
	return CTL_OK;
}
