/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_net.c - virtio network card on a tap.
 *
 * Theory of operation. Frames move between guest memory and the tap by one readv() or writev()
 * each, with the virtio-net header as the tap's header, so checksums and segmentation that the
 * guest left undone stay undone through the switch.
 *
 * Receive. The length of the next frame is not known before it is read, so the driver's buffers
 * are collected beforehand in a window that holds the longest frame. What does not fit goes to
 * overflow[] behind it in the same readv(); then the whole frame is held there, and delivered
 * when the driver has added buffers, or dropped whole when it can't add more. Without any buffer
 * the tap is not read: its queue in the kernel is the bound.
 *
 * Transmit. The header is copied once, checked, and the copy is sent, so the guest can't change
 * it in between.
 *
 * Both directions work in bursts; the used ring is published and the guest interrupted once at
 * the end of each.
 */
#include "vmm/virtio_net.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/log.h"

enum { QUEUE_RX, QUEUE_TX, RX_BURST = 64, TX_BURST = 64, JUMBO = 9018 };

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define OFFERED                                                                                    \
	(FEATURE(MAC) | FEATURE(STATUS) | FEATURE(MRG_RXBUF) | FEATURE(CSUM) |                     \
	 FEATURE(GUEST_CSUM) | FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6) | FEATURE(GUEST_TSO4) |     \
	 FEATURE(GUEST_TSO6))

static struct virtio_net *net_of(struct virtio_pci *v)
{
	return CONTAINER_OF(v, struct virtio_net, v);
}

/* ---- receive -------------------------------------------------------------------------------- */

static bool mergeable(const struct virtio_net *n)
{
	return virtio_pci_has(&n->v, VIRTIO_NET_F_MRG_RXBUF);
}

/* Append the chain in n->chain to the window; false when it has no room. */
static bool window_add(struct virtio_net *n)
{
	struct virtio_net_window *w = &n->window;
	const struct virtqueue_chain *c = &n->chain;

	if (w->n_iov + c->n_in > VIRTQUEUE_SIZE_MAX || w->n_bufs == VIRTQUEUE_SIZE_MAX)
		return false;
	memcpy(w->iov + w->n_iov, c->iov, c->n_in * sizeof(c->iov[0]));
	w->bufs[w->n_bufs++] = (struct virtio_net_buf){
		.head = c->head,
		.n_iov = (uint16_t)c->n_in,
		.len = (uint32_t)c->in_len,
	};
	w->n_iov += c->n_in;
	w->len += c->in_len;
	return true;
}

/* Collect buffers until any frame fits. 0, or -EPROTO for a broken queue. */
static int window_fill(struct virtio_net *n)
{
	struct virtqueue *q = &n->v.queues[QUEUE_RX];
	struct virtio_net_window *w = &n->window;

	while (w->len < n->want && (mergeable(n) || !w->n_bufs)) {
		int got = virtqueue_pop(q, &n->chain);

		if (got <= 0)
			return got;
		if (n->chain.n_out || !n->chain.in_len)
			return -EPROTO;
		if (!window_add(n)) {
			virtqueue_unpop(q);
			return 0;
		}
	}
	return 0;
}

/* Can waiting for the driver make the window longer? */
static bool window_can_grow(const struct virtio_net *n)
{
	const struct virtio_net_window *w = &n->window;
	unsigned int size = n->v.queues[QUEUE_RX].size;

	if (!mergeable(n))
		return !w->n_bufs;
	return w->n_iov < size && w->n_bufs < size && w->len < n->want;
}

/* Give the first @k buffers, which hold @len bytes of frame, back to the driver. */
static void window_use(struct virtio_net *n, unsigned int k, size_t len)
{
	struct virtio_net_window *w = &n->window;
	unsigned int i, iovs = 0;

	for (i = 0; i < k; i++) {
		size_t part = MIN(len, w->bufs[i].len);

		virtqueue_push(&n->v.queues[QUEUE_RX], w->bufs[i].head, (uint32_t)part);
		len -= part;
		iovs += w->bufs[i].n_iov;
		w->len -= w->bufs[i].len;
	}
	w->n_bufs -= k;
	w->n_iov -= iovs;
	memmove(w->bufs, w->bufs + k, w->n_bufs * sizeof(w->bufs[0]));
	memmove(w->iov, w->iov + iovs, w->n_iov * sizeof(w->iov[0]));
}

