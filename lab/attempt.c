/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attempt.c - one try of one check.
 *
 * A try has three outcomes, and the difference between "did not work" and "could not be tried" is
 * what makes negative checks worth something: a guest that is off, whose agent does not answer, or
 * that has no address yet has proved nothing by not reaching its target.
 *
 * Commands use busybox where it is, since that is the same program with the same options in the
 * default guest image and on the host; else the programs of those names.
 */
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/check.h"
#include "lab/node.h"
#include "lab/subst.h"

enum { EXEC_TIMEOUT_S = 30, PROBE_TIMEOUT_S = 8 };

#define BUSYBOX "b=$(command -v busybox); "

struct
try {
	struct lab_run *r;
	const struct lab_check *c;
	const struct lab_node *from; /* NULL: the host */
	char *detail;
	size_t size;
};

static enum attempt outcome(struct try *t, enum attempt result, const char *fmt, ...)
	CHECK_PRINTF(3, 4);
static enum attempt outcome(struct try *t, enum attempt result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->detail, t->size, fmt, ap);
	va_end(ap);
	return result;
}

/* The first line of what a command said, errors first, safe to print. */
static const char *first_line(const struct exec_result *res, char *buf, size_t size)
{
	const char *text = *res->err ? res->err : res->out;

	return str_escape(text, strcspn(text, "\r\n"), buf, size);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Is the sender able to send: does any of its NICs have an address of its own? */
static bool sender_ready(struct try *t)
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

static bool target(struct try *t, const char *to, char addr[static IP4_STR])
{
	struct err err;
	be32 a;

	if (node_target(t->r, t->from, to, &a, &err)) {
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		return false;
	}
	ip4_format(a, addr);
	return true;
}

static enum attempt ping(struct try *t)
{
	char addr[IP4_STR], command[160], words[128];
	struct exec_result res;
	struct err err;
	enum attempt result;

	if ((t->c->expect_fail && !sender_ready(t)) || !target(t, t->c->to.s, addr))
		return ATTEMPT_UNTRIED;
	snprintf(command, sizeof(command), BUSYBOX "$b ping -c %d -W 1 %s",
		 t->c->expect_fail ? 2 : 1, addr);
	if (node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err))
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	if (!res.status)
		result = outcome(t, ATTEMPT_YES, "%s answers", addr);
	else
		result = outcome(t, ATTEMPT_NO, "no answer from %s%s%s", addr, *res.err ? ": " : "",
				 *res.err ? first_line(&res, words, sizeof(words)) : "");
	exec_result_fini(&res);
	return result;
}

static enum attempt tcp(struct try *t)
{
	char addr[IP4_STR], command[160];
	struct exec_result res;
	struct err err;
	enum attempt result;

	if ((t->c->expect_fail && !sender_ready(t)) || !target(t, t->c->to.s, addr))
		return ATTEMPT_UNTRIED;
	/* -e runs a program once connected, so that nobody waits for the far end to close. */
	snprintf(command, sizeof(command), "busybox nc -w 2 %s %u -e true", addr, t->c->port.v);
	if (node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err))
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	result = res.status == 0
			 ? outcome(t, ATTEMPT_YES, "%s:%u accepts", addr, t->c->port.v)
			 : outcome(t, ATTEMPT_NO, "%s:%u does not accept", addr, t->c->port.v);
	exec_result_fini(&res);
	return result;
}

/* ---- texts with placeholders ----------------------------------------------------------------- */

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
	rc = what->nic < 0 ? node_target(t->r, t->from, what->node->name.s, &a, &err)
			   : node_address(t->r, what->node, (size_t)what->nic, &a, &err);
	if (!rc)
		snprintf(buf, size, "%s", ip4_format(a, text));
	else
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	return !rc;
}

/* The check's command or URL with its values; NULL after saying what is missing. */
static char *full_text(struct try *t)
{
	const char *missing;
	char *text = subst_text(t->r->lab, t->c->text.s, placeholder_value, t, &missing);

	if (!text && !missing)
		outcome(t, ATTEMPT_UNTRIED, "out of memory");
	return text;
}

static enum attempt match_output(struct try *t, const char *text)
{
	regex_t re;
	int rc;

