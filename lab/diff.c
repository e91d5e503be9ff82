/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff.c - what is different between two texts of a lab, and between a text and what is running;
 * and making it the same.
 *
 * Each network, cable and node is a JSON object of all that makes it; two of them are the same when
 * the objects are. A node or network whose settings or cable only have changed keeps running and is
 * changed live; any other change is the object anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/change.h"
#include "lab/guest.h"
#include "lab/node.h"
#include "lab/record.h"
#include "lab/schedule.h"
#include "lab/up_parts.h"
#include "lab/wave.h"

/* ---- objects as JSON ------------------------------------------------------------------------- */

static void set_text(json_t *doc, const char *key, const char *text)
{
	if (text)
		json_object_set_new(doc, key, json_string(text));
}

static json_t *net_doc(const struct lab *lab, const struct lab_net *net)
{
	json_t *doc = lab_net_params(lab, net), *forwards = json_array();
	json_t *records = json_array();

	json_object_del(doc, "name");
	json_object_del(doc, "lab");
	for (size_t i = 0; i < net->n_forwards; i++)
		json_array_append_new(forwards,
				      json_sprintf("%s -> %s:%u/%s", net->forwards[i].bind,
						   net->forwards[i].to, net->forwards[i].port,
						   net->forwards[i].proto));
	if (net->n_forwards)
		json_object_set(doc, "forward", forwards);
	json_decref(forwards);
	for (size_t i = 0; i < net->n_records; i++)
		json_array_append_new(records,
				      json_sprintf("%s %s %s", net->records[i].name,
						   net->records[i].type, net->records[i].value));
	if (net->n_records)
		json_object_set(doc, "records", records);
	json_decref(records);
	return doc;
}

static json_t *nic_doc(const struct lab_nic *nic)
{
	char text[IP4_PREFIX_STR], addr[IP4_STR], mac[MAC_STR];
	json_t *doc =
		json_pack("{s:i, s:s}", "how", (int)nic->how, "mac", mac_format(&nic->mac, mac));

	set_text(doc, "network", nic->network.s);
	set_text(doc, "veth", nic->veth.s);
	if (nic->address.given)
		set_text(doc, "address", ip4_prefix_format(nic->address.p, text));
	if (nic->gateway.given)
		set_text(doc, "gateway", ip4_format(nic->gateway.a, addr));
	if (nic->host_address.given)
		set_text(doc, "host-address", ip4_prefix_format(nic->host_address.p, text));
	return doc;
}

static json_t *texts_doc(const struct lab_text *texts, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(texts[i].s));
	return list;
}

/* What can be changed while the node runs: one member an interface. */
static json_t *live_doc(const struct lab *lab, const struct lab_node *node)
{
	json_t *doc = json_object();

	for (size_t i = 0; i < node->n_nics; i++) {
		json_t *settings = json_object();

		settings_put(lab, &node->nics[i].settings, settings);
		set_text(settings, "link", node->nics[i].link.s);
		json_object_set_new(doc, lab_nic_name(i), settings);
	}
	return doc;
}

static json_t *node_doc(const struct lab *lab, const struct lab_node *node)
{
	const struct lab_machine *m = &node->machine, *d = &lab->defaults;
	json_t *nics = json_array(), *files = json_object(), *doc;

	for (size_t i = 0; i < node->n_nics; i++)
		json_array_append_new(nics, nic_doc(&node->nics[i]));
	for (size_t i = 0; i < node->n_files; i++)
		set_text(files, node->files[i].to.s, node->files[i].from.s);
	doc = json_pack("{s:i, s:o, s:o, s:o, s:b, s:o}", "kind", (int)node->kind, "interfaces",
			nics, "run", texts_doc(node->run, node->n_run), "files", files, "forward",
			(int)node->forward.v, "live", live_doc(lab, node));
	set_text(doc, "masquerade", node->masquerade.s);
	if (node->kind == LAB_NAMESPACE)
		return doc;
	json_object_set_new(doc, "memory",
			    json_integer(m->memory_mib.given ? m->memory_mib.v : d->memory_mib.v));
	json_object_set_new(doc, "cpus", json_integer(m->cpus.given ? m->cpus.v : d->cpus.v));
	set_text(doc, "hypervisor", m->hypervisor.s ? m->hypervisor.s : d->hypervisor.s);
	set_text(doc, "image", m->image.s ? m->image.s : d->image.s);
	set_text(doc, "kernel", m->kernel.s ? m->kernel.s : d->kernel.s);
	set_text(doc, "initrd", m->initrd.s ? m->initrd.s : d->initrd.s);
	set_text(doc, "disk", m->disk.s ? m->disk.s : d->disk.s);
	set_text(doc, "boot", lab_boots_from_network(lab, node) ? "network" : NULL);
	set_text(doc, "append", m->append.s ? m->append.s : d->append.s);
	return doc;
}

