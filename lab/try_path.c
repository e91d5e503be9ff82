/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_path.c - checks that look at the network in several places, or for a while.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ctl.h"
#include "lab/try.h"
#include "lib/clock.h"
#include "lib/hash.h"

enum {
	PATH_NODES_MAX = 8,
	SETTLE_MS = 200, /* till the far end listens */
	STREAM_DEFAULT_MS = 3000,
	STREAM_WAIT_MS = 4000, /* for the first bytes */
	STREAM_BEGUN = 20000,  /* bytes: more than it takes to find one another */
	SLOW_START_MS = 500,
	STREAM_PORT = 47999
};

static void pause_ms(unsigned int ms)
{
	const struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000L};

	nanosleep(&ts, NULL);
}

/* ---- path ------------------------------------------------------------------------------------ */

struct pass {
	const struct lab_node *node;
	bool must;
	struct observers seen;
};

static bool watch_nodes(struct try *t, struct pass *p, size_t n, const char *filter)
{
	struct err err;

	for (size_t i = 0; i < n; i++) {
		observe_begin(&p[i].seen, t->r);
		if (!observe_node(&p[i].seen, p[i].node, filter, &err)) {
			outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
			return false;
		}
	}
	return true;
}

static size_t path_nodes(struct try *t, struct pass *p)
{
	size_t n = 0;

	for (size_t i = 0; i < t->c->n_through && n < PATH_NODES_MAX; i++)
		p[n++] = (struct pass){lab_node_find(t->r->lab, t->c->through[i].s), true, {0}};
	for (size_t i = 0; i < t->c->n_around && n < PATH_NODES_MAX; i++)
		p[n++] = (struct pass){lab_node_find(t->r->lab, t->c->around[i].s), false, {0}};
	return n;
}

static enum attempt judge_path(struct try *t, const struct pass *p, size_t n, unsigned int answers,
			       const char *addr)
{
	if (!answers)
		return outcome(t, ATTEMPT_NO, "no answer from %s", addr);
	for (size_t i = 0; i < n; i++) {
		bool passed = p[i].seen.in && p[i].seen.out;

		if (passed != p[i].must)
			return outcome(t, ATTEMPT_NO, "the way to %s %s %s", addr,
				       passed ? "leads through" : "does not lead through",
				       p[i].node->name.s);
	}
	return outcome(t, ATTEMPT_YES, "%s answers, by that way", addr);
}

/* A ping of a length of its own is looked for at the ports of the nodes on the way: who forwards it
 * gets it and sends it. */
enum attempt try_path(struct try *t)
{
	struct pass *p = calloc(PATH_NODES_MAX + 1, sizeof(*p));
	char addr[IP_ADDR_STR], command[160], filter[FILTER_SIZE];
	enum attempt result = ATTEMPT_UNTRIED;
	size_t n = p ? path_nodes(t, p) : 0, k = n;
	struct exec_result res;
	unsigned int size;
	struct err err;
	int rc;

	if (!p || !target(t, t->c->to.s, addr)) {
		free(p);
		return ATTEMPT_UNTRIED;
	}
	random_bytes(&size, sizeof(size));
	size = 60 + size % 800;
	p[k++] = (struct pass){t->from, true, {0}}; /* the sender: does the answer come? */
	rc = watch_nodes(t, p, n, filter_echo(filter, addr, false, size)) ? 0 : -1;
	if (!rc && !watch_nodes(t, p + n, 1, filter_echo(filter, addr, true, size)))
		rc = -1;
	snprintf(command, sizeof(command), BUSYBOX "$b ping -c 1 -W 2 -s %u %s", size, addr);
	if (!rc) {
		rc = node_exec(t->r, t->from, command, PROBE_TIMEOUT_S, &res, &err);
		if (rc)
			outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
		else
			exec_result_fini(&res);
	}
	for (size_t i = 0; i < k; i++)
		observe_end(&p[i].seen, NULL, NULL);
	t->outside = true;
	if (!rc)
		result = judge_path(t, p, n, p[n].seen.out, addr);
	free(p);
	return result;
}

/* ---- throughput ------------------------------------------------------------------------------ */

/* Bytes that the switch has handed to the ports of @node so far. */
static uint64_t bytes_to(struct lab_run *r, const struct lab_node *node)
{
	uint64_t sum = 0;
	struct err ignored;

	for (size_t i = 0; i < node->n_nics; i++) {
		json_t *port =
			client_call(r->client, "port.show",
				    json_pack("{s:s}", "port", node->nics[i].port), &ignored);

		sum += (uint64_t)jint(json_object_get(port, "tx"), "bytes");
		json_decref(port);
	}
	return sum;
}

