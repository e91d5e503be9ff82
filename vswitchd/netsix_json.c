/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_json.c - IPv6 leases and addresses for people and programs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/lease_json.h"
#include "vswitchd/netsix_int.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- dhcp.list ------------------------------------------------------------------------------- */

/* "port" and "vm" of where @mac is. */
static void put_place(const struct netsix *s, json_t *row, const struct mac *mac)
{
	struct port *port = fdb_lookup(s->net->fdb, mac, 0, s->net->runner->now);

	json_object_set_new(row, "port", port ? json_string(port->name) : json_null());
	json_object_set_new(row, "vm", port && port->vm[0] ? json_string(port->vm) : json_null());
}

static json_t *lease_json(const struct netsix *s, const struct dhcp_lease *l)
{
	struct ip_addr addr = dhcp6_addr(&s->dhcp->conf, l->addr);
	char text[IP_ADDR_STR], mac[MAC_STR];
	json_t *row = json_pack(
		"{s:s, s:o, s:o, s:o, s:s, s:o, s:I}", "address", ip_addr_format(&addr, text),
		"mac", mac_is_zero(&l->mac) ? json_null() : json_string(mac_format(&l->mac, mac)),
		"client_id", lease_client_json(l), "hostname", lease_hostname_json(l), "state",
		lease_state_word(l), "reserved", lease_reserved_json(l), "expires_s",
		lease_rest_s(l, s->net->runner->now));

	put_place(s, row, &l->mac);
	return row;
}

static json_t *slaac_json(const struct netsix *s, const struct six_seen *e)
{
	char text[IP_ADDR_STR], mac[MAC_STR];
	json_t *row = json_pack("{s:s, s:s, s:n, s:n, s:s, s:n, s:n}", "address",
				ip_addr_format(&e->addr, text), "mac", mac_format(&e->mac, mac),
				"client_id", "hostname", "state", "slaac", "reserved", "expires_s");

	put_place(s, row, &e->mac);
	return row;
}

/* A guest's own address in the prefix, that is no lease of ours. */
static bool is_slaac(const struct netsix *s, const struct six_seen *e)
{
	struct ip_net prefix = {netsix_addr(s->net, 0), 64};
	be32 name = dhcp6_name(&s->dhcp->conf, &e->addr);

	return e->heard_ms && ip_net_has(&prefix, &e->addr) &&
	       fdb_lookup(s->net->fdb, &e->mac, 0, s->net->runner->now) &&
	       !(name && lease_by_addr(&s->dhcp->leases.leases, name));
}

static int by_addr(const void *a, const void *b)
{
	uint32_t x = ntohl((*(const struct dhcp_lease *const *)a)->addr);
	uint32_t y = ntohl((*(const struct dhcp_lease *const *)b)->addr);

	return (x > y) - (x < y);
}

static void put_leases(const struct netsix *s, json_t *list)
{
	const struct lease_table *t = &s->dhcp->leases.leases;
	const struct dhcp_lease **sorted = calloc(t->n + 1, sizeof(*sorted));
	uint32_t n = 0;

	for (uint32_t i = 0; sorted && i < t->n; i++) {
		const struct dhcp_lease *l = &t->all[i];

		if (l->state != LEASE_FREE || l->reserved.len || l->key.len)
			sorted[n++] = l;
	}
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), by_addr);
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, lease_json(s, sorted[i]));
	free(sorted);
}

void netsix_leases(const struct net *net, json_t *out)
{
	struct netsix *s = net->six;
	json_t *list = json_array();

	json_object_set_new(out, "leases6", list);
	if (!s)
		return;
	lease_table_run(&s->dhcp->leases.leases, net->runner->now);
	put_leases(s, list);
	for (const struct six_seen *e = s->seen; e < s->seen + SIX_SEEN; e++)
		if (is_slaac(s, e))
			json_array_append_new(list, slaac_json(s, e));
}

void netsix_stats(const struct net *net, json_t *out)
{
	const struct lease_queue *q = net->six->dhcp->leases.leases.queue;

	lease_table_run(&net->six->dhcp->leases.leases, net->runner->now);
	json_object_set_new(out, "leases6",
			    json_pack("{s:I, s:I, s:I}", "bound", (json_int_t)q[LEASE_BOUND].n,
				      "offered", (json_int_t)q[LEASE_OFFERED].n, "declined",
				      (json_int_t)q[LEASE_DECLINED].n));
	json_object_set_new(out, "counts6", six_counts_json(net->six));
}