/* The frame of @len bytes is in the window: complete its header and hand it over. */
static void rx_commit(struct virtio_net *n, size_t len)
{
	struct virtio_net_window *w = &n->window;
	size_t room = w->bufs[0].len;
	uint16_t k = 1;

	while (room < len)
		room += w->bufs[k++].len;
	virtqueue_iov_put(w->iov, w->n_iov, offsetof(struct virtio_net_hdr_v1, num_buffers), &k,
			  sizeof(k));
	window_use(n, k, len);
	n->stats.rx_frames++;
}

/* Deliver the held frame. False: wait for buffers. */
static bool rx_release(struct virtio_net *n)
{
	struct virtio_net_window *w = &n->window;

	if (n->held <= w->len) {
		virtqueue_iov_put(w->iov, w->n_iov, 0, n->overflow, n->held);
		rx_commit(n, n->held);
	} else if (window_can_grow(n)) {
		return false;
	} else {
		n->stats.rx_drops++;
	}
	n->held = 0;
	return true;
}

/* Read a frame into the window, the rest into overflow[]. Its length, 0 when there is none. */
static size_t rx_read(struct virtio_net *n)
{
	struct virtio_net_window *w = &n->window;
	size_t fits = MIN(w->len, sizeof(n->overflow));
	ssize_t len;

	w->iov[w->n_iov] = (struct iovec){
		.iov_base = n->overflow + fits,
		.iov_len = sizeof(n->overflow) - fits,
	};
	len = readv(n->tap.fd, w->iov, (int)w->n_iov + 1);
	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		log_warn("the tap is gone: %s", strerror(errno));
		loop_del(n->v.host->loop, &n->tap);
	}
	return len > 0 ? (size_t)len : 0;
}

static void rx_frame(struct virtio_net *n, size_t len)
{
	struct virtio_net_window *w = &n->window;

	if (!n->link || len < VIRTIO_NET_HDR_LEN + ETH_HLEN_) {
		n->stats.rx_drops++;
		return;
	}
	if (len <= w->len) {
		rx_commit(n, len);
		return;
	}
	virtqueue_iov_get(w->iov, w->n_iov, 0, n->overflow, w->len);
	n->held = len;
}

/* No buffers: stop reading the tap until the driver kicks. True when some came meanwhile. */
static bool rx_starve(struct virtio_net *n)
{
	if (virtqueue_want_kicks(&n->v.queues[QUEUE_RX]))
		return true;
	n->starved = true;
	loop_set(n->v.host->loop, &n->tap, 0);
	return false;
}

/* One frame. False: nothing more to do now. */
static bool rx_step(struct virtio_net *n)
{
	size_t len;

	if (window_fill(n)) {
		virtio_pci_broken(&n->v);
		return false;
	}
	if (n->held)
		return rx_release(n) || rx_starve(n);
	if (!n->window.n_bufs)
		return rx_starve(n);
	len = rx_read(n);
	if (len)
		rx_frame(n, len);
	return len;
}

static void rx_run(struct virtio_net *n)
{
	unsigned int i;

	if (n->paused || n->tap.fd < 0)
		return;
	n->starved = false;
	virtqueue_spare_kicks(&n->v.queues[QUEUE_RX]);
	for (i = 0; i < RX_BURST && rx_step(n); i++)
		;
	if (!n->v.live)
		return;
	virtio_pci_flush(&n->v, QUEUE_RX);
	if (!n->starved)
		loop_set(n->v.host->loop, &n->tap, EPOLLIN);
}

