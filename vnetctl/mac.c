/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mac.c - what a switch has learnt: list, flush.
 */
#include <stdio.h>

#include "vnetctl/nouns.h"
#include "vnetctl/table.h"

static int mac_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"MAC", "~PORT", "~GUEST", ">AGE", NULL};
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
		table_add(t, jstr(m, "port"));
		table_add(t, jstr(m, "vm"));
		table_add(t, human_seconds((double)jint(m, "age_s"), age, sizeof(age)));
	}
	json_decref(r);
	table_finish(t, "nothing learnt: nobody has sent a frame lately");
	return CTL_OK;
}

static int mac_flush(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "mac.flush", json_pack("{s:s}", "net", argv[0]));
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
	{"flush", "NET", "forget them all; the switch floods until it learns again", mac_flush},
	{0},
};

const struct noun noun_mac = {"mac", "MAC address tables", verbs, NULL};
