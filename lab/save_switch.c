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
#include "lab/up_parts.h"

enum { CABLE_WORDS_MAX = 400 };

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

/* What the file says of a port, a node's or the end of a cable. */
struct filed {
	const char *port;
	const struct lab_net *net;
	const struct lab_settings *settings;
	const char *link; /* the cable's words; NULL: it is a good one */
};

/* What was done to the cable: the words it has now, "none" where the file has some, NULL for
 * nothing. A schedule counts from when the lab is up, so it is no work. */
static const char *changed_cable(const json_t *shown, const struct filed *f)
{
	const char *now =
		json_string_value(json_object_get(json_object_get(shown, "impair"), "words"));

	if (!shown || (now && strstr(now, "at=")) || (f->link && strstr(f->link, "at=")))
		return NULL;
	return now ? now : f->link ? "none" : NULL;
}

static void save_port(struct lab_run *r, const struct filed *f, json_t *out)
{
	struct err ignored;
	json_t *shown =
		client_call(r->client, "port.show", json_pack("{s:s}", "port", f->port), &ignored);
	json_t *settings = changed_settings(shown, f->settings);
	const char *cable = changed_cable(shown, f);
	bool moved = shown && strcmp(jstr(shown, "net"), f->net->id) != 0;

	if (moved || cable || json_object_size(settings))
		json_object_set_new(out, own_name(r->lab, f->port),
				    json_pack("{s:s, s:O, s:s*}", "net",
					      own_name(r->lab, jstr(shown, "net")), "settings",
					      settings, "cable", cable));
	json_decref(settings);
	json_decref(shown);
}

static void save_cable(struct lab_run *r, const struct lab_cable *c, json_t *out)
{
	for (size_t k = 0; k < 2; k++)
		save_port(r,
			  &(struct filed){c->end[k].port, lab_net_find(r->lab, c->end[k].network.s),
					  &c->settings, k ? NULL : c->link.s},
			  out);
}

static void save_nic(struct lab_run *r, const struct lab_nic *nic, json_t *out)
{
	if (nic->net)
		save_port(r, &(struct filed){nic->port, nic->net, &nic->settings, nic->link.s},
			  out);
}

json_t *save_switch(struct lab_run *r, struct err *err)
{
	json_t *nets = json_object(), *ports = json_object(), *doc;

	for (size_t i = 0; i < r->lab->n_nets; i++)
		save_net(r, &r->lab->nets[i], nets);
	for (size_t i = 0; i < r->lab->n_nodes; i++)
		for (size_t k = 0; k < r->lab->nodes[i].n_nics; k++)
			save_nic(r, &r->lab->nodes[i].nics[k], ports);
	for (size_t i = 0; i < r->lab->n_cables; i++)
		save_cable(r, &r->lab->cables[i], ports);
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

static bool is_cable_end(const struct lab *lab, const char *port)
{
	for (size_t i = 0; i < 2 * lab->n_cables; i++)
		if (!strcmp(lab->cables[i / 2].end[i % 2].port, port))
			return true;
	return false;
}

/* "NODE.ethN", or a cable's end as "CABLE.NETWORK"; NULL when there is none. */
static const char *port_named(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < 2 * lab->n_cables; i++)
		if (!strcmp(own_name(lab, lab->cables[i / 2].end[i % 2].port), name))
			return lab->cables[i / 2].end[i % 2].port;
	return lab_port_of(lab, name);
}

/* The daemon reads the words as it reads anybody's, and refuses what is none. NULL: nothing was
 * done. */
static void restore_cable(struct lab_run *r, const char *port, const char *words)
{
	struct err ignored;

	if (!words || strlen(words) > CABLE_WORDS_MAX)
		return;
	up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", port, "words", "none"), &ignored);
	if (strcmp(words, "none") != 0)
		up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", port, "words", words),
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
		const char *port = port_named(r->lab, name);

		if (!port)
			continue;
		if (net && !is_cable_end(r->lab, port))
			up_call(r, "port.move",
				json_pack("{s:s, s:s}", "port", port, "net", net->id), &ignored);
		set_each(r, "port.set", "port", port, json_object_get(value, "settings"),
			 port_safe);
		restore_cable(r, port, json_string_value(json_object_get(value, "cable")));
	}
}
