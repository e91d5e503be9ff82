/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "tests/wire/world.h"

static const struct mode_ops mode_plain = {.name = "lan-segment", .summary = "a bare switch"};

const struct mode_ops *const modes[] = {&mode_plain, NULL};

static void note_event(void *ctx, const char *event, json_t *params)
{
	struct world *w = ctx;
	char *text = json_dumps(params, JSON_SORT_KEYS);

	if (w->n_events < EVENTS_MAX)
		snprintf(w->events[w->n_events], sizeof(w->events[0]), "%s %s", event, text);
	w->n_events++;
	free(text);
}

void world_init(struct world *w, unsigned int ports)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(runner_init(&w->runner, NULL), 0);
	w->runner.events = note_event;
	w->runner.events_ctx = w;
	runner_step(&w->runner, 1000000);
	w->net = world_net(w, "n");
	for (unsigned int i = 0; i < ports; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%u", i);
		w->port[i] = world_port(w->net, "dummy", name);
	}
}

void world_fini(struct world *w)
{
	while (w->runner.nets)
		net_del(w->runner.nets, true);
	assert_int_equal(pkt_pool_free(w->runner.pool), RUNNER_POOL);
	runner_fini(&w->runner, true);
}

struct net *world_net(struct world *w, const char *name)
{
	struct net_conf conf = {.mode = &mode_plain};
	struct err err;
	struct net *net;

	snprintf(conf.name, sizeof(conf.name), "%s", name);
	net = net_add(&w->runner, &conf, &err);
	if (!net)
		fail_msg("%s", err.text);
	return net;
}

struct port *world_port(struct net *net, const char *carrier, const char *name)
{
	struct port_conf conf = {.name = name, .carrier = carrier};
	struct err err;
	struct port *port = port_add(net, &conf, &err);

	if (!port)
		fail_msg("%s", err.text);
	return port;
}

struct mac station(unsigned int nr)
{
	if (!nr)
		return MAC_BROADCAST;
	return (struct mac){{0x52, 0x54, 0, (uint8_t)(nr >> 16), (uint8_t)(nr >> 8), (uint8_t)nr}};
}

void world_send(struct port *port, unsigned int src, unsigned int dst, size_t len, uint8_t mark)
{
	static uint8_t frame[PKT_FRAME_MAX];
	struct mac from = station(src), to = station(dst);

	memset(frame, 0, len);
	memcpy(frame, &to, sizeof(to));
	memcpy(frame + sizeof(to), &from, sizeof(from));
	put16(frame + 12, 0x88b5); /* IEEE 802 local experimental */
	frame[len - 1] = mark;
	assert_int_equal(port_dummy_receive(port, frame, len, NULL), 0);
}

int world_take(struct port *port)
{
	struct pkt *p = port_dummy_sent(port);
	int mark = p ? p->data[p->len - 1] : -1;

	pkt_put(p);
	return mark;
}

void world_input(struct port *port, struct pkt *p)
{
	struct pkt_batch b = {.n = 1, .pkts = {p}};

	net_input(port->net, port, &b);
}

uint64_t world_drops(const struct port *port, enum drop_reason reason)
{
	return port->stats.drops[reason];
}

bool world_event(const struct world *w, const char *text)
{
	for (unsigned int i = 0; i < MIN(w->n_events, (unsigned int)EVENTS_MAX); i++)
		if (strncmp(w->events[i], text, strlen(text)) == 0)
			return true;
	return false;
}
