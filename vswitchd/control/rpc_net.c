/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_net.c - net.*, mac.*, and the methods that a network's mode or DHCP server answers.
 *
 * What is recorded of a network is its net.add request with the choices filled in that were made
 * for it (the subnet), so that a restart makes the same network again, and its port forwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netsix.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/host/state.h"
#include "vswitchd/control/statics.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/vlan.h"

/* ---- net.* ----------------------------------------------------------------------------------- */

static int net_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *list = json_array();

	(void)err;
	for (const struct net *n = rpc->d->runner.nets; n; n = n->next)
		json_array_insert_new(list, 0, net_json(n)); /* the list is newest first */
	*result = list;
	return 0;
}

static int net_show_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	*result = rc ? NULL : net_json(net);
	return rc;
}

static int net_add_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = object_net_add(rpc->d, rpc->params, &net, err);

	if (rc)
		return rc;
	*result = net_json(net);
	events_send(rpc->d, "net.added", json_pack("{s:s}", "net", net->conf.name));
	return 0;
}

static int refuse_busy(const struct net *net, struct err *err)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (p->vm[0])
			return err_set(
				err, -EBUSY,
				"guest \"%s\" has a NIC on network \"%s\": stop it first (vnetctl "
				"vm stop %s)",
				p->vm, net->conf.name, p->vm);
	return 0;
}

static int net_del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc && object_forget("net", rpc_str(rpc, "net"))) {
		*result = json_object();
		return 0;
	}
	if (!rc)
		rc = refuse_busy(net, err);
	if (rc)
		return rc;
	events_send(rpc->d, "net.deleted", json_pack("{s:s}", "net", net->conf.name));
	object_net_del(net);
	*result = json_object();
	return 0;
}

static int net_set_m(struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *settings = json_object_get(rpc->params, "settings");
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		rc = object_net_set(net, settings, err);
	if (rc)
		return rc;
	*result = net_json(net);
	events_send(rpc->d, "net.set",
		    json_pack("{s:s, s:O}", "net", net->conf.name, "settings", settings));
	return 0;
}

/* ---- mac.* ----------------------------------------------------------------------------------- */

struct mac_rows {
	struct fdb_row *v;
	size_t n;
};

static void mac_row(void *ctx, const struct fdb_row *row)
{
	struct mac_rows *rows = ctx;

	rows->v[rows->n++] = *row;
}

static int row_order(const void *a, const void *b)
{
	const struct fdb_row *x = a, *y = b;
	int by_mac = memcmp(&x->mac, &y->mac, sizeof(x->mac));

	return by_mac ? by_mac : (int)x->vid - (int)y->vid;
}

static json_t *mac_json(const struct fdb_row *row)
{
	static const char *const words[] = {
		[FDB_DYNAMIC] = "learnt", [FDB_OWN] = "own", [FDB_STATIC] = "static"};
	const struct port *port = row->port;
	char text[MAC_STR];
	uint16_t vid;

	vid = vlan_shown(port->net, row->vid);
	return json_pack("{s:s, s:o, s:s, s:s, s:s?, s:o}", "mac", mac_format(&row->mac, text),
			 "vlan", vid ? json_integer(vid) : json_null(), "kind", words[row->kind],
			 "port", port->name, "vm", port->vm[0] ? port->vm : NULL, "age_s",
			 row->kind == FDB_DYNAMIC ? json_integer((json_int_t)row->age_ms / 1000)
						  : json_null());
}

static int mac_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct mac_rows rows = {0};
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc)
		return rc;
	rows.v = calloc(fdb_count(net->fdb) + 1, sizeof(*rows.v));
	if (!rows.v)
		return err_set(err, -ENOMEM, "memory is short");
	*result = json_array();
	if (!net->hub)
		fdb_each(net->fdb, net->runner->now, mac_row, &rows);
	qsort(rows.v, rows.n, sizeof(*rows.v), row_order);
	for (size_t i = 0; i < rows.n; i++)
		json_array_append_new(*result, mac_json(&rows.v[i]));
	free(rows.v);
	return 0;
}