static json_t *cable_doc(const struct lab *lab, const struct lab_cable *c)
{
	json_t *doc = json_pack("{s:s, s:s}", "a", c->end[0].network.s, "b", c->end[1].network.s);

	settings_put(lab, &c->settings, doc);
	set_text(doc, "link", c->link.s);
	return doc;
}

/* {network: {NAME: ...}, cable: {...}, node: {...}, schedule: {lab: {steps}}} */
static json_t *lab_doc(const struct lab *lab)
{
	json_t *nets = json_object(), *cables = json_object(), *nodes = json_object();

	for (size_t i = 0; i < lab->n_nets; i++)
		json_object_set_new(nets, lab->nets[i].name.s, net_doc(lab, &lab->nets[i]));
	for (size_t i = 0; i < lab->n_cables; i++)
		json_object_set_new(cables, lab->cables[i].name.s, cable_doc(lab, &lab->cables[i]));
	for (size_t i = 0; i < lab->n_nodes; i++)
		json_object_set_new(nodes, lab->nodes[i].name.s, node_doc(lab, &lab->nodes[i]));
	return json_pack("{s:o, s:o, s:o, s:{s:{s:o}}}", "network", nets, "cable", cables, "node",
			 nodes, "schedule", "lab", "steps", schedule_steps(lab));
}

/* ---- the difference -------------------------------------------------------------------------- */

static void add_row(json_t *rows, const char *what, const char *name, const char *change,
		    json_t *keys)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:o}", "what", what, "name", name,
					      "change", change, "keys", keys));
}

/* The members in which two objects differ; "live" as the words of its own members. */
static json_t *keys_of(const json_t *a, const json_t *b)
{
	json_t *keys = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)a, key, value)
		if (!json_equal(value, json_object_get(b, key)))
			json_array_append_new(keys, json_string(key));
	json_object_foreach ((json_t *)b, key, value)
		if (!json_object_get(a, key))
			json_array_append_new(keys, json_string(key));
	return keys;
}

static void compare(json_t *rows, const char *what, const json_t *a, const json_t *b)
{
	const json_t *as = json_object_get(a, what), *bs = json_object_get(b, what);
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)as, name, value) {
		const json_t *now = json_object_get(bs, name);

		if (!now)
			add_row(rows, what, name, "removed", json_array());
		else if (!json_equal(value, (json_t *)now))
			add_row(rows, what, name, "changed", keys_of(value, now));
	}
	json_object_foreach ((json_t *)bs, name, value)
		if (!json_object_get(as, name))
			add_row(rows, what, name, "added", json_array());
}

json_t *lab_diff(const struct lab *from, const struct lab *to)
{
	json_t *a = lab_doc(from), *b = lab_doc(to), *rows = json_array();

	compare(rows, "network", a, b);
	compare(rows, "cable", a, b);
	compare(rows, "node", a, b);
	compare(rows, "schedule", a, b);
	json_decref(a);
	json_decref(b);
	return rows;
}

/* ---- what runs ------------------------------------------------------------------------------- */

static void port_drift(struct lab_run *r, json_t *rows, const char *what, const char *name,
		       const char *port)
{
	struct err ignored;
	json_t *obj =
		client_call(r->client, "port.show", json_pack("{s:s}", "port", port), &ignored);

	if (!obj)
		add_row(rows, what, name, "missing", json_array());
	else if (!strcmp(jstr(obj, "admin"), "down"))
		add_row(rows, what, name, "pulled", json_array());
	json_decref(obj);
}

json_t *lab_drift(struct lab_run *r, const json_t *record, struct err *err)
{
	const struct lab *lab = r->lab;
	json_t *nets = client_call(r->client, "net.list", NULL, err), *rows = json_array(), *obj;
	char state[32];
	size_t k;

	if (!nets) {
		json_decref(rows);
		return NULL;
	}
	for (size_t i = 0; i < lab->n_nets; i++) {
		bool there = false;

		json_array_foreach (nets, k, obj)
			there |= !strcmp(jstr(obj, "name"), lab->nets[i].id);
		if (!there)
			add_row(rows, "network", lab->nets[i].name.s, "missing", json_array());
	}
	json_decref(nets);
	for (size_t n = 0; n < lab->n_nodes; n++) {
		const struct lab_node *node = &lab->nodes[n];

		node_state(r, node, state, sizeof(state));
		if (strcmp(state, "up") && strcmp(state, "running")) {
			add_row(rows, "node", node->name.s,
				schedule_has_off(record, node->name.s, state) ? "off by schedule"
									      : state,
				json_array());
			continue;
		}
		for (size_t i = 0; i < node->n_nics; i++)
			if (node->nics[i].net)
				port_drift(r, rows, "interface",
					   node->nics[i].port + strlen(lab->name.s) + 1,
					   node->nics[i].port);
	}
	for (size_t i = 0; i < lab->n_cables; i++)
		port_drift(r, rows, "cable", lab->cables[i].name.s, lab->cables[i].end[0].port);
	return rows;
}

