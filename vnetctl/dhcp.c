/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp.c - leases of a network: list, reserve, release.
 */
#include <stdio.h>

#include "vnetctl/dhcp.h"
#include "client/table.h"

static void lease_row(struct table *t, const json_t *l)
{
	char left[32];

	table_add(t, jstr(l, "address"));
	table_add(t, jstr(l, "mac"));
	table_add(t, jstr(l, "state"));
	if (json_is_integer(json_object_get(l, "expires_s")))
		table_add(t, human_seconds((double)jint(l, "expires_s"), left, sizeof(left)));
	else
		table_add(t, "-");
	table_add(t, jstr(l, "hostname"));
	table_add(t, jstr(l, "vm"));
}

static int dhcp_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"ADDRESS",	  "MAC",    "STATE", ">EXPIRES",
					     "~HOSTNAME", "~GUEST", NULL};
	const json_t *pool;
	struct table *t;
	json_t *r, *l;
	size_t i;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "dhcp.list", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (jarr(r, "leases"), i, l)
		lease_row(t, l);
	json_array_foreach (jarr(r, "leases6"), i, l)
		lease_row(t, l);
	table_finish(t, "no leases");
	pool = json_object_get(r, "pool");
	if (json_is_object(pool))
		printf("pool %s to %s: %lld of %lld free\n", jstr(pool, "first"),
		       jstr(pool, "last"), (long long)jint(pool, "free"),
		       (long long)jint(pool, "size"));
	json_decref(r);
	return CTL_OK;
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
	{"list", "NET", "leases and reservations", dhcp_list},
	{"reserve", "NET CLIENT ADDR",
	 "give this client always this address: MAC, id:HEX, GUEST or GUEST:NIC", dhcp_reserve},
	{"release", "NET ADDR", "end a lease or a reservation", dhcp_release},
	{"watch", "NET [port=PORT] [vm=GUEST] [mac=MAC] [asked=..] [answer=..]",
	 "each exchange: who asked what, what was answered and why; until Ctrl-C", dhcp_watch},
	{"stats", "NET", "how many asked for what, and what they got", dhcp_stats},
	{0},
};

const struct noun noun_dhcp = {"dhcp", "DHCP leases", verbs, NULL};