static int mac_flush_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port = NULL;
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc && rpc_str(rpc, "port"))
		rc = rpc_port(rpc, &port, err);
	if (!rc && port && port->net != net)
		rc = err_set(err, -EINVAL, "port \"%s\" is on network \"%s\"", port->name,
			     port->net->conf.name);
	if (!rc)
		*result = json_pack("{s:i}", "flushed", (int)fdb_flush(net->fdb, port));
	return rc;
}

/* "mac" and "vlan" of the request. */
static int mac_params(const struct rpc *rpc, struct mac *mac, uint16_t *vid, struct err *err)
{
	int64_t v;
	int rc = rpc_int(rpc, "vlan", 1, 4094, 0, &v, err);

	if (rc)
		return rc;
	*vid = (uint16_t)v;
	return mac_parse(rpc_str(rpc, "mac"), mac)
		       ? err_set(err, -EINVAL, "parameter \"mac\" is not a MAC address")
		       : 0;
}

static int mac_add_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port = NULL;
	struct net *net = NULL;
	struct mac mac;
	uint16_t vid;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		rc = rpc_port(rpc, &port, err);
	if (!rc)
		rc = mac_params(rpc, &mac, &vid, err);
	if (!rc && port->net != net)
		rc = err_set(err, -EINVAL, "port \"%s\" is on network \"%s\"", port->name,
			     port->net->conf.name);
	if (!rc)
		rc = statics_add(port, &mac, vid, err);
	*result = rc ? NULL : json_object();
	return rc;
}

static int mac_del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	struct mac mac;
	uint16_t vid;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		rc = mac_params(rpc, &mac, &vid, err);
	if (!rc)
		rc = statics_del(net, &mac, vid, err);
	*result = rc ? NULL : json_object();
	return rc;
}

/* ---- loops and groups ------------------------------------------------------------------------ */

static int stp_show_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		*result = stp_json(net);
	return rc;
}

static int group_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		*result = snoop_json(net);
	return rc;
}

/* ---- what modes and the DHCP server answer --------------------------------------------------- */

static int mode_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc)
		return rc;
	return object_net_call(net, rpc->method, rpc->params, result, err);
}

/* dhcp.list: of both families, on networks that serve one of them. */
static int dhcp_list(struct net *net, struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *six, *row;
	int rc = 0;
	size_t i;

	if (net->dhcp)
		rc = netdhcp_call(net, rpc->method, rpc->params, result, err);
	else
		*result = json_pack("{s:[], s:n, s:n}", "leases", "pool", "counts");
	if (rc)
		return rc;
	netsix_leases(net, *result);
	six = json_object_get(*result, "leases6");
	for (i = json_array_size(six); i-- > 0;) {
		row = json_array_get(six, i);
		if (!netdhcp_row_wanted(row, rpc->params))
			json_array_remove(six, i);
	}
	return 0;
}

/* dhcp.stats and dhcp.explain: the answer of DHCPv4, where that is served, with that of IPv6. */
static int dhcp_both(struct net *net, struct rpc *rpc, json_t **result, struct err *err)
{
	bool explain = !strcmp(rpc->method, "dhcp.explain");
	json_t *six = NULL;
	int rc = 0;

	if (net->dhcp)
		rc = netdhcp_call(net, rpc->method, rpc->params, result, err);
	else
		*result = explain ? json_object()
				  : json_pack("{s:n, s:n, s:n, s:o}", "leases", "pool", "counts",
					      "store", netdhcp_store_json());
	if (!rc && explain) {
		struct err why;

		/* What one family can't tell does not take the other's answer away. */
		rc = netsix_call(net, rpc->method, rpc->params, &six, net->dhcp ? &why : err);
		if (rc && net->dhcp)
			rc = (six = json_pack("{s:s}", "error", why.text)) ? 0 : -ENOMEM;
		json_object_set_new(*result, "ipv6", six);
	} else if (!rc) {
		netsix_stats(net, *result);
	}
	return rc;
}

