/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp.c - loops: spanning tree, or what the loop guard found.
 */
#include <stdio.h>
#include <string.h>

#include "vnetctl/nouns.h"
#include "client/table.h"

static bool jtrue(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static void tree_row(struct table *t, const json_t *p)
{
	table_add(t, jstr(p, "port"));
	table_addf(t, "%lld.%lld", (long long)jint(p, "priority"), (long long)jint(p, "number"));
	table_add(t, jstr(p, "role"));
	table_add(t, jstr(p, "state"));
	table_addf(t, "%lld", (long long)jint(p, "cost"));
	table_add(t, jstr(p, "designated_bridge"));
	table_addf(t, "%s%s%s", jtrue(p, "point_to_point") ? "p2p" : "shared",
		   jtrue(p, "edge") ? " edge" : "",
		   strcmp(jstr(p, "protocol"), "stp") ? "" : " peer(STP)");
}

static void print_tree(const json_t *r)
{
	static const char *const titles[] = {"~PORT", "ID",	    "ROLE", "STATE",
					     ">COST", "DESIGNATED", "TYPE", NULL};
	const json_t *root_port = json_object_get(r, "root_port"), *p;
	struct table *t;
	size_t i;

	printf("spanning tree of %s: RSTP (IEEE 802.1D-2004)\n", jstr(r, "net"));
	if (json_is_string(root_port))
		printf("  root     %s, cost %lld by port %s\n", jstr(r, "root"),
		       (long long)jint(r, "root_cost"), jstr(r, "root_port"));
	else
		printf("  root     %s: this bridge\n", jstr(r, "root"));
	printf("  bridge   %s\n", jstr(r, "bridge"));
	printf("  times    hello %lld s, max age %lld s, forward delay %lld s\n",
	       (long long)jint(r, "hello_s"), (long long)jint(r, "max_age_s"),
	       (long long)jint(r, "forward_delay_s"));
	printf("  changes  %lld of the topology\n\n", (long long)jint(r, "topology_changes"));
	t = table_create(titles);
	json_array_foreach (json_object_get(r, "ports"), i, p)
		tree_row(t, p);
	table_finish(t, "no ports");
}

static void guard_row(struct table *t, const json_t *p)
{
	table_add(t, jstr(p, "port"));
	table_add(t, jtrue(p, "loop_guard") ? "on" : "off");
	if (!jtrue(p, "blocked"))
		table_add(t, "forwarding");
	else if (strcmp(jstr(p, "loop_with"), jstr(p, "port")) == 0)
		table_add(t, "blocked: loop behind this port");
	else
		table_addf(t, "blocked: loop with port %s", jstr(p, "loop_with"));
	if (json_is_integer(json_object_get(p, "retry_s")))
		table_addf(t, "in %lld s", (long long)jint(p, "retry_s"));
	else
		table_add(t, "");
}

static void print_guard(const json_t *r)
{
	static const char *const titles[] = {"~PORT", "GUARD", "STATE", "RETRY", NULL};
	const json_t *p;
	struct table *t;
	size_t i;

	printf("%s has no spanning tree (stp=on makes one); the loop guard watches:\n\n",
	       jstr(r, "net"));
	t = table_create(titles);
	json_array_foreach (json_object_get(r, "ports"), i, p)
		guard_row(t, p);
	table_finish(t, "no ports");
}

static int stp_show(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "stp.show", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	if (jtrue(r, "stp"))
		print_tree(r);
	else
		print_guard(r);
	json_decref(r);
	return CTL_OK;
}

static const struct verb verbs[] = {
	{"show", "NET", "the spanning tree as this switch sees it, or ports blocked for a loop",
	 stp_show},
	{0},
};

const struct noun noun_stp = {
	"stp", "loops and spanning tree", verbs,
	"`net set NET stp=on` turns spanning tree on. Without it the loop guard blocks a port whose\n"
	"frames come back, and tries it again every 30 s; `port up PORT` tries at once.\n"};
