/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio_world.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* The vector's number is its MSI data. */
static void record_msi(void *ctx, uint64_t address, uint32_t data)
{
	struct world *w = ctx;

	(void)address;
	if (data < VIRTIO_VECTORS)
		w->interrupts[data]++;
}

static int no_ioeventfd(void *ctx, uint64_t gpa, int event_fd)
{
	(void)ctx;
	(void)gpa;
	(void)event_fd;
	return 0; /* kicks come as stores to the BAR */
}

static void record_reset(void *ctx)
{
	((struct world *)ctx)->resets++;
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->ram = calloc(1, WORLD_RAM);
	memory_init(&w->mem, w->ram, WORLD_RAM);
	if (!w->ram || loop_init(&w->loop) || pci_init(&w->pci, &w->ports, record_reset, w))
		abort();
	w->host = (struct virtio_host){
		.loop = &w->loop,
		.mem = &w->mem,
		.msi = record_msi,
		.ioeventfd = no_ioeventfd,
		.ctx = w,
	};
	w->bar = PCI_MMIO_BASE + PCI_BAR_SIZE;
}

void world_fini(struct world *w)
{
	loop_fini(&w->loop);
	free(w->ram);
}

void world_run(struct world *w)
{
	struct epoll_event ev;
	int i;

	for (i = 0; i < 1000 && epoll_wait(w->loop.epoll_fd, &ev, 1, 0) == 1; i++) {
		struct loop_fd *fd = ev.data.ptr;

		fd->fn(fd, ev.events);
	}
}

static void cfg(struct world *w, unsigned int slot, unsigned int off, void *v, unsigned int len,
		bool write)
{
	uint32_t address = 0x80000000u | slot << 11 | (off & 0xfc);

	bus_access(&w->ports, 0xcf8, &address, 4, true);
	bus_access(&w->ports, 0xcfc + (off & 3), v, len, write);
}

uint32_t world_cfg_read(struct world *w, unsigned int slot, unsigned int off, unsigned int len)
{
	uint32_t v = 0;

	cfg(w, slot, off, &v, len, false);
	return v;
}

void world_cfg_write(struct world *w, unsigned int slot, unsigned int off, uint32_t v,
		     unsigned int len)
{
	cfg(w, slot, off, &v, len, true);
}

uint64_t world_read(struct world *w, uint64_t off, unsigned int len)
{
	uint64_t v = 0;

	bus_access(&w->mmio, w->bar + off, &v, len, false);
	return v;
}

void world_write(struct world *w, uint64_t off, uint64_t v, unsigned int len)
{
	bus_access(&w->mmio, w->bar + off, &v, len, true);
}

uint8_t world_status(struct world *w)
{
	return (uint8_t)world_read(w, VIRTIO_PCI_COMMON_STATUS, 1);
}

void world_set_status(struct world *w, uint8_t status)
{
	world_write(w, VIRTIO_PCI_COMMON_STATUS, status, 1);
}

bool world_negotiate(struct world *w, uint64_t features)
{
	features |= 1ull << VIRTIO_F_VERSION_1;
	world_cfg_write(w, 1, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	world_set_status(w, 0);
	world_set_status(w, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	world_write(w, VIRTIO_PCI_COMMON_GFSELECT, 0, 4);
	world_write(w, VIRTIO_PCI_COMMON_GF, (uint32_t)features, 4);
	world_write(w, VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	world_write(w, VIRTIO_PCI_COMMON_GF, features >> 32, 4);
	world_set_status(w, world_status(w) | VIRTIO_CONFIG_S_FEATURES_OK);
	return world_status(w) & VIRTIO_CONFIG_S_FEATURES_OK;
}

uint64_t world_enable_queue(struct world *w, unsigned int i)
{
	uint64_t at = WORLD_RINGS * (i + 1);

	world_write(w, VIRTIO_PCI_COMMON_Q_SELECT, i, 2);
	world_write(w, VIRTIO_PCI_COMMON_Q_SIZE, WORLD_QUEUE_SIZE, 2);
	world_write(w, VIRTIO_PCI_COMMON_Q_MSIX, i, 2);
	world_write(w, VIRTIO_PCI_COMMON_Q_DESCLO, at, 4);
	world_write(w, VIRTIO_PCI_COMMON_Q_DESCHI, 0, 4);
	world_write(w, VIRTIO_PCI_COMMON_Q_AVAILLO, at + 0x400, 8);
	world_write(w, VIRTIO_PCI_COMMON_Q_USEDLO, at + 0x800, 8);
	world_write(w, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	return world_read(w, VIRTIO_PCI_COMMON_Q_ENABLE, 2);
}

static void unmask_vectors(struct world *w)
{
	unsigned int cap = world_cfg_read(w, 1, PCI_CAPABILITY_LIST, 1), i;

	while (cap && world_cfg_read(w, 1, cap, 1) != PCI_CAP_ID_MSIX)
		cap = world_cfg_read(w, 1, cap + 1, 1);
	world_cfg_write(w, 1, cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	for (i = 0; i < VIRTIO_VECTORS; i++) {
		uint64_t entry = VIRTIO_BAR_MSIX + i * PCI_MSIX_ENTRY_SIZE;

		world_write(w, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee00000, 4);
		world_write(w, entry + PCI_MSIX_ENTRY_DATA, i, 4);
		world_write(w, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0, 4);
	}
	world_write(w, VIRTIO_PCI_COMMON_MSIX, WORLD_CONFIG_VECTOR, 2);
}

void world_drive(struct world *w, uint64_t features, unsigned int n_queues)
{
	unsigned int i;

	if (!world_negotiate(w, features))
		abort();
	unmask_vectors(w);
	for (i = 0; i < n_queues; i++) {
		memset(w->ram + WORLD_RINGS * (i + 1), 0, WORLD_RINGS);
		if (!world_enable_queue(w, i))
			abort();
	}
	world_set_status(w, world_status(w) | VIRTIO_CONFIG_S_DRIVER_OK);
	world_run(w);
}

void world_kick(struct world *w, unsigned int queue)
{
	world_write(w, VIRTIO_BAR_NOTIFY + queue * VIRTIO_NOTIFY_STEP, queue, 2);
	world_run(w);
}

static void *rings(struct world *w, unsigned int queue, unsigned int off)
{
	return w->ram + WORLD_RINGS * (queue + 1) + off;
}

struct vring_desc *world_desc(struct world *w, unsigned int queue, unsigned int i)
{
	return (struct vring_desc *)rings(w, queue, 0) + i;
}

uint16_t *world_avail(struct world *w, unsigned int queue)
{
	return rings(w, queue, 0x400);
}

uint16_t *world_used(struct world *w, unsigned int queue)
{
	return rings(w, queue, 0x800);
}

struct vring_used_elem *world_used_elem(struct world *w, unsigned int queue, unsigned int i)
{
	return (struct vring_used_elem *)rings(w, queue, 0x804) + i % WORLD_QUEUE_SIZE;
}

void world_set_desc(struct world *w, unsigned int queue, unsigned int i, uint64_t addr,
		    uint32_t len, uint16_t flags, uint16_t next)
{
	*world_desc(w, queue, i) =
		(struct vring_desc){.addr = addr, .len = len, .flags = flags, .next = next};
}

void world_offer(struct world *w, unsigned int queue, uint16_t head)
{
	uint16_t *avail = world_avail(w, queue);

	avail[2 + avail[1] % WORLD_QUEUE_SIZE] = head;
	avail[1]++;
}
