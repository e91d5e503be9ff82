/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_traffic.c - a node sends something, and the switch sees whether it got what it asked for.
 *
 * The command in the node only makes the traffic; the verdict is the answer that the switch handed
 * to the node's port. Each try is told from others by what nobody knows before: the length of a
 * ping, the content of a datagram. Where the switch can't see it (the host, cables beside the
 * switch) the command's own word has to do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/probe.h"
#include "lab/try.h"
#include "lib/hash.h"

enum { PING_MIN = 60, PING_SPAN = 800 };

static unsigned int nonce(void)
{
	unsigned int v;

	random_bytes(&v, sizeof(v));
	return v;
}

/* Watch the probe that is meant to be reached for @filter. */
static bool watch_probe(struct try *t, struct observers *at, const char *filter, struct err *err)
{
	char port[2 * NAME_MAX_];

	observe_begin(at, t->r);
	return !t->to_probe || observe_port(at, probe_port(t->to_probe, port), filter, err);
}

bool watched_run(struct try *t, const char *filter, const char *asked, const char *command,
		 struct observers *seen, observe_fn *fn, void *ctx, struct exec_result *res)
{
	struct observers at;
	struct err err;
	bool ok;

	observe_begin(seen, t->r);
	ok = watch_probe(t, &at, asked, &err);
	t->outside = observable(t->from) || t->to_probe;
	if (ok && observable(t->from))
		ok = observe_node(seen, t->from, filter, &err);
	if (ok && node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, res, &err))
		ok = false;
	observe_end(seen, fn, ctx);
	observe_end(&at, NULL, NULL);
	t->probe_got = at.out;
	if (!ok)
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	return ok;
}

/* The verdict when the node says @said and the switch handed it @answers. */
static enum attempt judge(struct try *t, bool said, unsigned int answers, const char *what,
			  const struct exec_result *res)
{
	char words[128];

	if (!t->outside)
		return said ? outcome(t, ATTEMPT_YES, "%s answers", what)
			    : outcome(t, ATTEMPT_NO, "no answer from %s%s%s", what,
				      *res->err ? ": " : "",
				      *res->err ? first_line(res, words, sizeof(words)) : "");
	/* From the host the answer goes where the switch can't see it. */
	if (t->to_probe && !t->from)
		answers = said ? t->probe_got : 0;
	if (answers && t->to_probe && !t->probe_got)
		return outcome(t, ATTEMPT_NO, "somebody else answers for the probe, %s", what);
	if (answers)
		return outcome(t, ATTEMPT_YES, "%s answers", what);
	if (t->probe_got)
		return outcome(t, ATTEMPT_NO,
			       "the probe, %s, got it and answered, but no answer came back", what);
	if (said)
		return outcome(t, ATTEMPT_NO,
			       "the node says that %s answers, but the switch saw no answer", what);
	return outcome(t, ATTEMPT_NO, "no answer from %s%s%s", what, *res->err ? ": " : "",
		       *res->err ? first_line(res, words, sizeof(words)) : "");
}

/* A question that came from the port, and its answer that went there. */
struct echo {
	uint64_t asked_ns, answered_ns;
	unsigned int answers;
};

static void echo_frame(void *ctx, const struct pcapng_packet *p, bool in)
{
	struct echo *e = ctx;

	if (in && !e->asked_ns) {
		e->asked_ns = p->time_ns;
	} else if (!in) {
		e->answered_ns = e->answers ? e->answered_ns : p->time_ns;
		e->answers++;
	}
}

/* An answer came: in the time that it shall take? */
static enum attempt judge_time(struct try *t, const struct echo *e, const char *addr)
{
	uint64_t us = (e->answered_ns - e->asked_ns) / 1000;
	bool early = t->c->at_least_ms.given && us < (uint64_t)t->c->at_least_ms.v * 1000;
	bool late = t->c->at_most_ms.given && us > (uint64_t)t->c->at_most_ms.v * 1000;

	if (!early && !late)
		return outcome(t, ATTEMPT_YES, "%s answers after %.1f ms", addr, (double)us / 1000);
	return outcome(t, ATTEMPT_NO, "%s answers after %.1f ms, wanted is at %s %u ms", addr,
		       (double)us / 1000, early ? "least" : "most",
		       early ? t->c->at_least_ms.v : t->c->at_most_ms.v);
}

enum attempt try_ping(struct try *t)
{
	bool timed = t->c->at_least_ms.given || t->c->at_most_ms.given;
	unsigned int size = PING_MIN + nonce() % PING_SPAN;
	char addr[IP_ADDR_STR], command[160], filter[400], asked[FILTER_SIZE], reply[FILTER_SIZE];
	struct exec_result res;
	struct echo echo = {0};
	struct observers seen;
	enum attempt result;

