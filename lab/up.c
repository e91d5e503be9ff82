/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up.c - brings a lab up.
 *
 * Order: the record (which claims the name), namespaces and their veths, networks (a bridge may
 * need a veth), namespace ports and addresses, what namespaces run (a LAN's servers), guests all
 * at once, what guests run, forwards. Every object carries the lab's name as its tag, so undoing a
 * failure is lab_down().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/guest.h"
#include "lab/run.h"
#include "vnetctl/ctl.h"

enum { BOOT_TIMEOUT_S = 300, POLL_MS = 100, RUN_TIMEOUT_S = 60 };

/* ---- small calls ------------------------------------------------------------------------------
 */

static int call(struct lab_run *r, const char *method, json_t *params, struct err *err)
{
	json_t *result = client_call(r->client, method, params, err);

	json_decref(result);
	return result ? 0 : err->code;
}

/* Run a command in a namespace or guest; a non-zero status is an error with its last words. */
static int run(struct lab_run *r, const char *method, const char *key, const char *name,
	       const char *command, struct err *err)
{
	json_t *result = client_call(r->client, method,
				     json_pack("{s:s, s:s, s:i}", key, name, "command", command,
					       "timeout_s", RUN_TIMEOUT_S),
				     err);
	const char *words;
	char shown[200];
	int status, rc = 0;

	if (!result)
		return err_wrap(err, "%s: `%.60s`", name, command);
	status = (int)jint(result, "status");
	words = *jstr(result, "stderr") ? jstr(result, "stderr") : jstr(result, "stdout");
	if (status)
		rc = err_set(err, -EIO, "%s: `%.100s` ended with status %d: %s", name, command,
			     status, str_escape(words, strcspn(words, "\n"), shown, sizeof(shown)));
	json_decref(result);
	return rc;
}

static int ns_run(struct lab_run *r, const char *name, const char *command, struct err *err)
{
	return run(r, "ns.exec", "name", name, command, err);
}

static bool in_background(const char *command)
{
	size_t len = strlen(command);

	while (len && (command[len - 1] == ' ' || command[len - 1] == '\n'))
		len--;
	return len && command[len - 1] == '&';
}

/* ---- namespaces ------------------------------------------------------------------------------ */

static int ns_addr(struct lab_run *r, const char *ns, const char *ifname, struct ip4_prefix p,
		   struct err *err)
{
	char text[IP4_PREFIX_STR];

	return call(r, "ns.addr",
		    json_pack("{s:s, s:s, s:s}", "netns", ns, "ifname", ifname, "address",
			      ip4_prefix_format(p, text)),
		    err);
}

static int ns_veth(struct lab_run *r, const struct lab_node *node, size_t i, struct err *err)
{
	const struct lab_nic *nic = &node->nics[i];
	const char *ifname = lab_nic_name(i);
	int rc;

	rc = call(r, "ns.veth",
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

	snprintf(port, sizeof(port), "%s.%s", node->name.s, ifname);
	return call(r, "port.add",
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "net", nic->network.s, "name", port,
			      "netns", node->name.s, "ifname", ifname, "mac",
			      mac_format(&nic->mac, mac), "lab", r->lab->name.s),
		    err);
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
	return call(r, "ns.spawn", json_pack("{s:s, s:s}", "name", ns, "command", command), err);
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

static int namespaces_make(struct lab_run *r, struct err *err)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];
		int rc;

		if (node->kind != LAB_NAMESPACE)
			continue;
		rc = call(r, "ns.add",
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

		if (!in_background(command))
			rc = ns_run(r, node->name.s, command, err);
		else
			rc = call(r, "ns.spawn",
				  json_pack("{s:s, s:s%}", "name", node->name.s, "command", command,
					    (size_t)(strrchr(command, '&') - command)),
				  err);
	}
	return rc;
}

static int namespaces_start(struct lab_run *r, struct err *err)
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

/* ---- networks -------------------------------------------------------------------------------- */

static void set_addr(json_t *params, const char *key, const struct lab_addr *a)
{
	char text[IP4_STR];

	if (a->given)
		json_object_set_new(params, key, json_string(ip4_format(a->a, text)));
}

static void set_dhcp(json_t *params, const struct lab_dhcp *dhcp)
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
}

