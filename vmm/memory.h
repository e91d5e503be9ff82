/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - guest RAM, and the one checked way from a guest address to host memory.
 *
 * RAM is one mapping of @size bytes. Guest physical addresses below 3 GiB and from 4 GiB up
 * are RAM; the gigabyte between is the hole where the local APIC, the I/O APIC and PCI live:
 *
 *	guest   0 ........ low   3 GiB ... 4 GiB   4 GiB ........ 4 GiB + (size - low)
 *	host    0 ........ low      (hole)         low .......... size
 *
 * Nobody else computes host addresses. The guest writes the memory behind them at any moment, so
 * readers copy a field once and check the copy.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include "lib/err.h"
#include "lib/types.h"

enum { MEMORY_HUGE_PAGE = 2 << 20 };

#define MEMORY_HOLE_START 0xc0000000ull
#define MEMORY_HOLE_END	  0x100000000ull

struct memory {
	uint8_t *host; /* first byte of RAM */
	uint64_t size; /* bytes of RAM */
	uint64_t low;  /* bytes of RAM below the hole */
	void *area;    /* the mapping around it, NULL for memory lent by a test */
	uint64_t area_size;
};

/* Describe @size bytes at @host, which stay the caller's, as guest RAM. */
void memory_init(struct memory *m, void *host, uint64_t size);

/* Make @size bytes (a multiple of the page size) of zeroed RAM. 0 or -errno. */
int memory_open(struct memory *m, uint64_t size, struct err *e);
/* Unmap and close. Accepts an object that memory_open() failed on. */
void memory_close(struct memory *m);

/* Tell KVM of the RAM: one slot below the hole, one above when there is any. 0 or -errno. */
int memory_attach(const struct memory *m, int vm_fd, struct err *e);

/* All RAM back to zeroes, its pages back to the host. 0 or -errno. */
int memory_clear(struct memory *m);

/* Should the host back RAM with huge pages where it can? It does from memory_open() on. */
void memory_want_huge(const struct memory *m, bool want);

/* Host address of the @len bytes at guest address @gpa, or NULL when any of them is not RAM.
 * @len 0 is valid at every RAM address. */
void *memory_at(const struct memory *m, uint64_t gpa, uint64_t len);

#endif