	if ((t->c->expect_fail && !sender_ready(t)) || !target(t, t->c->to.s, addr))
		return ATTEMPT_UNTRIED;
	snprintf(command, sizeof(command), BUSYBOX "$b ping -c %d -W 1 -s %u %s",
		 t->c->expect_fail ? 2 : 1, size, addr);
	snprintf(filter, sizeof(filter), "(%s and src host %s) or (%s and dst host %s)",
		 filter_echo(reply, addr, true, size), addr, filter_echo(asked, addr, false, size),
		 addr);
	if (!watched_run(t, filter, asked, command, &seen, echo_frame, &echo, &res))
		return ATTEMPT_UNTRIED;
	result = judge(t, !res.status, echo.answers, addr, &res);
	if (result == ATTEMPT_YES && timed)
		result = judge_time(t, &echo, addr);
	exec_result_fini(&res);
	return result;
}

enum attempt try_tcp(struct try *t)
{
	char addr[IP_ADDR_STR], command[160], filter[300], what[64], asked[80], syn[FILTER_SIZE];
	struct exec_result res;
	struct observers seen;
	enum attempt result;

	if ((t->c->expect_fail && !sender_ready(t)) || !target(t, t->c->to.s, addr))
		return ATTEMPT_UNTRIED;
	/* -e runs a program once connected, so that nobody waits for the far end to close. */
	snprintf(command, sizeof(command), "busybox nc -w 2 %s %u -e true", addr, t->c->port.v);
	snprintf(filter, sizeof(filter), "%s and src host %s and src port %u",
		 filter_syn_ack(syn, addr), addr, t->c->port.v);
	snprintf(asked, sizeof(asked), "tcp[tcpflags] & tcp-syn != 0 and dst port %u",
		 t->c->port.v);
	if (!watched_run(t, filter, asked, command, &seen, NULL, NULL, &res))
		return ATTEMPT_UNTRIED;
	addr_port(what, sizeof(what), addr, t->c->port.v);
	result = judge(t, !res.status, seen.out, what, &res);
	exec_result_fini(&res);
	return result;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

struct needle {
	const void *bytes;
	size_t len;
	unsigned int out; /* frames with it that were handed to the port */
};

static void find_needle(void *ctx, const struct pcapng_packet *p, bool in)
{
	struct needle *n = ctx;

	n->out += !in && memmem(p->data, p->caplen, n->bytes, n->len);
}

/* A datagram with a content of its own, which the switch must hand to the target's port. A TFTP
 * request carries any text to any port, and both busyboxes have it. */
enum attempt try_udp(struct try *t)
{
	const struct lab_node *to = lab_node_of(t->r->lab, t->c->to.s);
	char addr[IP_ADDR_STR], command[200], filter[64], word[24], what[64];
	struct needle needle = {word, 0, 0};
	struct exec_result res;
	struct observers seen;
	struct err err;
	int rc;

	if ((t->c->expect_fail && !sender_ready(t)) || !target(t, t->c->to.s, addr))
		return ATTEMPT_UNTRIED;
	if (!t->to_probe && !observable(to))
		return outcome(t, ATTEMPT_UNTRIED, "the switch can't see what reaches %s",
			       t->c->to.s);
	addr_port(what, sizeof(what), addr, t->c->port.v);
	needle.len = (size_t)snprintf(word, sizeof(word), "vnet%08x%08x", nonce(), nonce());
	snprintf(command, sizeof(command),
		 "busybox timeout 1 busybox tftp -g -l /dev/null -r %s %s %u", word, addr,
		 t->c->port.v);
	snprintf(filter, sizeof(filter), "udp and dst port %u", t->c->port.v);
	rc = (t->to_probe ? watch_probe(t, &seen, filter, &err)
			  : (observe_begin(&seen, t->r), observe_node(&seen, to, filter, &err)))
		     ? node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err)
		     : err.code;
	observe_end(&seen, find_needle, &needle);
	if (rc)
		return outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	exec_result_fini(&res);
	t->outside = true;
	return needle.out ? outcome(t, ATTEMPT_YES, "%s got it", what)
			  : outcome(t, ATTEMPT_NO, "it did not reach %s", what);
}

/* A name as it is in a question (RFC 1035 3.1). Its length; 0 when it is none. */
static size_t dns_name(const char *name, uint8_t out[256])
{
	size_t len = 0, label;

	for (; *name; name += label + (name[label] == '.')) {
		label = strcspn(name, ".");
		if (!label || label > 63 || len + label + 2 > 255)
			return 0;
		out[len++] = (uint8_t)label;
		memcpy(out + len, name, label);
		len += label;
	}
	out[len++] = 0;
	return len;
}

