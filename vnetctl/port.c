/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.c - ports of switches: list, show, add, set, del, up, down, move.
 */
#include <stdio.h>
#include <string.h>

#include "lib/setting_names.h"
#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "client/table.h"
#include "vnetctl/top.h"

/* "up", "down" by its user's wish or by its cable's schedule, "failed"; with faults or not. */
static const char *state_word(const json_t *p)
{
	const json_t *impair = json_object_get(p, "impair");

	if (!strcmp(jstr(p, "admin"), "down"))
		return "set down";
	if (json_is_true(json_object_get(impair, "down")))
		return "pulled";
	if (json_is_object(impair) && !strcmp(jstr(p, "state"), "up"))
		return "up, impaired";
	return jstr(p, "state");
}

static void port_row(struct table *t, const json_t *p)
{
	const json_t *rx = json_object_get(p, "rx"), *tx = json_object_get(p, "tx");
	const json_t *rate = json_object_get(p, "rate");
	char text[16];

	table_add(t, jstr(p, "name"));
	table_add(t, jstr(p, "net"));
	table_add(t, jstr(p, "carrier"));
	table_add(t, jstr(p, "ifname"));
	if (strcmp(jstr(p, "state"), "blocked") == 0)
		table_addf(t, "blocked: %s", jstr(p, "reason"));
	else
		table_add(t, state_word(p));
	table_add(t, jstr(p, "mac"));
	table_addf(t, "%lld", (long long)jint(rx, "frames"));
	table_addf(t, "%lld", (long long)jint(tx, "frames"));
	table_add(t, human_rate(jint(rate, "rx_bps"), text, sizeof(text)));
	table_add(t, human_rate(jint(rate, "tx_bps"), text, sizeof(text)));
	table_addf(t, "%lld", (long long)jint(p, "drops_total"));
}

static int port_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"~NAME", "~NET", "CARRIER", "IFNAME", "STATE",  "MAC",
					     ">RX",   ">TX",  ">IN/s",	 ">OUT/s", ">DROPS", NULL};
	struct table *t;
	json_t *r, *p;
	size_t i;

	if (argc > 1)
		return ctl_usage(c, "wants one network at most");
	r = ctl_call(c, "port.list", argc ? json_pack("{s:s}", "net", argv[0]) : NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, p)
		port_row(t, p);
	json_decref(r);
	table_finish(t, "no ports");
	return CTL_OK;
}

static void print_counts(const char *way, const json_t *n)
{
	char bytes[32];

	printf("  %-9s %lld frames, %s, of them %lld super-frames (GSO)\n", way,
	       (long long)jint(n, "frames"),
	       human_bytes((uint64_t)jint(n, "bytes"), bytes, sizeof(bytes)),
	       (long long)jint(n, "gso"));
}

/* What its guards have refused, and addresses from a DHCP server outside. */
static void print_guard(const json_t *guard)
{
	const char *word;
	json_t *value;
	size_t i;

	json_object_foreach (json_object_get(guard, "hits"), word, value)
		printf("  %-9s %lld by %s\n", "refused", (long long)json_integer_value(value),
		       word);
	json_array_foreach (jarr(guard, "learnt"), i, value)
		printf("  %-9s %s by a DHCP server outside, ends in %lld s\n", "leased",
		       jstr(value, "address"), (long long)jint(value, "expires_s"));
}

static void print_port(const json_t *p)
{
	static const char *const lines[] = {"net", "carrier", "ifname", "netns", "vm",
					    "mac", "peer",    "reason", "lab",	 NULL};
	const json_t *soft = json_object_get(p, "soft");
	const char *word;
	json_t *value;
	size_t i;

	printf("%s is %s\n", jstr(p, "name"), state_word(p));
	for (const char *const *key = lines; *key; key++)
		if (json_is_string(json_object_get(p, *key)))
			printf("  %-9s %s\n", *key, jstr(p, *key));
	printf("  %-9s", "offloads");
	json_array_foreach (jarr(p, "offloads"), i, value)
		printf(" %s", json_string_value(value));
	puts(json_array_size(jarr(p, "offloads")) ? "" : " none");
	print_settings(json_object_get(p, "settings"));
	print_counts("received", json_object_get(p, "rx"));
	print_counts("sent", json_object_get(p, "tx"));
	printf("  %-9s %lld segmented, %lld checksums\n", "software", (long long)jint(soft, "gso"),
	       (long long)jint(soft, "csum"));
	json_object_foreach (json_object_get(p, "drops"), word, value)
		printf("  %-9s %lld %s\n", "dropped", (long long)json_integer_value(value), word);
	print_guard(json_object_get(p, "guard"));
	port_print_impair(json_object_get(p, "impair"));
}

