/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_set.c - the guards' settings, and what people see of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/guard_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/runner.h"

static const char *const promiscuous_words[] = {
	[PROMISC_NORMAL] = "normal",
	[PROMISC_DENY] = "deny",
	[PROMISC_GUESTS] = "guests",
	[PROMISC_ALL] = "all",
};

static struct guard *guard_of(struct port *port, struct err *err)
{
	if (!port->guard)
		port->guard = calloc(1, sizeof(*port->guard));
	if (!port->guard)
		err_set(err, -ENOMEM, "memory is short");
	return port->guard;
}

/* Which steps of the walk does the port need now? */
static void features_update(struct port *port)
{
	const struct guard *g = port->guard;
	bool listens = g->promiscuous >= PROMISC_GUESTS;

	port_feature(port, PORT_GUARD,
		     g->on[GUARD_MAC] || g->on[GUARD_ADDRESS] || g->on[GUARD_DHCP] ||
			     g->on[GUARD_ROUTER]);
	port_feature(port, PORT_FILTER,
		     g->on[GUARD_ISOLATED] || g->on[GUARD_ADDRESS] ||
			     (g->promiscuous != PROMISC_NORMAL && g->promiscuous != PROMISC_ALL));
	port->net->listeners += listens;
	port->net->listeners -= !!(port->features & PORT_LISTEN);
	port_feature(port, PORT_LISTEN, listens);
}

/* ---- on and off ------------------------------------------------------------------------------ */

static int need_mac(const struct port *port, bool known, struct err *err)
{
	if (known)
		return 0;
	return err_set(
		err, -EINVAL,
		"nobody knows the MAC address behind port \"%s\": say macs-allowed=ADDR first",
		port->name);
}

static int on_off(struct port *port, enum guard_kind kind, const char *value, struct err *err)
{
	struct guard *g = guard_of(port, err);
	bool on;
	int rc = g ? setting_bool(value, &on, err) : -ENOMEM;

	if (rc == 0 && on && kind == GUARD_MAC)
		rc = need_mac(port, guard_knows_mac(port), err);
	if (rc)
		return rc;
	g->on[kind] = on;
	features_update(port);
	return 0;
}

static bool on_off_get(const struct port *port, enum guard_kind kind, char *text, size_t size)
{
	bool on = port->guard && port->guard->on[kind];

	snprintf(text, size, "%s", on ? "on" : "off");
	return on;
}

#define ON_OFF(name, kind)                                                                         \
	static int name##_set(struct port *port, const char *value, struct err *err)               \
	{                                                                                          \
		return on_off(port, kind, value, err);                                             \
	}                                                                                          \
	static bool name##_get(const struct port *port, char *text, size_t size)                   \
	{                                                                                          \
		return on_off_get(port, kind, text, size);                                         \
	}

ON_OFF(mac_guard, GUARD_MAC)
ON_OFF(address_guard, GUARD_ADDRESS)
ON_OFF(dhcp_guard, GUARD_DHCP)
ON_OFF(router_guard, GUARD_ROUTER)
ON_OFF(isolated, GUARD_ISOLATED)

/* ---- lists ----------------------------------------------------------------------------------- */

/* Call @take with each word between commas. 0, -ENOSPC with more than @max, or what @take said.
 * "none" has no words. */
static int each_word(const char *value, unsigned int max, int (*take)(void *ctx, const char *word),
		     void *ctx, struct err *err)
{
	char copy[SETTING_TEXT_MAX], *rest = copy, *word;
	unsigned int n = 0;

	if (!strcmp(value, "none"))
		return 0;
	snprintf(copy, sizeof(copy), "%s", value);
	while ((word = strsep(&rest, ","))) {
		if (n++ == max)
			return err_set(err, -ENOSPC, "at most %u", max);
		if (take(ctx, word) < 0)
			return err_set(err, -EINVAL, "\"%s\" is not one", word);
	}
	return 0;
}

struct mac_list {
	unsigned int n;
	struct mac mac[GUARD_MACS_MAX];
};

static int take_mac(void *ctx, const char *word)
{
	struct mac_list *list = ctx;
	struct mac *mac = &list->mac[list->n++];

	return mac_parse(word, mac) < 0 || mac_is_multicast(mac) || mac_is_zero(mac) ? -EINVAL : 0;
}

