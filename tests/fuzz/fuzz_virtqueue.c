/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver that fills its rings with the input and takes and gives requests as the input says.
 * Whatever it writes, every buffer handed out lies in RAM.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/virtqueue.h"

enum { RAM = 0x8000, SETUP = 16, STEPS = 16 };

static void check(const struct memory *mem, const struct virtqueue_chain *c)
{
	unsigned int i;

	for (i = 0; i < c->n_out + c->n_in; i++) {
		const uint8_t *at = c->iov[i].iov_base;

		if (at < mem->host || c->iov[i].iov_len > (size_t)(mem->host + RAM - at))
			abort();
	}
}

static void step(struct virtqueue *q, uint8_t what)
{
	struct virtqueue_chain c;
	char buf[100];

	if (virtqueue_pop(q, &c) == 1) {
		check(q->mem, &c);
		virtqueue_iov_get(c.iov, c.n_out, what, buf, sizeof(buf));
		virtqueue_iov_put(c.iov + c.n_out, c.n_in, what, buf, sizeof(buf));
		if (what & 1)
			virtqueue_push(q, c.head, what);
		else
			virtqueue_unpop(q);
	}
	if (what & 2)
		virtqueue_publish(q);
	if (what & 4)
		virtqueue_want_kicks(q);
	if (what & 8)
		virtqueue_spare_kicks(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtqueue q;
	struct memory mem;
	uint8_t *ram;
	unsigned int i;

	if (size < SETUP + STEPS)
		return 0;
	ram = calloc(1, RAM);
	memory_init(&mem, ram, RAM);
	virtqueue_reset(&q, &mem);
	q.size = data[0] % 16 ? (uint16_t)(1u << data[0] % 9) : data[0];
	q.event_idx = data[1] & 1;
	q.desc_gpa = (uint64_t)data[2] << 7 | (uint64_t)data[3] << 56;
	q.avail_gpa = (uint64_t)data[4] << 7 | (uint64_t)data[5] << 56;
	q.used_gpa = (uint64_t)data[6] << 7 | (uint64_t)data[7] << 56;
	memcpy(ram, data + SETUP + STEPS, size - SETUP - STEPS < RAM ? size - SETUP - STEPS : RAM);
	if (virtqueue_enable(&q) == 0) {
		for (i = 0; i < STEPS; i++)
			step(&q, data[SETUP + i]);
	}
	free(ram);
	return 0;
}
