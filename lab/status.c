/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.c - a running lab, NIC by NIC.
 */
#include <string.h>

#include "lab/node.h"
#include "client/ctl.h"
#include "lab/probe.h"
#include "lab/schedule.h"

static json_t *find(const json_t *list, const char *name)
{
	json_t *obj;
	size_t i;

	json_array_foreach ((json_t *)list, i, obj) {
		if (!strcmp(jstr(obj, "name"), name))
			return obj;
	}
	return NULL;
}

/* An address as it is shown: fixed ones with their prefix length. */
static json_t *address(struct lab_run *r, const struct lab_node *node, size_t i, bool alive)
{
	const struct lab_nic *nic = &node->nics[i];
	char text[IP4_PREFIX_STR];
	struct err ignored;
	be32 addr;

	if (nic->how == LAB_ADDR_STATIC)
		return json_string(ip4_prefix_format(nic->address.p, text));
	if (!alive || node_address(r, node, i, &addr, &ignored))
		return json_null();
	return json_string(ip4_format(addr, text));
}

static json_t *row(struct lab_run *r, const struct lab_node *node, size_t i, const char *state,
		   bool alive)
{
	const struct lab_nic *nic = i < node->n_nics ? &node->nics[i] : NULL;
	char mac[MAC_STR];
	json_t *row = json_pack("{s:s, s:s, s:s}", "node", node->name.s, "kind",
				node->kind == LAB_VM ? "vm" : "namespace", "state", state);

	if (!nic)
		return row;
	json_object_set_new(row, "nic", json_string(lab_nic_name(i)));
	json_object_set_new(row, "network", json_string(nic->net ? nic->net->name.s : nic->veth.s));
	json_object_set_new(row, "mode",
			    json_string(nic->net ? lab_mode_word(nic->net->mode) : "veth"));
	json_object_set_new(row, "address", address(r, node, i, alive));
	json_object_set_new(row, "mac",
			    nic->net ? json_string(mac_format(&nic->mac, mac)) : json_null());
	return row;
}

json_t *lab_status(struct lab_run *r, const json_t *record, struct err *err)
{
	json_t *vms = client_call(r->client, "vm.list", NULL, err);
	json_t *spaces = vms ? client_call(r->client, "ns.list", NULL, err) : NULL;
	json_t *rows = spaces ? json_array() : NULL;

	for (size_t n = 0; rows && n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];
		const json_t *obj = find(node->kind == LAB_VM ? vms : spaces, node->id);
		const char *state = obj ? jstr(obj, "state") : "missing";
		bool alive = !strcmp(state, "up") || !strcmp(state, "running");
		bool off = schedule_has_off(record, node->name.s, state);

		if (off)
			state = "off";
		for (size_t i = 0; i < MAX(node->n_nics, 1u); i++) {
			json_t *line = row(r, node, i, state, alive);

			json_object_set_new(line, "reason",
					    off ? json_string("by the lab's schedule")
						: json_incref(json_object_get(obj, "reason")));
			json_array_append_new(rows, line);
		}
	}
	json_decref(vms);
	json_decref(spaces);
	return rows;
}

json_t *lab_status_probes(struct lab_run *r)
{
	json_t *rows = json_array();
	char text[IP4_STR];
	struct err ignored;
	be32 addr;

	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];

		if (lab_net_has_probe(net) && !probe_address(r, net, &addr, &ignored))
			json_array_append_new(rows, json_pack("{s:s, s:s}", "network", net->name.s,
							      "address", ip4_format(addr, text)));
	}
	return rows;
}
