/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_out.c - frames on their way out of a port: what its far end does not do, and its queue.
 */
#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/watch.h"

static void txq_push(void *ctx, struct pkt *p)
{
	struct port *port = ctx;

	/* Full in the middle of a burst: what is there leaves now. */
	if (port->txq.n == PKT_BATCH_MAX) {
		port->ops->send(port, &port->txq);
		port->txq.n = 0;
	}
	port->txq.pkts[port->txq.n++] = p;
	if (!port->queued) {
		port->queued = true;
		port->next_queued = port->net->queued;
		port->net->queued = port;
	}
}

/* Do in software what the far end of @port does not. Takes @p. */
static void queue_finished(struct port *port, struct pkt *p)
{
	enum drop_reason reason;

	if (pkt_is_gso(p)) {
		reason = gso_segment(p, txq_push, port);
		port->stats.soft_gso++;
		if (reason != DROP_NONE)
			port_drop(port, reason, NULL);
		pkt_put(p);
		return;
	}
	p = pkt_writable(p);
	if (!p) {
		port_drop(port, DROP_NO_BUFFER, NULL);
		return;
	}
	gso_csum_complete(p);
	port->stats.soft_csum++;
	txq_push(port, p);
}

void port_transmit(struct port *port, struct pkt *p)
{
	if (!port->admin_up)
		port_drop(port, DROP_PORT_DOWN, p);
	else if (port->failed)
		port_drop(port, DROP_SEND_ERROR, p);
	else if (gso_needs(p) & ~port->offloads)
		queue_finished(port, p);
	else
		txq_push(port, p);
}

void port_queue_walked(struct port *port, struct pkt *p, const struct walk *w)
{
	if (port->hooks)
		watch_out(port, p, w);
	if (port->features & PORT_IMPAIR_OUT)
		impair_out(port, p);
	else
		port_transmit(port, p);
}

void port_queue(struct port *port, struct pkt *p)
{
	port_queue_walked(port, p, NULL);
}
