/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_network.c - a lab's networks, and the forwards into them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/guest.h"
#include "lab/up_parts.h"

enum { CLIENT_MAX = 128 };

static void set_addr(json_t *params, const char *key, const struct lab_addr *a)
{
	char text[IP4_STR];

	if (a->given)
		json_object_set_new(params, key, json_string(ip4_format(a->a, text)));
}

/* "NODE", "NODE:1" and "NODE.eth1" mean nodes of the lab, as the daemon calls them; all else is
 * what it says. */
static const char *client_id(const struct lab *lab, const char *who, char text[static CLIENT_MAX])
{
	for (size_t i = 0; i < lab->n_nodes; i++) {
		const char *name = lab->nodes[i].name.s;
		size_t n = strlen(name);

		if (strncmp(who, name, n) != 0 ||
		    (who[n] && who[n] != ':' && strncmp(who + n, ".eth", 4) != 0))
			continue;
		snprintf(text, CLIENT_MAX, "%s%s", lab->nodes[i].id, who + n);
		return text;
	}
	return who;
}

static json_t *dhcp_rules(const struct lab *lab, const struct lab_dhcp *dhcp)
{
	json_t *rules = json_copy(dhcp->rules), *clients = json_object(), *options;
	char text[CLIENT_MAX];
	const char *who;

	json_object_foreach (json_object_get(dhcp->rules, "clients"), who, options)
		json_object_set(clients, client_id(lab, who, text), options);
	if (json_object_size(clients))
		json_object_set(rules, "clients", clients);
	json_decref(clients);
	return rules;
}

static void set_dhcp(const struct lab *lab, json_t *params, const struct lab_dhcp *dhcp)
{
	char first[IP4_STR], last[IP4_STR];

	if (!dhcp->given)
		return;
	if (dhcp->first.given)
		json_object_set_new(params, "dhcp",
				    json_sprintf("%s-%s", ip4_format(dhcp->first.a, first),
						 ip4_format(dhcp->last.a, last)));
	else
		json_object_set_new(params, "dhcp", json_string(dhcp->on ? "on" : "off"));
	set_addr(params, "router", &dhcp->router);
	set_addr(params, "dns", &dhcp->dns);
	if (dhcp->lease_s.given)
		json_object_set_new(params, "lease", json_sprintf("%us", dhcp->lease_s.v));
	if (dhcp->rules)
		json_object_set_new(params, "dhcp_rules", dhcp_rules(lab, dhcp));
}

/* A bridge's card may be the host's end of a veth of the lab. */
static const char *host_card(const struct lab *lab, const char *name)
{
	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			const struct lab_nic *nic = &lab->nodes[n].nics[i];

			if (nic->veth.s && !strcmp(nic->veth.s, name))
				return nic->host_end;
		}
	return name;
}

json_t *lab_net_params(const struct lab *lab, const struct lab_net *net)
{
	json_t *params = json_pack("{s:s, s:s, s:s}", "name", net->id, "mode",
				   lab_mode_word(net->mode), "lab", lab->name.s);
	char text[IP4_PREFIX_STR];

	if (net->subnet.given)
		json_object_set_new(params, "subnet",
				    json_string(ip4_prefix_format(net->subnet.p, text)));
	set_addr(params, "gateway", &net->gateway);
	if (net->host.given)
		json_object_set_new(params, "host", json_string(net->host.v ? "on" : "off"));
	set_dhcp(lab, params, &net->dhcp);
	if (net->nic.s)
		json_object_set_new(params, "nic", json_string(host_card(lab, net->nic.s)));
	else if (net->mode == LAB_BRIDGE && !net->via.s)
		json_object_set_new(params, "nic", json_string("auto"));
	if (net->subnet6.s)
		json_object_set_new(params, "subnet6", json_string(net->subnet6.s));
	if (net->ipv6.s)
		json_object_set_new(params, "ipv6", json_string(net->ipv6.s));
	if (net->via.s)
		json_object_set_new(params, "via", json_string(net->via.s));
	if (net->uplink.s)
		json_object_set_new(params, "uplink", json_string(net->uplink.s));
	if (net->mtu.given)
		json_object_set_new(params, "mtu", json_integer(net->mtu.v));
	if (net->vlan.given)
		json_object_set_new(params, "vlan", json_integer(net->vlan.v));
	settings_put(lab, &net->settings, params);
	return params;
}

/* Where only some nodes are made, the networks are there already, but for those that are missing
 * too. */
static bool present(struct lab_run *r, const struct lab_net *net)
{
	struct err ignored;
	json_t *obj = r->only ? client_call(r->client, "net.show",
					    json_pack("{s:s}", "net", net->id), &ignored)
			      : NULL;
	bool there = obj != NULL;

	json_decref(obj);
	return there;
}

