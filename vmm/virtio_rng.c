/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_rng.c - entropy device.
 */
#include "vmm/virtio_rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "lib/types.h"

/* A request gets at most this much: one guest can't keep the I/O thread busy with it. */
enum { REQUEST_MAX = 4096, BURST = 16 };

static uint32_t fill(const struct virtqueue_chain *c)
{
	uint32_t done = 0;
	unsigned int i;

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
	struct virtio_rng *r = CONTAINER_OF(v, struct virtio_rng, v);
	struct virtqueue *q = &v->queues[index];
	unsigned int i;
	int got = 0;

	for (i = 0; i < BURST; i++) {
		got = virtqueue_pop(q, &r->chain);
		if (got < 0 || (got == 0 && !virtqueue_want_kicks(q)))
			break;
		if (got)
			virtqueue_push(q, r->chain.head, fill(&r->chain));
	}
	if (got < 0) {
		virtio_pci_broken(v);
		return;
	}
	virtio_pci_flush(v, index);
	if (i == BURST)
		virtio_pci_kick(v, index);
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
