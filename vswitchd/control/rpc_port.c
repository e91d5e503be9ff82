/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_port.c - port.*
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/control/firstuse.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/switch/mirror.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/control/statics.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/guest/vm.h"

static void list_net(const struct net *net, json_t *list)
{
	for (const struct port *p = net->ports; p; p = p->next)
		json_array_append_new(list, port_json(p));
}

static int port_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net = NULL;
	int rc = rpc_str(rpc, "net") ? rpc_net(rpc, &net, err) : 0;

	if (rc)
		return rc;
	*result = json_array();
	if (net)
		list_net(net, *result);
	for (const struct net *n = net ? NULL : rpc->d->runner.nets; n; n = n->next)
		list_net(n, *result);
	return 0;
}

static int port_show_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	int rc = rpc_port(rpc, &port, err);

	*result = rc ? NULL : port_json(port);
	return rc;
}

static int port_add_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	json_t *made = NULL;
	int rc = firstuse_resolve(rpc->d, rpc->params, &made, err);

	if (!rc)
		rc = object_port_add(rpc->d, rpc->params, &port, err);
	firstuse_end(rpc->d, made, rc);
	if (rc)
		return rc;
	*result = port_json(port);
	events_send(rpc->d, "port.added",
		    json_pack("{s:s, s:s}", "port", port->name, "net", port->net->conf.name));
	return 0;
}

/* Ports of guests and of the network's own mode are not the user's to delete. */
static int refuse_owned(const struct port *port, const char *what, struct err *err)
{
	if (port->vm[0])
		return err_set(err, -EBUSY,
			       "port \"%s\" is a NIC of guest \"%s\": stop the guest to %s it",
			       port->name, port->vm, what);
	if (vlan_trunk_of(port))
		return err_set(err, -EBUSY,
			       "port \"%s\" is network \"%s\"'s part of trunk \"%s\": change that "
			       "one's trunk=",
			       port->name, port->net->conf.name, vlan_trunk_of(port)->name);
	if (!port->persistent)
		return err_set(err, -EBUSY, "port \"%s\" belongs to network \"%s\" itself",
			       port->name, port->net->conf.name);
	return 0;
}

static int port_del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	int rc = rpc_port(rpc, &port, err);

	if (rc && object_forget("port", rpc_str(rpc, "port"))) {
		*result = json_object();
		return 0;
	}
	if (!rc)
		rc = refuse_owned(port, "delete", err);
	if (rc)
		return rc;
	events_send(rpc->d, "port.deleted",
		    json_pack("{s:s, s:s}", "port", port->name, "net", port->net->conf.name));
	object_port_del(port);
	*result = json_object();
	return 0;
}

static int port_set_m(struct rpc *rpc, json_t **result, struct err *err)
{
	json_t *settings = json_object_get(rpc->params, "settings");
	const char *mirror = json_string_value(json_object_get(settings, "mirror"));
	struct port *port;
	int rc = rpc_port(rpc, &port, err);

	if (!rc && mirror)
		rc = mirror_check(port->net, mirror, err);
	if (!rc)
		rc = kept_port_set(port, settings, err);
	if (rc)
		return rc;
	*result = port_json(port);
	events_send(rpc->d, "port.set",
		    json_pack("{s:s, s:s, s:O}", "port", port->name, "net", port->net->conf.name,
			      "settings", settings));
	return 0;
}

static int set_admin(struct rpc *rpc, bool up, json_t **result, struct err *err)
{
	struct port *port;
	int rc = rpc_port(rpc, &port, err);

	if (rc)
		return rc;
	port_set_admin(port, up);
	object_port_changed(port);
	*result = port_json(port);
	return 0;
}

static int port_up_m(struct rpc *rpc, json_t **result, struct err *err)
{
	return set_admin(rpc, true, result, err);
}

static int port_down_m(struct rpc *rpc, json_t **result, struct err *err)
{
	return set_admin(rpc, false, result, err);
}

