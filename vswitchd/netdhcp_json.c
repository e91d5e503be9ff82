/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netdhcp_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/netdhcp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

static json_t *counts_json(const struct dhcp_server *s)
{
	json_t *out = json_object();

	for (unsigned int i = 0; i < DHCP_N; i++)
		json_object_set_new(out, dhcp_count_word(i), json_integer((json_int_t)s->count[i]));
	return out;
}

static json_t *pool_json(const struct dhcp_server *s)
{
	char first[IP4_STR], last[IP4_STR];

	return json_pack("{s:s, s:s, s:i, s:i}", "first",
			 ip4_format(s->conf.subnet[0].first, first), "last",
			 ip4_format(s->conf.subnet[0].last, last), "size", (int)dhcp_server_size(s),
			 "free", (int)dhcp_server_free(s));
}

static int call_list(struct net *net, struct dhcp_server *s, const json_t *params, json_t **result)
{
	lease_table_run(&s->leases, net->runner->now);
	*result = json_pack("{s:o, s:o, s:o}", "leases", netdhcp_leases_json(net, s, params),
			    "pool", pool_json(s), "counts", counts_json(s));
	return 0;
}

static int call_stats(struct net *net, struct dhcp_server *s, json_t **result)
{
	const struct lease_queue *q = s->leases.queue;

	lease_table_run(&s->leases, net->runner->now);
	*result = json_pack("{s:{s:I, s:I, s:I}, s:o, s:o, s:o}", "leases", "bound",
			    (json_int_t)q[LEASE_BOUND].n, "offered", (json_int_t)q[LEASE_OFFERED].n,
			    "declined", (json_int_t)q[LEASE_DECLINED].n, "pool", pool_json(s),
			    "counts", counts_json(s), "store", netdhcp_store_json());
	return 0;
}

void netdhcp_json_counts(const struct dhcp_server *s, json_t *dhcp)
{
	json_int_t reserved = 0;

	for (uint32_t i = 0; i < s->leases.n; i++)
		reserved += s->leases.all[i].reserved.len > 0;
	json_object_set_new(dhcp, "leases",
			    json_integer((json_int_t)s->leases.queue[LEASE_BOUND].n));
	json_object_set_new(dhcp, "reservations", json_integer(reserved));
}

/* ---- dhcp.reserve, dhcp.release -------------------------------------------------------------- */

static int get_addr(const json_t *params, be32 *out, struct err *err)
{
	const char *text = json_string_value(json_object_get(params, "address"));

	if (!text || ip4_parse(text, out))
		return err_set(err, -EINVAL, "address \"%s\" is not an IPv4 address",
			       text ? text : "");
	return 0;
}

/* Who stands in the way of reserving @addr? */
static int explain_in_use(const struct net *net, const struct dhcp_server *s, be32 addr,
			  struct err *err)
{
	const struct dhcp_lease *l = lease_by_addr(&s->leases, addr);
	char text[IP4_STR], who[DHCP_WHO_STR];

	ip4_format(addr, text);
	return err_set(err, -EADDRINUSE, "%s is %s %s: first vnetctl dhcp release %s %s", text,
		       l->reserved.len ? "reserved for" : "leased to",
		       l->reserved.len ? dhcp_who_format(&l->reserved, who)
				       : mac_format(&l->mac, who),
		       net->conf.name, text);
}

static int call_reserve(struct net *net, struct dhcp_server *s, const json_t *params,
			json_t **result, struct err *err)
{
	const char *who_text = json_string_value(json_object_get(params, "who"));
	char text[IP4_STR], subnet[IP4_PREFIX_STR], shown[DHCP_WHO_STR];
	struct dhcp_who who;
	be32 addr;
	int rc = get_addr(params, &addr, err);

	if (rc)
		return rc;
	if (!who_text || dhcp_who_parse(who_text, &who))
		return err_set(err, -EINVAL,
			       "\"%s\" is no client: write a MAC address, id:HEX, a port, or a "
			       "guest as NAME or NAME:NIC",
			       who_text ? who_text : "");
	rc = dhcp_server_reserve(s, addr, &who);
	ip4_format(addr, text);
	if (rc == -EADDRINUSE)
		return explain_in_use(net, s, addr, err);
	if (rc == -EADDRNOTAVAIL)
		return err_set(err, rc, "%s can't be a guest's address in %s", text,
			       ip4_prefix_format(net->conf.subnet, subnet));
	if (rc)
		return err_sys(err, rc, "reserving %s", text);
	*result = json_pack("{s:s, s:s}", "who", dhcp_who_format(&who, shown), "address", text);
	return 0;
}

static int call_release(struct net *net, struct dhcp_server *s, const json_t *params,
			json_t **result, struct err *err)
{
	char text[IP4_STR];
	be32 addr;
	int rc = get_addr(params, &addr, err);

	if (rc)
		return rc;
	rc = dhcp_server_release(s, addr);
	ip4_format(addr, text);
	if (rc == -ENOENT)
		return err_set(err, rc, "network \"%s\" has no lease or reservation of %s",
			       net->conf.name, text);
	if (rc)
		return err_sys(err, rc, "releasing %s", text);
	*result = json_pack("{s:s}", "address", text);
	return 0;
}

int netdhcp_json_call(struct net *net, struct dhcp_server *s, const char *method, json_t *params,
		      json_t **result, struct err *err)
{
	if (strcmp(method, "dhcp.list") == 0)
		return call_list(net, s, params, result);
	if (strcmp(method, "dhcp.stats") == 0)
		return call_stats(net, s, result);
	if (strcmp(method, "dhcp.reserve") == 0)
		return call_reserve(net, s, params, result, err);
	if (strcmp(method, "dhcp.release") == 0)
		return call_release(net, s, params, result, err);
	return err_set(err, -ENOSYS, "no method %s", method);
}

const struct dhcp_lease *netdhcp_newest_of(const struct dhcp_server *s, const struct mac *mac)
{
	const struct dhcp_lease *best = NULL, *l = NULL;

	while ((l = lease_next_of_mac(&s->leases, mac, l)))
		if (l->state == LEASE_BOUND && (!best || l->expires_ms > best->expires_ms))
			best = l;
	return best;
}
