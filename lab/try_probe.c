/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_probe.c - checks that the probe asks.
 *
 * No command runs in any node: the probe is code in the daemon. Where the one who is asked has all
 * its cables here, the switch must also have handed the question to one of them, so that nobody
 * else answers in its place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/probe.h"
#include "lab/try.h"
#include "lib/hash.h"

enum { PING_MIN = 60, PING_SPAN = 800, ICMP_OVERHEAD = 28, TIMEOUT_MS = 2000 };

/* ---- what is asked --------------------------------------------------------------------------- */

struct asked {
	char to[IP_ADDR_STR], filter[120], what[300];
	const struct lab_node *node; /* that `to` means; NULL: an address, or another probe */
	json_t *params;
};

static bool ask_ping(struct try *t, struct asked *a)
{
	unsigned int size;

	if (!target(t, t->c->to.s, a->to))
		return false;
	random_bytes(&size, sizeof(size));
	size = PING_MIN + size % PING_SPAN;
	snprintf(a->what, sizeof(a->what), "%s", a->to);
	snprintf(a->filter, sizeof(a->filter), "icmp[icmptype] = icmp-echo and ip[2:2] = %u",
		 size + ICMP_OVERHEAD);
	json_object_set_new(a->params, "bytes", json_integer(size));
	return true;
}

static bool ask_port(struct try *t, struct asked *a, const char *proto)
{
	if (!target(t, t->c->to.s, a->to))
		return false;
	snprintf(a->what, sizeof(a->what), "%s:%u", a->to, t->c->port.v);
	snprintf(a->filter, sizeof(a->filter), "%s and dst host %s and dst port %u", proto, a->to,
		 t->c->port.v);
	json_object_set_new(a->params, "port", json_integer(t->c->port.v));
	return true;
}

/* "http://HOST[:PORT][/PATH]", the host a node's name or an address. */
static bool ask_page(struct try *t, struct asked *a)
{
	char *url = try_text(t, t->c->text.s), host[NAME_MAX_ + 1];
	const char *rest, *path;
	size_t len;
	bool ok;

	if (!url)
		return false;
	rest = url + strlen("http://");
	len = strcspn(rest, ":/");
	path = rest + strcspn(rest, "/");
	snprintf(host, sizeof(host), "%.*s", (int)len, rest);
	a->node = lab_node_of(t->r->lab, host);
	ok = a->node || lab_probe_net(t->r->lab, host) || !ip4_parse(host, &(be32){0});
	if (!ok)
		outcome(t, ATTEMPT_UNTRIED,
			"the probe asks no name server: write a node or an address, not '%s'",
			host);
	ok = ok && target(t, host, a->to);
	if (ok) {
		snprintf(a->what, sizeof(a->what), "%.250s", url);
		snprintf(a->filter, sizeof(a->filter), "tcp and dst host %s", a->to);
		json_object_set_new(a->params, "text", json_string(*path ? path : "/"));
		if (rest[len] == ':')
			json_object_set_new(a->params, "port", json_integer(atoi(rest + len + 1)));
	}
	free(url);
	return ok;
}

static bool make(struct try *t, struct asked *a)
{
	bool ok;

	a->node = t->c->to.s ? lab_node_of(t->r->lab, t->c->to.s) : NULL;
	ok = t->c->verb == LAB_PING   ? ask_ping(t, a)
	     : t->c->verb == LAB_HTTP ? ask_page(t, a)
				      : ask_port(t, a, t->c->verb == LAB_TCP ? "tcp" : "udp");
	if (!ok)
		return false;
	json_object_set_new(a->params, "to", json_string(a->to));
	json_object_set_new(a->params, "timeout_ms", json_integer(TIMEOUT_MS));
	return true;
}

/* ---- what was answered ----------------------------------------------------------------------- */

static enum attempt judge(struct try *t, const struct asked *a, const json_t *r, unsigned int got)
{
	const char *result = jstr(r, "result");
	bool answered = json_is_true(json_object_get(r, "answered"));
	bool seen = observable(a->node);
	char line[100];

	/* A datagram needs no answer, only to arrive. */
	if (t->c->verb == LAB_UDP && seen && got)
		return outcome(t, ATTEMPT_YES, "%s got it", a->what);
	if (answered && seen && !got)
		return outcome(t, ATTEMPT_NO, "somebody else answers for %s", a->what);
	if (!answered && seen && got)
		return outcome(t, ATTEMPT_NO, "%s got it, and %s", a->what,
			       !strcmp(result, "refused") ? "refused" : "its answer did not come");
	if (!answered)
		return outcome(t, ATTEMPT_NO, "the probe asked %s: %s", a->what,
			       !strcmp(result, "nobody") ? "nobody there answers ARP" : result);
	if (t->c->verb != LAB_HTTP)
		return outcome(t, ATTEMPT_YES, "%s answers", a->what);
	if (jint(r, "status") != 200)
		return outcome(t, ATTEMPT_NO, "no page from %s: status %lld", a->what,
			       (long long)jint(r, "status"));
	if (match_output(t, jstr(r, "page")) == ATTEMPT_YES)
		return outcome(t, ATTEMPT_YES, "%s", a->what);
	str_escape(jstr(r, "page"), strcspn(jstr(r, "page"), "\r\n"), line, sizeof(line));
	return outcome(t, ATTEMPT_NO, "%s says '%s', wanted /%s/", a->what, line, t->output);
}

enum attempt try_from_probe(struct try *t)
{
	struct asked a = {.params = json_pack("{s:s, s:s}", "net", t->probe->id, "kind",
					      lab_verb_word(t->c->verb))};
	enum attempt result = ATTEMPT_UNTRIED;
	struct observers seen;
	struct err err;
	json_t *answer;

	observe_begin(&seen, t->r);
	if (!make(t, &a)) {
		json_decref(a.params);
		return result;
	}
	if (a.node && !observe_node(&seen, a.node, a.filter, &err)) {
		json_decref(a.params);
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	} else {
		answer = client_call(t->r->client, "net.probe", a.params, &err);
		observe_end(&seen, NULL, NULL);
		t->outside = true;
		result = answer ? judge(t, &a, answer, seen.out)
				: outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		json_decref(answer);
	}
	observe_end(&seen, NULL, NULL);
	return result;
}