/* An IPv6 address is asked about. */
static int dhcp_six(struct net *net, struct rpc *rpc, json_t **result, struct err *err)
{
	int rc = netsix_call(net, rpc->method, rpc->params, result, err);

	if (!rc && !strcmp(rpc->method, "dhcp.explain"))
		*result = json_pack("{s:o}", "ipv6", *result);
	return rc;
}

/* Does the client's address in @params say that only DHCPv4 is meant? */
static bool means_four(const json_t *params)
{
	const char *client = json_string_value(json_object_get(params, "client"));

	return client && !strchr(client, ':');
}

static int dhcp_m(struct rpc *rpc, json_t **result, struct err *err)
{
	bool list = !strcmp(rpc->method, "dhcp.list");
	bool both = !strcmp(rpc->method, "dhcp.stats") || !strcmp(rpc->method, "dhcp.explain");
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc)
		return rc;
	if (list && (net->dhcp || net->six))
		return dhcp_list(net, rpc, result, err);
	if (!list && netsix_means(rpc->params))
		return dhcp_six(net, rpc, result, err);
	if (both && net->six && !means_four(rpc->params))
		return dhcp_both(net, rpc, result, err);
	if (!net->dhcp)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" (%s) has no DHCP server",
			       net->conf.name, net->conf.mode->name);
	return object_dhcp_call(net, rpc->method, rpc->params, result, err);
}

static int dhcp_known_m(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)rpc;
	(void)err;
	*result = netdhcp_known_json();
	return 0;
}

const struct rpc_method rpc_net_methods[] = {
	{"net.list", net_list_m, "", false},
	{"net.show", net_show_m, "net!", false},
	{"net.add", net_add_m, "*", false},
	{"net.set", net_set_m, "net! settings:o!", false},
	{"net.del", net_del_m, "net!", false},
	{"mac.list", mac_list_m, "net!", false},
	{"mac.flush", mac_flush_m, "net! port", false},
	{"mac.add", mac_add_m, "net! mac! port! vlan:i", false},
	{"mac.del", mac_del_m, "net! mac! vlan:i", false},
	{"stp.show", stp_show_m, "net!", false},
	{"group.list", group_list_m, "net!", false},
	{"nat.list", mode_m, "net! guest proto state address peer", false},
	{"nat.guests", mode_m, "net!", false},
	{"nat.map.add", mode_m, "net! address! to! at", false},
	{"nat.map.list", mode_m, "net!", false},
	{"nat.map.del", mode_m, "net! address!", false},
	{"nat.forward.add", mode_m, "net! proto! bind! to!", false},
	{"nat.forward.list", mode_m, "net!", false},
	{"nat.forward.del", mode_m, "net! id:i!", false},
	{"dhcp.list", dhcp_m, "net! state address mac client_id hostname port vm", false},
	{"dhcp.stats", dhcp_m, "net!", false},
	{"dhcp.reserve", dhcp_m, "net! who! address!", false},
	{"dhcp.release", dhcp_m, "net! address!", false},
	{"dhcp.explain", dhcp_m, "net! client! port vendor user arch:i", false},
	{"dhcp.options", dhcp_m, "net!", false},
	{"dhcp.known", dhcp_known_m, "", false},
	{"dhcp.set", dhcp_m, "net! options:o! subnet class client", false},
	{"dhcp.class.add", dhcp_m, "net! name! vendor user mac arch:i", false},
	{"dhcp.class.del", dhcp_m, "net! name!", false},
	{"dhcp.subnet.add", dhcp_m, "net! subnet! range server relay", false},
	{"dhcp.subnet.del", dhcp_m, "net! subnet!", false},
	{0},
};
