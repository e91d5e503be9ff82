/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mac.c - the table of a switch: list, add, del, flush.
 */
#include <stdio.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "client/table.h"

static int mac_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"MAC",  "VLAN", "~PORT", "~GUEST",
					     "KIND", ">AGE", NULL};
	struct table *t;
	json_t *r, *m;
	size_t i;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "mac.list", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, m) {
		char age[32];

		table_add(t, jstr(m, "mac"));
		if (json_is_integer(json_object_get(m, "vlan")))
			table_addf(t, "%lld", (long long)jint(m, "vlan"));
		else
			table_add(t, NULL);
		table_add(t, jstr(m, "port"));
		table_add(t, jstr(m, "vm"));
		table_add(t, jstr(m, "kind"));
		table_add(t, json_is_integer(json_object_get(m, "age_s"))
				     ? human_seconds((double)jint(m, "age_s"), age, sizeof(age))
				     : NULL);
	}
	json_decref(r);
	table_finish(t, "nothing learnt: nobody has sent a frame lately");
	return CTL_OK;
}

/* "vlan=ID", "port=PORT" after what a verb must have. Takes @params. */
static int with_keys(struct ctl *c, const struct arg_key *keys, int argc, char **argv,
		     json_t *params)
{
	int rc = args_pairs(c, keys, argc, argv, params);

	if (rc)
		json_decref(params);
	return rc;
}

static const struct arg_key vlan_keys[] = {{"vlan", ARG_NUMBER}, {0}};

static int mac_add(struct ctl *c, int argc, char **argv)
{
	json_t *params;

	if (argc < 3)
		return ctl_usage(c, "wants a network, an address and a port");
	params = json_pack("{s:s, s:s, s:s}", "net", argv[0], "mac", argv[1], "port", argv[2]);
	if (with_keys(c, vlan_keys, argc - 3, argv + 3, params))
		return CTL_USAGE;
	return ctl_do(c, "mac.add", params);
}

static int mac_del(struct ctl *c, int argc, char **argv)
{
	json_t *params;

	if (argc < 2)
		return ctl_usage(c, "wants a network and an address");
	params = json_pack("{s:s, s:s}", "net", argv[0], "mac", argv[1]);
	if (with_keys(c, vlan_keys, argc - 2, argv + 2, params))
		return CTL_USAGE;
	return ctl_do(c, "mac.del", params);
}

static int mac_flush(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"port", ARG_STRING}, {0}};
	json_t *params, *r;

	if (argc < 1)
		return ctl_usage(c, "wants one network");
	params = json_pack("{s:s}", "net", argv[0]);
	if (with_keys(c, keys, argc - 1, argv + 1, params))
		return CTL_USAGE;
	r = ctl_call(c, "mac.flush", params);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	printf("%lld addresses forgotten\n", (long long)jint(r, "flushed"));
	json_decref(r);
	return CTL_OK;
}

static const struct verb verbs[] = {
	{"list", "NET", "addresses and the ports they are behind", mac_list},
	{"add", "NET MAC PORT [vlan=ID]", "tie an address to a port for good", mac_add},
	{"del", "NET MAC [vlan=ID]", "untie it", mac_del},
	{"flush", "NET [port=PORT]",
	 "forget what was learnt; the switch floods until it learns again", mac_flush},
	{0},
};

const struct noun noun_mac = {"mac", "MAC address tables", verbs, NULL};