/* A forward's target is a guest's name for the daemon, or an address. */
static int net_forwards(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	int rc = 0;

	for (size_t k = 0; !rc && k < net->n_forwards; k++) {
		const struct lab_forward *f = &net->forwards[k];
		const struct lab_node *to = lab_node_find(r->lab, f->to);

		rc = up_call(r, "nat.forward.add",
			     json_pack("{s:s, s:s, s:s, s:o}", "net", net->id, "proto", f->proto,
				       "bind", f->bind, "to",
				       json_sprintf("%s:%u", to ? to->id : f->to, f->port)),
			     err);
	}
	return rc;
}

static int net_maps(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	int rc = 0;

	for (size_t k = 0; !rc && k < net->n_maps; k++) {
		const struct lab_map *m = &net->maps[k];
		const struct lab_node *to = lab_node_find(r->lab, m->to);

		rc = up_call(r, "nat.map.add",
			     json_pack("{s:s, s:s, s:s}", "net", net->id, "address", m->address,
				       "to", to ? to->id : m->to),
			     err);
	}
	return rc;
}

/* What leads in from outside. */
static int net_ways_in(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	int rc = net_forwards(r, net, err);

	return rc ? rc : net_maps(r, net, err);
}

int up_forwards(struct lab_run *r, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < r->lab->n_nets; i++)
		rc = net_ways_in(r, &r->lab->nets[i], err);
	return rc;
}

/* Does it have a name server (vnet-modes(7), NAMES)? */
static bool has_names(const struct lab_net *net)
{
	bool dhcp = net->dhcp.on || (!net->dhcp.given && net->mode == LAB_HOST_ONLY);
	bool six = net->subnet6.s ||
		   (net->ipv6.s ? strcmp(net->ipv6.s, "off") != 0 : net->mode == LAB_HOST_ONLY);

	return net->mode == LAB_NAT ||
	       ((net->mode == LAB_HOST_ONLY || net->mode == LAB_INTERNAL) && (dhcp || six));
}

/* The nodes whose addresses the file says; those by DHCP have their names by their leases. */
static int node_names(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	char text[IP4_STR];
	int rc = 0;

	for (size_t n = 0; has_names(net) && n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		for (size_t i = 0; !rc && i < node->n_nics; i++) {
			if (node->nics[i].net != net || !node->nics[i].address.given)
				continue;
			rc = up_call(r, "dns.add",
				     json_pack("{s:s, s:s, s:s, s:s}", "net", net->id, "name",
					       node->name.s, "type", "A", "value",
					       ip4_format(node->nics[i].address.p.addr, text)),
				     err);
		}
	}
	return rc;
}

static int net_names(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	int rc = node_names(r, net, err);

	for (size_t i = 0; !rc && i < net->n_records; i++) {
		const struct lab_record *rec = &net->records[i];

		rc = up_call(r, "dns.add",
			     json_pack("{s:s, s:s, s:s, s:s}", "net", net->id, "name", rec->name,
				       "type", rec->type, "value", rec->value),
			     err);
		if (rc)
			rc = err_wrap(err, "line %u, record '%s %s'", rec->pos.line, rec->name,
				      rec->type);
	}
	return rc;
}

static int reserve(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	char text[CLIENT_MAX];
	const char *who;
	json_t *addr;

	json_object_foreach (net->dhcp.reserve, who, addr) {
		int rc = up_call(r, "dhcp.reserve",
				 json_pack("{s:s, s:s, s:O}", "net", net->id, "who",
					   client_id(r->lab, who, text), "address", addr),
				 err);

		if (rc)
			return rc;
	}
	return 0;
}

/* A directory is named from the topology file's folder; the daemon wants the whole path. */
static int whole_path(const struct lab_run *r, json_t *params, struct err *err)
{
	const char *path = json_string_value(json_object_get(params, "tftp"));
	char *joined, *full;

	if (!path || !strcmp(path, "off"))
		return 0;
	joined = lab_beside(r->file, path);
	full = joined ? realpath(joined, NULL) : NULL;
	if (full)
		json_object_set_new(params, "tftp", json_string(full));
	else
		err_sys(err, joined ? -errno : -ENOMEM, "tftp '%s'", joined ? joined : path);
	free(joined);
	free(full);
	return full ? 0 : err->code;
}

static int net_make(struct lab_run *r, const struct lab_net *net, struct err *err)
{
	json_t *params = lab_net_params(r->lab, net);
	int rc = whole_path(r, params, err);

	if (!rc)
		return up_call(r, "net.add", params, err);
	json_decref(params);
	return err_wrap(err, "network '%s'", net->name.s);
}

int up_networks(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];
		int rc;

		if (present(r, net))
			continue;
		rc = net_make(r, net, err);
		if (!rc)
			rc = reserve(r, net, err);
		if (!rc && r->only)
			rc = net_ways_in(r, net, err);
		if (!rc)
			rc = net_names(r, net, err);
		if (rc)
			return rc;
		progress_line(&r->progress, "network   %s up (%s)", net->name.s,
			      lab_mode_word(net->mode));
	}
	return 0;
}
