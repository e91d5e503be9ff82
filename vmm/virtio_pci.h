/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_pci.h - virtio over PCI, modern interface only (VIRTIO 1.2, 4.1), with MSI-X.
 *
 * A device (net, block, entropy, balloon) embeds `struct virtio_pci` and gives a `struct
 * virtio_class`. The transport owns everything that the guest can reach by registers: feature
 * negotiation, status, queue set-up, MSI-X. The device sees only start (features are final, queues
 * live), queue notifications, and stop.
 *
 * Notifications come by ioeventfd to the I/O thread. Interrupts leave by KVM_SIGNAL_MSI with the
 * address and data of the MSI-X entry: the I/O thread raises all of them itself, so an irqfd and
 * its routing table would cost a descriptor each and, at every change of an entry, an RCU grace
 * period in the kernel, and save nothing.
 */
#ifndef VMM_VIRTIO_PCI_H
#define VMM_VIRTIO_PCI_H

#include "vmm/loop.h"
#include "vmm/pci.h"
#include "vmm/virtqueue.h"

enum { VIRTIO_QUEUES_MAX = 3, VIRTIO_VECTORS = VIRTIO_QUEUES_MAX + 1 };

/* Layout of BAR 0. */
enum {
	VIRTIO_BAR_COMMON = 0x0000,
	VIRTIO_BAR_ISR = 0x0100,
	VIRTIO_BAR_DEVICE = 0x0200,
	VIRTIO_BAR_DEVICE_LEN = 0x100,
	VIRTIO_BAR_MSIX = 0x1000,
	VIRTIO_BAR_PBA = 0x1800,
	VIRTIO_BAR_NOTIFY = 0x2000,
	VIRTIO_NOTIFY_STEP = 4,
};

struct virtio_pci;

struct virtio_class {
	uint16_t id;	     /* 5: 1 network, 2 block, 4 entropy, 5 balloon */
	uint32_t class_code; /* PCI */
	unsigned int n_queues;
	/* Device configuration space, VIRTIO_BAR_DEVICE_LEN bytes zero-filled before the call. */
	void (*config)(struct virtio_pci *v, uint8_t *space);
	/* DRIVER_OK: v->features are final. */
	void (*start)(struct virtio_pci *v);
	/* The driver resets the device: forget every buffer. Also before the first start. */
	void (*stop)(struct virtio_pci *v);
	/* Queue @index was kicked (or kicked itself); the device is live. */
	void (*notify)(struct virtio_pci *v, unsigned int index);
};

/* What the transport needs of the machine; functions so that it runs without KVM in tests. */
struct virtio_host {
	struct loop *loop;
	const struct memory *mem;
	void (*msi)(void *ctx, uint64_t address, uint32_t data);
	/* Have stores to @gpa signal @event_fd. 0 or -errno. */
	int (*ioeventfd)(void *ctx, uint64_t gpa, int event_fd);
	void *ctx;
};

struct virtio_kick {
	struct loop_fd w;
	struct virtio_pci *v;
	unsigned int index;
};

struct virtio_pci {
	const struct virtio_class *class;
	const struct virtio_host *host;
	uint64_t offered;
	uint64_t features; /* as written by the driver; final once FEATURES_OK is set */
	uint32_t offered_select, features_select;
	uint16_t queue_select;
	uint16_t config_vector;
	uint16_t queue_vector[VIRTIO_QUEUES_MAX];
	uint8_t status, isr, generation;
	bool live; /* between start and stop */
	struct virtqueue queues[VIRTIO_QUEUES_MAX];
	struct virtio_kick kicks[VIRTIO_QUEUES_MAX];
	struct pci_func pci;
	unsigned int msix_cap, window_cap; /* offsets of two capabilities */
	uint8_t msix[VIRTIO_VECTORS * 16]; /* the MSI-X table as the guest sees it */
	uint64_t pending;		   /* pending bits of masked vectors */
};

/* Put the device on the bus. @offered are its own feature bits; the transport adds VERSION_1 and
 * EVENT_IDX. @host is borrowed. 0 or -errno. */
int virtio_pci_init(struct virtio_pci *v, const struct virtio_class *class, uint64_t offered,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio);
void virtio_pci_fini(struct virtio_pci *v);
/* Power-on state: stops the device. */
void virtio_pci_reset(struct virtio_pci *v);

/* Publish what was pushed on queue @index and interrupt the guest if it wants to know. */
void virtio_pci_flush(struct virtio_pci *v, unsigned int index);
/* A queue turned out broken: DEVICE_NEEDS_RESET (2.1.2). Nothing more is taken from the guest. */
void virtio_pci_broken(struct virtio_pci *v);
/* The configuration space changed: tell the driver. */
void virtio_pci_config_changed(struct virtio_pci *v);
/* Serve what waits in queue @index: @serve does one request and returns how many bytes it has
 * written into it, or a negative errno, after which the queue is broken. @chain is room for one.
 * After some requests the rest waits until the loop has served others. */
void virtio_pci_serve(struct virtio_pci *v, unsigned int index, struct virtqueue_chain *chain,
		      int64_t (*serve)(struct virtio_pci *v, unsigned int index,
				       const struct virtqueue_chain *c));
/* Serve queue @index (again) soon, from the loop. */
void virtio_pci_kick(struct virtio_pci *v, unsigned int index);

static inline bool virtio_pci_has(const struct virtio_pci *v, unsigned int feature)
{
	return v->features >> feature & 1;
}

#endif
