/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_balloon.h - the balloon device (VIRTIO 1.2, 5.5), for one of its uses only: the guest
 * reports pages that it does not use, and they go back to the host until it touches them again.
 */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "vmm/virtio_pci.h"

struct virtio_balloon {
	struct virtio_pci v;
	bool small;		      /* it reports less than huge pages */
	struct virtqueue_chain chain; /* scratch */
};

/* Plug the device in. @host, @bus and @mmio are borrowed; what a guest reports is taken out of
 * @host->mem, which must be memory that madvise() may empty. 0 or -errno. */
int virtio_balloon_init(struct virtio_balloon *b, const struct virtio_host *host,
			struct pci_bus *bus, struct bus *mmio);
/* Unplug it. Accepts an object that virtio_balloon_init() failed on. */
void virtio_balloon_fini(struct virtio_balloon *b);

#endif
