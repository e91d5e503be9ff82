/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_world.h - a machine without KVM for tests of virtio devices: memory in an array, the
 * buses, recorded interrupts, and the driver's side of the registers and rings.
 *
 * The driver here is trusted by nobody: tests write whatever they like to its rings.
 */
#ifndef TESTS_UNIT_VIRTIO_WORLD_H
#define TESTS_UNIT_VIRTIO_WORLD_H

#include <linux/virtio_ring.h>

#include "vmm/virtio_pci.h"

enum {
	WORLD_RAM = 1 << 20,
	WORLD_QUEUE_SIZE = 16,
	WORLD_RINGS = 0x1000, /* queue i's rings at WORLD_RINGS * (i + 1) */
	WORLD_DATA = 0x10000, /* free for buffers from here */
	WORLD_CONFIG_VECTOR = 2,
};

struct world {
	uint8_t *ram;
	struct memory mem;
	struct loop loop;
	struct bus ports, mmio;
	struct pci_bus pci;
	struct virtio_host host;
	uint64_t bar; /* of the device under test, in slot 1 */
	unsigned int interrupts[VIRTIO_VECTORS];
	unsigned int resets;
};

void world_init(struct world *w);
void world_fini(struct world *w);
/* Handle what the loop has to do, without waiting. */
void world_run(struct world *w);

/* Registers: PCI configuration space of @slot, and the device's BAR. */
uint32_t world_cfg_read(struct world *w, unsigned int slot, unsigned int off, unsigned int len);
void world_cfg_write(struct world *w, unsigned int slot, unsigned int off, uint32_t v,
		     unsigned int len);
uint64_t world_read(struct world *w, uint64_t off, unsigned int len);
void world_write(struct world *w, uint64_t off, uint64_t v, unsigned int len);
uint8_t world_status(struct world *w);
void world_set_status(struct world *w, uint8_t status);

/* Negotiate @features (with VERSION_1); false when the device refuses them. */
bool world_negotiate(struct world *w, uint64_t features);
/* Point queue @i at its rings and enable it; what queue_enable reads afterwards. */
uint64_t world_enable_queue(struct world *w, unsigned int i);
/* All of it, to DRIVER_OK, with one MSI-X vector a queue. */
void world_drive(struct world *w, uint64_t features, unsigned int n_queues);
void world_kick(struct world *w, unsigned int queue);

struct vring_desc *world_desc(struct world *w, unsigned int queue, unsigned int i);
uint16_t *world_avail(struct world *w, unsigned int queue); /* flags, idx, ring[], used_event */
uint16_t *world_used(struct world *w, unsigned int queue);  /* flags, idx, elements */
struct vring_used_elem *world_used_elem(struct world *w, unsigned int queue, unsigned int i);
/* Set descriptor @i, and make @head available. */
void world_set_desc(struct world *w, unsigned int queue, unsigned int i, uint64_t addr,
		    uint32_t len, uint16_t flags, uint16_t next);
void world_offer(struct world *w, unsigned int queue, uint16_t head);

#endif
