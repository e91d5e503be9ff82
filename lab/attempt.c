/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attempt.c - one try of one check: the verbs, and what they share (try.h).
 */
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/probe.h"
#include "lab/subst.h"
#include "lab/try.h"

enum attempt outcome(struct try *t, enum attempt result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->detail, t->size, fmt, ap);
	va_end(ap);
	return result;
}

const char *first_line(const struct exec_result *res, char *buf, size_t size)
{
	const char *text = *res->err ? res->err : res->out;

	return str_escape(text, strcspn(text, "\r\n"), buf, size);
}

bool sender_ready(struct try *t)
{
	struct exec_result res;
	struct err err;
	bool ready;

	if (!t->from)
		return true;
	if (node_exec(t->r, t->from, "ip -4 addr show scope global", PROBE_TIMEOUT_S, &res, &err)) {
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		return false;
	}
	ready = strstr(res.out, "inet ") != NULL;
	exec_result_fini(&res);
	if (!ready)
		outcome(t, ATTEMPT_UNTRIED, "%s has no address yet", t->c->from.s);
	return ready;
}

/* The interface of the bare node @to that is on the asking probe's network; NULL: none. */
static const char *near_probe(const struct try *t, const char *to)
{
	const struct lab_node *node = t->probe ? lab_node_find(t->r->lab, to) : NULL;

	for (size_t i = 0; node && i < node->n_nics; i++)
		if (node->nics[i].net == t->probe)
			return node->nics[i].port + strlen(t->r->lab->name.s) + 1;
	return NULL;
}

bool target(struct try *t, const char *to, char addr[static IP4_STR])
{
	const char *nic = near_probe(t, to);
	struct err err;
	be32 a;

	if (node_target(t->r, t->from, nic ? nic : to, &a, &err)) {
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		return false;
	}
	t->to_probe = lab_probe_net(t->r->lab, to);
	ip4_format(a, addr);
	return true;
}

static bool placeholder_value(void *ctx, const struct subst *what, char *buf, size_t size)
{
	struct try *t = ctx;
	char text[IP4_STR];
	struct err err;
	be32 a;
	int rc;

	if (what->mac) {
		mac_format(&what->node->nics[what->nic].mac, buf);
		return size >= MAC_STR;
	}
	if (what->probe)
		rc = probe_address(t->r, what->probe, &a, &err);
	else
		rc = what->nic < 0 ? node_target(t->r, t->from, what->node->name.s, &a, &err)
				   : node_address(t->r, what->node, (size_t)what->nic, &a, &err);
	if (!rc)
		snprintf(buf, size, "%s", ip4_format(a, text));
	else
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	return !rc;
}

char *try_text(struct try *t, const char *from)
{
	const char *missing;
	char *text = subst_text(t->r->lab, from, placeholder_value, t, &missing);

	if (!text && !missing)
		outcome(t, ATTEMPT_UNTRIED, "out of memory");
	return text;
}

enum attempt match_output(struct try *t, const char *text)
{
	regex_t re;
	int rc;

	if (!t->output)
		return ATTEMPT_YES;
	if (regcomp(&re, t->output, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
		return outcome(t, ATTEMPT_UNTRIED, "out of memory");
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return rc ? ATTEMPT_NO : ATTEMPT_YES;
}

enum attempt check_attempt(struct lab_run *r, const struct lab_check *c, char *detail, size_t size,
			   bool *outside)
{
	static enum attempt (*const verbs[])(struct try * t) = {
		[LAB_PING] = try_ping,
		[LAB_TCP] = try_tcp,
		[LAB_UDP] = try_udp,
		[LAB_HTTP] = try_http,
		[LAB_DNS] = try_dns,
		[LAB_DHCP] = try_dhcp,
		[LAB_LEASE] = try_lease,
		[LAB_ADDRESS] = try_address,
		[LAB_ROUTE] = try_route,
		[LAB_PATH] = try_path,
		[LAB_MAC_TABLE] = try_mac_table,
		[LAB_NAT_TABLE] = try_nat,
		[LAB_PACKETS] = try_packets,
		[LAB_THROUGHPUT] = try_throughput,
		[LAB_FILE_TEXT] = try_file,
		[LAB_EXEC] = try_exec,
	};
	struct try t = {.r = r,
			.c = c,
			.from = c->from.s ? lab_node_find(r->lab, c->from.s) : NULL,
			.probe = c->from.s ? lab_probe_net(r->lab, c->from.s) : NULL,
			.detail = detail,
			.size = size};
	enum attempt result;

	*detail = 0;
	*outside = false;
	if (c->verb == LAB_CHECK_NONE)
		return ATTEMPT_UNTRIED;
	t.output = c->output.s ? try_text(&t, c->output.s) : NULL;
	if (c->output.s && !t.output)
		return ATTEMPT_UNTRIED;
	result = t.probe ? try_from_probe(&t) : verbs[c->verb](&t);
	free(t.output);
	*outside = t.outside;
	return result;
}
