/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try.c - what the verbs of checks share: words for why, targets, placeholders, output.
 */
#include "lab/try.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/probe.h"
#include "lab/subst.h"

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
	if (node_exec(t->r, t->from,
		      lab_check_is6(t->c) ? "ip -6 addr show scope global"
					  : "ip -4 addr show scope global",
		      PROBE_TIMEOUT_S, &res, &err)) {
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		return false;
	}
	ready = strstr(res.out, "inet") != NULL;
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

bool target(struct try *t, const char *to, char addr[static IP_ADDR_STR])
{
	const char *nic = near_probe(t, to);
	struct ip_net six;
	struct err err;
	be32 a;

	if (strchr(to, ':') && !ip_net_parse(to, &six)) {
		t->to_probe = NULL;
		ip_addr_format(&six.addr, addr);
		return true;
	}
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