static void tap_cb(struct loop_fd *w, uint32_t events)
{
	struct virtio_net *n = CONTAINER_OF(w, struct virtio_net, tap);

	if (n->v.live && !n->starved) {
		rx_run(n);
	} else if (events & (EPOLLERR | EPOLLHUP)) {
		log_warn("the tap is gone");
		loop_del(n->v.host->loop, &n->tap);
	}
}

/* ---- transmit ------------------------------------------------------------------------------- */

static bool gso_valid(const struct virtio_net_hdr_v1 *h, uint64_t features)
{
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return (features & FEATURE(HOST_TSO4)) && h->gso_size;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return (features & FEATURE(HOST_TSO6)) && h->gso_size;
	default:
		return false; /* not offered */
	}
}

bool virtio_net_hdr_valid(const struct virtio_net_hdr_v1 *h, size_t len, uint64_t features)
{
	if (!gso_valid(h, features))
		return false;
	/* 5.1.6.2: segmentation implies an unfinished checksum. ECN needs its own feature. */
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE &&
	    (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || h->hdr_len > len ||
	     (h->gso_type & VIRTIO_NET_HDR_GSO_ECN)))
		return false;
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	return (features & FEATURE(CSUM)) && h->csum_start >= ETH_HLEN_ &&
	       (size_t)h->csum_start + h->csum_offset + 2 <= len;
}

/* The chain's bytes behind the header, with @h before them, as n->tx_iov. Number of entries. */
static unsigned int tx_vector(struct virtio_net *n, struct virtio_net_hdr_v1 *h)
{
	const struct virtqueue_chain *c = &n->chain;
	size_t skip = sizeof(*h);
	unsigned int i, out = 0;

	n->tx_iov[out++] = (struct iovec){.iov_base = h, .iov_len = sizeof(*h)};
	for (i = 0; i < c->n_out; i++) {
		size_t cut = MIN(skip, c->iov[i].iov_len);

		skip -= cut;
		if (cut == c->iov[i].iov_len)
			continue;
		n->tx_iov[out++] = (struct iovec){
			.iov_base = (uint8_t *)c->iov[i].iov_base + cut,
			.iov_len = c->iov[i].iov_len - cut,
		};
	}
	return out;
}

static bool tx_frame(struct virtio_net *n)
{
	const struct virtqueue_chain *c = &n->chain;
	struct virtio_net_hdr_v1 h;

	if (!n->link || c->out_len < sizeof(h) + ETH_HLEN_ || c->out_len > VIRTIO_NET_FRAME_MAX)
		return false;
	virtqueue_iov_get(c->iov, c->n_out, 0, &h, sizeof(h));
	if (!virtio_net_hdr_valid(&h, c->out_len - sizeof(h), n->v.features))
		return false;
	h.num_buffers = 0;
	return n->tap.fd >= 0 && writev(n->tap.fd, n->tx_iov, (int)tx_vector(n, &h)) > 0;
}

/* One frame. False: nothing more to do now. */
static bool tx_step(struct virtio_net *n)
{
	struct virtqueue *q = &n->v.queues[QUEUE_TX];
	int got = virtqueue_pop(q, &n->chain);

	if (got == 0)
		return virtqueue_want_kicks(q);
	/* A transmit buffer that we could write to is an error of the driver's. */
	if (got < 0 || n->chain.n_in) {
		virtio_pci_broken(&n->v);
		return false;
	}
	if (tx_frame(n))
		n->stats.tx_frames++;
	else
		n->stats.tx_drops++;
	virtqueue_push(q, n->chain.head, 0);
	return true;
}

static void tx_run(struct virtio_net *n)
{
	unsigned int i;

	virtqueue_spare_kicks(&n->v.queues[QUEUE_TX]);
	for (i = 0; i < TX_BURST; i++) {
		if (!tx_step(n))
			break;
	}
	if (!n->v.live)
		return;
	virtio_pci_flush(&n->v, QUEUE_TX);
	/* Others have a turn before the rest. */
	if (i == TX_BURST)
		virtio_pci_kick(&n->v, QUEUE_TX);
}

/* ---- the device ----------------------------------------------------------------------------- */

