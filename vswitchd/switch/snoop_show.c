/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop_show.c - what snooping knows, as JSON.
 */
#include <arpa/inet.h>

#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop_int.h"
#include "vswitchd/switch/vlan.h"

static json_t *address_json(const struct snoop_group *g, bool v6)
{
	char text[INET6_ADDRSTRLEN];

	return json_string(
		inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? g->b : g->b + 12, text, sizeof(text)));
}

static json_t *vlan_json(const struct net *net, uint16_t vid)
{
	uint16_t vlan = vlan_shown(net, vid);

	return vlan ? json_integer(vlan) : json_null();
}

static json_t *left_json(msec until, msec now)
{
	return json_integer((json_int_t)(until > now ? (until - now + 999) / 1000 : 0));
}

static json_t *group_json(const struct net *net, const struct group *g, msec now)
{
	const struct snoop *s = net->snoop;
	json_t *ports = json_array();

	for (uint16_t i = g->members; i; i = s->members[i].next)
		json_array_insert_new(ports, 0,
				      json_pack("{s:s, s:o}", "port", s->members[i].port->name,
						"expires_s", left_json(s->members[i].until, now)));
	return json_pack("{s:o, s:o, s:o}", "vlan", vlan_json(net, g->vid), "group",
			 address_json(&g->addr, g->v6), "ports", ports);
}

static json_t *domain_json(const struct net *net, const struct domain *d, msec now)
{
	bool settled = d->settled_at <= now && !d->flood_queries && d->querier;

	return json_pack(
		"{s:o, s:s, s:o, s:s?, s:o, s:s}", "vlan", vlan_json(net, d->vid), "family",
		d->v6 ? "ipv6" : "ipv4", "address", address_json(&d->address, d->v6), "port",
		d->querier ? d->querier->name : NULL, "expires_s", left_json(d->until, now),
		"unknown_groups", settled ? "routers" : "flooded");
}

static json_t *all_json(const struct net *net, const struct all_port *a, msec now)
{
	static const char *const why[] = {"querier", "router", "too many groups"};

	return json_pack("{s:o, s:s, s:s, s:s, s:o}", "vlan", vlan_json(net, a->vid), "family",
			 a->v6 ? "ipv6" : "ipv4", "port", a->port->name, "why", why[a->why],
			 "expires_s", left_json(a->until, now));
}

json_t *snoop_json(const struct net *net)
{
	json_t *groups = json_array(), *queriers = json_array(), *routers = json_array();
	const struct snoop *s = net->snoop;
	msec now = net->runner->now;

	for (unsigned int i = 1; s && i <= s->groups_top; i++)
		if (s->groups[i].used)
			json_array_append_new(groups, group_json(net, &s->groups[i], now));
	for (unsigned int i = 0; s && i < SNOOP_DOMAINS_MAX; i++)
		if (s->domains[i].used && s->domains[i].until > now)
			json_array_append_new(queriers, domain_json(net, &s->domains[i], now));
	for (unsigned int i = 0; s && i < SNOOP_ALL_MAX; i++)
		if (s->all[i].port && s->all[i].until > now)
			json_array_append_new(routers, all_json(net, &s->all[i], now));
	return json_pack("{s:s, s:b, s:o, s:o, s:o}", "net", net->conf.name, "snooping", s != NULL,
			 "queriers", queriers, "routers", routers, "groups", groups);
}
