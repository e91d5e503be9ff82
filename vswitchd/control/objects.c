/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects.c - networks and ports with their records.
 *
 * Records: "net" NAME {"params": {of net.add}, "settings": {of net.set}, "forwards": [{"id",
 * "proto", "bind", "to"}]} and "port" NAME {"params": {of port.add}, "admin": "up"|"down"}; a
 * port's settings are kept by kept.h. The choices that were made for a network (its subnet) are
 * written into its params, so that it comes back the same.
 */
#include "vswitchd/control/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "lib/setting_names.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/dnsrecords.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/host/state.h"

void object_mark_link(const char *ifname, const char *port)
{
	char alias[128];
	struct err err = {0};

	snprintf(alias, sizeof(alias), "vswitchd:%s:%s", state_instance(), port);
	if (nl_link_alias(ifname, alias, &err))
		log_warn("%s: %s", ifname, err.text);
}

/* ---- networks -------------------------------------------------------------------------------- */

/* Those of @params that @known does not know, or does: a new object. */
static json_t *params_part(const json_t *params, bool (*known)(const char *name), bool want)
{
	json_t *part = json_object(), *value;
	const char *name;

	json_object_foreach ((json_t *)params, name, value)
		if (known(name) == want && !json_is_null(value))
			json_object_set(part, name, value);
	return part;
}

static json_t *net_doc(const struct net *net, const json_t *params)
{
	json_t *p = params_part(params, net_setting_known, false);
	char text[IP4_PREFIX_STR];

	if (net->conf.subnet.plen)
		json_object_set_new(p, "subnet",
				    json_string(ip4_prefix_format(net->conf.subnet, text)));
	return json_pack("{s:o, s:o, s:[]}", "params", p, "settings", net_settings_json(net),
			 "forwards");
}

/* The host's leg is our only interface that could outlive us by being made persistent. */
static void mark_links(const struct net *net)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (p->ifname[0] && !p->netns[0] && !strcmp(p->ops->type, "hosttap"))
			object_mark_link(p->ifname, p->name);
}

static bool setting_only(const char *name)
{
	return net_setting_known(name) && !net_conf_key(name);
}

static const char rules_key[] = "dhcp_rules";

static bool not_of_conf(const char *name)
{
	return setting_only(name) || !strcmp(name, rules_key);
}

/* A setting that the mode wants to know when it starts (the MTU) is a key of both kinds. */
static int net_start(struct daemon *d, const json_t *params, struct net **out, struct err *err)
{
	json_t *made_of = params_part(params, not_of_conf, false);
	json_t *settings = params_part(params, net_setting_known, true);
	struct net_conf conf = {0};
	int rc = net_conf_parse(made_of, &conf, err);

	conf.dhcp_rules = json_object_get(params, rules_key);
	*out = rc ? NULL : net_add(&d->runner, &conf, err);
	if (*out)
		(*out)->conf.dhcp_rules = NULL;
	if (!rc && !*out)
		rc = err->code ? err->code : -EIO;
	if (!rc && net_settings_apply(*out, settings, err)) {
		net_del(*out, true);
		rc = err_wrap(err, "network \"%s\"", conf.name);
	}
	if (!rc)
		mark_links(*out);
	json_decref(made_of);
	json_decref(settings);
	return rc;
}

/* A further subnet, of dhcp.subnet.add or of a network's rules: does anybody else have it? As with
 * a network's own, that matters where the host has a leg. What is behind a relay is on another
 * wire, which is another network's business. */
static int check_subnet(const struct net *net, const json_t *subnet, struct err *err)
{
	const char *text = json_string_value(json_object_get(subnet, "subnet"));
	const char *relay = json_string_value(json_object_get(subnet, "relay"));
	struct ip4_prefix p;

	if (!net->conf.host || !text || (relay && !strcmp(relay, "on")) ||
	    ip4_prefix_parse(text, &p))
		return 0; /* said elsewhere */
	return addrplan_check_further(net->runner, net->conf.name, p, err);
}

static int check_subnets(const struct net *net, const json_t *params, struct err *err)
{
	const json_t *rules = json_object_get(params, rules_key), *subnet;
	size_t i;
	int rc = 0;

	json_array_foreach (json_object_get(rules, "subnets"), i, subnet)
		rc = rc ? rc : check_subnet(net, subnet, err);
	return rc ? err_wrap(err, "network \"%s\"", net->conf.name) : 0;
}