static void net_notify(struct virtio_pci *v, unsigned int index)
{
	if (index == QUEUE_TX)
		tx_run(net_of(v));
	else
		rx_run(net_of(v));
}

static void net_config(struct virtio_pci *v, uint8_t *space)
{
	const struct virtio_net *n = net_of(v);
	struct virtio_net_config *c = (void *)space;

	memcpy(c->mac, n->mac.b, sizeof(c->mac));
	c->status = n->link ? VIRTIO_NET_S_LINK_UP : 0;
}

/* What the tap may leave undone is what the driver has accepted. */
static void set_offload(struct virtio_net *n)
{
	unsigned int flags = 0;

	if (virtio_pci_has(&n->v, VIRTIO_NET_F_GUEST_CSUM)) {
		flags |= TUN_F_CSUM;
		if (virtio_pci_has(&n->v, VIRTIO_NET_F_GUEST_TSO4))
			flags |= TUN_F_TSO4;
		if (virtio_pci_has(&n->v, VIRTIO_NET_F_GUEST_TSO6))
			flags |= TUN_F_TSO6;
	}
	n->want = flags & (TUN_F_TSO4 | TUN_F_TSO6) ? VIRTIO_NET_FRAME_MAX
						    : VIRTIO_NET_HDR_LEN + JUMBO;
	if (n->tap.fd >= 0)
		ioctl(n->tap.fd, TUNSETOFFLOAD, flags);
}

static void net_start(struct virtio_pci *v)
{
	struct virtio_net *n = net_of(v);

	set_offload(n);
	n->starved = false;
	if (!n->paused)
		loop_set(v->host->loop, &n->tap, EPOLLIN);
}

static void net_stop(struct virtio_pci *v)
{
	struct virtio_net *n = net_of(v);

	n->window.n_bufs = n->window.n_iov = 0;
	n->window.len = 0;
	n->held = 0;
	loop_set(v->host->loop, &n->tap, 0);
}

static const struct virtio_class net_class = {
	.id = VIRTIO_ID_NET,
	.class_code = 0x020000,
	.n_queues = 2,
	.config = net_config,
	.start = net_start,
	.stop = net_stop,
	.notify = net_notify,
};

static int open_tap(struct virtio_net *n, int tap_fd, struct loop *loop, struct err *e)
{
	int size = VIRTIO_NET_HDR_LEN;

	if (ioctl(tap_fd, TUNSETVNETHDRSZ, &size))
		return err_sys(e, -errno, "descriptor %d is not a tap with IFF_VNET_HDR", tap_fd);
	if (loop_add(loop, &n->tap, tap_fd, 0, tap_cb))
		return err_set(e, -EIO, "can't wait for frames from the tap");
	return 0;
}

int virtio_net_init(struct virtio_net *n, int tap_fd, const struct mac *mac,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio,
		    struct err *e)
{
	int err;

	n->mac = *mac;
	n->link = true;
	n->tap.fd = -1;
	err = open_tap(n, tap_fd, host->loop, e);
	if (err)
		return err;
	err = virtio_pci_init(&n->v, &net_class, OFFERED, host, bus, mmio);
	return err ? err_sys(e, err, "can't plug in the network card") : 0;
}

void virtio_net_fini(struct virtio_net *n)
{
	int fd = n->tap.fd;

	virtio_pci_fini(&n->v);
	if (fd >= 0) {
		loop_del(n->v.host->loop, &n->tap);
		close(fd);
	}
}

void virtio_net_set_link(struct virtio_net *n, bool up)
{
	if (n->link == up)
		return;
	n->link = up;
	virtio_pci_config_changed(&n->v);
}

void virtio_net_pause(struct virtio_net *n, bool paused)
{
	n->paused = paused;
	if (paused) {
		loop_set(n->v.host->loop, &n->tap, 0);
	} else if (n->v.live) {
		virtio_pci_kick(&n->v, QUEUE_RX);
		virtio_pci_kick(&n->v, QUEUE_TX);
	}
}
