/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_list.c - leases and reservations, a row each.
 */
#include <stdlib.h>
#include <string.h>

#include "vswitchd/lease_json.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netdhcp_json.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

static json_t *mac_json(const struct dhcp_lease *l)
{
	char text[MAC_STR];

	return l->key.len ? json_string(mac_format(&l->mac, text)) : json_null();
}

/* ---- the ports behind which the clients are -------------------------------------------------- */

/* Ports by what stands for their names in keys, so that leases from before a restart have one. */
struct places {
	unsigned int n;
	struct place {
		uint64_t where;
		const struct port *port;
	} * v;
};

static int by_where(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->where > y->where) - (x->where < y->where);
}

static void places_init(struct places *p, const struct net *net)
{
	*p = (struct places){.v = calloc(net->n_ports + 1, sizeof(*p->v))};
	for (const struct port *port = net->ports; p->v && port; port = port->next)
		if (netdhcp_port_one_machine(port) && p->n < net->n_ports)
			p->v[p->n++] = (struct place){dhcp_where(port->name), port};
	if (p->v)
		qsort(p->v, p->n, sizeof(*p->v), by_where);
}

static const struct port *port_of(const struct net *net, const struct places *p,
				  const struct dhcp_lease *l)
{
	struct place key = {.where = dhcp_key_where(&l->key)}, *found = NULL;

	if (!l->key.len)
		return NULL;
	if (p->v && key.where)
		found = bsearch(&key, p->v, p->n, sizeof(*p->v), by_where);
	if (found)
		return found->port;
	return fdb_lookup(net->fdb, &l->mac, 0, net->runner->now);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static json_t *lease_json(struct net *net, const struct dhcp_lease *l, const struct port *port)
{
	char addr[IP4_STR];

	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:s?, s:s?}", "address",
			 ip4_format(l->addr, addr), "mac", mac_json(l), "client_id",
			 lease_client_json(l), "hostname", lease_hostname_json(l), "state",
			 lease_state_word(l), "reserved", lease_reserved_json(l), "expires_s",
			 lease_rest_s(l, net->runner->now), "port", port ? port->name : NULL, "vm",
			 port && port->vm[0] ? port->vm : NULL);
}

static int by_addr(const void *a, const void *b)
{
	uint32_t x = be32toh((*(const struct dhcp_lease *const *)a)->addr);
	uint32_t y = be32toh((*(const struct dhcp_lease *const *)b)->addr);

	return (x > y) - (x < y);
}

/* An address that nobody has had or that nothing is remembered of is not worth a line. */
static bool worth_listing(const struct dhcp_lease *l)
{
	return l->state != LEASE_FREE || l->reserved.len || l->key.len;
}

bool netdhcp_row_wanted(const json_t *row, const json_t *params)
{
	static const char *const keys[] = {"state",    "address", "mac", "client_id",
					   "hostname", "port",	  "vm",	 NULL};

	for (const char *const *k = keys; *k; k++) {
		const char *want = json_string_value(json_object_get(params, *k));
		const char *has = json_string_value(json_object_get(row, *k));

		if (want && (!has || strcmp(want, has) != 0))
			return false;
	}
	return true;
}

json_t *netdhcp_leases_json(struct net *net, const struct dhcp_server *s, const json_t *params)
{
	const struct dhcp_lease **sorted = calloc(s->leases.n + 1, sizeof(*sorted));
	json_t *list = json_array(), *row;
	struct places places;
	uint32_t n = 0;

	places_init(&places, net);
	for (uint32_t i = 0; sorted && i < s->leases.n; i++) {
		if (worth_listing(&s->leases.all[i]))
			sorted[n++] = &s->leases.all[i];
	}
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), by_addr);
	for (uint32_t i = 0; i < n; i++) {
		row = lease_json(net, sorted[i], port_of(net, &places, sorted[i]));
		if (netdhcp_row_wanted(row, params))
			json_array_append(list, row);
		json_decref(row);
	}
	free(places.v);
	free(sorted);
	return list;
}
