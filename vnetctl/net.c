/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - networks: list, show, add, set, del.
 */
#include <stdio.h>
#include <string.h>

#include "lib/setting_names.h"
#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "client/table.h"

static void dhcp_cell(struct table *t, const json_t *dhcp)
{
	if (!json_is_object(dhcp))
		table_add(t, "off");
	else
		table_addf(t, "%s-%s", jstr(dhcp, "first"), jstr(dhcp, "last"));
}

static int net_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME",   "MODE", ">PORTS",  ">MACS",
					     "SUBNET", "HOST", "GATEWAY", "~DHCP",
					     "NIC",    "~LAB", NULL};
	struct table *t;
	json_t *r, *n;
	size_t i;

	if (argc)
		return ctl_usage(c, "takes no arguments, but got '%s'", argv[0]);
	r = ctl_call(c, "net.list", NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, n) {
		table_add(t, jstr(n, "name"));
		table_add(t, jstr(n, "mode"));
		table_addf(t, "%lld", (long long)jint(n, "ports"));
		table_addf(t, "%lld", (long long)jint(n, "macs"));
		table_add(t, jstr(n, "subnet"));
		table_add(t, jstr(n, "host"));
		table_add(t, jstr(n, "gateway"));
		dhcp_cell(t, json_object_get(n, "dhcp"));
		table_add(t, jstr(n, "nic"));
		table_add(t, jstr(n, "lab"));
	}
	json_decref(r);
	table_finish(t, "no networks: make one with `vnetctl net add NAME mode=nat`");
	return CTL_OK;
}

/* The NIC of a bridge: what it is, and whether the host is on it. */
static void print_bridge(const json_t *n)
{
	const json_t *host = json_object_get(n, "host_reach"), *row;
	const char *why = jstr(n, "nic_reason");
	size_t i;

	if (!json_object_get(n, "nic_state"))
		return;
	printf("  %-9s %s is %s%s%s\n", json_is_string(json_object_get(n, "via")) ? "via" : "card",
	       jstr(n, "nic_ifname"), jstr(n, "nic_state"),
	       json_is_string(json_object_get(n, "nic_reason")) ? ": " : "",
	       json_is_string(json_object_get(n, "nic_reason")) ? why : "");
	printf("  %-9s %s\n", "uplink", jstr(n, "uplink_text"));
	json_array_foreach (jarr(n, "translated"), i, row)
		printf("  %-9s %s is %s\n", "", jstr(row, "address"), jstr(row, "mac"));
	if (json_is_true(json_object_get(host, "ok")))
		printf("  %-9s reaches guests over the card, and they it\n", "host");
	else
		printf("  %-9s does not hear the guests: %s\n", "host", jstr(host, "reason"));
}

static void print_net(const json_t *n)
{
	static const char *const lines[] = {"mode",    "subnet", "host", "subnet6", "host6",
					    "gateway", "nic",	 "lab",	 NULL};
	const json_t *dhcp = json_object_get(n, "dhcp"), *up;
	size_t i;

	printf("%s\n", jstr(n, "name"));
	for (const char *const *key = lines; *key; key++)
		if (json_is_string(json_object_get(n, *key)))
			printf("  %-9s %s\n", *key, jstr(n, *key));
	print_bridge(n);
	printf("  %-9s %lld\n", "mtu", (long long)jint(n, "mtu"));
	if (jint(n, "vlan"))
		printf("  %-9s %lld\n", "vlan", (long long)jint(n, "vlan"));
	if (json_is_object(dhcp))
		printf("  %-9s %s to %s from %s for %lld s: %lld leases, %lld reservations\n",
		       "dhcp", jstr(dhcp, "first"), jstr(dhcp, "last"), jstr(dhcp, "server"),
		       (long long)jint(dhcp, "lease_s"), (long long)jint(dhcp, "leases"),
		       (long long)jint(dhcp, "reservations"));
	printf("  %-9s %lld ports, %lld addresses learnt, %lld floods\n",
	       json_is_true(json_object_get(n, "hub")) ? "hub" : "switch",
	       (long long)jint(n, "ports"), (long long)jint(n, "macs"),
	       (long long)jint(n, "floods"));
	print_settings(json_object_get(n, "settings"));
	if (json_object_get(n, "flows"))
		printf("  %-9s %lld\n", "flows", (long long)jint(n, "flows"));
	json_array_foreach (jarr(n, "uplinks"), i, up)
		printf("  %-9s %s %s\n", "uplink", jstr(up, "ifname"), jstr(up, "address"));
	json_array_foreach (jarr(n, "pool"), i, up)
		printf("  %-9s %s%s%s\n", "pool", jstr(up, "address"),
		       jstr(up, "reason")[0] ? ", waits: " : "", jstr(up, "reason"));
	if (json_is_string(json_object_get(n, "nat_ports")))
		printf("  %-9s %s outside%s%s\n", "ports", jstr(n, "nat_ports"),
		       jstr(n, "nat_ports_reserved")[0] ? ", reserved of the host's " : "",
		       jstr(n, "nat_ports_reserved"));
}

