/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/node.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/probe.h"

enum { ADDRESS_TIMEOUT_S = 5 };

json_t *node_exec_params(const struct lab_node *node, const char *command, unsigned int timeout_s,
			 bool work)
{
	bool vm = node->kind == LAB_VM;
	json_t *params = json_pack("{s:s, s:s, s:i}", vm ? "vm" : "name", node->id, "command",
				   command, "timeout_s", (int)timeout_s);

	if (vm && work)
		json_object_set_new(params, "patient", json_true());
	return params;
}

static int exec_in(struct lab_run *r, const struct lab_node *node, const char *command,
		   unsigned int timeout_s, bool work, struct exec_result *res, struct err *err)
{
	json_t *result;

	memset(res, 0, sizeof(*res));
	if (!node)
		return local_exec(command, timeout_s, res, err);
	result = client_call(r->client, node->kind == LAB_VM ? "vm.exec" : "ns.exec",
			     node_exec_params(node, command, timeout_s, work), err);
	if (!result) {
		assert(err->code < 0);
		return err->code;
	}
	res->status = (int)jint(result, "status");
	res->out = strdup(jstr(result, "stdout"));
	res->err = strdup(jstr(result, "stderr"));
	json_decref(result);
	if (res->out && res->err)
		return 0;
	exec_result_fini(res);
	return err_set(err, -ENOMEM, "out of memory");
}

int node_exec(struct lab_run *r, const struct lab_node *node, const char *command,
	      unsigned int timeout_s, struct exec_result *res, struct err *err)
{
	return exec_in(r, node, command, timeout_s, false, res, err);
}

int node_work(struct lab_run *r, const struct lab_node *node, const char *command,
	      unsigned int timeout_s, struct exec_result *res, struct err *err)
{
	return exec_in(r, node, command, timeout_s, true, res, err);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool lease_of(struct lab_run *r, const struct lab_nic *nic, be32 *out)
{
	struct err ignored;
	json_t *list = client_call(r->client, "dhcp.list", json_pack("{s:s}", "net", nic->net->id),
				   &ignored);
	char mac[MAC_STR];
	bool found = false;
	json_t *lease;
	size_t i;

	mac_format(&nic->mac, mac);
	json_array_foreach (jarr(list, "leases"), i, lease) {
		if (!found && !strcmp(jstr(lease, "mac"), mac) &&
		    !strcmp(jstr(lease, "state"), "bound"))
			found = !ip4_parse(jstr(lease, "address"), out);
	}
	json_decref(list);
	return found;
}

/* "inet 10.0.2.128/24 brd ..." in the output of `ip -4 addr show`: the first in @in, else the
 * first. */
static bool find_inet(const char *text, struct ip4_prefix in, be32 *out)
{
	bool any = false;
	char addr[IP4_STR];
	be32 a;

	while ((text = strstr(text, "inet "))) {
		size_t len = strcspn(text += 5, "/ ");

		snprintf(addr, sizeof(addr), "%.*s", (int)len, text);
		if (ip4_parse(addr, &a))
			continue;
		if (!any || ip4_prefix_has(in, a))
			*out = a;
		any = true;
		if (ip4_prefix_has(in, a))
			break;
	}
	return any;
}

int node_has_address(struct lab_run *r, const struct lab_node *node, size_t index,
		     struct ip4_prefix in, be32 *out, struct err *err)
{
	struct exec_result res;
	char command[64];
	bool found;
	int rc;

	snprintf(command, sizeof(command), "ip -4 addr show dev %s", lab_nic_name(index));
	rc = node_exec(r, node, command, ADDRESS_TIMEOUT_S, &res, err);
	if (rc)
		return rc;
	found = find_inet(res.out, in, out);
	exec_result_fini(&res);
	return found ? 0
		     : err_set(err, -ENOENT, "%s.%s has no address", node->name.s,
			       lab_nic_name(index));
}

int node_lease(struct lab_run *r, const struct lab_node *node, size_t index, be32 *out,
	       struct err *err)
{
	if (lease_of(r, &node->nics[index], out))
		return 0;
	return err_set(err, -ENOENT, "%s.%s has no lease yet", node->name.s, lab_nic_name(index));
}

int node_address(struct lab_run *r, const struct lab_node *node, size_t index, be32 *out,
		 struct err *err)
{
	const struct lab_nic *nic = &node->nics[index];

	if (nic->how == LAB_ADDR_STATIC) {
		*out = nic->address.p.addr;
		return 0;
	}
	if (lab_nic_how(nic) == LAB_ADDR_DHCP && nic->net->mode != LAB_BRIDGE)
		return node_lease(r, node, index, out, err);
	return node_has_address(r, node, index, (struct ip4_prefix){0}, out, err);
}

static bool on_network(const struct lab_node *node, const struct lab_net *net)
{
	for (size_t i = 0; node && net && i < node->n_nics; i++)
		if (node->nics[i].net == net)
			return true;
	return false;
}

/* Is the host itself on @nic's network? Then that is the way from it. */
static bool host_on(const struct lab_nic *nic)
{
	return nic->veth.s ||
	       (nic->net && (nic->net->mode == LAB_HOST_ONLY || nic->net->mode == LAB_NAT));
}

int node_target(struct lab_run *r, const struct lab_node *from, const char *to, be32 *out,
		struct err *err)
{
	const struct lab_node *node = lab_node_find(r->lab, to);
	const char *dot = strrchr(to, '.');
	char name[NAME_MAX_ + 1];

	if (!ip4_parse(to, out))
		return 0;
	if (lab_probe_net(r->lab, to))
		return probe_address(r, lab_probe_net(r->lab, to), out, err);
	if (!node && dot) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - to), to);
		node = lab_node_find(r->lab, name);
		return node_address(r, node, (size_t)lab_nic_index(node, dot + 1), out, err);
	}
	assert(node); /* lab_validate_checks() let no other name through */
	for (size_t i = 0; i < node->n_nics; i++)
		if (from ? on_network(from, node->nics[i].net) : host_on(&node->nics[i]))
			return node_address(r, node, i, out, err);
	for (size_t i = 0; i < node->n_nics; i++)
		if (!node_address(r, node, i, out, err))
			return 0;
	return err_set(err, -ENOENT, "%s has no address", to);
}

const char *node_state(struct lab_run *r, const struct lab_node *node, char *buf, size_t size)
{
	bool vm = node->kind == LAB_VM;
	struct err ignored;
	json_t *list = client_call(r->client, vm ? "vm.list" : "ns.list", NULL, &ignored), *obj;
	size_t i;

	snprintf(buf, size, "missing");
	json_array_foreach (list, i, obj) {
		if (!strcmp(jstr(obj, "name"), node->id))
			snprintf(buf, size, "%s", jstr(obj, "state"));
	}
	json_decref(list);
	return buf;
}
