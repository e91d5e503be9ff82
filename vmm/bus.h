/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bus.h - who answers at which port or memory address.
 *
 * Two buses exist, ports and MMIO. Ranges are added at set-up and never move, so the table is
 * read without a lock; the devices behind it are entered under the device lock (loop.h).
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include "lib/types.h"

enum { BUS_RANGES_MAX = 48, BUS_WIDTH_MAX = 8 };

/* One access of @len (1, 2, 4 or 8) bytes at @off inside the range. For a read, @data is
 * preset to all ones, which is what an unanswered read gives on a PC. */
typedef void bus_fn(void *ctx, uint64_t off, void *data, unsigned int len, bool write);

struct bus_range {
	uint64_t base, len;
	bus_fn *fn;
	void *ctx;
};

struct bus {
	unsigned int n;
	struct bus_range ranges[BUS_RANGES_MAX];
};

/* Add a range. -EEXIST when it overlaps another, -ENOSPC when the table is full. */
int bus_add(struct bus *bus, uint64_t base, uint64_t len, bus_fn *fn, void *ctx);

/* Give the access to its range. One that belongs to nobody, or leaves its range half-way, reads
 * all ones and writes nothing. */
void bus_access(const struct bus *bus, uint64_t addr, void *data, unsigned int len, bool write);

#endif
