/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_net.c - net.*, mac.*, and the methods that a network's mode or DHCP server answers.
 *
 * What is recorded of a network is its net.add request with the choices filled in that were made
 * for it (the subnet), so that a restart makes the same network again, and its port forwards.
 */
#include <errno.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/daemon.h"
#include "vswitchd/events.h"
#include "vswitchd/mode.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/objects.h"
#include "vswitchd/rpc.h"
#include "vswitchd/snoop.h"
#include "vswitchd/state.h"
#include "vswitchd/stp.h"
#include "vswitchd/vlan.h"

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

static void mac_row(void *ctx, const struct mac *mac, uint16_t vid, struct port *port, msec age_ms)
{
	char text[MAC_STR];

	vid = vlan_shown(port->net, vid);
	json_array_append_new(ctx,
			      json_pack("{s:s, s:o, s:s, s:s?, s:I}", "mac", mac_format(mac, text),
					"vlan", vid ? json_integer(vid) : json_null(), "port",
					port->name, "vm", port->vm[0] ? port->vm : NULL, "age_s",
					(json_int_t)(age_ms / 1000)));
}

static int mac_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc)
		return rc;
	*result = json_array();
	fdb_each(net->fdb, net->runner->now, mac_row, *result);
	return 0;
}

static int mac_flush_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		*result = json_pack("{s:i}", "flushed", (int)fdb_flush(net->fdb, NULL));
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

static int dhcp_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (rc)
		return rc;
	if (!net->dhcp)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" (%s) has no DHCP server",
			       net->conf.name, net->conf.mode->name);
	return netdhcp_call(net, rpc->method, rpc->params, result, err);
}

const struct rpc_method rpc_net_methods[] = {
	{"net.list", net_list_m, "", false},
	{"net.show", net_show_m, "net!", false},
	{"net.add", net_add_m, "*", false},
	{"net.set", net_set_m, "net! settings:o!", false},
	{"net.del", net_del_m, "net!", false},
	{"mac.list", mac_list_m, "net!", false},
	{"mac.flush", mac_flush_m, "net!", false},
	{"stp.show", stp_show_m, "net!", false},
	{"group.list", group_list_m, "net!", false},
	{"nat.list", mode_m, "net! guest proto state address peer", false},
	{"nat.guests", mode_m, "net!", false},
	{"nat.forward.add", mode_m, "net! proto! bind! to!", false},
	{"nat.forward.list", mode_m, "net!", false},
	{"nat.forward.del", mode_m, "net! id:i!", false},
	{"dhcp.list", dhcp_m, "net!", false},
	{"dhcp.reserve", dhcp_m, "net! mac! address!", false},
	{"dhcp.release", dhcp_m, "net! address!", false},
	{0},
};
