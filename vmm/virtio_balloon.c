/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_balloon.c - pages that a guest does not use go back to the host.
 *
 * Booting touches nearly all of a small guest's memory once (the kernel unpacks itself, then its
 * initramfs), and without a word from the guest the host has to keep all of it. With free page
 * reporting (5.5.6.7) the guest lists free blocks of 2 MiB and more, some seconds after they became
 * so; it takes a block out of its free list while we have it, so nothing of it is lost. Touching
 * it later is a page fault of the host's, as on first use.
 *
 * A small guest reports smaller blocks (vmm/image/drivers.c). Then no more huge pages are made of
 * its memory, or the host's khugepaged would soon fill the holes again; those that are whole stay.
 *
 * We never ask for memory (num_pages stays 0), so inflating and deflating do nothing here. What a
 * hostile guest reports is its own memory: it can only lose its own contents.
 */
#include "vmm/virtio_balloon.h"

#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>
#include <sys/mman.h>

#include "lib/types.h"

/*
 * Queues that are not negotiated have no index (5.5.2): reporting, of the fifth kind, is the third
 * here, as neither statistics nor hints are offered.
 */
enum { QUEUE_REPORTING = 2, QUEUES = 3 };

enum { PAGE = 4096 };

static void release(struct virtio_balloon *b, const struct iovec *iov)
{
	uintptr_t begin = ((uintptr_t)iov->iov_base + PAGE - 1) & ~((uintptr_t)PAGE - 1);
	uintptr_t end = ((uintptr_t)iov->iov_base + iov->iov_len) & ~((uintptr_t)PAGE - 1);

	if (iov->iov_len < MEMORY_HUGE_PAGE && !b->small) {
		memory_want_huge(b->v.host->mem, false);
		b->small = true;
	}
	/* Whether it works or not, the guest may use the pages again: they hold zeroes or what was
	 * there before, and 5.5.6.7.2 allows both where PAGE_POISON is not negotiated. */
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/* Of a report, only what is lent for writing may lose its contents. */
static int64_t serve(struct virtio_pci *v, unsigned int index, const struct virtqueue_chain *c)
{
	struct virtio_balloon *b = CONTAINER_OF(v, struct virtio_balloon, v);

	for (unsigned int i = c->n_out; index == QUEUE_REPORTING && i < c->n_out + c->n_in; i++)
		release(b, &c->iov[i]);
	return 0;
}

static void balloon_notify(struct virtio_pci *v, unsigned int index)
{
	virtio_pci_serve(v, index, &CONTAINER_OF(v, struct virtio_balloon, v)->chain, serve);
}

static void balloon_start(struct virtio_pci *v)
{
	(void)v; /* reports follow */
}

static void balloon_stop(struct virtio_pci *v)
{
	struct virtio_balloon *b = CONTAINER_OF(v, struct virtio_balloon, v);

	if (b->small) /* it boots anew, which huge pages make quicker */
		memory_want_huge(v->host->mem, true);
	b->small = false;
}

static void balloon_config(struct virtio_pci *v, uint8_t *space)
{
	(void)v;
	(void)space; /* 5.5.4: num_pages 0, for ever; what the driver writes to actual is nobody's
			news */
}

static const struct virtio_class balloon_class = {
	.id = VIRTIO_ID_BALLOON,
	.class_code = 0x00ff00,
	.n_queues = QUEUES,
	.config = balloon_config,
	.start = balloon_start,
	.stop = balloon_stop,
	.notify = balloon_notify,
};

int virtio_balloon_init(struct virtio_balloon *b, const struct virtio_host *host,
			struct pci_bus *bus, struct bus *mmio)
{
	return virtio_pci_init(&b->v, &balloon_class, 1ull << VIRTIO_BALLOON_F_REPORTING, host, bus,
			       mmio);
}

void virtio_balloon_fini(struct virtio_balloon *b)
{
	virtio_pci_fini(&b->v);
}
