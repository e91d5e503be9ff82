/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The carriers of wire tests: the two that need no kernel, and one that tests drive by hand.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/wire/world.h"

static int fake_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	if (conf->ifname)
		return err_set(err, -EBUSY, "interface %s is in use", conf->ifname);
	port->priv = calloc(1, sizeof(struct fake));
	return port->priv ? 0 : -ENOMEM;
}

static void fake_close(struct port *port, bool forget)
{
	(void)forget;
	free(port->priv);
}

static int fake_recv(struct port *port, struct pkt_batch *b)
{
	(void)b;
	return fake_of(port)->recv_error ? fake_of(port)->recv_error : -EAGAIN;
}

static void fake_send(struct port *port, struct pkt_batch *b)
{
	struct fake *f = fake_of(port);

	f->sends++;
	for (unsigned int i = 0; i < b->n; i++) {
		if (f->frames < FAKE_SEEN)
			f->last_byte[f->frames] = b->pkts[i]->data[b->pkts[i]->len - 1];
		f->frames++;
		port_count_tx(port, b->pkts[i]);
		if (f->keep) {
			pkt_put(f->kept);
			f->kept = pkt_get(b->pkts[i]);
		}
	}
	pkt_batch_put(b);
}

static void fake_carrier(struct port *port, bool up)
{
	fake_of(port)->up = up ? 1 : -1;
}

const struct port_ops port_fake_ops = {
	.type = "fake",
	.offloads = OFFLOAD_ALL,
	.open = fake_open,
	.close = fake_close,
	.recv = fake_recv,
	.send = fake_send,
	.carrier = fake_carrier,
};

const struct port_ops *const port_carriers[] = {&port_dummy_ops, &port_local_ops,  &port_fake_ops,
						&port_patch_ops, &port_member_ops, NULL};
