/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_patch.c - a cable between two networks: two ports, each the other's far end.
 *
 * Theory of operation. Each end names the other; the cable is plugged when both are there and name
 * each other, and unplugged when one goes. An end has a link when it is plugged and the other end
 * is up.
 *
 * What one end is sent waits in a ring at the other, which is polled when its network is switched
 * next (net_wake()): switching never recurses, and a loop of cables goes round by turns of the
 * loop, with everybody else in between. A storm in such a loop costs the frames that find a ring
 * full; and since all rings together may hold only a part of the runner's buffers, it takes none
 * away from the networks that have nothing to do with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum {
	PATCH_RING = 128,
	PATCH_HELD_MAX = RUNNER_POOL / 2, /* by all the rings of a runner */
};

struct patch {
	char other_name[PORT_NAME_MAX + 1];
	struct port *other; /* NULL: not plugged */
	unsigned int first, n;
	struct pkt *arrived[PATCH_RING]; /* ring; oldest at `first` */
};

/* ---- plugging -------------------------------------------------------------------------------- */

static struct patch *patch_of(const struct port *port)
{
	return port->priv;
}

static void plug(struct port *port, struct port *other)
{
	patch_of(port)->other = other;
	patch_of(other)->other = port;
	/* This end is told of as a new port. */
	port_link_changed(other);
}

/* An end of that name that wants this one and has none. */
static struct port *find_other(const struct port *port)
{
	struct port *other = port_find(patch_of(port)->other_name);

	if (!other || other->ops != &port_patch_ops || patch_of(other)->other ||
	    strcmp(patch_of(other)->other_name, port->name))
		return NULL;
	return other;
}

static int patch_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	struct port *other;
	struct patch *pa;

	if (!strcmp(conf->peer, port->name))
		return err_set(err, -EINVAL, "the other end of a cable is another port");
	other = port_find(conf->peer);
	if (other && other->ops != &port_patch_ops)
		return err_set(err, -EINVAL, "port \"%s\" is no end of a cable but a %s port",
			       other->name, other->ops->type);
	pa = calloc(1, sizeof(*pa));
	if (!pa)
		return err_sys(err, -ENOMEM, "port \"%s\"", port->name);
	snprintf(pa->other_name, sizeof(pa->other_name), "%s", conf->peer);
	port->priv = pa;
	other = find_other(port);
	if (other)
		plug(port, other);
	return 0;
}

static int patch_recv(struct port *port, struct pkt_batch *b)
{
	struct patch *pa = port->priv;

	while (pa->n && b->n < PKT_BATCH_MAX) {
		pkt_batch_add(b, pa->arrived[pa->first]);
		pa->first = (pa->first + 1) % PATCH_RING;
		pa->n--;
		port->net->runner->patch_held--;
	}
	return pa->n ? 0 : -EAGAIN;
}

static void patch_empty(struct port *port)
{
	struct pkt_batch b = {.n = 0};

	do {
		pkt_batch_put(&b);
		patch_recv(port, &b);
	} while (b.n);
}

static void patch_close(struct port *port, bool forget)
{
	struct patch *pa = port->priv;

	(void)forget;
	if (!pa)
		return;
	patch_empty(port);
	if (pa->other) {
		patch_of(pa->other)->other = NULL;
		patch_empty(pa->other);
		port_link_changed(pa->other);
	}
	free(pa);
	port->priv = NULL;
}

/* ---- the link -------------------------------------------------------------------------------- */

static const char *patch_no_link(const struct port *port)
{
	const struct patch *pa = port->priv;

	if (!pa->other)
		return port_find(pa->other_name) ? "the port at its other end has another cable"
						 : "nothing is plugged in at its other end";
	if (pa->other->pulled)
		return "the schedule of its other end has pulled it";
	return pa->other->admin_up ? NULL : "its other end is set down";
}

static void patch_carrier(struct port *port, bool up)
{
	struct port *other = patch_of(port)->other;

	(void)up;
	patch_empty(port);
	if (other)
		port_link_changed(other);
}

const char *port_patch_peer(const struct port *port)
{
	return patch_of(port)->other_name;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Takes @p. */
static void arrive(struct port *from, struct port *at, struct pkt *p)
{
	struct runner *r = at->net->runner;
	struct patch *pa = patch_of(at);

	if (pa->n == PATCH_RING || r->patch_held == PATCH_HELD_MAX) {
		port_drop(from, DROP_QUEUE_FULL, p);
		return;
	}
	port_count_tx(from, p);
	pa->arrived[(pa->first + pa->n++) % PATCH_RING] = p;
	r->patch_held++;
}

static void patch_send(struct port *port, struct pkt_batch *b)
{
	struct port *other = patch_of(port)->other;
	bool link = other && other->admin_up && !other->pulled;

	for (unsigned int i = 0; i < b->n; i++) {
		if (link)
			arrive(port, other, b->pkts[i]);
		else
			port_drop(port, DROP_LINK_DOWN, b->pkts[i]);
	}
	b->n = 0;
	if (link)
		net_wake(other->net);
}

const struct port_ops port_patch_ops = {
	.type = "patch",
	.offloads = OFFLOAD_ALL,
	.queues = true,
	.open = patch_open,
	.close = patch_close,
	.recv = patch_recv,
	.send = patch_send,
	.carrier = patch_carrier,
	.no_link = patch_no_link,
};
