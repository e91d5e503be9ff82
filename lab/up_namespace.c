/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_namespace.c - nodes that are network namespaces, all of them side by side.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/guest.h"
#include "lab/up_parts.h"
#include "lab/wave.h"

/* The namespaces that this run is about, one after the other. */
static const struct lab_node *next(const struct lab_run *r, const struct lab_node *node)
{
	const struct lab_node *end = r->lab->nodes + r->lab->n_nodes;

	for (node = node ? node + 1 : r->lab->nodes; node < end; node++)
		if (node->kind == LAB_NAMESPACE && run_wants(r, node))
			return node;
	return NULL;
}

#define each_namespace(r, node)                                                                    \
	(const struct lab_node *node = next(r, NULL); node; node = next(r, node))

static void addr(struct wave *w, const struct lab_node *node, const char *ns, const char *ifname,
		 struct ip4_prefix p)
{
	char text[IP4_PREFIX_STR];

	wave_call(w, node->name.s, "ns.addr",
		  json_pack("{s:s, s:s, s:s}", "netns", ns, "ifname", ifname, "address",
			    ip4_prefix_format(p, text)));
}

static void veths(struct wave *w, const struct lab_node *node)
{
	for (size_t i = 0; i < node->n_nics; i++) {
		const struct lab_nic *nic = &node->nics[i];

		if (!nic->veth.s)
			continue;
		wave_call(w, node->name.s, "ns.veth",
			  json_pack("{s:s, s:s, s:s}", "netns", node->id, "ifname", lab_nic_name(i),
				    "host", nic->host_end));
		if (nic->host_address.given)
			addr(w, node, "", nic->host_end, nic->host_address.p);
	}
}

int up_namespaces_make(struct lab_run *r, struct err *err)
{
	struct wave w;
	int rc;

	wave_begin(&w, r, err);
	for
		each_namespace(r, node)
		{
			wave_call(&w, node->name.s, "ns.add",
				  json_pack("{s:s, s:s}", "name", node->id, "lab", r->lab->name.s));
			veths(&w, node);
		}
	rc = wave_end(&w);
	for
		each_namespace(r, node) if (!rc)
			progress_line(&r->progress, "namespace %s made", node->name.s);
	return rc;
}

/* ---- cards ----------------------------------------------------------------------------------- */

static void port(struct wave *w, const struct lab_node *node, size_t i)
{
	const struct lab_nic *nic = &node->nics[i];
	char mac[MAC_STR];
	json_t *params = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "net", nic->net->id, "name",
				   nic->port, "netns", node->id, "ifname", lab_nic_name(i), "mac",
				   mac_format(&nic->mac, mac), "lab", w->r->lab->name.s);

	settings_put(w->r->lab, &nic->settings, params);
	wave_call(w, node->name.s, "port.add", params);
}

/* A DHCP client that configures @ifname and keeps its lease. Its script is a file that is deleted
 * while it is open, so that nothing stays behind however the client ends. */
static void dhcp(struct wave *w, const struct lab_node *node, const char *ifname)
{
	static const char text[] =
		"f=$(mktemp) && cat >$f <<'END' && chmod 700 $f && exec 9<$f && rm $f &&"
		" exec busybox udhcpc -f -t 5 -T 1 -A 1 -i %s -s /proc/self/fd/9\n"
		"#!/bin/sh\n"
		"case $1 in\n"
		"deconfig) ip addr flush dev $interface; ip link set $interface up;;\n"
		"bound|renew)\n"
		"	ip addr replace $ip/$mask dev $interface\n"
		"	for r in $router; do ip route replace default via $r; break; done\n"
		"	[ -z \"$dns\" ] || {\n"
		"		for d in $domain; do echo \"search $d\"; done\n"
		"		for s in $dns; do echo \"nameserver $s\"; done\n"
		"	} >/etc/resolv.conf;;\n"
		"esac\n"
		"END\n";
	char command[sizeof(text) + 16];

	snprintf(command, sizeof(command), text, ifname);
	wave_call(w, node->name.s, "ns.spawn",
		  json_pack("{s:s, s:s}", "name", node->id, "command", command));
}