/* ---- making it so ---------------------------------------------------------------------------- */

/* Only what can change while the node runs? */
static bool only_live(const json_t *row)
{
	const json_t *keys = json_object_get(row, "keys");

	return json_array_size(keys) == 1 &&
	       !strcmp(json_string_value(json_array_get(keys, 0)), "live");
}

static bool is(const json_t *row, const char *what, const char *change)
{
	return !strcmp(jstr(row, "what"), what) &&
	       (!change || !strcmp(jstr(row, "change"), change));
}

/* Which nodes of @lab are changed (or on a network that is), so that they are made anew? */
static bool *affected(const struct lab *lab, const json_t *rows)
{
	bool *which = calloc(lab->n_nodes + 1, sizeof(*which));
	json_t *row;
	size_t k;

	for (size_t n = 0; which && n < lab->n_nodes; n++) {
		const struct lab_node *node = &lab->nodes[n];

		json_array_foreach ((json_t *)rows, k, row) {
			if (is(row, "node", NULL) && !only_live(row))
				which[n] |= !strcmp(jstr(row, "name"), node->name.s);
			for (size_t i = 0; is(row, "network", NULL) && i < node->n_nics; i++)
				which[n] |= node->nics[i].network.s &&
					    !strcmp(jstr(row, "name"), node->nics[i].network.s);
		}
	}
	return which;
}

static void remove_objects(struct wave *w, const struct lab *from, const json_t *rows)
{
	json_t *row;
	size_t k;

	json_array_foreach ((json_t *)rows, k, row) {
		const struct lab_cable *c = lab_cable_find(from, jstr(row, "name"));

		for (size_t i = 0; c && is(row, "cable", NULL) && i < 2; i++)
			wave_call(w, c->name.s, "port.del",
				  json_pack("{s:s}", "port", c->end[i].port));
	}
	json_array_foreach ((json_t *)rows, k, row) {
		const struct lab_net *net = lab_net_find(from, jstr(row, "name"));

		if (net && is(row, "network", NULL))
			wave_call(w, net->name.s, "net.del", json_pack("{s:s}", "net", net->id));
	}
}

/* Cables of the file that a changed network took away are made again with it. */
static void live_changes(struct wave *w, const struct lab *lab, const json_t *rows)
{
	json_t *row;
	size_t k;

	json_array_foreach ((json_t *)rows, k, row) {
		const struct lab_node *node = lab_node_find(lab, jstr(row, "name"));

		if (!node || !is(row, "node", "changed") || !only_live(row))
			continue;
		for (size_t i = 0; i < node->n_nics; i++) {
			const struct lab_nic *nic = &node->nics[i];
			json_t *settings = json_object();

			settings_put(lab, &nic->settings, settings);
			wave_call(w, node->name.s, "port.impair",
				  json_pack("{s:s, s:s}", "port", nic->port, "words", "none"));
			if (nic->link.s)
				wave_call(w, node->name.s, "port.impair",
					  json_pack("{s:s, s:s}", "port", nic->port, "words",
						    nic->link.s));
			if (json_object_size(settings))
				wave_call(w, node->name.s, "port.set",
					  json_pack("{s:s, s:O}", "port", nic->port, "settings",
						    settings));
			json_decref(settings);
		}
	}
}

static int apply_rows(struct lab_run *r, const struct lab *from, const json_t *rows,
		      struct err *err)
{
	bool *gone = affected(from, rows), *new = affected(r->lab, rows);
	struct lab_run old = *r;
	struct wave w;
	int rc;

	old.lab = from;
	old.only = gone;
	rc = gone && new ? nodes_remove(&old, false, err) : err_set(err, -ENOMEM, "out of memory");
	if (!rc) {
		wave_begin(&w, r, err);
		remove_objects(&w, from, rows);
		live_changes(&w, r->lab, rows);
		rc = wave_end(&w);
	}
	r->only = new;
	if (!rc)
		rc = up_objects(r, err);
	r->only = NULL;
	free(gone);
	free(new);
	return rc;
}

int lab_apply(struct lab_run *r, const struct lab *from, const char *text, struct err *err)
{
	json_t *rows = lab_diff(from, r->lab), *record, *row;
	int rc = lab_state(r, "changing", err);
	bool steps = false;
	size_t k;

	if (!rc)
		rc = apply_rows(r, from, rows, err);
	json_array_foreach (rows, k, row)
		steps |= is(row, "schedule", NULL);
	json_decref(rows);
	if (rc)
		return err_wrap(err, "lab '%s' is half changed", r->lab->name.s);
	record = client_call(r->client, "lab.set",
			     json_pack("{s:s, s:s, s:s, s:s}", "name", r->lab->name.s, "state",
				       "up", "text", text, "file", r->file),
			     err);
	json_decref(record);
	if (!record)
		return err->code;
	return steps ? schedule_begin(r, true, err) : 0;
}