int object_net_add(struct daemon *d, const json_t *params, struct net **out, struct err *err)
{
	json_t *doc;
	int rc = net_start(d, params, out, err);

	if (!rc && check_subnets(*out, params, err)) {
		rc = err->code;
		net_del(*out, true);
	}
	if (rc)
		return rc;
	doc = net_doc(*out, params);
	rc = state_put("net", (*out)->conf.name, doc, err);
	json_decref(doc);
	if (rc)
		net_del(*out, true);
	return rc;
}

int object_net_set(struct net *net, const json_t *values, struct err *err)
{
	json_t *before = net_settings_snapshot(net, values), *doc;
	int rc = net_settings_apply(net, values, err);

	if (rc) {
		json_decref(before);
		return rc;
	}
	doc = state_get("net", net->conf.name);
	/* All of them: one word may stand for several settings. */
	json_object_set_new(doc, "settings", net_settings_json(net));
	if (doc)
		rc = state_put("net", net->conf.name, doc, err);
	if (rc)
		net_settings_put_back(net, before);
	json_decref(before);
	json_decref(doc);
	return rc;
}

/* Forget what the store knows of the network's ports. */
static void forget_ports(const struct net *net)
{
	for (const struct port *p = net->ports; p; p = p->next) {
		kept_port_forget(p->name);
		if (p->persistent)
			state_del("port", p->name, NULL);
	}
}

void object_net_del(struct net *net)
{
	char name[NAME_MAX_ + 1];
	struct err err = {0};

	snprintf(name, sizeof(name), "%s", net->conf.name);
	forget_ports(net);
	net_del(net, true);
	netdhcp_forget(name);
	dnsrecords_forget(name);
	if (state_del("net", name, &err))
		log_error("network %s is gone but %s", name, err.text);
}

bool object_forget(const char *kind, const char *name)
{
	json_t *doc = state_get(kind, name);
	bool found = doc && state_del(kind, name, NULL) == 0;

	json_decref(doc);
	if (found && !strcmp(kind, "net")) {
		netdhcp_forget(name);
		dnsrecords_forget(name);
	}
	if (found && !strcmp(kind, "port")) {
		impair_forget(name);
		kept_port_forget(name);
	}
	return found;
}

/* ---- DHCP rules ------------------------------------------------------------------------------ */

static int record_rules(const struct net *net, struct err *err)
{
	json_t *doc = state_get("net", net->conf.name);
	json_t *params = json_object_get(doc, "params");
	int rc = 0;

	if (json_object_size(netdhcp_rules(net)))
		json_object_set(params, rules_key, (json_t *)netdhcp_rules(net));
	else
		json_object_del(params, rules_key);
	if (doc)
		rc = state_put("net", net->conf.name, doc, err);
	json_decref(doc);
	return rc;
}

int object_dhcp_call(struct net *net, const char *method, json_t *params, json_t **result,
		     struct err *err)
{
	bool subnet = !strcmp(method, "dhcp.subnet.add");
	int rc = subnet ? check_subnet(net, params, err) : 0;
	json_t *before;

	if (rc)
		return rc;
	before = json_incref((json_t *)netdhcp_rules(net));
	rc = netdhcp_call(net, method, params, result, err);

	if (!rc && netdhcp_rules_edits(method) && record_rules(net, err)) {
		rc = err->code;
		netdhcp_set_rules(net, before, NULL);
		json_decref(*result);
		*result = NULL;
	}
	json_decref(before);
	return rc;
}

/* ---- port forwards, static maps -------------------------------------------------------------- */

/* What a mode's methods make and is to survive a restart: rows of a list in the network's record.
 */
static const struct kept_rows {
	const char *add, *del;
	const char *list; /* in the record */
	const char *key;  /* what tells the rows apart */
	bool given;	  /* add() has given the key */
	const char *hint; /* a parameter that is... */
	const char *told; /* ...this of the result: what may be forgotten over a restart */
	const char *what;
} kept_rows[] = {
	{"nat.forward.add", "nat.forward.del", "forwards", "id", true, NULL, NULL,
	 "a port forward"},
	{"nat.map.add", "nat.map.del", "maps", "address", false, "at", "to_address", "a map"},
};