static int macs_set(struct port *port, const char *value, struct err *err)
{
	struct guard *g = guard_of(port, err);
	struct mac_list list = {.n = 0};
	int rc = g ? each_word(value, GUARD_MACS_MAX, take_mac, &list, err) : -ENOMEM;

	if (rc)
		return rc;
	if (g->on[GUARD_MAC] || g->promiscuous == PROMISC_DENY)
		rc = need_mac(port, list.n || !mac_is_zero(&port->mac), err);
	if (rc)
		return rc;
	memcpy(g->macs, list.mac, sizeof(g->macs));
	g->n_macs = list.n;
	return 0;
}

static bool macs_get(const struct port *port, char *text, size_t size)
{
	const struct guard *g = port->guard;
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned int i = 0; g && i < g->n_macs; i++) {
		char mac[MAC_STR];

		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
					 mac_format(&g->macs[i], mac));
	}
	return used;
}

struct addr_list {
	unsigned int n;
	struct ip_net addr[GUARD_ADDRS_MAX];
};

static int take_addr(void *ctx, const char *word)
{
	struct addr_list *list = ctx;

	return ip_net_parse(word, &list->addr[list->n++]);
}

static int addrs_set(struct port *port, const char *value, struct err *err)
{
	struct guard *g = guard_of(port, err);
	struct addr_list list = {.n = 0};
	int rc = g ? each_word(value, GUARD_ADDRS_MAX, take_addr, &list, err) : -ENOMEM;

	if (rc)
		return rc;
	memcpy(g->addrs, list.addr, sizeof(g->addrs));
	g->n_addrs = list.n;
	return 0;
}

static bool addrs_get(const struct port *port, char *text, size_t size)
{
	const struct guard *g = port->guard;
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned int i = 0; g && i < g->n_addrs && used < size; i++) {
		char addr[IP_NET_STR];

		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
					 ip_net_format(&g->addrs[i], addr));
	}
	return used;
}

/* ---- promiscuous ----------------------------------------------------------------------------- */

static int promiscuous_set(struct port *port, const char *value, struct err *err)
{
	struct guard *g = guard_of(port, err);
	int rc;

	if (!g)
		return -ENOMEM;
	for (unsigned int i = 0; i < ARRAY_SIZE(promiscuous_words); i++) {
		if (strcmp(promiscuous_words[i], value) != 0)
			continue;
		rc = i == PROMISC_DENY ? need_mac(port, guard_knows_mac(port), err) : 0;
		if (rc)
			return rc;
		g->promiscuous = (enum promiscuous)i;
		features_update(port);
		return 0;
	}
	return err_set(err, -EINVAL, "wants normal, deny, guests or all");
}

static bool promiscuous_get(const struct port *port, char *text, size_t size)
{
	enum promiscuous level = port->guard ? port->guard->promiscuous : PROMISC_NORMAL;

	snprintf(text, size, "%s", promiscuous_words[level]);
	return level != PROMISC_NORMAL;
}

/* macs-allowed first: mac-guard may need it when all are set at once. */
const struct port_setting guard_settings[] = {
	{"macs-allowed", "MAC addresses with commas between, or none", macs_set, macs_get},
	{"mac-guard", "on or off", mac_guard_set, mac_guard_get},
	{"addresses", "IPv4 and IPv6 addresses or prefixes with commas between, or none", addrs_set,
	 addrs_get},
	{"address-guard", "on or off", address_guard_set, address_guard_get},
	{"dhcp-guard", "on or off", dhcp_guard_set, dhcp_guard_get},
	{"router-guard", "on or off", router_guard_set, router_guard_get},
	{"isolated", "on or off", isolated_set, isolated_get},
	{"promiscuous", "normal, deny, guests or all", promiscuous_set, promiscuous_get},
	{0},
};

/* ---- for people ------------------------------------------------------------------------------ */

static json_t *hits_json(const struct guard *g)
{
	json_t *hits = json_object();

	for (int i = 0; i < GUARD_N; i++)
		if (g->hits[i])
			json_object_set_new(hits, guard_words[i],
					    json_integer((json_int_t)g->hits[i]));
	return hits;
}

static json_t *learnt_json(const struct guard *g, msec now)
{
	json_t *list = json_array();

	for (int i = 0; i < GUARD_LEARNT_MAX; i++) {
		const struct guard_learnt *l = &g->learnt[i];
		char text[IP4_STR];

		if (l->addr && l->expires > now)
			json_array_append_new(list,
					      json_pack("{s:s, s:I}", "address",
							ip4_format(l->addr, text), "expires_s",
							(json_int_t)(l->expires - now) / 1000));
	}
	return list;
}

json_t *guard_json(const struct port *port)
{
	if (!port->guard)
		return json_null();
	return json_pack("{s:o, s:o}", "hits", hits_json(port->guard), "learnt",
			 learnt_json(port->guard, port->net->runner->now));
}
