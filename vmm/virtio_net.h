/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_net.h - a virtio network card whose cable is a tap (VIRTIO 1.2, 5.1).
 */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include "lib/wire.h"
#include "vmm/virtio_pci.h"

enum {
	VIRTIO_NET_HDR_LEN = 12, /* with num_buffers, always so under VERSION_1 */
	/* Longest that a tap gives: header, Ethernet with a VLAN tag, 65535 bytes of IP. */
	VIRTIO_NET_FRAME_MAX = VIRTIO_NET_HDR_LEN + 18 + 65535,
};

/* A chain of receive buffers taken from the guest and not yet used. */
struct virtio_net_buf {
	uint16_t head;
	uint16_t n_iov;
	uint32_t len;
};

/* The next receive buffers, in order, as one vector for readv(). */
struct virtio_net_window {
	unsigned int n_bufs, n_iov;
	size_t len;
	struct virtio_net_buf bufs[VIRTQUEUE_SIZE_MAX];
	struct iovec iov[VIRTQUEUE_SIZE_MAX + 1]; /* one more for the overflow */
};

struct virtio_net_stats {
	uint64_t rx_frames, tx_frames, rx_drops, tx_drops;
};

struct virtio_net {
	struct virtio_pci v;
	struct loop_fd tap;
	struct mac mac;
	bool link;
	bool paused;
	bool starved; /* the tap waits for receive buffers */
	size_t want;  /* bytes of buffers that hold any frame the tap may give */
	size_t held;  /* bytes of the frame in overflow[], 0 = none */
	struct virtio_net_stats stats;
	struct virtio_net_window window;
	struct virtqueue_chain chain;		     /* scratch */
	struct iovec tx_iov[VIRTQUEUE_SIZE_MAX + 1]; /* scratch */
	uint8_t overflow[VIRTIO_NET_FRAME_MAX];
};

/* Plug the card with @mac in; @tap_fd (taken, IFF_VNET_HDR) is its cable. 0 or -errno. */
int virtio_net_init(struct virtio_net *n, int tap_fd, const struct mac *mac,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio,
		    struct err *e);
void virtio_net_fini(struct virtio_net *n);
/* Pull the cable out or put it back in: frames are dropped both ways, the guest is told. */
void virtio_net_set_link(struct virtio_net *n, bool up);
/* Stop and go on reading the tap while the guest is paused. */
void virtio_net_pause(struct virtio_net *n, bool paused);

/* May a guest that negotiated @features send a frame of @len bytes (without the header) under
 * header @h? Everything that the header says must lie inside the frame (5.1.6.2). */
struct virtio_net_hdr_v1;
bool virtio_net_hdr_valid(const struct virtio_net_hdr_v1 *h, size_t len, uint64_t features);

#endif
