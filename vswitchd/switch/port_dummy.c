/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_dummy.c - a port whose far end is whoever asks: the control socket, or a test.
 *
 * What the switch sends is copied into a small pool of the port's own, so that a dummy port nobody
 * reads can't keep buffers from the others. A dummy takes nothing undone, unless a test says so by
 * port->offloads: what comes out is what would be on a wire.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { DUMMY_QUEUE = 64 };

struct dummy {
	struct pkt_pool *pool;
	unsigned int first, n;
	struct pkt *sent[DUMMY_QUEUE]; /* ring; oldest at `first` */
};

static int dummy_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	struct dummy *d = calloc(1, sizeof(*d));

	(void)conf;
	if (d)
		d->pool = pkt_pool_create(DUMMY_QUEUE);
	if (!d || !d->pool) {
		free(d);
		return err_sys(err, -ENOMEM, "port \"%s\"", port->name);
	}
	port->priv = d;
	return 0;
}

static void dummy_close(struct port *port, bool forget)
{
	struct dummy *d = port->priv;
	struct pkt *p;

	(void)forget;
	if (!d)
		return;
	while ((p = port_dummy_sent(port)))
		pkt_put(p);
	pkt_pool_destroy(d->pool);
	free(d);
	port->priv = NULL;
}

static void dummy_keep(struct port *port, const struct pkt *p)
{
	struct dummy *d = port->priv;
	struct pkt *copy = d->n < DUMMY_QUEUE ? pkt_from(d->pool, p->data, p->len) : NULL;

	if (!copy) {
		port_drop(port, DROP_QUEUE_FULL, NULL);
		return;
	}
	copy->vnet = p->vnet;
	d->sent[(d->first + d->n++) % DUMMY_QUEUE] = copy;
	port_count_tx(port, p);
}

static void dummy_send(struct port *port, struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		dummy_keep(port, b->pkts[i]);
	pkt_batch_put(b);
}

int port_dummy_receive(struct port *port, const void *frame, size_t len,
		       const struct virtio_net_hdr *vnet)
{
	struct pkt_batch b = {.n = 1};

	if (port->ops != &port_dummy_ops)
		return -EOPNOTSUPP;
	if (len > PKT_FRAME_MAX)
		return -EMSGSIZE;
	b.pkts[0] = pkt_from(port->net->runner->pool, frame, len);
	if (!b.pkts[0]) {
		port_drop(port, DROP_NO_BUFFER, NULL);
		return -ENOBUFS;
	}
	if (vnet)
		b.pkts[0]->vnet = *vnet;
	net_input(port->net, port, &b);
	return 0;
}

struct pkt *port_dummy_sent(struct port *port)
{
	struct dummy *d = port->priv;
	struct pkt *p;

	if (port->ops != &port_dummy_ops || !d->n)
		return NULL;
	p = d->sent[d->first];
	d->first = (d->first + 1) % DUMMY_QUEUE;
	d->n--;
	return p;
}

const struct port_ops port_dummy_ops = {
	.type = "dummy",
	.open = dummy_open,
	.close = dummy_close,
	.send = dummy_send,
};
