/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bus.c - dispatch of port and MMIO accesses.
 */
#include "vmm/bus.h"

#include <errno.h>
#include <string.h>

int bus_add(struct bus *bus, uint64_t base, uint64_t len, bus_fn *fn, void *ctx)
{
	unsigned int i;

	for (i = 0; i < bus->n; i++) {
		const struct bus_range *r = &bus->ranges[i];

		if (base < r->base + r->len && r->base < base + len)
			return -EEXIST;
	}
	if (bus->n == BUS_RANGES_MAX)
		return -ENOSPC;
	bus->ranges[bus->n++] = (struct bus_range){base, len, fn, ctx};
	return 0;
}

void bus_access(const struct bus *bus, uint64_t addr, void *data, unsigned int len, bool write)
{
	unsigned int i;

	if (!write)
		memset(data, 0xff, len);
	for (i = 0; i < bus->n; i++) {
		const struct bus_range *r = &bus->ranges[i];

		if (addr < r->base || addr - r->base >= r->len)
			continue;
		if (len <= r->len - (addr - r->base))
			r->fn(r->ctx, addr - r->base, data, len, write);
		return;
	}
}
