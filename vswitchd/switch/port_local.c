/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_local.c - a port whose far end is code in this process.
 *
 * Theory of operation. Frames for the code go to its function from send(), in the middle of a
 * flush. What the function injects in answer waits in a ring until that flush is over; then
 * net_flush() takes it through recv() like a burst from any other carrier. So switching never
 * recurses, and two local ports that answer each other for ever take turns with everybody else
 * (NET_ROUNDS_MAX in net.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { LOCAL_QUEUE = 128 };

struct local {
	port_local_fn *input;
	void *ctx;
	unsigned int first, n;
	struct pkt *injected[LOCAL_QUEUE]; /* ring; oldest at `first` */
};

static int local_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	(void)conf;
	port->priv = calloc(1, sizeof(struct local));
	return port->priv ? 0 : err_sys(err, -ENOMEM, "port \"%s\"", port->name);
}

static int local_recv(struct port *port, struct pkt_batch *b)
{
	struct local *l = port->priv;

	while (l->n && b->n < PKT_BATCH_MAX) {
		pkt_batch_add(b, l->injected[l->first]);
		l->first = (l->first + 1) % LOCAL_QUEUE;
		l->n--;
	}
	return l->n ? 0 : -EAGAIN;
}

static void local_close(struct port *port, bool forget)
{
	struct pkt_batch b = {.n = 0};

	(void)forget;
	if (!port->priv)
		return;
	do {
		pkt_batch_put(&b);
		local_recv(port, &b);
	} while (b.n);
	free(port->priv);
	port->priv = NULL;
}

static void local_send(struct port *port, struct pkt_batch *b)
{
	struct local *l = port->priv;
	unsigned int n = b->n;

	b->n = 0;
	for (unsigned int i = 0; i < n; i++) {
		port_count_tx(port, b->pkts[i]);
		l->input(l->ctx, b->pkts[i]);
	}
}

struct port *port_local_add(struct net *net, const char *name, const struct mac *mac,
			    port_local_fn *input, void *ctx, struct err *err)
{
	struct port_conf conf = {.name = name, .carrier = port_local_ops.type, .mac = *mac};
	struct port *port = port_add(net, &conf, err);
	struct local *l;

	if (!port)
		return NULL;
	l = port->priv;
	l->input = input;
	l->ctx = ctx;
	return port;
}

void port_local_inject(struct port *port, struct pkt *p)
{
	struct local *l = port->priv;
	struct net *net = port->net;

	/* A burst from outside (a NAT's uplink) may be longer than the ring. */
	if (l->n == LOCAL_QUEUE && !net->switching)
		net_flush(net);
	if (l->n == LOCAL_QUEUE) {
		port_drop(port, DROP_QUEUE_FULL, p);
		return;
	}
	l->injected[(l->first + l->n++) % LOCAL_QUEUE] = p;
	net->injected = true;
	if (!net->switching && !net->runner->loop)
		net_flush(net);
}

const struct port_ops port_local_ops = {
	.type = "local",
	.offloads = OFFLOAD_ALL,
	.queues = true,
	.open = local_open,
	.close = local_close,
	.recv = local_recv,
	.send = local_send,
};
