/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair.c - frames on their way through a cable with faults.
 *
 * Theory of operation. A cable has two ways, each with its faults, its luck (linkmodel.h) and the
 * frames that are on it (holdq.h). A frame first draws its fate; then it must find room in the
 * queue, waits until the wire has sent what is before it, and travels for the delay. A frame that
 * is lost was sent like any other: it used the wire. What has nothing to wait for goes straight
 * through. Frames keep their order, also under jitter (one that would overtake waits for those
 * before it), but those that `reorder` chose: they arrive at once.
 *
 * A super-frame is cut before anything that befalls single frames, so that TCP sees the loss of a
 * segment and not of 64 KiB; a delay alone takes it whole.
 *
 * The frames held are copies, so no packet buffer waits on a cable. A timer per way runs while it
 * holds something; what is due is let out in bursts.
 */
#include "vswitchd/switch/impair.h"

#include <arpa/inet.h>

#include "vswitchd/switch/impair_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum {
	RELEASE_BURST = PKT_BATCH_MAX,
	RELEASE_MAX = 256,	/* frames a turn, from one cable before the next */
	RELEASE_AGAIN_US = 100, /* no packet buffer was free */
	VLAN_TAG = 4,
};

/* ---- one frame ------------------------------------------------------------------------------- */

/* It is through. Takes @p. */
static void arrive(struct cable_way *c, struct pkt *p)
{
	if (c->dir == LINK_IN)
		walk_frame(c->port->net, c->port, p);
	else
		port_transmit(c->port, p);
}

static unsigned int pieces_of(const struct pkt *p)
{
	uint32_t headers, size = le16toh(p->vnet.gso_size);

	if (!pkt_is_gso(p) || !size)
		return 1;
	headers = gso_frame_len(p) - size;
	return MIN((p->len - headers + size - 1) / size, (uint32_t)UINT16_MAX);
}

/* Turn one bit over behind the Ethernet header, so that the frame still gets to where its checksum
 * shows what happened. */
static struct pkt *spoil(struct cable_way *c, struct pkt *p, uint64_t luck)
{
	uint64_t bit;

	p = pkt_writable(p);
	if (!p || p->len <= ETH_HLEN_)
		return p;
	if (pkt_needs_csum(p))
		gso_csum_complete(p);
	p->vnet = (struct virtio_net_hdr){0}; /* nobody has verified this one */
	bit = luck % ((uint64_t)(p->len - ETH_HLEN_) * 8);
	p->data[ETH_HLEN_ + bit / 8] ^= (uint8_t)(1 << bit % 8);
	c->corrupted++;
	return p;
}

/* Onto the wire; borrows @p. */
static void carry(struct cable_way *c, struct pkt *p, uint64_t leave_us, uint64_t due_us)
{
	struct runner *r = c->port->net->runner;

	if (due_us <= r->now_us && !c->held.bytes) {
		arrive(c, pkt_get(p));
		return;
	}
	if (!hold_push(&c->held, p, leave_us, due_us, pieces_of(p))) {
		c->full++;
		port_drop(c->port, DROP_IMPAIR_QUEUE, NULL);
		return;
	}
	if (!c->due.place)
		runner_due(r, &c->due, hold_due(&c->held));
}

static void meet_fate(struct cable_way *c, struct pkt *p, const struct link_fate *fate)
{
	uint64_t leave_us, due_us, now_us = c->port->net->runner->now_us;

	if (fate->corrupted && !fate->lost)
		p = spoil(c, p, fate->bit);
	if (!p) {
		port_drop(c->port, DROP_NO_BUFFER, NULL);
		return;
	}
	if (fate->reordered && !fate->lost) {
		c->reordered++;
		arrive(c, p);
		return;
	}
	link_model_times(&c->model, &c->faults, p->len, now_us, &leave_us, &due_us);
	if (fate->lost) {
		c->lost++;
		port_drop(c->port, DROP_IMPAIR_LOSS, p);
		return;
	}
	carry(c, p, leave_us, due_us);
	if (fate->duplicated) {
		c->duplicated++;
		carry(c, p, leave_us, due_us);
	}
	pkt_put(p);
}

/* Takes @p, which is a single frame unless the faults are those of all. */
static void offer(struct cable_way *c, struct pkt *p)
{
	struct link_fate fate = link_model_fate(&c->model, &c->faults);

	c->offered += pieces_of(p);
	hold_left(&c->held, c->port->net->runner->now_us);
	if (link_queue_has_room(&c->faults, c->held.waiting, c->held.waiting_bytes, p->len)) {
		meet_fate(c, p, &fate);
		return;
	}
	c->full++;
	port_drop(c->port, DROP_IMPAIR_QUEUE, p);
}

static void offer_piece(void *ctx, struct pkt *piece)
{
	offer(ctx, piece);
}

bool cable_too_long(const struct cable_way *c, const struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	uint64_t mtu = c->faults.v[LINK_MTU];
	uint32_t headers = ETH_HLEN_ + (eth->type == htons(0x8100) ? VLAN_TAG : 0);

	return mtu && (pkt_is_gso(p) ? gso_frame_len(p) : p->len) > mtu + headers;
}

/* Takes @p, whose virtio-net header agrees with its bytes. */
static void enter(struct cable_way *c, struct pkt *p)
{
	enum drop_reason reason;

	if (c->port->impair->down) {
		port_drop(c->port, DROP_IMPAIR_DOWN, p);
	} else if (cable_too_long(c, p)) {
		port_drop(c->port, DROP_TOO_BIG, p);
	} else if (pkt_is_gso(p) && link_per_frame(&c->faults)) {
		c->cut++;
		reason = gso_segment(p, offer_piece, c);
		if (reason != DROP_NONE)
			port_drop(c->port, reason, NULL);
		pkt_put(p);
	} else {
		offer(c, p);
	}
}

void impair_in(struct port *port, struct pkt *p)
{
	struct virtio_net_hdr *v = &p->vnet;

	/* This is the first that looks at the frame. What is no frame is the switch's to name. */
	v->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;
	if (!port->admin_up || p->len < ETH_HLEN_ ||
	    (v->flags | v->gso_type && gso_check(p) != DROP_NONE))
		walk_frame(port->net, port, p);
	else
		enter(&port->impair->way[LINK_IN], p);
}

void impair_out(struct port *port, struct pkt *p)
{
	if (!port->admin_up || port->failed)
		port_transmit(port, p);
	else
		enter(&port->impair->way[LINK_OUT], p);
}

/* ---- the other end --------------------------------------------------------------------------- */

void cable_release(struct due *d)
{
	struct cable_way *c = CONTAINER_OF(d, struct cable_way, due);
	struct net *net = c->port->net;
	struct runner *r = net->runner;
	uint64_t again_us = 0;

	for (int n = 1; n <= RELEASE_MAX && hold_due(&c->held) <= r->now_us; n++) {
		struct pkt *p = hold_pop(&c->held, r->pool);

		if (!p) {
			again_us = r->now_us + RELEASE_AGAIN_US;
			break;
		}
		arrive(c, p);
		if (n % RELEASE_BURST == 0)
			net_flush(net);
	}
	net_flush(net);
	if (c->held.bytes)
		runner_due(r, &c->due, MAX(hold_due(&c->held), again_us));
}
