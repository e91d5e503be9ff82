/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/storm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum storm_class { STORM_BROADCAST, STORM_MULTICAST, STORM_UNKNOWN, STORM_CLASSES };

static const char *const class_words[] = {"broadcast", "multicast", "unknown"};

enum { TOKEN_US = 1000000 }; /* a frame costs that many; @rate of them come in a microsecond */

struct bucket {
	uint32_t rate; /* frames a second; 0: no limit */
	uint64_t tokens;
	uint64_t filled_us;
};

struct storm {
	struct bucket bucket[STORM_CLASSES];
	uint64_t dropped; /* since it started */
	msec last, told;  /* last drop; when it was last told that one started, 0: never */
	bool raging;	  /* ... and counted in net->storms */
	bool spoken;	  /* its start was told, so its end is */
};

/* ---- the limit ------------------------------------------------------------------------------- */

static uint64_t depth(const struct bucket *b)
{
	return (uint64_t)MAX(b->rate / 4, 4u) * TOKEN_US;
}

static bool allowed(struct bucket *b, uint64_t now_us, bool dry)
{
	uint64_t passed = MIN(now_us - b->filled_us, (uint64_t)TOKEN_US * 10);
	uint64_t tokens = MIN(b->tokens + passed * b->rate, depth(b));

	if (dry)
		return tokens >= TOKEN_US;
	b->filled_us = now_us;
	b->tokens = tokens;
	if (tokens < TOKEN_US)
		return false;
	b->tokens -= TOKEN_US;
	return true;
}

static void start(struct port *port, enum storm_class class)
{
	struct storm *s = port->storm;
	struct net *net = port->net;

	s->raging = true;
	s->dropped = 0;
	net->storms++;
	s->spoken = !s->told || s->last - s->told >= STORM_TELL_MS;
	if (!s->spoken)
		return;
	s->told = s->last;
	runner_event(net->runner, "storm.started",
		     json_pack("{s:s, s:s, s:s, s:I}", "net", net->conf.name, "port", port->name,
			       "kind", class_words[class], "limit",
			       (json_int_t)s->bucket[class].rate));
}

static void end(struct port *port)
{
	struct storm *s = port->storm;
	struct net *net = port->net;

	s->raging = false;
	net->storms--;
	if (s->spoken)
		runner_event(net->runner, "storm.ended",
			     json_pack("{s:s, s:s, s:I}", "net", net->conf.name, "port", port->name,
				       "dropped", (json_int_t)s->dropped));
}

enum drop_reason storm_ingress(struct walk *w, bool unknown_unicast)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	enum storm_class class = unknown_unicast			? STORM_UNKNOWN
				 : mac_equal(&eth->dst, &MAC_BROADCAST) ? STORM_BROADCAST
									: STORM_MULTICAST;
	struct storm *s = w->from->storm;
	const struct runner *r = w->net->runner;

	if (!s->bucket[class].rate || allowed(&s->bucket[class], r->now_us, w->dry))
		return DROP_NONE;
	walk_say(w, "storm", "%s lets %u %s frames a second in, and this is one more",
		 w->from->name, s->bucket[class].rate, class_words[class]);
	if (w->dry)
		return DROP_STORM;
	s->last = r->now;
	if (!s->raging)
		start(w->from, class);
	s->dropped++;
	return DROP_STORM;
}

void storm_tick(struct net *net)
{
	if (!net->storms)
		return;
	for (struct port *port = net->ports; port; port = port->next)
		if (port->storm && port->storm->raging &&
		    net->runner->now - port->storm->last >= STORM_QUIET_MS)
			end(port);
}

void storm_port_fini(struct port *port)
{
	if (port->storm && port->storm->raging)
		end(port);
	free(port->storm);
	port->storm = NULL;
	port_feature(port, PORT_STORM, false);
}

/* ---- settings -------------------------------------------------------------------------------- */

static bool any_limit(const struct storm *s)
{
	for (int i = 0; i < STORM_CLASSES; i++)
		if (s->bucket[i].rate)
			return true;
	return false;
}

static int limit_set(struct port *port, enum storm_class class, const char *value, struct err *err)
{
	unsigned long rate = 0;
	struct bucket *b;

	if (strcmp(value, "off") && setting_number(value, 1, STORM_RATE_MAX, &rate, err))
		return err_set(err, -EINVAL, "wants off or frames a second, 1 to %d",
			       STORM_RATE_MAX);
	if (!port->storm)
		port->storm = calloc(1, sizeof(*port->storm));
	if (!port->storm)
		return err_set(err, -ENOMEM, "memory is short");
	b = &port->storm->bucket[class];
	b->rate = (uint32_t)rate;
	b->tokens = depth(b);
	b->filled_us = port->net->runner->now_us;
	if (any_limit(port->storm))
		port_feature(port, PORT_STORM, true);
	else
		storm_port_fini(port);
	return 0;
}

static bool limit_get(const struct port *port, enum storm_class class, char *text, size_t size)
{
	uint32_t rate = port->storm ? port->storm->bucket[class].rate : 0;

	if (rate)
		snprintf(text, size, "%u", rate);
	else
		snprintf(text, size, "off");
	return rate;
}

#define STORM_SETTING(word, class)                                                                 \
	static int word##_set(struct port *port, const char *value, struct err *err)               \
	{                                                                                          \
		return limit_set(port, class, value, err);                                         \
	}                                                                                          \
	static bool word##_get(const struct port *port, char *text, size_t size)                   \
	{                                                                                          \
		return limit_get(port, class, text, size);                                         \
	}

STORM_SETTING(broadcast, STORM_BROADCAST)
STORM_SETTING(multicast, STORM_MULTICAST)
STORM_SETTING(unknown, STORM_UNKNOWN)

#define STORM_ACCEPTS "off or frames a second"

const struct port_setting storm_settings[] = {
	{"storm-broadcast", STORM_ACCEPTS, broadcast_set, broadcast_get},
	{"storm-multicast", STORM_ACCEPTS, multicast_set, multicast_get},
	{"storm-unknown", STORM_ACCEPTS, unknown_set, unknown_get},
	{0},
};