struct dns_seen {
	uint8_t name[256];
	size_t name_len;
	bool want; /* an address is asked for */
	be32 answer;
	unsigned int out;   /* what was wanted */
	unsigned int other; /* with other records */
	unsigned int empty; /* the name is there, but has no such record */
	unsigned int rcode; /* the last error, 0: none */
};

/* An answer to the question: is it what is wanted? */
static void dns_frame(void *ctx, const struct pcapng_packet *p, bool in)
{
	const uint8_t *frame = p->data, *name;
	struct dns_seen *d = ctx;
	size_t len = p->caplen;

	name = in ? NULL : memmem(frame, len, d->name, d->name_len);

	/* The header's 12 bytes stand before the question (4.1.1): QR, RCODE, ANCOUNT. */
	if (!name || name - frame < 12 || !(name[-10] & 0x80))
		return;
	if (name[-9] & 0x0f) {
		d->rcode = name[-9] & 0x0f;
	} else if (!(name[-6] | name[-5])) {
		d->empty++;
	} else {
		name += d->name_len;
		if (!d->want ||
		    memmem(name, (size_t)(frame + len - name), &d->answer, sizeof(d->answer)))
			d->out++;
		else
			d->other++;
	}
}

/* Why there is not what was wanted (RFC 1035 4.1.1, RFC 6895 2.3). */
static enum attempt dns_no(struct try *t, const struct dns_seen *d, const char *name)
{
	static const char *const errors[] = {[1] = "the server can't read the question (FORMERR)",
					     [2] = "the server can't find it out (SERVFAIL)",
					     [3] = "there is no such name (NXDOMAIN)",
					     [4] = "the server can't do that (NOTIMP)",
					     [5] = "the server does not tell us (REFUSED)"};

	if (d->other)
		return outcome(t, ATTEMPT_NO, "%s has another address than %s", name,
			       t->c->answer.s);
	if (d->rcode)
		return outcome(t, ATTEMPT_NO, "%s: %s", name,
			       d->rcode < ARRAY_SIZE(errors) ? errors[d->rcode] : "an error");
	if (d->empty)
		return outcome(t, ATTEMPT_NO, "%s is a name without an address", name);
	return outcome(t, ATTEMPT_NO, "nobody answers the question for %s", name);
}

enum attempt try_dns(struct try *t)
{
	char *name = try_text(t, t->c->text.s), *answer = NULL, command[600],
	     server[IP_ADDR_STR] = "";
	struct dns_seen d = {0};
	struct exec_result res;
	struct observers seen;
	enum attempt result;
	bool said;

	if (t->c->answer.s)
		answer = try_text(t, t->c->answer.s);
	d.name_len = name ? dns_name(name, d.name) : 0;
	if (!name || (t->c->answer.s && !answer) ||
	    (t->c->server.s && !target(t, t->c->server.s, server)))
		result = ATTEMPT_UNTRIED;
	else if (!d.name_len || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789-_.") != strlen(name))
		result = outcome(t, ATTEMPT_UNTRIED, "'%s' is not a name that can be asked for",
				 name);
	else {
		d.want = answer && !ip4_parse(answer, &d.answer);
		snprintf(command, sizeof(command), BUSYBOX "$b timeout 5 $b nslookup %s %s", name,
			 server);
		if (!watched_run(t, "udp and src port 53", "udp", command, &seen, dns_frame, &d,
				 &res)) {
			result = ATTEMPT_UNTRIED;
		} else {
			said = !res.status && (!answer || strstr(res.out, answer));
			/* What is no address is in a form that only a resolver reads. */
			t->outside &= !answer || d.want;
			result = t->outside && !d.out ? dns_no(t, &d, name)
						      : judge(t, said, d.out, name, &res);
			exec_result_fini(&res);
		}
	}
	free(name);
	free(answer);
	return result;
}

/* A DISCOVER that changes nothing in the node: the client's script does nothing. */
enum attempt try_dhcp(struct try *t)
{
	const char *ifname = t->c->nic.s ? t->c->nic.s : "eth0";
	char command[200], filter[120], server[IP_ADDR_STR] = "";
	struct exec_result res;
	struct observers seen;
	enum attempt result;

	if (t->c->server.s && !target(t, t->c->server.s, server))
		return ATTEMPT_UNTRIED;
	snprintf(command, sizeof(command),
		 "busybox timeout 6 busybox udhcpc -f -n -q -t 3 -T 1 -s $(command -v true) -i %s",
		 ifname);
	snprintf(filter, sizeof(filter), "udp and src port 67 and dst port 68%s%s",
		 *server ? " and src host " : "", server);
	if (!watched_run(t, filter, "udp", command, &seen, NULL, NULL, &res))
		return ATTEMPT_UNTRIED;
	result = judge(t, !res.status, seen.out, *server ? server : "a DHCP server", &res);
	exec_result_fini(&res);
	return result;
}