static json_t *net_params(const struct lab *lab, const struct lab_net *net)
{
	json_t *params = json_pack("{s:s, s:s, s:s}", "name", net->name.s, "mode",
				   lab_mode_word(net->mode), "lab", lab->name.s);
	char text[IP4_PREFIX_STR];

	if (net->subnet.given)
		json_object_set_new(params, "subnet",
				    json_string(ip4_prefix_format(net->subnet.p, text)));
	set_addr(params, "gateway", &net->gateway);
	set_dhcp(params, &net->dhcp);
	if (net->nic.s)
		json_object_set_new(params, "nic", json_string(net->nic.s));
	else if (net->mode == LAB_BRIDGE)
		json_object_set_new(params, "nic", json_string("auto"));
	if (net->mtu.given)
		json_object_set_new(params, "mtu", json_integer(net->mtu.v));
	if (net->vlan.given)
		json_object_set_new(params, "vlan", json_integer(net->vlan.v));
	return params;
}

static int networks_make(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];
		int rc = call(r, "net.add", net_params(r->lab, net), err);

		if (rc)
			return rc;
		progress_line(&r->progress, "network   %s up (%s)", net->name.s,
			      lab_mode_word(net->mode));
	}
	return 0;
}

/* A forward's target is a guest's name for the daemon, or an address. */
static int forwards_make(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];

		for (size_t k = 0; k < net->n_forwards; k++) {
			const struct lab_forward *f = &net->forwards[k];
			int rc = call(r, "nat.forward.add",
				      json_pack("{s:s, s:s, s:s, s:o}", "net", net->name.s, "proto",
						f->proto, "bind", f->bind, "to",
						json_sprintf("%s:%u", f->to, f->port)),
				      err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

/* ---- guests ---------------------------------------------------------------------------------- */

/* Send all requests, then wait for the answers: the daemon starts guests side by side. */
static int guests_start(struct lab_run *r, const char *file, struct err *err)
{
	const struct lab *lab = r->lab;
	json_int_t *ids = calloc(lab->n_nodes + 1, sizeof(*ids));
	const char *note = NULL;
	int rc = ids ? 0 : err_set(err, -ENOMEM, "out of memory");

	for (size_t n = 0; !rc && n < lab->n_nodes; n++) {
		json_t *params;

		if (lab->nodes[n].kind != LAB_VM)
			continue;
		params = guest_params(lab, &lab->nodes[n], file, err);
		ids[n] = params ? client_send(r->client, "vm.run", params, err) : err->code;
		if (ids[n] < 0)
			rc = (int)ids[n];
		else
			progress_line(&r->progress, "guest     %s starting", lab->nodes[n].name.s);
	}
	for (size_t n = 0; ids && n < lab->n_nodes; n++) {
		struct err mine = {0};
		json_t *result = ids[n] > 0 ? client_wait(r->client, ids[n], &mine) : NULL;

		if (ids[n] > 0 && !result && !rc) {
			*err = mine;
			rc = err_wrap(err, "guest '%s'", lab->nodes[n].name.s);
		}
		if (!note && json_is_string(json_object_get(result, "note"))) {
			note = "said";
			progress_line(&r->progress, "note: %s", jstr(result, "note"));
		}
		json_decref(result);
	}
	free(ids);
	return rc;
}

/* What the guest's console said last, for the error of one that did not come up. */
static void last_words(struct lab_run *r, const char *name, char *out, size_t size)
{
	struct err ignored;
	json_t *log = client_call(r->client, "vm.log", json_pack("{s:s}", "vm", name), &ignored);
	const char *text = jstr(log, "text");
	size_t len = strlen(text), begin;

	while (len && strchr("\r\n \t", text[len - 1]))
		len--;
	for (begin = len; begin && text[begin - 1] != '\n' && len - begin < 120; begin--)
		;
	str_escape(text + begin, len - begin, out, size);
	json_decref(log);
}

static int guest_dead(struct lab_run *r, const json_t *vm, struct err *err)
{
	char words[256];

	last_words(r, jstr(vm, "name"), words, sizeof(words));
	return err_set(err, -EIO, "guest '%s' %s while starting: %s (its console said last: %s)",
		       jstr(vm, "name"), jstr(vm, "state"), jstr(vm, "reason"), words);
}

/* One look at all guests: says which came up, counts the others. */
static int guests_poll(struct lab_run *r, bool up[], size_t *missing, const char **waiting,
		       struct err *err)
{
	json_t *vms = client_call(r->client, "vm.list", NULL, err), *vm;
	int rc = vms ? 0 : err->code;
	size_t i;

	*missing = 0;
	json_array_foreach (vms, i, vm) {
		const struct lab_node *node = lab_node_find(r->lab, jstr(vm, "name"));
		const char *state = jstr(vm, "state");
		size_t n = node ? (size_t)(node - r->lab->nodes) : 0;

		if (rc || !node || node->kind != LAB_VM || up[n])
			continue;
		if (!strcmp(state, "failed") || !strcmp(state, "stopped")) {
			rc = guest_dead(r, vm, err);
		} else if (!strcmp(state, "running")) {
			up[n] = true;
			progress_line(&r->progress, "guest     %s up (%s, booted in %.1f s)",
				      node->name.s, jstr(vm, "hypervisor"),
				      (double)jint(vm, "boot_ms") / 1000);
		} else {
			(*missing)++;
			*waiting = node->name.s;
		}
	}
	json_decref(vms);
	return rc;
}

static int guests_wait(struct lab_run *r, struct err *err)
{
	bool *up = calloc(r->lab->n_nodes + 1, sizeof(*up));
	msec end = clock_now_ms() + BOOT_TIMEOUT_S * 1000;
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	const char *waiting = "";
	size_t missing = 1;
	char words[256];
	int rc = up ? 0 : err_set(err, -ENOMEM, "out of memory");

	while (!rc && missing) {
		rc = guests_poll(r, up, &missing, &waiting, err);
		if (rc || !missing)
			break;
		if (clock_now_ms() > end) {
			last_words(r, waiting, words, sizeof(words));
			rc = err_set(err, -ETIMEDOUT,
				     "guest '%s' did not come up in %d s (its console said last: "
				     "%s)",
				     waiting, BOOT_TIMEOUT_S, words);
			break;
		}
		progress_wait(&r->progress, "waiting for %zu guests, among them %s", missing,
			      waiting);
		if (nanosleep(&pause, NULL) < 0 && r->interrupted)
			rc = err_set(err, -EINTR, "interrupted");
	}
	free(up);
	return rc;
}

/* `cmd &` in a guest must not hold the agent's pipes open. */
static int guest_command(struct lab_run *r, const char *name, const char *command, struct err *err)
{
	char *text = NULL;
	int rc;

	if (!in_background(command))
		return run(r, "vm.exec", "vm", name, command, err);
	if (asprintf(&text, "{ %.*s; } >/dev/null 2>&1 </dev/null &",
		     (int)(strrchr(command, '&') - command), command) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	rc = run(r, "vm.exec", "vm", name, text, err);
	free(text);
	return rc;
}

static int guests_run(struct lab_run *r, struct err *err)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		for (size_t i = 0; node->kind == LAB_VM && i < node->n_run; i++) {
			int rc = guest_command(r, node->name.s, node->run[i].s, err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The daemon takes a name only once, so this decides between two that come at the same time. */
static int claim(struct lab_run *r, const char *file, const char *text, struct err *err)
{
	const char *name = r->lab->name.s;
	int rc = call(r, "lab.put",
		      json_pack("{s:s, s:s, s:s, s:I}", "name", name, "text", text, "file", file,
				"started_s", (json_int_t)clock_wall_s()),
		      err);

	if (rc == -EEXIST)
		err_set(err, rc,
			"lab '%s' is up already: `vnetctl lab status %s` shows it, `vnetctl lab "
			"down %s` ends it",
			name, name, name);
	return rc;
}

static int make_all(struct lab_run *r, const char *file, struct err *err)
{
	int rc = namespaces_make(r, err);

	if (!rc)
		rc = networks_make(r, err);
	if (!rc)
		rc = namespaces_start(r, err);
	if (!rc)
		rc = guests_start(r, file, err);
	if (!rc)
		rc = guests_wait(r, err);
	if (!rc)
		rc = guests_run(r, err);
	if (!rc)
		rc = forwards_make(r, err);
	return rc;
}

int lab_up(struct lab_run *r, const char *file, const char *text, struct err *err)
{
	struct err ignored;
	int rc = claim(r, file, text, err);

	if (rc)
		return rc;
	rc = make_all(r, file, err);
	if (!rc) {
		progress_line(&r->progress, "lab       %s up", r->lab->name.s);
		return 0;
	}
	progress_line(&r->progress, "failed: removing what was made");
	lab_down(r->client, r->lab->name.s, true, &r->progress, NULL, &ignored);
	return err_wrap(err, "lab '%s' is not up", r->lab->name.s);
}
