/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_tables.c - what is asked for: our own tables (outside), and what a node says of itself
 * (inside).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/try.h"

static size_t nic_index(const struct try *t)
{
	return (size_t)lab_nic_index(t->from, t->c->nic.s ? t->c->nic.s : "eth0");
}

static bool alive(struct try *t)
{
	char state[32];

	node_state(t->r, t->from, state, sizeof(state));
	if (!strcmp(state, "running") || !strcmp(state, "up"))
		return true;
	outcome(t, ATTEMPT_UNTRIED, "%s is %s", t->c->from.s, state);
	return false;
}

/* Is @a in the subnet that the check wants? */
static enum attempt judge_address(struct try *t, be32 a)
{
	char addr[IP4_STR], prefix[IP4_PREFIX_STR];

	ip4_format(a, addr);
	if (t->c->in.given && !ip4_prefix_has(t->c->in.p, a))
		return outcome(t, ATTEMPT_NO, "%s is outside %s", addr,
			       ip4_prefix_format(t->c->in.p, prefix));
	return outcome(t, ATTEMPT_YES, "%s", addr);
}

enum attempt try_lease(struct try *t)
{
	struct err err;
	be32 a;
	int rc;

	if (!alive(t))
		return ATTEMPT_UNTRIED;
	rc = node_lease(t->r, t->from, nic_index(t), &a, &err);
	t->outside = true;
	if (rc)
		return outcome(t, ATTEMPT_NO, "%s", err.text);
	return judge_address(t, a);
}

/* One of IPv6 in the check's prefix, of whatever is set or was advertised: the node's own word. */
static enum attempt try_address6(struct try *t)
{
	char command[80], text[IP_NET_STR], addr[IP_NET_STR];
	enum attempt result;
	struct exec_result res;
	struct ip_net a;
	struct err err;
	size_t len;

	snprintf(command, sizeof(command), "ip -o -6 addr show dev %s", lab_nic_name(nic_index(t)));
	if (node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err))
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	result = outcome(t, ATTEMPT_NO, "%s.%s has no address in %s", t->from->name.s,
			 lab_nic_name(nic_index(t)), ip_net_format(&t->c->in6, text));
	for (const char *at = res.out; result == ATTEMPT_NO && (at = strstr(at, "inet6 "));) {
		at += strlen("inet6 ");
		len = strcspn(at, " ");
		snprintf(addr, sizeof(addr), "%.*s", (int)MIN(len, sizeof(addr) - 1), at);
		if (!ip_net_parse(addr, &a) && ip_net_has(&t->c->in6, &a.addr))
			result = outcome(t, ATTEMPT_YES, "%s", addr);
	}
	exec_result_fini(&res);
	return result;
}

/* What the interface has now, not what the file gave it. */
enum attempt try_address(struct try *t)
{
	const struct lab_nic *nic = &t->from->nics[nic_index(t)];
	struct err err;
	be32 a;
	int rc;

	if (!alive(t))
		return ATTEMPT_UNTRIED;
	if (t->c->in6.plen)
		return try_address6(t);
	t->outside = nic->net && lab_nic_how(nic) == LAB_ADDR_DHCP && lab_net_serves(nic->net) &&
		     nic->net->mode != LAB_BRIDGE;
	rc = t->outside ? node_address(t->r, t->from, nic_index(t), &a, &err)
			: node_has_address(t->r, t->from, nic_index(t), t->c->in.p, &a, &err);
	if (rc)
		return outcome(t, rc == -ENOENT ? ATTEMPT_NO : ATTEMPT_UNTRIED, "%s", err.text);
	return judge_address(t, a);
}

static bool is_ours(const json_t *row, const char *mac, const char *port)
{
	return !strcmp(jstr(row, "mac"), mac) && !strcmp(jstr(row, "port"), port);
}

enum attempt try_mac_table(struct try *t)
{
	const struct lab_nic *nic = &t->from->nics[nic_index(t)];
	const char *port = t->c->at.s ? lab_port_of(t->r->lab, t->c->at.s) : nic->port;
	const struct lab_net *net = lab_net_find(t->r->lab, t->c->network.s);
	char mac[MAC_STR];
	struct err err;
	json_t *list, *row;
	bool found = false;
	size_t i;

	list = client_call(t->r->client, "mac.list", json_pack("{s:s}", "net", net->id), &err);
	if (!list)
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	mac_format(&nic->mac, mac);
	json_array_foreach (list, i, row)
		found |= port && is_ours(row, mac, port);
	json_decref(list);
	t->outside = true;
	return outcome(t, found ? ATTEMPT_YES : ATTEMPT_NO, "%s knows %s%s", net->name.s,
		       found ? "" : "nothing of ", mac);
}

/* Has our translation table a flow of the node's? */
enum attempt try_nat(struct try *t)
{
	const struct lab_net *net = lab_net_find(t->r->lab, t->c->network.s);
	unsigned int n = 0;
	json_t *result, *flow;
	struct err err;
	size_t i;