	if (!t->c->output.s)
		return ATTEMPT_YES;
	if (regcomp(&re, t->c->output.s, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
		return outcome(t, ATTEMPT_UNTRIED, "out of memory");
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return rc ? ATTEMPT_NO : ATTEMPT_YES;
}

/* "http://lan/x" with a node's name for its host: the node's address instead. */
static char *resolve_host(struct try *t, char *url)
{
	size_t len = strcspn(url + 7, ":/");
	char name[NAME_MAX_ + 1], addr[IP4_STR], *full;

	snprintf(name, sizeof(name), "%.*s", (int)len, url + 7);
	if (len > NAME_MAX_ || !lab_node_find(t->r->lab, name))
		return url;
	if (!target(t, name, addr) || asprintf(&full, "http://%s%s", addr, url + 7 + len) < 0)
		full = NULL;
	free(url);
	return full;
}

static enum attempt http_get(struct try *t, const char *url)
{
	char *safe = shell_quoted(url), *command = NULL, words[128];
	struct exec_result res;
	struct err err;
	enum attempt result;

	if (!safe || asprintf(&command, BUSYBOX "$b timeout 4 $b wget -q -O - %s", safe) < 0) {
		free(safe);
		return outcome(t, ATTEMPT_UNTRIED, "out of memory");
	}
	free(safe);
	if (node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err)) {
		free(command);
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	}
	free(command);
	if (res.status)
		result = outcome(t, ATTEMPT_NO, "no page from %s: %s", url,
				 first_line(&res, words, sizeof(words)));
	else if (match_output(t, res.out) != ATTEMPT_YES)
		result = outcome(t, ATTEMPT_NO, "%s says '%s', wanted /%s/", url,
				 first_line(&res, words, sizeof(words)), t->c->output.s);
	else
		result = outcome(t, ATTEMPT_YES, "%s", url);
	exec_result_fini(&res);
	return result;
}

static enum attempt http(struct try *t)
{
	enum attempt result;
	char *url;

	if (t->c->expect_fail && !sender_ready(t))
		return ATTEMPT_UNTRIED;
	url = full_text(t);
	if (url)
		url = resolve_host(t, url);
	if (!url)
		return ATTEMPT_UNTRIED;
	result = http_get(t, url);
	free(url);
	return result;
}

static enum attempt exec(struct try *t)
{
	unsigned int want = t->c->status.given ? t->c->status.v : 0;
	char *command = full_text(t), words[128];
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
		result = outcome(t, ATTEMPT_NO, "says '%s', wanted /%s/", words, t->c->output.s);
	else
		result = outcome(t, ATTEMPT_YES, "%s", words);
	exec_result_fini(&res);
	return result;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool alive(struct try *t)
{
	char state[32];

	node_state(t->r, t->from, state, sizeof(state));
	if (!strcmp(state, "running") || !strcmp(state, "up"))
		return true;
	outcome(t, ATTEMPT_UNTRIED, "%s is %s", t->c->from.s, state);
	return false;
}

static enum attempt address(struct try *t)
{
	size_t nic = (size_t)lab_nic_index(t->from, t->c->nic.s ? t->c->nic.s : "eth0");
	char addr[IP4_STR], prefix[IP4_PREFIX_STR];
	struct err err;
	be32 a;
	int rc;

	if (!alive(t))
		return ATTEMPT_UNTRIED;
	rc = node_address(t->r, t->from, nic, &a, &err);
	if (rc)
		return outcome(t, rc == -ENOENT ? ATTEMPT_NO : ATTEMPT_UNTRIED, "%s", err.text);
	ip4_format(a, addr);
	if (t->c->in.given && !ip4_prefix_has(t->c->in.p, a))
		return outcome(t, ATTEMPT_NO, "%s is outside %s", addr,
			       ip4_prefix_format(t->c->in.p, prefix));
	return outcome(t, ATTEMPT_YES, "%s", addr);
}

enum attempt check_attempt(struct lab_run *r, const struct lab_check *c, char *detail, size_t size)
{
	struct try t = {.r = r,
			.c = c,
			.from = lab_node_find(r->lab, c->from.s),
			.detail = detail,
			.size = size};

	*detail = 0;
	switch (c->verb) {
	case LAB_PING:
		return ping(&t);
	case LAB_TCP:
		return tcp(&t);
	case LAB_HTTP:
		return http(&t);
	case LAB_EXEC:
		return exec(&t);
	case LAB_LEASE:
	case LAB_ADDRESS:
		return address(&t);
	default:
		return ATTEMPT_UNTRIED;
	}
}
