/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from and to a tap whose descriptor we hold.
 *
 * Theory of operation. A read gives one frame and a write takes one, so a system call for each is
 * what a small frame costs most. Bursts therefore go through io_uring (uring.h), single frames,
 * which want to be quick, and kernels without it do not. port->priv is the runner's ring, or NULL.
 * How many frames to ask for is guessed from the last burst: asking an empty tap costs a little,
 * too, and buffers of super-frames should not leave the cache before they are written.
 *
 * The virtio-net header is read and written as the bytes in front of the frame, in the packet's
 * headroom: one piece of memory is cheaper than two. A packet that many ports send at once has the
 * same header for all of them.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/carrier/tap.h"
#include "vswitchd/carrier/uring.h"

enum {
	VNET_HDR = sizeof(struct virtio_net_hdr),
	/* A burst of super-frames ends here, so that it is still in the second-level cache when it
	 * is written: measured 5 % faster than 32 of them, and than half as much. */
	BURST_BYTES = 256 * 1024,
	URING_MIN = 4, /* fewer calls are quicker one by one */
	FIRST = 2,     /* frames that are asked for one by one; then this many at once */
	SECOND = 8,
};

static_assert((int)PKT_HEADROOM >= (int)VNET_HDR, "a fresh packet has room for the header");
static_assert((int)URING_MAX >= (int)PKT_BATCH_MAX, "a burst is one run");

/* ---- receiving ---------------------------------------------------------------------------- */

/* No buffer is free: the frame must still leave the queue, or the loop would spin on it. */
static int tap_discard(struct port *port)
{
	char some[64];

	if (read(port->fd, some, sizeof(some)) < 0)
		return -errno;
	port_drop(port, DROP_NO_BUFFER, NULL);
	return 0;
}

/* What a read of @n bytes into @p means; takes @p. 0 or a negative errno. */
static int rx_take(struct pkt *p, ssize_t n, struct pkt_batch *b)
{
	if (n < VNET_HDR) {
		pkt_put(p);
		return n < 0 ? (int)n : 0;
	}
	memcpy(&p->vnet, p->data - VNET_HDR, VNET_HDR);
	p->len = (uint32_t)(n - VNET_HDR);
	pkt_batch_add(b, p);
	return 0;
}

static int rx_one(struct port *port, struct pkt_batch *b)
{
	struct pkt *p = pkt_alloc(port->net->runner->pool);
	ssize_t n;

	if (!p)
		return tap_discard(port);
	n = read(port->fd, p->data - VNET_HDR, VNET_HDR + PKT_FRAME_MAX);
	return rx_take(p, n < 0 ? -errno : n, b);
}

/* Up to @n frames in one system call. */
static int rx_many(struct port *port, struct pkt_batch *b, unsigned int n)
{
	struct uring *u = port->priv;
	struct pkt *p[URING_MAX];
	ssize_t res[URING_MAX];
	unsigned int asked = 0;
	int rc = 0;

	while (asked < n && (p[asked] = pkt_alloc(port->net->runner->pool))) {
		uring_read(u, port->fd, p[asked]->data - VNET_HDR, VNET_HDR + PKT_FRAME_MAX);
		asked++;
	}
	if (!asked)
		return tap_discard(port);
	uring_run(u, res);
	/* Backwards the buffers that stayed empty: the next burst shall get the same ones. */
	for (n = asked; n && res[n - 1] < 0; n--) {
		rc = (int)res[n - 1];
		pkt_put(p[n - 1]);
	}
	for (unsigned int i = 0; i < n; i++)
		rx_take(p[i], res[i], b);
	return rc;
}

/* How many frames to ask for next, when @b has @bytes: few as long as it may be a single one, and
 * no more than should be in the cache together. 0: it is a burst. */
static unsigned int rx_want(const struct pkt_batch *b, uint32_t bytes)
{
	uint32_t room = bytes < BURST_BYTES ? BURST_BYTES - bytes : 0;
	unsigned int n = b->n < FIRST ? 1 : b->n < SECOND ? SECOND : PKT_BATCH_MAX;

	n = MIN(n, (unsigned int)PKT_BATCH_MAX - b->n);
	return bytes ? MIN(n, (unsigned int)((uint64_t)room * b->n / bytes)) : n;
}

int tap_recv(struct port *port, struct pkt_batch *b)
{
	uint32_t bytes = 0;
	unsigned int n;
	int rc = 0;

	while (rc == 0 && (n = rx_want(b, bytes))) {
		unsigned int had = b->n;

		if (n < URING_MIN || !port->priv)
			rc = rx_one(port, b);
		else
			rc = rx_many(port, b, n);
		while (had < b->n)
			bytes += b->pkts[had++]->len;
		if (rc == -EINTR)
			rc = 0;
	}
	if (rc == 0 || rc == -EAGAIN)
		return rc;
	port_fail(port, "its interface was removed");
	return -ENODEV;
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Put the header in front of the frame. Returns where to write from. */
static const void *tx_prepare(struct pkt *p)
{
	/* Tags took some of it. */
	assert(p->data - p->buf >= VNET_HDR);
	memcpy(p->data - VNET_HDR, &p->vnet, VNET_HDR);
	return p->data - VNET_HDR;
}

/* A write of @p came to @n; takes @p. */
static void tx_done(struct port *port, struct pkt *p, ssize_t n)
{
	if (n >= 0) {
		port_count_tx(port, p);
		pkt_put(p);
		return;
	}
	/* EIO: the interface is down (somebody inside the namespace did that). */
	port_drop(port,
		  n == -EIO	 ? DROP_LINK_DOWN
		  : n == -EAGAIN ? DROP_QUEUE_FULL
				 : DROP_SEND_ERROR,
		  p);
}

static void tx_one(struct port *port, struct pkt *p)
{
	ssize_t n = write(port->fd, tx_prepare(p), VNET_HDR + p->len);

	tx_done(port, p, n < 0 ? -errno : n);
}

void tap_send(struct port *port, struct pkt_batch *b)
{
	struct uring *u = port->priv;
	ssize_t res[URING_MAX];

	if (b->n < URING_MIN || !u) {
		for (unsigned int i = 0; i < b->n; i++)
			tx_one(port, b->pkts[i]);
		b->n = 0;
		return;
	}
	for (unsigned int i = 0; i < b->n; i++)
		uring_write(u, port->fd, tx_prepare(b->pkts[i]), VNET_HDR + b->pkts[i]->len);
	uring_run(u, res);
	for (unsigned int i = 0; i < b->n; i++)
		tx_done(port, b->pkts[i], res[i]);
	b->n = 0;
}
