/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save_switch.c - the student's work outside of the nodes: settings of networks and ports,
 * addresses that are reserved, and cards that were plugged in elsewhere. Ways in through NAT are
 * not kept: they open ports of the host, and who grades is on another.
 *
 * Names are kept without the lab's, since the lab is graded under another.
 */
#include "lab/save_switch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/up.h"

/* These stay within a lab, whatever their values: no files, no interfaces, no ports of the host, no
 * other lab's objects. */
static const char *const net_safe[] = {
	"hub",
	"ageing",
	"macs",
	"stp",
	"stp-priority",
	"snooping",
	"nat-type",
	"nat-mapping",
	"nat-filtering",
	"mtu",
	"nat-udp-timeout",
	"ipv6",
	"nat-max",
	"nat-max-guest",
	"nat-tcp-timeout",
	"leases",
	NULL,
};
static const char *const port_safe[] = {
	"vlan",
	"trunk",
	"native",
	"stp-cost",
	"stp-port-priority",
	"edge",
	"loop-guard",
	"mac-guard",
	"address-guard",
	"addresses",
	"dhcp-guard",
	"router-guard",
	"isolated",
	"promiscuous",
	"macs-allowed",
	"storm-unknown",
	"storm-broadcast",
	"storm-multicast",
	"macs",
	"leases",
	NULL,
};

static bool in_list(const char *const *list, const char *word)
{
	while (*list && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* "LAB.NAME" to "NAME"; others' names stay. */
static const char *own_name(const struct lab *lab, const char *name)
{
	size_t n = strlen(lab->name.s);

	return !strncmp(name, lab->name.s, n) && name[n] == '.' ? name + n + 1 : name;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* What of the settings of @shown, as the daemon shows an object, is not in @file. It shows none
 * that are as they are without anybody's doing: where the file switches something on (or off), that
 * is off (on) again. */
static json_t *changed_settings(const json_t *shown, const struct lab_settings *file)
{
	const json_t *now = json_object_get(shown, "settings");
	json_t *out = json_object(), *value;
	const char *name;

	for (size_t i = 0; i < file->n; i++) {
		bool on = !strcmp(file->v[i].value.s, "on"),
		     off = !strcmp(file->v[i].value.s, "off");

		if (now && (on || off) && !json_object_get(now, file->v[i].name))
			json_object_set_new(out, file->v[i].name, json_string(on ? "off" : "on"));
	}

	json_object_foreach ((json_t *)now, name, value) {
		bool same = false;

		for (size_t i = 0; i < file->n; i++)
			same |= !strcmp(file->v[i].name, name) &&
				!strcmp(file->v[i].value.s, json_string_value(value) ?: "");
		if (!same)
			json_object_set(out, name, value);
	}
	return out;
}

static void reserved_of(struct lab_run *r, const struct lab_net *net, json_t *out)
{
	struct err ignored;
	json_t *list =
		client_call(r->client, "dhcp.list", json_pack("{s:s}", "net", net->id), &ignored);
	json_t *lease;
	size_t i;

	json_array_foreach (jarr(list, "leases"), i, lease) {
		const char *who = json_string_value(json_object_get(lease, "reserved"));

		if (who)
			json_object_set_new(out, jstr(lease, "address"),
					    json_string(own_name(r->lab, who)));
	}
	json_decref(list);
}

static void save_net(struct lab_run *r, const struct lab_net *net, json_t *out)
{
	struct err ignored;
	json_t *shown =
		client_call(r->client, "net.show", json_pack("{s:s}", "net", net->id), &ignored);
	json_t *reserved = json_object();

	reserved_of(r, net, reserved);
	json_object_set_new(out, net->name.s,
			    json_pack("{s:o, s:o}", "settings",
				      changed_settings(shown, &net->settings), "reserved",
				      reserved));
	json_decref(shown);
}

static void save_port(struct lab_run *r, const struct lab_nic *nic, json_t *out)
{
	struct err ignored;
	json_t *shown = client_call(r->client, "port.show", json_pack("{s:s}", "port", nic->port),
				    &ignored);
	json_t *settings = changed_settings(shown, &nic->settings);
	bool moved = shown && strcmp(jstr(shown, "net"), nic->net->id) != 0;

	if (moved || json_object_size(settings))
		json_object_set_new(out, own_name(r->lab, nic->port),
				    json_pack("{s:s, s:O}", "net",
					      own_name(r->lab, jstr(shown, "net")), "settings",
					      settings));
	json_decref(settings);
	json_decref(shown);
}

json_t *save_switch(struct lab_run *r, struct err *err)
{
	json_t *nets = json_object(), *ports = json_object(), *doc;

	for (size_t i = 0; i < r->lab->n_nets; i++)
		save_net(r, &r->lab->nets[i], nets);
	for (size_t i = 0; i < r->lab->n_nodes; i++)
		for (size_t k = 0; k < r->lab->nodes[i].n_nics; k++)
			if (r->lab->nodes[i].nics[k].net)
				save_port(r, &r->lab->nodes[i].nics[k], ports);
	doc = json_pack("{s:o, s:o}", "networks", nets, "ports", ports);
	if (!doc)
		err_set(err, -ENOMEM, "out of memory");
	return doc;
}

/* ---- restoring ------------------------------------------------------------------------------- */

/* One by one: a value that the daemon refuses keeps no other away. */
static void set_each(struct lab_run *r, const char *method, const char *key, const char *id,
		     const json_t *settings, const char *const *safe)
{
	struct err ignored;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)settings, name, value)
		if (json_is_string(value) && in_list(safe, name))
			up_call(r, method,
				json_pack("{s:s, s:{s:O}}", key, id, "settings", name, value),
				&ignored);
}

/* A node's name, or a card's, as the daemon calls it; else as it is. */
static const char *run_name(const struct lab *lab, const char *name, char *buf, size_t size)
{
	if (!lab_node_of(lab, name))
		return name;
	snprintf(buf, size, "%s.%s", lab->name.s, name);
	return buf;
}

static void restore_reserved(struct lab_run *r, const struct lab_net *net, const json_t *reserved)
{
	struct err ignored;
	const char *address;
	char buf[128];
	json_t *who;

	json_object_foreach ((json_t *)reserved, address, who)
		if (json_is_string(who))
			up_call(r, "dhcp.reserve",
				json_pack(
					"{s:s, s:s, s:s}", "net", net->id, "who",
					run_name(r->lab, json_string_value(who), buf, sizeof(buf)),
					"address", address),
				&ignored);
}

void restore_switch(struct lab_run *r, const json_t *doc)
{
	const json_t *nets = json_object_get(doc, "networks"), *ports;
	struct err ignored;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)nets, name, value) {
		const struct lab_net *net = lab_net_find(r->lab, name);

		if (!net)
			continue;
		set_each(r, "net.set", "net", net->id, json_object_get(value, "settings"),
			 net_safe);
		restore_reserved(r, net, json_object_get(value, "reserved"));
	}
	ports = json_object_get(doc, "ports");
	json_object_foreach ((json_t *)ports, name, value) {
		const struct lab_net *net = lab_net_find(r->lab, jstr(value, "net"));
		const char *port = lab_port_of(r->lab, name);

		if (!port)
			continue;
		if (net)
			up_call(r, "port.move",
				json_pack("{s:s, s:s}", "port", port, "net", net->id), &ignored);
		set_each(r, "port.set", "port", port, json_object_get(value, "settings"),
			 port_safe);
	}
}
