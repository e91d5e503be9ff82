/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_rng.h - the entropy device (VIRTIO 1.2, 5.4): random bytes from the host's kernel, so
 * that a fresh guest need not wait for its own.
 */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "vmm/virtio_pci.h"

struct virtio_rng {
	struct virtio_pci v;
	struct virtqueue_chain chain; /* scratch */
};

int virtio_rng_init(struct virtio_rng *r, const struct virtio_host *host, struct pci_bus *bus,
		    struct bus *mmio);
void virtio_rng_fini(struct virtio_rng *r);

#endif
