/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.h - one PCI bus behind configuration mechanism #1, with functions that have at most one
 * memory BAR.
 *
 * BARs are where the VMM put them and stay there: a guest that writes another address reads back
 * the old one (as a bridge with a fixed window would have it), so no BAR can be moved over RAM or
 * over another device. Linux and the BSDs keep an address that the firmware has assigned.
 */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include "vmm/bus.h"

enum {
	PCI_SLOTS = 32,
	PCI_PORTS_BASE = 0xcf8,
	PCI_PORTS_LEN = 8,
	PCI_CFG_SIZE = 256,
	/* The window that the DSDT declares; slot n's BAR is at PCI_MMIO_BASE + n * PCI_BAR_SIZE.
	 */
	PCI_BAR_SIZE = 0x4000,
	PCI_MMIO_LEN = 0x1000000,
};
#define PCI_MMIO_BASE 0xe0000000u

struct pci_func {
	uint8_t cfg[PCI_CFG_SIZE];
	uint8_t wmask[PCI_CFG_SIZE]; /* bits that the guest may change */
	uint32_t bar;		     /* base of BAR 0, 0 = none */
	bus_fn *bar_fn;
	void *ctx; /* of the functions here */
	/* Called after a write inside, and before a read of, the capabilities; may be NULL. */
	void (*cfg_written)(void *ctx, unsigned int off, unsigned int len);
	void (*cfg_reading)(void *ctx, unsigned int off, unsigned int len);
	unsigned int cap_end;  /* first free byte for capabilities */
	unsigned int cap_last; /* offset of the last capability, 0 = none yet */
};

struct pci_bus {
	uint32_t address; /* 0xcf8 */
	struct pci_func *slots[PCI_SLOTS];
	struct pci_func host;
	void (*reset)(void *ctx); /* 0xcf9 */
	void *reset_ctx;
};

/* An empty bus with a host bridge in slot 0, on @ports. @reset is called for a write of bit 2 to
 * port 0xcf9. 0 or -errno. */
int pci_init(struct pci_bus *bus, struct bus *ports, void (*reset)(void *ctx), void *ctx);

/* Fill the standard header. @class_code is base class, sub-class, programming interface. */
void pci_func_init(struct pci_func *f, uint16_t vendor, uint16_t device, uint32_t class_code);
/* Append a capability of @len bytes (with its two header bytes) and return its offset. */
unsigned int pci_func_cap(struct pci_func *f, uint8_t id, const void *body, unsigned int len);
/* Put @f in the first free slot and its BAR on @mmio (when f->bar_fn is set). Slot or -errno. */
int pci_add(struct pci_bus *bus, struct bus *mmio, struct pci_func *f);
/* Power-on values of what the guest may change outside capabilities. */
void pci_func_reset(struct pci_func *f);

/* One configuration access of 1, 2 or 4 bytes at @off (bounds are checked here). */
void pci_cfg_access(struct pci_func *f, unsigned int off, void *data, unsigned int len, bool write);

static inline uint16_t pci_cfg16(const struct pci_func *f, unsigned int off)
{
	return (uint16_t)(f->cfg[off] | f->cfg[off + 1] << 8);
}

static inline uint32_t pci_cfg32(const struct pci_func *f, unsigned int off)
{
	return pci_cfg16(f, off) | (uint32_t)pci_cfg16(f, off + 2) << 16;
}

void pci_put16(uint8_t *at, uint16_t v);
void pci_put32(uint8_t *at, uint32_t v);

#endif