static void record_row(const struct kept_rows *k, const char *net, const json_t *params,
		       const json_t *result)
{
	json_t *doc = state_get("net", net), *row = json_copy((json_t *)params);
	struct err err = {0};

	json_object_del(row, "net");
	json_object_set(row, k->key, json_object_get(result, k->key));
	if (k->hint && json_is_string(json_object_get(result, k->told)))
		json_object_set(row, k->hint, json_object_get(result, k->told));
	if (doc && !json_object_get(doc, k->list))
		json_object_set_new(doc, k->list, json_array());
	json_array_append_new(json_object_get(doc, k->list), row);
	if (doc && state_put("net", net, doc, &err))
		log_warn("%s will not survive a restart: %s", k->what, err.text);
	json_decref(doc);
}

static void forget_row(const struct kept_rows *k, const char *net, const json_t *params)
{
	json_t *doc = state_get("net", net), *rows = json_object_get(doc, k->list), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_equal(json_object_get(row, k->key), json_object_get(params, k->key))) {
			json_array_remove(rows, i);
			break;
		}
	}
	if (doc)
		state_put("net", net, doc, NULL);
	json_decref(doc);
}

int object_net_call(struct net *net, const char *method, json_t *params, json_t **result,
		    struct err *err)
{
	const struct mode_ops *mode = net->conf.mode;
	int rc = mode->call ? mode->call(net, method, params, result, err) : -ENOSYS;

	if (rc == -ENOSYS)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" is of mode %s, which has no %s",
			       net->conf.name, mode->name, method);
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(kept_rows); i++) {
		if (!strcmp(method, kept_rows[i].add))
			record_row(&kept_rows[i], net->conf.name, params, *result);
		else if (!strcmp(method, kept_rows[i].del))
			forget_row(&kept_rows[i], net->conf.name, params);
	}
	return rc;
}

/* Ids start anew in a restarted daemon, so the rows are recorded again. */
static void restore_rows(const struct kept_rows *k, struct net *net, const json_t *rows)
{
	json_t *doc = state_get("net", net->conf.name), *row;
	struct err err = {0};
	size_t i;

	json_object_set_new(doc, k->list, json_array());
	state_put("net", net->conf.name, doc, NULL);
	json_decref(doc);
	json_array_foreach (rows, i, row) {
		json_t *params = json_copy(row), *result = NULL;

		if (k->given)
			json_object_del(params, k->key);
		json_object_set_new(params, "net", json_string(net->conf.name));
		if (object_net_call(net, k->add, params, &result, &err))
			log_warn("network %s: %s is lost: %s", net->conf.name, k->what, err.text);
		json_decref(result);
		json_decref(params);
	}
}

int object_net_restore(struct daemon *d, const json_t *doc, struct err *err)
{
	json_t *all = json_copy(json_object_get(doc, "params"));
	struct net *net;
	int rc;

	json_object_update(all, json_object_get(doc, "settings"));
	rc = net_start(d, all, &net, err);
	json_decref(all);
	if (rc == 0)
		dnsrecords_restore(net);
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(kept_rows); i++)
		if (json_array_size(json_object_get(doc, kept_rows[i].list)))
			restore_rows(&kept_rows[i], net, json_object_get(doc, kept_rows[i].list));
	return rc;
}

/* ---- ports ----------------------------------------------------------------------------------- */

static int check_ifname(const char *key, const char *s, struct err *err)
{
	if (!s || (name_valid(s) && strlen(s) <= IFNAME_MAX))
		return 0;
	return err_set(err, -EINVAL, "parameter \"%s\" is not an interface name (at most %d bytes)",
		       key, IFNAME_MAX);
}

/* Which carrier do the parameters ask for? */
static int port_carrier(const struct rpc *q, struct port_conf *conf, struct err *err)
{
	const char *netns = rpc_str(q, "netns"), *ifname = rpc_str(q, "ifname");
	const char *tap = rpc_str(q, "tap"), *nic = rpc_str(q, "nic");
	const char *patch = rpc_str(q, "patch");

	if (!!netns + !!tap + !!nic + !!patch > 1)
		return err_set(err, -EINVAL, "give only one of netns, tap, nic and patch");
	if (ifname && !netns)
		return err_set(err, -EINVAL, "ifname goes with netns");
	if (netns && !name_valid(netns))
		return err_set(err, -EINVAL, "parameter \"netns\" is not a name");
	if (patch && !name_valid_max(patch, PORT_NAME_MAX))
		return err_set(err, -EINVAL, "parameter \"patch\" is not a port's name");
	conf->carrier = netns ? "netns" : tap ? "tap" : nic ? "nic" : patch ? "patch" : "dummy";
	conf->peer = patch;
	conf->netns = netns;
	conf->ifname = netns ? (ifname ? ifname : "eth0") : tap ? tap : nic;
	return check_ifname(netns ? "ifname" : tap ? "tap" : "nic", conf->ifname, err);
}

