/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that makes any port and MMIO accesses on a machine with an entropy device or a balloon,
 * and scribbles over its memory in between. Input: records of nine bytes.
 */
#include <linux/virtio_balloon.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/virtio_world.h"
#include "vmm/virtio_balloon.h"
#include "vmm/virtio_rng.h"

enum { RECORD = 9 };

static void access_one(struct world *w, const uint8_t *r)
{
	unsigned int len = 1u << (r[0] >> 1 & 3);
	uint32_t at, write = r[0] & 1;
	uint64_t value = 0;

	memcpy(&at, r + 1, 4);
	memcpy(&value, r + 5, 4);
	switch (r[0] >> 4 & 3) {
	case 0:
		bus_access(&w->ports, 0xcf8 + at % 8, &value, len > 4 ? 4 : len, write);
		break;
	case 1:
		bus_access(&w->mmio, w->bar + at % (PCI_BAR_SIZE + 64), &value, len, write);
		break;
	case 2:
		bus_access(&w->mmio, w->bar + at % 0x40, &value, len, write);
		break;
	default:
		memcpy(w->ram + at % (WORLD_RAM - 8), &value, 8);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio_balloon balloon;
	static struct virtio_rng rng;
	bool has_balloon = size && data[0] & 8;
	struct world w;

	world_init(&w);
	memset(&rng, 0, sizeof(rng));
	memset(&balloon, 0, sizeof(balloon));
	if (has_balloon ? virtio_balloon_init(&balloon, &w.host, &w.pci, &w.mmio)
			: virtio_rng_init(&rng, &w.host, &w.pci, &w.mmio))
		abort();
	if (size && data[0] & 0x80) /* half of the inputs start from a working driver */
		world_drive(&w, has_balloon ? 1ull << VIRTIO_BALLOON_F_REPORTING : 0,
			    has_balloon ? 3 : 1);
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		access_one(&w, data);
		if (data[0] & 0x40)
			world_run(&w);
	}
	if (has_balloon)
		virtio_balloon_fini(&balloon);
	else
		virtio_rng_fini(&rng);
	world_fini(&w);
	return 0;
}
