/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_packets.c - what comes by at a place, while something happens or for a while.
 *
 * Each filter is a capture of its own. Several are looked for in their order: the first frame of
 * the second that is not before the one found of the first, and so on. The switch stamps frames as
 * it handles them, one after the other, so the order is that in which they passed it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/attempt.h"
#include "lab/probe.h"
#include "lab/try.h"
#include "lib/clock.h"

enum {
	LOOK_DEFAULT_MS = 2000,
	NEVER_DEFAULT_MS = 5000,
	SETTLE_MS = 200, /* what follows an action directly */
	SLICE_MS = 20,
	TIMES_MAX = 1024, /* frames of one filter whose order is looked at */
};

struct sight {
	struct observers seen;
	uint64_t times[TIMES_MAX]; /* nanoseconds, in order of their reading */
	size_t n;
};

static void sight_frame(void *ctx, const struct pcapng_packet *p, bool in)
{
	struct sight *s = ctx;

	(void)in;
	if (s->n < TIMES_MAX)
		s->times[s->n++] = p->time_ns;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A network, a cable, "NODE.ethN" or a node: all its ports. */
static bool watch_at(struct try *t, struct observers *o, const char *filter, struct err *err)
{
	const char *at = t->c->at.s;
	const struct lab_net *net = lab_net_find(t->r->lab, at);
	const struct lab_node *node = lab_node_find(t->r->lab, at);
	const struct lab_net *probe = lab_probe_net(t->r->lab, at);
	const char *port = lab_port_of(t->r->lab, at);
	char name[2 * NAME_MAX_];

	if (probe)
		return observe_port(o, probe_port(probe, name), filter, err);
	if (net)
		return observe_net(o, net->id, filter, err);
	if (node)
		return observe_node(o, node, filter, err);
	if (port)
		return observe_port(o, port, filter, err);
	err_set(err, -EINVAL, "%s is no place that the switch can look at", at);
	return false;
}

static bool watch_filter(struct try *t, struct sight *s, const char *text)
{
	char *filter = try_text(t, text);
	struct err err;
	bool ok = filter && watch_at(t, &s->seen, filter, &err);

	if (filter && !ok)
		outcome(t, ATTEMPT_UNTRIED, "%s", err.text);
	free(filter);
	return ok;
}

/* The first filter of which no frame came after what was found of those before it; n_see: none. */
static size_t first_missing(struct sight *sights, size_t n_see)
{
	uint64_t last = 0;

	for (size_t i = 0, k; i < n_see; i++) {
		struct sight *s = &sights[i];

		qsort(s->times, s->n, sizeof(*s->times), by_time);
		for (k = 0; k < s->n && s->times[k] < last; k++)
			;
		if (k == s->n)
			return i;
		last = s->times[k];
	}
	return n_see;
}

/* Make the traffic, and give it time: no more than it needs where no frame can spoil it. */
static void during(struct try *t, struct sight *sights, struct sight *never)
{
	unsigned int ms = t->c->for_ms.given ? t->c->for_ms.v
			  : t->c->n_during   ? SETTLE_MS
			  : !t->c->n_see     ? NEVER_DEFAULT_MS
					     : LOOK_DEFAULT_MS;
	const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
	bool outside, whole = t->c->never.s || t->c->times.given;
	char ignored[200];
	msec end;

	for (size_t i = 0; i < t->c->n_during; i++)
		check_attempt(t->r, &t->c->during[i], ignored, sizeof(ignored), &outside);
	for (end = clock_now_ms() + ms; clock_now_ms() < end; nanosleep(&slice, NULL)) {
		for (size_t i = 0; i < t->c->n_see; i++)
			observe_now(&sights[i].seen, sight_frame, &sights[i]);
		observe_now(&never->seen, sight_frame, never);
		if (never->n)
			return; /* what was seen can't be unseen */
		if (!whole && first_missing(sights, t->c->n_see) == t->c->n_see)
			return;
	}
}

static unsigned int frames(const struct sight *s)
{
	return s->seen.in + s->seen.out;
}

static enum attempt verdict(struct try *t, struct sight *sights, const struct sight *never)
{
	size_t missing = first_missing(sights, t->c->n_see);
	char *filter;

	t->outside = true;
	if (never->n)
		filter = try_text(t, t->c->never.s);
	else if (missing < t->c->n_see)
		filter = try_text(t, t->c->see[missing].s);
	else if (t->c->times.given && frames(sights) != t->c->times.v)
		return outcome(t, ATTEMPT_NO, "%u frames at %s, not %u", frames(sights), t->c->at.s,
			       t->c->times.v);
	else
		return t->c->n_see ? outcome(t, ATTEMPT_YES, "%zu frames at %s", sights[0].n,
					     t->c->at.s)
				   : outcome(t, ATTEMPT_YES, "none at %s", t->c->at.s);
	if (never->n)
		outcome(t, ATTEMPT_OVER, "%u frames of `%s` at %s, which must not be",
			frames(never), filter ? filter : "?", t->c->at.s);
	else
		outcome(t, ATTEMPT_NO, "no frame of `%s` at %s%s", filter ? filter : "?",
			t->c->at.s, sights[missing].n ? " after the others" : "");
	free(filter);
	return never->n ? ATTEMPT_OVER : ATTEMPT_NO;
}

enum attempt try_packets(struct try *t)
{
	struct sight *sights = calloc(LAB_SEE_MAX + 1, sizeof(*sights));
	struct sight *never = sights ? &sights[LAB_SEE_MAX] : NULL;
	enum attempt result = ATTEMPT_UNTRIED;
	bool ok = true;

	if (!sights)
		return outcome(t, ATTEMPT_UNTRIED, "out of memory");
	for (size_t i = 0; i <= LAB_SEE_MAX; i++)
		observe_begin(&sights[i].seen, t->r);
	for (size_t i = 0; ok && i < t->c->n_see; i++)
		ok = watch_filter(t, &sights[i], t->c->see[i].s);
	if (ok && t->c->never.s)
		ok = watch_filter(t, never, t->c->never.s);
	if (ok)
		during(t, sights, never);
	for (size_t i = 0; i <= LAB_SEE_MAX; i++)
		observe_end(&sights[i].seen, sight_frame, &sights[i]);
	if (ok)
		result = verdict(t, sights, never);
	free(sights);
	return result;
}