static int port_move_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	struct net *net = NULL;
	json_t *made = NULL;
	int rc = rpc_port(rpc, &port, err);

	if (!rc)
		rc = firstuse_resolve(rpc->d, rpc->params, &made, err);
	if (!rc)
		rc = rpc_net(rpc, &net, err);
	if (!rc && !port->vm[0])
		rc = refuse_owned(port, "move", err);
	if (!rc && port->net != net)
		rc = port_move(port, net, err);
	firstuse_end(rpc->d, made, rc);
	if (rc)
		return rc;
	statics_forget(port->name);
	if (port->vm[0])
		vm_port_moved(rpc->d, port);
	object_port_changed(port);
	*result = port_json(port);
	return 0;
}

static int port_impair_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	int rc = rpc_port(rpc, &port, err);

	if (!rc) {
		rc = impair_set(port, rpc_str(rpc, "words"), err);
		if (rc)
			return err_wrap(err, "port \"%s\"", port->name);
	}
	if (!rc)
		rc = impair_record(port, err);
	if (rc)
		return rc;
	*result = port_json(port);
	return 0;
}

/* ---- dummy ports: frames as hex text --------------------------------------------------------- */

static int rpc_dummy(const struct rpc *rpc, struct port **out, struct err *err)
{
	int rc = rpc_port(rpc, out, err);

	if (rc)
		return rc;
	if (strcmp((*out)->ops->type, "dummy"))
		return err_set(err, -EOPNOTSUPP, "port \"%s\" is not a dummy port", (*out)->name);
	return 0;
}

/* Bytes, or -EINVAL. @out has room for half the text. */
static ssize_t hex_parse(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0]; text += 2) {
		int b = hex_byte(text);

		if (b < 0)
			return -EINVAL;
		out[n++] = (uint8_t)b;
	}
	return (ssize_t)n;
}

static int port_send_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *hex = rpc_str(rpc, "frame");
	struct port *port;
	uint8_t *frame;
	ssize_t n;
	int rc = rpc_dummy(rpc, &port, err);

	if (rc)
		return rc;
	frame = malloc(strlen(hex) / 2 + 1);
	if (!frame)
		return err_set(err, -ENOMEM, "memory is short");
	n = hex_parse(hex, frame);
	if (n < 0)
		rc = err_set(err, -EINVAL, "parameter \"frame\" is not hexadecimal bytes");
	else if (port_dummy_receive(port, frame, (size_t)n, NULL) < 0)
		rc = err_set(err, -ENOBUFS, "port \"%s\" could not take the frame", port->name);
	free(frame);
	*result = rc ? NULL : json_object();
	return rc;
}

static json_t *hex_json(const uint8_t *data, size_t len)
{
	char *text = malloc(len * 2 + 1);
	json_t *s;

	if (!text)
		return json_null();
	s = json_string(hex_format(data, len, text));
	free(text);
	return s;
}

static int port_receive_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port;
	struct pkt *p;
	json_t *frames;
	int rc = rpc_dummy(rpc, &port, err);

	if (rc)
		return rc;
	frames = json_array();
	while ((p = port_dummy_sent(port))) {
		json_array_append_new(frames, hex_json(p->data, p->len));
		pkt_put(p);
	}
	*result = json_pack("{s:o}", "frames", frames);
	return 0;
}

const struct rpc_method rpc_port_methods[] = {
	{"port.list", port_list_m, "net", false},
	{"port.show", port_show_m, "port!", false},
	{"port.add", port_add_m, "net! name! netns ifname tap nic patch mac lab *", false},
	{"port.set", port_set_m, "port! settings:o!", false},
	{"port.del", port_del_m, "port!", false},
	{"port.up", port_up_m, "port!", false},
	{"port.down", port_down_m, "port!", false},
	{"port.move", port_move_m, "port! net!", false},
	{"port.impair", port_impair_m, "port! words!", false},
	{"port.send", port_send_m, "port! frame!", false},
	{"port.receive", port_receive_m, "port!", false},
	{0},
};