/* ---- dhcp.reserve, dhcp.release -------------------------------------------------------------- */

bool netsix_means(const json_t *params)
{
	const char *text = json_string_value(json_object_get(params, "address"));
	const char *client = json_string_value(json_object_get(params, "client"));
	struct ip_net a;

	if (text)
		return strchr(text, ':');
	/* A client may also be a MAC address, or a guest as NAME:NIC. */
	return client && !ip_net_parse(client, &a) && !ip_addr_is4(&a.addr);
}

static int get_name(const struct netsix *s, const json_t *params, be32 *out, struct err *err)
{
	const char *text = json_string_value(json_object_get(params, "address"));
	char prefix[IP_NET_STR], shown[128];
	struct ip_net a;

	if (ip_net_parse(text, &a) || ip_addr_is4(&a.addr) || a.plen != 128)
		return err_set(err, -EINVAL, "address \"%s\" is not an IPv6 address",
			       str_escape(text, strlen(text), shown, sizeof(shown)));
	*out = dhcp6_name(&s->dhcp->conf, &a.addr);
	if (*out)
		return 0;
	a = (struct ip_net){s->dhcp->conf.prefix, 96};
	return err_set(err, -EADDRNOTAVAIL, "%s can't be a guest's address: those are of %s", text,
		       ip_net_format(&a, prefix));
}

static int call_reserve(struct netsix *s, const json_t *params, be32 name, json_t **result,
			struct err *err)
{
	const char *addr = json_string_value(json_object_get(params, "address"));
	const char *text = json_string_value(json_object_get(params, "who"));
	char shown[DHCP_WHO_STR];
	struct dhcp_who who;
	int rc;

	if (!text || dhcp_who_parse(text, &who))
		return err_set(err, -EINVAL,
			       "\"%s\" is no client: write a MAC address, id:HEX, a port, or a "
			       "guest as NAME or NAME:NIC",
			       text ? text : "");
	rc = dhcp_server_reserve(&s->dhcp->leases, name, &who);
	if (rc == -EADDRINUSE)
		return err_set(err, rc, "%s has another client: first vnetctl dhcp release %s %s",
			       addr, s->net->conf.name, addr);
	if (rc == -EADDRNOTAVAIL)
		return err_set(err, rc, "%s can't be a guest's address", addr);
	if (rc)
		return err_sys(err, rc, "reserving %s", addr);
	*result = json_pack("{s:s, s:s}", "who", dhcp_who_format(&who, shown), "address", addr);
	return 0;
}

static int call_release(struct netsix *s, const json_t *params, be32 name, json_t **result,
			struct err *err)
{
	const char *addr = json_string_value(json_object_get(params, "address"));
	int rc = dhcp_server_release(&s->dhcp->leases, name);

	if (rc == -ENOENT)
		return err_set(err, rc, "network \"%s\" has no lease or reservation of %s",
			       s->net->conf.name, addr);
	if (rc)
		return err_sys(err, rc, "releasing %s", addr);
	*result = json_pack("{s:s}", "address", addr);
	return 0;
}

int netsix_call(struct net *net, const char *method, const json_t *params, json_t **result,
		struct err *err)
{
	be32 name;
	int rc;

	if (!net->six)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" (%s) gives no IPv6 addresses",
			       net->conf.name, net->conf.mode->name);
	if (!strcmp(method, "dhcp.explain"))
		return six_explain(net->six, params, result, err);
	rc = get_name(net->six, params, &name, err);
	if (rc)
		return rc;
	return strcmp(method, "dhcp.reserve") ? call_release(net->six, params, name, result, err)
					      : call_reserve(net->six, params, name, result, err);
}

/* ---- net.show -------------------------------------------------------------------------------- */

json_t *six_counts_json(const struct netsix *s)
{
	json_t *out = json_object();

	for (unsigned int i = 0; i < DHCP6_N; i++)
		json_object_set_new(out, dhcp6_count_word(i),
				    json_integer((json_int_t)s->dhcp->count[i]));
	return out;
}