static int port_show(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one port");
	r = ctl_call(c, "port.show", json_pack("{s:s}", "port", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_port(r);
	json_decref(r);
	return CTL_OK;
}

static int port_add(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {
		{"netns", ARG_STRING},
		{"ifname", ARG_STRING},
		{"tap", ARG_STRING},
		{"nic", ARG_STRING},
		{"patch", ARG_STRING},
		{"mac", ARG_STRING},
		{0},
	};
	json_t *params;
	int rc, carriers;

	if (argc < 2 || strchr(argv[0], '=') || strchr(argv[1], '='))
		return ctl_usage(c, "wants a network and the new port's name first");
	params = json_pack("{s:s, s:s}", "net", argv[0], "name", argv[1]);
	rc = args_settings(c, keys, port_setting_names, argc - 2, argv + 2, params);
	carriers = !!json_object_get(params, "netns") + !!json_object_get(params, "tap") +
		   !!json_object_get(params, "nic") + !!json_object_get(params, "patch");
	if (!rc && carriers > 1)
		rc = ctl_usage(c, "takes one of netns=, tap=, nic= and patch=");
	if (!rc && !json_object_get(params, "netns") != !json_object_get(params, "ifname"))
		rc = ctl_usage(c, "netns= and ifname= go together");
	if (rc) {
		json_decref(params);
		return rc;
	}
	return ctl_do(c, "port.add", params);
}

static int port_set(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{0}};
	json_t *settings;
	int rc;

	if (argc < 2 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a port and then what to set: KEY=VALUE...");
	settings = json_object();
	rc = args_settings(c, keys, port_setting_names, argc - 1, argv + 1, settings);
	if (rc) {
		json_decref(settings);
		return rc;
	}
	return ctl_do(c, "port.set",
		      json_pack("{s:s, s:o}", "port", argv[0], "settings", settings));
}

static int one_port(struct ctl *c, const char *method, int argc, char **argv)
{
	if (argc != 1)
		return ctl_usage(c, "wants one port");
	return ctl_do(c, method, json_pack("{s:s}", "port", argv[0]));
}

static int port_del(struct ctl *c, int argc, char **argv)
{
	return one_port(c, "port.del", argc, argv);
}

static int port_up(struct ctl *c, int argc, char **argv)
{
	return one_port(c, "port.up", argc, argv);
}

static int port_down(struct ctl *c, int argc, char **argv)
{
	return one_port(c, "port.down", argc, argv);
}

static int port_move(struct ctl *c, int argc, char **argv)
{
	if (argc != 2)
		return ctl_usage(c, "wants a port and the network to move it to");
	return ctl_do(c, "port.move", json_pack("{s:s, s:s}", "port", argv[0], "net", argv[1]));
}

static const struct verb verbs[] = {
	{"list", "[NET]", "all ports, or those of one network", port_list},
	{"show", "PORT", "everything about one: counters, drops by reason", port_show},
	{"add",
	 "NET PORT [netns=NAME ifname=eth0 | tap=IFNAME | nic=IFNAME | patch=PORT]\n"
	 "           [mac=ADDR] [KEY=VALUE...]",
	 "make one", port_add},
	{"set", "PORT KEY=VALUE...", "change settings of one; KEY=default gives one back",
	 port_set},
	{"del", "PORT", "remove one", port_del},
	{"up", "PORT", "let frames pass again", port_up},
	{"down", "PORT", "pull the cable", port_down},
	{"impair", "PORT delay=20ms loss=1% rate=10Mbit ... [dir=in|out|both] | preset=NAME | none",
	 "make its cable a bad one, or a plain one again", port_impair},
	{"move", "PORT NET", "plug it into another network", port_move},
	{0},
};

const struct noun noun_port = {
	"port", "ports of networks", verbs,
	"What a new port is:\n"
	"  netns=NAME ifname=IF  an interface IF, up, in the network namespace NAME\n"
	"  tap=IFNAME            a tap that QEMU or another VMM opens by its name\n"
	"  nic=IFNAME            an interface of the host\n"
	"  patch=PORT            one end of a cable to another network; PORT, which says patch= with\n"
	"                        this port's name, is the other\n"
	"  none of these         a dummy: frames come and go through the control socket\n"
	"Settings, of `add`, `set` and NICs of guests (vnetctl(1) tells more):\n"
	"  vlan=10 | trunk=10,20 native=1       VLANs: an access port, a trunk\n"
	"  mac-guard=on macs-allowed=MAC,..     no other source address than its own\n"
	"  address-guard=on addresses=ADDR,..   no other IP address than leased or given\n"
	"  dhcp-guard=on router-guard=on        no DHCP server, no router behind it\n"
	"  isolated=on                          reaches only ports that are not isolated\n"
	"  promiscuous=deny|guests|all          what of others' traffic it may hear\n"
	"  storm-broadcast=100 storm-multicast= storm-unknown=   flooded frames a second\n"
	"  macs=8                               addresses that may be behind it\n"
	"  leases=8|any|default                 addresses that DHCP may give behind it\n"
	"  mirror=PORT,.. mirror-dir=in|out|both mirror-only=on  gets copies of their frames\n"
	"  stp-cost= stp-port-priority= edge=auto|on|off loop-guard=on|off\n"
	"What a cable does (each way by default; dir=in: from the far end into the switch):\n"
	"  delay=20ms jitter=5ms distribution=uniform|normal    how long a frame travels\n"
	"  loss=1% [burst=4] | loss=gilbert:1%,25%[,100%,0%]    frames that never arrive\n"
	"  rate=10Mbit queue=100|64KiB                          what is sent, and may wait\n"
	"  reorder=5% gap=3  duplicate=1%  corrupt=1%  mtu=1400  seed=7\n"
	"  at=30s down=5s at=60s loss=10% for=10s repeat=2min   what happens later\n"
	"  preset=dsl|wifi|satellite|lte                        all of these at once\n"
	"  none                                                 a plain cable\n"};
