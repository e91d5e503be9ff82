/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_blk.h - a disk on a raw file or block device (VIRTIO 1.2, 5.2).
 *
 * The file is the disk, byte for byte: no format is guessed. Its length is taken once, at set-up;
 * requests beyond it, and writes to a read-only disk, fail with VIRTIO_BLK_S_IOERR.
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "vmm/virtio_pci.h"

struct virtio_blk {
	struct virtio_pci v;
	int fd;
	bool read_only;
	uint64_t sectors; /* of 512 bytes */
	unsigned int id;
	struct virtqueue_chain chain;		   /* scratch */
	struct iovec data[VIRTQUEUE_SIZE_MAX + 1]; /* scratch */
};

/* Plug in disk number @id on @fd (taken). 0 or -errno. */
int virtio_blk_init(struct virtio_blk *b, int fd, bool read_only, unsigned int id,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio,
		    struct err *e);
void virtio_blk_fini(struct virtio_blk *b);

#endif