/* At the end of its input this nc reads no more, so that is a FIFO which nobody writes to. */
static json_int_t start_sink(struct try *t, const struct lab_node *to, unsigned int seconds)
{
	bool vm = to->kind == LAB_VM;
	char command[240];
	struct err err;

	snprintf(command, sizeof(command),
		 "f=/tmp/.vnet-sink-$$; busybox mkfifo $f && exec 3<>$f && rm $f || exit\n"
		 "busybox timeout %u busybox nc -l -p %u <&3 >/dev/null; true",
		 seconds, (unsigned int)STREAM_PORT);
	return client_send(t->r->client, vm ? "vm.exec" : "ns.exec",
			   json_pack("{s:s, s:s, s:i}", vm ? "vm" : "name", to->id, "command",
				     command, "timeout_s", (int)seconds + 5),
			   &err);
}

/* The sink may not listen yet: a real guest on a busy host takes its time. */
static json_int_t start_source(struct try *t, const char *addr, unsigned int seconds)
{
	bool vm = t->from->kind == LAB_VM;
	char command[320];
	struct err err;

	snprintf(command, sizeof(command),
		 "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do\n"
		 "busybox dd if=/dev/zero bs=64k 2>/dev/null | busybox timeout %u busybox nc %s %u "
		 ">/dev/null 2>&1; [ $? = 1 ] || break; sleep 0.2; done",
		 seconds, addr, (unsigned int)STREAM_PORT);
	return client_send(t->r->client, vm ? "vm.exec" : "ns.exec",
			   json_pack("{s:s, s:s, s:i}", vm ? "vm" : "name", t->from->id, "command",
				     command, "timeout_s", (int)seconds + 8),
			   &err);
}

/* Wait until the stream is on its way, and TCP has looked for the rate. */
static void await_stream(struct try *t, const struct lab_node *to)
{
	uint64_t before = bytes_to(t->r, to);
	msec end = clock_now_ms() + STREAM_WAIT_MS;

	while (bytes_to(t->r, to) - before < STREAM_BEGUN && clock_now_ms() < end)
		pause_ms(SETTLE_MS / 4);
	pause_ms(SLOW_START_MS);
}

static enum attempt judge_rate(struct try *t, unsigned int kbit)
{
	bool slow = t->c->at_least_kbit.given && kbit < t->c->at_least_kbit.v;
	bool fast = t->c->at_most_kbit.given && kbit > t->c->at_most_kbit.v;

	if (!slow && !fast)
		return outcome(t, ATTEMPT_YES, "%.1f Mbit/s", kbit / 1000.);
	return outcome(t, ATTEMPT_NO, "%.1f Mbit/s, wanted is at %s %.1f Mbit/s", kbit / 1000.,
		       slow ? "least" : "most",
		       (slow ? t->c->at_least_kbit.v : t->c->at_most_kbit.v) / 1000.);
}

/* A TCP stream as fast as it goes; what the switch counts. */
enum attempt try_throughput(struct try *t)
{
	unsigned int ms = t->c->for_ms.given ? t->c->for_ms.v : STREAM_DEFAULT_MS, seconds;
	const struct lab_node *to = lab_node_of(t->r->lab, t->c->to.s);
	json_int_t sink, source;
	char addr[IP_ADDR_STR];
	uint64_t bytes, took;
	struct err err;
	msec begin;

	if (!t->from || !observable(to) || !target(t, t->c->to.s, addr))
		return outcome(t, ATTEMPT_UNTRIED, "the switch can't see what reaches %s",
			       t->c->to.s);
	seconds = (ms + SLOW_START_MS) / 1000 + 2;
	sink = start_sink(t, to, seconds + STREAM_WAIT_MS / 1000);
	pause_ms(SETTLE_MS);
	source = start_source(t, addr, seconds);
	await_stream(t, to);
	bytes = bytes_to(t->r, to);
	begin = clock_now_ms();
	pause_ms(ms);
	bytes = bytes_to(t->r, to) - bytes;
	took = MAX((uint64_t)(clock_now_ms() - begin), (uint64_t)1);
	json_decref(client_wait(t->r->client, source, &err));
	json_decref(client_wait(t->r->client, sink, &err));
	t->outside = true;
	return judge_rate(t, (unsigned int)(bytes * 8 / took));
}