static int net_show(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one network");
	r = ctl_call(c, "net.show", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_net(r);
	json_decref(r);
	return CTL_OK;
}

/* What is said when a network is made. `net set` lets these pass too: the daemon says why each does
 * not change. */
static const struct arg_key made_of[] = {
	{"mode", ARG_STRING},	 {"subnet", ARG_STRING},
	{"subnet6", ARG_STRING}, {"ipv6", ARG_STRING},
	{"gateway", ARG_STRING}, {"host", ARG_STRING},
	{"dhcp", ARG_STRING},	 {"lease", ARG_STRING},
	{"nic", ARG_STRING},	 {"via", ARG_STRING},
	{"uplink", ARG_STRING},	 {"vlan", ARG_NUMBER},
	{"mtu", ARG_NUMBER},	 {"dns", ARG_STRING},
	{"router", ARG_STRING},	 {0},
};

static int net_add(struct ctl *c, int argc, char **argv)
{
	json_t *params;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants the network's name first");
	params = json_pack("{s:s}", "name", argv[0]);
	rc = args_settings(c, made_of, net_setting_names, argc - 1, argv + 1, params);
	if (!rc && !json_object_get(params, "mode"))
		rc = ctl_usage(c, "says no mode");
	if (rc) {
		json_decref(params);
		return rc;
	}
	return ctl_do(c, "net.add", params);
}

static int net_set(struct ctl *c, int argc, char **argv)
{
	json_t *settings;
	int rc;

	if (argc < 2 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network and then what to set: KEY=VALUE...");
	settings = json_object();
	rc = args_settings(c, made_of, net_setting_names, argc - 1, argv + 1, settings);
	if (rc) {
		json_decref(settings);
		return rc;
	}
	return ctl_do(c, "net.set", json_pack("{s:s, s:o}", "net", argv[0], "settings", settings));
}

static int net_del(struct ctl *c, int argc, char **argv)
{
	if (argc != 1)
		return ctl_usage(c, "wants one network");
	return ctl_do(c, "net.del", json_pack("{s:s}", "net", argv[0]));
}

static const struct verb verbs[] = {
	{"list", "", "all networks", net_list},
	{"show", "NET", "everything about one", net_show},
	{"add",
	 "NET mode=nat|bridge|host-only|internal|lan-segment [subnet=10.0.2.0/24] [gateway=ADDR] [host=off]\n"
	 "           [subnet6=fd00:1:2:3::/64] [ipv6=off|slaac|stateless|stateful]\n"
	 "           [dhcp=on|off|FIRST-LAST] [lease=3600s] [router=ADDR] [dns=host|own|off|ADDR,ADDR]\n"
	 "           [nic=IFNAME|auto] [uplink=auto|plain|single-mac] [via=BRIDGE]\n"
	 "           [vlan=ID] [mtu=1500] [KEY=VALUE...]",
	 "make one", net_add},
	{"set", "NET KEY=VALUE...", "change settings of a running one; KEY=default gives one back",
	 net_set},
	{"del", "NET", "remove one that no guest uses", net_del},
	{"probe", "NET ping|udp|tcp|http ADDR [PORT] [bytes=N] [text=TEXT|PATH] [timeout_ms=2000]",
	 "let its probe (probe=on) ask somebody on it", net_probe_run},
	{0},
};

const struct noun noun_net = {
	"net", "networks", verbs,
	"The modes:\n"
	"  nat          guests reach the outside through the host's address; DHCP\n"
	"  bridge       guests are on the LAN behind nic=, with that LAN's own addresses\n"
	"  host-only    guests and the host, nobody else; DHCP\n"
	"  internal     guests only; DHCP when asked for\n"
	"  lan-segment  a bare wire between guests\n"
	"Settings, of `add` and `set` (vnet-modes(7) tells more):\n"
	"  hub=on|off       repeat every frame to every port and learn nothing\n"
	"  ageing=300s      forget an address that was not heard for so long\n"
	"  macs=8192        size of the table of addresses\n"
	"  mtu=1500         576 to 65520\n"
	"  probe=on         a machine of the switch's own that answers, and asks, for checks: at .3 of\n"
	"                   its subnet, or at ADDR/PLEN[,ROUTER]\n"
	"  ipv6=slaac       how guests get IPv6 addresses: slaac, stateless, stateful\n"};