static void cards(struct wave *w, const struct lab_node *node)
{
	for (size_t i = 0; i < node->n_nics; i++) {
		const struct lab_nic *nic = &node->nics[i];

		if (nic->net)
			port(w, node, i);
		if (nic->how == LAB_ADDR_STATIC)
			addr(w, node, node->id, lab_nic_name(i), nic->address.p);
		if (lab_nic_how(nic) == LAB_ADDR_DHCP)
			dhcp(w, node, lab_nic_name(i));
	}
}

/* ---- what a node is set to ------------------------------------------------------------------- */

/* The hosts file only where it is the node's own: never the host's. */
static void hosts(const struct lab *lab, const struct lab_node *node, FILE *out)
{
	char text[IP4_STR];
	size_t i;

	fprintf(out,
		"if grep -q 'netns-%s\\.files' /proc/self/mountinfo; then cat >/etc/hosts <<'END'\n"
		"127.0.0.1 localhost\n",
		node->id);
	for (size_t n = 0; n < lab->n_nodes; n++) {
		const struct lab_node *other = &lab->nodes[n];

		for (i = 0; i < other->n_nics && !other->nics[i].address.given; i++)
			;
		if (i < other->n_nics)
			fprintf(out, "%s %s\n", ip4_format(other->nics[i].address.p.addr, text),
				other->name.s);
	}
	fputs("END\nfi\n", out);
}

/* Shell text; the caller frees it. */
static char *setup_text(const struct lab *lab, const struct lab_node *node)
{
	char *text = NULL, gateway[IP4_STR];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	hosts(lab, node, out);
	for (size_t i = 0; i < node->n_nics; i++)
		if (node->nics[i].gateway.given)
			fprintf(out, "ip route add default via %s || exit\n",
				ip4_format(node->nics[i].gateway.a, gateway));
	if (node->forward.v)
		fputs("echo 1 >/proc/sys/net/ipv4/ip_forward\n", out);
	fclose(out);
	return text;
}

static int setups(struct lab_run *r, struct err *err)
{
	char **texts = calloc(r->lab->n_nodes + 1, sizeof(*texts));
	struct wave w;
	int rc;

	if (!texts)
		return err_set(err, -ENOMEM, "out of memory");
	wave_begin(&w, r, err);
	for
		each_namespace(r, node)
		{
			char **text = &texts[node - r->lab->nodes];

			*text = setup_text(r->lab, node);
			if (*text)
				wave_exec(&w, node, *text);
		}
	rc = wave_end(&w);
	for (size_t i = 0; i < r->lab->n_nodes; i++)
		free(texts[i]);
	free(texts);
	return rc;
}

/* The @k-th command of each node that has so many. */
static int run_kth(struct lab_run *r, size_t k, struct err *err)
{
	struct wave w;

	wave_begin(&w, r, err);
	for
		each_namespace(r, node)
		{
			const char *command = k < node->n_run ? node->run[k].s : NULL;

			if (command && up_in_background(command))
				wave_call(&w, node->name.s, "ns.spawn",
					  json_pack("{s:s, s:s%}", "name", node->id, "command",
						    command,
						    (size_t)(strrchr(command, '&') - command)));
			else if (command)
				wave_exec(&w, node, command);
		}
	return wave_end(&w);
}

int up_namespaces_start(struct lab_run *r, struct err *err)
{
	size_t most = 0;
	struct wave w;
	int rc;

	wave_begin(&w, r, err);
	for
		each_namespace(r, node)
		{
			cards(&w, node);
			most = MAX(most, node->n_run);
		}
	rc = wave_end(&w);
	if (!rc)
		rc = setups(r, err);
	if (!rc)
		rc = up_files(r, LAB_NAMESPACE, err);
	for (size_t k = 0; !rc && k < most; k++)
		rc = run_kth(r, k, err);
	for
		each_namespace(r, node) if (!rc)
			progress_line(&r->progress, "namespace %s up", node->name.s);
	return rc;
}
