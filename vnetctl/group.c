/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.c - multicast groups that a switch has heard of.
 */
#include <stdio.h>
#include <string.h>

#include "vnetctl/nouns.h"
#include "client/table.h"

static void vlan_cell(struct table *t, const json_t *o)
{
	if (jint(o, "vlan"))
		table_addf(t, "%lld", (long long)jint(o, "vlan"));
	else
		table_add(t, "");
}

static void expires_cell(struct table *t, const json_t *o)
{
	char text[32];

	table_add(t, human_seconds((double)jint(o, "expires_s"), text, sizeof(text)));
}

static void group_rows(struct table *t, const json_t *r)
{
	const json_t *g, *m;
	size_t i, j;

	json_array_foreach (json_object_get(r, "groups"), i, g)
		json_array_foreach (json_object_get(g, "ports"), j, m) {
			vlan_cell(t, g);
			table_add(t, jstr(g, "group"));
			table_add(t, jstr(m, "port"));
			expires_cell(t, m);
		}
}

static void router_rows(struct table *t, const json_t *r)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(r, "routers"), i, o) {
		vlan_cell(t, o);
		table_addf(t, "all %s (%s)", jstr(o, "family"), jstr(o, "why"));
		table_add(t, jstr(o, "port"));
		expires_cell(t, o);
	}
}

static void print_queriers(const json_t *r)
{
	const json_t *queriers = json_object_get(r, "queriers"), *q;
	size_t i;

	if (!json_array_size(queriers))
		printf("no querier has been heard: all multicast is flooded\n\n");
	json_array_foreach (queriers, i, q) {
		if (jint(q, "vlan"))
			printf("VLAN %lld, ", (long long)jint(q, "vlan"));
		printf("%s: querier %s behind port %s; groups that nobody joined go to %s\n",
		       strcmp(jstr(q, "family"), "ipv6") ? "IGMP" : "MLD", jstr(q, "address"),
		       jstr(q, "port"),
		       strcmp(jstr(q, "unknown_groups"), "routers") ? "all ports, until members "
								      "have been asked"
								    : "routers only");
	}
	if (json_array_size(queriers))
		printf("\n");
}

static int group_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"VLAN", "GROUP", "~PORT", ">EXPIRES", NULL};
	struct table *t;
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "group.list", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	if (!json_is_true(json_object_get(r, "snooping"))) {
		printf("snooping is off on %s: all multicast is flooded\n", argv[0]);
		json_decref(r);
		return CTL_OK;
	}
	print_queriers(r);
	t = table_create(titles);
	group_rows(t, r);
	router_rows(t, r);
	json_decref(r);
	table_finish(t, "nobody has joined a group");
	return CTL_OK;
}

static const struct verb verbs[] = {
	{"list", "NET", "groups, the ports that have joined them, and routers", group_list},
	{0},
};

const struct noun noun_group = {"group", "multicast groups (IGMP and MLD snooping)", verbs, NULL};
