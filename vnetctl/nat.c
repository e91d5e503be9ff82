/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat.c - translations of a NAT network: list, forward add, forward list, forward del.
 */
#include <stdio.h>
#include <string.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "vnetctl/table.h"

static void flow_row(struct table *t, const json_t *f)
{
	char tx[32], rx[32];

	table_add(t, jstr(f, "proto"));
	table_add(t, jstr(f, "inside"));
	table_add(t, jstr(f, "outside"));
	table_add(t, jstr(f, "peer"));
	table_add(t, jstr(f, "state"));
	table_addf(t, "%lld s", (long long)jint(f, "expires_s"));
	table_add(t, human_bytes((uint64_t)jint(f, "tx_bytes"), tx, sizeof(tx)));
	table_add(t, human_bytes((uint64_t)jint(f, "rx_bytes"), rx, sizeof(rx)));
	table_add(t, jstr(f, "guest"));
}

static int nat_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"PROTO",	 "INSIDE", "OUTSIDE",	"PEER",	  "~STATE",
					     ">EXPIRES", ">SENT",  ">RECEIVED", "~GUEST", NULL};
	struct table *t;
	json_t *r, *f;
	size_t i;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "nat.list", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (jarr(r, "flows"), i, f)
		flow_row(t, f);
	json_decref(r);
	table_finish(t, "no flows: no guest has opened one lately");
	return CTL_OK;
}

static int forward_list(struct ctl *c, const char *net)
{
	static const char *const titles[] = {">ID", "PROTO", "FROM", "TO", NULL};
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
	printf("forward %lld\n", (long long)jint(r, "id"));
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

static const struct verb verbs[] = {
	{"list", "NET", "the flows that are translated now", nat_list},
	{"forward",
	 "add NET tcp|udp [ADDR:]PORT GUEST:PORT\n"
	 "       vnetctl nat forward list NET\n"
	 "       vnetctl nat forward del NET ID",
	 "let the outside in to one port of a guest", nat_forward},
	{0},
};

const struct noun noun_nat = {"nat", "translations of NAT networks", verbs, NULL};
