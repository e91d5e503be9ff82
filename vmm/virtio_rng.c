/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_rng.c - entropy device.
 */
#include "vmm/virtio_rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "lib/types.h"

/* A request gets at most this much: one guest can't keep the I/O thread busy with it. */
enum { REQUEST_MAX = 4096 };

static int64_t fill(struct virtio_pci *v, unsigned int index, const struct virtqueue_chain *c)
{
	uint32_t done = 0;
	unsigned int i;

	(void)v;
	(void)index;
	for (i = c->n_out; i < c->n_out + c->n_in && done < REQUEST_MAX; i++) {
		size_t part = MIN(c->iov[i].iov_len, REQUEST_MAX - done);
		ssize_t n = getrandom(c->iov[i].iov_base, part, 0);

		if (n < 0)
			break;
		done += (uint32_t)n;
	}
	return done;
}

static void rng_notify(struct virtio_pci *v, unsigned int index)
{
	virtio_pci_serve(v, index, &CONTAINER_OF(v, struct virtio_rng, v)->chain, fill);
}

static void rng_nothing(struct virtio_pci *v)
{
	(void)v; /* keeps no state between requests */
}

static void rng_config(struct virtio_pci *v, uint8_t *space)
{
	(void)v;
	(void)space; /* 5.4.4: none */
}

static const struct virtio_class rng_class = {
	.id = VIRTIO_ID_RNG,
	.class_code = 0x00ff00,
	.n_queues = 1,
	.config = rng_config,
	.start = rng_nothing,
	.stop = rng_nothing,
	.notify = rng_notify,
};

int virtio_rng_init(struct virtio_rng *r, const struct virtio_host *host, struct pci_bus *bus,
		    struct bus *mmio)
{
	return virtio_pci_init(&r->v, &rng_class, 0, host, bus, mmio);
}

void virtio_rng_fini(struct virtio_rng *r)
{
	virtio_pci_fini(&r->v);
}