static int port_conf_parse(const struct rpc *q, struct port_conf *conf, struct err *err)
{
	const char *mac = rpc_str(q, "mac");
	int rc = rpc_name(q, "name", &conf->name, err);

	if (!rc)
		rc = port_carrier(q, conf, err);
	if (rc)
		return rc;
	conf->lab = rpc_str(q, "lab");
	if (conf->lab && !name_valid(conf->lab))
		return err_set(err, -EINVAL, "parameter \"lab\" is not a name");
	if (mac && (mac_parse(mac, &conf->mac) || mac_is_multicast(&conf->mac)))
		return err_set(err, -EINVAL, "parameter \"mac\" is not a unicast MAC address");
	if (!mac && !strcmp(conf->carrier, "netns"))
		conf->mac = mac_from_name(conf->name);
	conf->persistent = true;
	return 0;
}

/* What port.add takes beside the settings. */
static bool port_key(const char *name)
{
	static const char *const keys[] = {"net", "name",  "netns", "ifname", "tap",
					   "nic", "patch", "mac",   "lab",    NULL};

	return setting_name_in(keys, name);
}

static int check_keys(const json_t *params, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)params, name, value)
		if (!port_key(name) && !port_setting_known(name))
			return port_setting_unknown(name, err);
	return 0;
}

static int port_start(struct daemon *d, const json_t *params, struct port **out, struct err *err)
{
	struct rpc q = {.d = d, .params = (json_t *)params, .fd = -1};
	struct port_conf conf = {0};
	struct net *net = NULL;
	int rc = check_keys(params, err);

	if (!rc)
		rc = rpc_net(&q, &net, err);

	if (!rc)
		rc = port_conf_parse(&q, &conf, err);
	if (rc)
		return rc;
	if (port_find(conf.name))
		return err_set(err, -EEXIST, "port \"%s\" exists already", conf.name);
	*out = port_add(net, &conf, err);
	if (!*out)
		return err->code ? err->code : -EIO;
	if (!strcmp(conf.carrier, "tap"))
		object_mark_link((*out)->ifname, (*out)->name);
	return 0;
}

int object_port_add(struct daemon *d, const json_t *params, struct port **out, struct err *err)
{
	json_t *settings, *doc;
	int rc = port_start(d, params, out, err);

	if (rc)
		return rc;
	settings = params_part(params, port_setting_known, true);
	rc = kept_port_set(*out, settings, err);
	json_decref(settings);
	doc = json_pack("{s:o, s:s}", "params", params_part(params, port_setting_known, false),
			"admin", "up");
	if (!rc)
		rc = state_put("port", (*out)->name, doc, err);
	json_decref(doc);
	if (rc) {
		kept_port_forget((*out)->name);
		port_del(*out, true);
	}
	return rc;
}

void object_port_del(struct port *port)
{
	kept_port_forget(port->name);
	if (port->persistent)
		state_del("port", port->name, NULL);
	port_del(port, true);
}

void object_port_changed(const struct port *port)
{
	json_t *doc = port->persistent ? state_get("port", port->name) : NULL;
	struct err err = {0};

	if (!doc)
		return;
	json_object_set_new(doc, "admin", json_string(port->admin_up ? "up" : "down"));
	json_object_set_new(json_object_get(doc, "params"), "net",
			    json_string(port->net->conf.name));
	if (state_put("port", port->name, doc, &err))
		log_warn("%s", err.text);
	json_decref(doc);
}

int object_port_restore(struct daemon *d, const json_t *doc, struct err *err)
{
	const char *admin = json_string_value(json_object_get(doc, "admin"));
	struct port *port;
	int rc = port_start(d, json_object_get(doc, "params"), &port, err);

	if (rc == 0 && admin && !strcmp(admin, "down"))
		port_set_admin(port, false);
	return rc;
}

static struct port *next_in_netns(struct daemon *d, const char *netns)
{
	for (struct net *n = d->runner.nets; n; n = n->next)
		for (struct port *p = n->ports; p; p = p->next)
			if (!strcmp(p->netns, netns))
				return p;
	return NULL;
}

void object_ports_of_netns(struct daemon *d, const char *netns)
{
	struct port *p;

	while ((p = next_in_netns(d, netns)))
		object_port_del(p);
}
