/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_namespace.c - nodes that are network namespaces.
 */
#include <stdio.h>
#include <string.h>

#include "lab/guest.h"
#include "lab/up.h"

static int ns_run(struct lab_run *r, const char *name, const char *command, struct err *err)
{
	return up_run(r, "ns.exec", "name", name, command, err);
}

static int ns_addr(struct lab_run *r, const char *ns, const char *ifname, struct ip4_prefix p,
		   struct err *err)
{
	char text[IP4_PREFIX_STR];

	return up_call(r, "ns.addr",
		       json_pack("{s:s, s:s, s:s}", "netns", ns, "ifname", ifname, "address",
				 ip4_prefix_format(p, text)),
		       err);
}

static int ns_veth(struct lab_run *r, const struct lab_node *node, size_t i, struct err *err)
{
	const struct lab_nic *nic = &node->nics[i];
	const char *ifname = lab_nic_name(i);
	int rc;

	rc = up_call(r, "ns.veth",
		     json_pack("{s:s, s:s, s:s}", "netns", node->name.s, "ifname", ifname, "host",
			       nic->veth.s),
		     err);
	if (!rc && nic->host_address.given)
		rc = ns_addr(r, "", nic->veth.s, nic->host_address.p, err);
	return rc;
}

static int ns_port(struct lab_run *r, const struct lab_node *node, size_t i, struct err *err)
{
	const struct lab_nic *nic = &node->nics[i];
	const char *ifname = lab_nic_name(i);
	char port[2 * NAME_MAX_], mac[MAC_STR];
	json_t *params;

	snprintf(port, sizeof(port), "%s.%s", node->name.s, ifname);
	params = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "net", nic->network.s, "name", port,
			   "netns", node->name.s, "ifname", ifname, "mac",
			   mac_format(&nic->mac, mac), "lab", r->lab->name.s);
	settings_put(&nic->settings, params);
	return up_call(r, "port.add", params, err);
}

/* A DHCP client that configures @ifname and keeps its lease. Its script is a file that is deleted
 * while it is open, so that nothing stays behind however the client ends. */
static int ns_dhcp(struct lab_run *r, const char *ns, const char *ifname, struct err *err)
{
	static const char text[] =
		"f=$(mktemp) && cat >$f <<'END' && chmod 700 $f && exec 9<$f && rm $f &&"
		" exec busybox udhcpc -f -t 5 -T 1 -A 1 -i %s -s /proc/self/fd/9\n"
		"#!/bin/sh\n"
		"case $1 in\n"
		"deconfig) ip addr flush dev $interface; ip link set $interface up;;\n"
		"bound|renew)\n"
		"	ip addr replace $ip/$mask dev $interface\n"
		"	for r in $router; do ip route replace default via $r; break; done;;\n"
		"esac\n"
		"END\n";
	char command[sizeof(text) + 16];

	snprintf(command, sizeof(command), text, ifname);
	return up_call(r, "ns.spawn", json_pack("{s:s, s:s}", "name", ns, "command", command), err);
}

static int ns_nic_setup(struct lab_run *r, const struct lab_node *node, size_t i, struct err *err)
{
	const struct lab_nic *nic = &node->nics[i];
	const char *ifname = lab_nic_name(i);
	char command[64], gateway[IP4_STR];
	int rc = 0;

	if (nic->how == LAB_ADDR_STATIC)
		rc = ns_addr(r, node->name.s, ifname, nic->address.p, err);
	if (!rc && nic->gateway.given) {
		snprintf(command, sizeof(command), "ip route add default via %s",
			 ip4_format(nic->gateway.a, gateway));
		rc = ns_run(r, node->name.s, command, err);
	}
	if (!rc && lab_nic_how(nic) == LAB_ADDR_DHCP)
		rc = ns_dhcp(r, node->name.s, ifname, err);
	return rc;
}

int up_namespaces_make(struct lab_run *r, struct err *err)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];
		int rc;

		if (node->kind != LAB_NAMESPACE)
			continue;
		rc = up_call(r, "ns.add",
			     json_pack("{s:s, s:s}", "name", node->name.s, "lab", r->lab->name.s),
			     err);
		for (size_t i = 0; !rc && i < node->n_nics; i++)
			if (node->nics[i].veth.s)
				rc = ns_veth(r, node, i, err);
		if (rc)
			return rc;
		progress_line(&r->progress, "namespace %s made", node->name.s);
	}
	return 0;
}

static int namespace_start(struct lab_run *r, const struct lab_node *node, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < node->n_nics; i++) {
		if (node->nics[i].net)
			rc = ns_port(r, node, i, err);
		if (!rc)
			rc = ns_nic_setup(r, node, i, err);
	}
	if (!rc && node->forward.v)
		rc = ns_run(r, node->name.s, "echo 1 >/proc/sys/net/ipv4/ip_forward", err);
	for (size_t i = 0; !rc && i < node->n_run; i++) {
		const char *command = node->run[i].s;

		if (!up_in_background(command))
			rc = ns_run(r, node->name.s, command, err);
		else
			rc = up_call(r, "ns.spawn",
				     json_pack("{s:s, s:s%}", "name", node->name.s, "command",
					       command, (size_t)(strrchr(command, '&') - command)),
				     err);
	}
	return rc;
}

int up_namespaces_start(struct lab_run *r, struct err *err)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];
		int rc;

		if (node->kind != LAB_NAMESPACE)
			continue;
		rc = namespace_start(r, node, err);
		if (rc)
			return rc;
		progress_line(&r->progress, "namespace %s up", node->name.s);
	}
	return 0;
}
