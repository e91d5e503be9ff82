/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.c - PCI configuration space (PCI Local Bus 3.0, chapter 6) by mechanism #1 (3.2.2.3.2).
 */
#include "vmm/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define ADDRESS_ENABLE 0x80000000u

void pci_put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

void pci_put32(uint8_t *at, uint32_t v)
{
	pci_put16(at, (uint16_t)v);
	pci_put16(at + 2, (uint16_t)(v >> 16));
}

void pci_func_init(struct pci_func *f, uint16_t vendor, uint16_t device, uint32_t class_code)
{
	memset(f, 0, sizeof(*f));
	pci_put16(f->cfg + PCI_VENDOR_ID, vendor);
	pci_put16(f->cfg + PCI_DEVICE_ID, device);
	pci_put32(f->cfg + PCI_CLASS_REVISION, class_code << 8 | 1);
	pci_put16(f->wmask + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	f->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
	f->wmask[PCI_INTERRUPT_LINE] = 0xff;
	f->cap_end = PCI_STD_HEADER_SIZEOF;
}

unsigned int pci_func_cap(struct pci_func *f, uint8_t id, const void *body, unsigned int len)
{
	unsigned int at = f->cap_end;

	memcpy(f->cfg + at, body, len);
	f->cfg[at + PCI_CAP_LIST_ID] = id;
	f->cfg[at + PCI_CAP_LIST_NEXT] = 0;
	if (f->cap_last)
		f->cfg[f->cap_last + PCI_CAP_LIST_NEXT] = (uint8_t)at;
	else
		f->cfg[PCI_CAPABILITY_LIST] = (uint8_t)at;
	f->cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	f->cap_last = at;
	f->cap_end = (at + len + 3) & ~3u;
	return at;
}

static void bar_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	struct pci_func *f = ctx;

	if (pci_cfg16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY)
		f->bar_fn(f->ctx, off, data, len, write);
}

int pci_add(struct pci_bus *bus, struct bus *mmio, struct pci_func *f)
{
	unsigned int slot = 0;
	int err;

	while (slot < PCI_SLOTS && bus->slots[slot])
		slot++;
	if (slot == PCI_SLOTS)
		return -ENOSPC;
	if (f->bar_fn) {
		f->bar = PCI_MMIO_BASE + slot * PCI_BAR_SIZE;
		pci_put32(f->cfg + PCI_BASE_ADDRESS_0, f->bar);
		err = bus_add(mmio, f->bar, PCI_BAR_SIZE, bar_io, f);
		if (err)
			return err;
	}
	bus->slots[slot] = f;
	return (int)slot;
}

void pci_func_reset(struct pci_func *f)
{
	pci_put16(f->cfg + PCI_COMMAND, 0);
	f->cfg[PCI_INTERRUPT_LINE] = 0;
	f->cfg[PCI_CACHE_LINE_SIZE] = 0;
	if (f->bar)
		pci_put32(f->cfg + PCI_BASE_ADDRESS_0, f->bar);
}

/* A write to BAR 0: only all ones changes what is read back, to the size mask (6.2.5.1). */
static void write_bar(struct pci_func *f, unsigned int off, const void *data, unsigned int len)
{
	uint32_t v = 0;

	if (!f->bar || off != PCI_BASE_ADDRESS_0 || len != 4)
		return;
	memcpy(&v, data, sizeof(v));
	/* Drivers size with ~0 or with the type bits cleared. */
	if (v >= 0xfffffff0u)
		pci_put32(f->cfg + PCI_BASE_ADDRESS_0, ~(PCI_BAR_SIZE - 1u));
	else
		pci_put32(f->cfg + PCI_BASE_ADDRESS_0, f->bar);
}

static void write_masked(struct pci_func *f, unsigned int off, const uint8_t *data,
			 unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++) {
		uint8_t m = f->wmask[off + i];

		f->cfg[off + i] = (uint8_t)((f->cfg[off + i] & ~m) | (data[i] & m));
	}
}

void pci_cfg_access(struct pci_func *f, unsigned int off, void *data, unsigned int len, bool write)
{
	bool caps = off >= PCI_STD_HEADER_SIZEOF;

	if (len > 4 || off > PCI_CFG_SIZE - len)
		return;
	if (!write) {
		if (caps && f->cfg_reading)
			f->cfg_reading(f->ctx, off, len);
		memcpy(data, f->cfg + off, len);
		return;
	}
	write_bar(f, off, data, len);
	write_masked(f, off, data, len);
	if (caps && f->cfg_written)
		f->cfg_written(f->ctx, off, len);
}

static struct pci_func *selected(const struct pci_bus *bus)
{
	uint32_t a = bus->address;

	/* Bus 0, function 0 of each device is all there is. */
	if (!(a & ADDRESS_ENABLE) || (a & 0x00ff0700))
		return NULL;
	return bus->slots[a >> 11 & 31];
}

static void address_io(struct pci_bus *bus, uint64_t off, void *data, unsigned int len, bool write)
{
	/* Only a 32-bit access is the address register; port 0xcf9 is the reset control of every
	 * PC chip set. */
	if (off == 0 && len == 4) {
		if (write)
			memcpy(&bus->address, data, 4);
		else
			memcpy(data, &bus->address, 4);
	} else if (off == 1 && len == 1 && write && (*(uint8_t *)data & 4)) {
		bus->reset(bus->reset_ctx);
	}
}

static void ports_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	struct pci_bus *bus = ctx;
	struct pci_func *f;

	if (off < 4) {
		address_io(bus, off, data, len, write);
		return;
	}
	f = selected(bus);
	if (f && len <= 8 - off)
		pci_cfg_access(f, (bus->address & 0xfc) + ((unsigned int)off & 3), data, len,
			       write);
}

int pci_init(struct pci_bus *bus, struct bus *ports, void (*reset)(void *ctx), void *ctx)
{
	memset(bus, 0, sizeof(*bus));
	bus->reset = reset;
	bus->reset_ctx = ctx;
	/* The generic host bridge of the QEMU project; Linux asks for no driver. */
	pci_func_init(&bus->host, 0x1b36, 0x0008, 0x060000);
	bus->slots[0] = &bus->host;
	return bus_add(ports, PCI_PORTS_BASE, PCI_PORTS_LEN, ports_io, bus);
}