	result =
		client_call(t->r->client, "nat.list",
			    json_pack("{s:s, s:s*}", "net", net->id, "proto", t->c->proto.s), &err);
	if (!result)
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	json_array_foreach (jarr(result, "flows"), i, flow) {
		const char *peer = strrchr(jstr(flow, "peer"), ':');
		char addr[IP4_STR];
		size_t len;
		be32 a;

		for (size_t k = 0; k < t->from->n_nics; k++) {
			if (t->from->nics[k].net != net || node_address(t->r, t->from, k, &a, &err))
				continue;
			len = strlen(ip4_format(a, addr));
			if (strncmp(jstr(flow, "inside"), addr, len) ||
			    (jstr(flow, "inside")[len] && jstr(flow, "inside")[len] != ':'))
				continue;
			n += !t->c->port.given ||
			     (peer && strtoul(peer + 1, NULL, 10) == t->c->port.v);
		}
	}
	json_decref(result);
	t->outside = true;
	return outcome(t, n ? ATTEMPT_YES : ATTEMPT_NO, "%u flows of %s", n, t->from->name.s);
}

/* ---- what a node says ------------------------------------------------------------------------ */

static bool word_after(const char *line, const char *key, const char *want)
{
	const char *at = strstr(line, key);
	size_t len = strlen(want);

	return at && !strncmp(at + strlen(key), want, len) &&
	       strchr(" \n", at[strlen(key) + len]) != NULL;
}

/* `ip route get` for an address, `ip route show` for a prefix or "default". */
enum attempt try_route(struct try *t)
{
	char *to = try_text(t, t->c->text.s), *via = NULL, command[128], words[128],
	     addr[IP_ADDR_STR];
	enum attempt result = ATTEMPT_UNTRIED;
	struct exec_result res;
	struct err err;
	struct ip_net a;

	if (to && t->c->via.s && (!strchr(t->c->via.s, '{') ? target(t, t->c->via.s, addr) : true))
		via = strchr(t->c->via.s, '{') ? try_text(t, t->c->via.s) : strdup(addr);
	if (to && (via || !t->c->via.s)) {
		snprintf(command, sizeof(command), "ip %s route %s %.48s",
			 strchr(to, ':') || (via && strchr(via, ':')) ? "-6" : "-4",
			 strchr(to, '/') || ip_net_parse(to, &a) ? "show" : "get", to);
		if (node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err)) {
			outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		} else {
			first_line(&res, words, sizeof(words));
			result = !res.status && *res.out &&
						 (!via || word_after(res.out, "via ", via)) &&
						 (!t->c->dev.s ||
						  word_after(res.out, "dev ", t->c->dev.s))
					 ? ATTEMPT_YES
					 : ATTEMPT_NO;
			outcome(t, result, "%s", *words ? words : "no such route");
			exec_result_fini(&res);
		}
	}
	free(to);
	free(via);
	return result;
}

enum attempt try_exec(struct try *t)
{
	unsigned int want = t->c->status.given ? t->c->status.v : 0;
	char *command = try_text(t, t->c->text.s), words[128];
	struct exec_result res;
	struct err err;
	enum attempt result;

	if (!command)
		return ATTEMPT_UNTRIED;
	if (node_exec(t->r, t->from, command, EXEC_TIMEOUT_S, &res, &err)) {
		free(command);
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	}
	free(command);
	first_line(&res, words, sizeof(words));
	if ((unsigned int)res.status != want)
		result =
			outcome(t, ATTEMPT_NO, "status %d, wanted %u: %s", res.status, want, words);
	else if (match_output(t, res.out) != ATTEMPT_YES)
		result = outcome(t, ATTEMPT_NO, "says '%s', wanted /%s/", words, t->output);
	else
		result = outcome(t, ATTEMPT_YES, "%s", words);
	exec_result_fini(&res);
	return result;
}

enum attempt try_file(struct try *t)
{
	char *safe = shell_quoted(t->c->text.s), *command = NULL;
	struct exec_result res;
	struct err err;
	enum attempt result;
	int rc;

	rc = !safe || asprintf(&command, "cat -- %s", safe) < 0
		     ? err_set(&err, -ENOMEM, "out of memory")
		     : node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err);
	free(safe);
	free(command);
	if (rc)
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	if (res.status)
		result = outcome(t, ATTEMPT_NO, "there is no %s", t->c->text.s);
	else if (match_output(t, res.out) != ATTEMPT_YES)
		result = outcome(t, ATTEMPT_NO, "%s is there, but not with what is wanted",
				 t->c->text.s); /* which may be the answer to a question */
	else
		result = outcome(t, ATTEMPT_YES, "%s", t->c->text.s);
	exec_result_fini(&res);
	return result;
}
