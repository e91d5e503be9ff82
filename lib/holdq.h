/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holdq.h - frames held back for a time, in order, in as many bytes as they need.
 *
 * Theory of operation. A frame on a long cable must not keep one of the few 64 KiB buffers of the
 * packet pool (pkt.h), so a held frame is a record, bytes only, in a queue of small chunks; the
 * record may lie across them. Chunks come from one pool that all queues of a runner share. A queue
 * may grow while it holds fewer chunks than are free (dynamic thresholds: Choudhury and Hahne,
 * IEEE/ACM ToN 6(2), 1998): one alone may have half of the memory, of several none can starve the
 * others, and there is always room for who comes last.
 *
 * A record waits twice: until it has left (@leave_us, the sender has put its last bit on the wire)
 * and until it is there (@due_us). Both never decrease along the queue.
 */
#ifndef LIB_HOLDQ_H
#define LIB_HOLDQ_H

#include "lib/pkt.h"

enum {
	HOLD_CHUNK = 4096,
	HOLD_CHUNKS = 65536, /* 256 MiB: 2 s of 1 Gbit/s. Only touched ones become resident. */
};

struct hold_chunk;

struct hold_pool {
	uint8_t *arena; /* NULL until somebody holds a frame */
	struct hold_chunk *free;
	unsigned int n_free, touched;
};

struct hold_frame {
	uint64_t leave_us, due_us;
	uint32_t len;
	uint16_t pieces; /* frames that it is on a wire: more than one for a super-frame */
	struct virtio_net_hdr vnet;
};

struct hold_place {
	struct hold_chunk *chunk;
	uint32_t at;
};

struct hold_queue {
	struct hold_pool *pool;
	struct hold_place head, tail;
	struct hold_place leaving; /* the first record that has not left */
	struct hold_frame first;   /* a copy of the header at @head, when there is one */
	unsigned int chunks;
	unsigned int frames, waiting; /* pieces; @waiting: of these, not yet left */
	uint64_t bytes, waiting_bytes;
};

void hold_pool_init(struct hold_pool *pool);
/* Every queue must be empty. */
void hold_pool_fini(struct hold_pool *pool);

void hold_init(struct hold_queue *q, struct hold_pool *pool);
/* Forget all frames. Returns how many (pieces) there were. */
unsigned int hold_clear(struct hold_queue *q);

/* Copy @p behind the others. False when memory or the queue's share of it is at an end. */
bool hold_push(struct hold_queue *q, const struct pkt *p, uint64_t leave_us, uint64_t due_us,
	       unsigned int pieces);
/* Take out the first frame (there must be one) into a packet from @packets; NULL, and it stays,
 * when none is free. */
struct pkt *hold_pop(struct hold_queue *q, struct pkt_pool *packets);
/* When the first falls due; UINT64_MAX when there is none. */
static inline uint64_t hold_due(const struct hold_queue *q)
{
	return q->bytes ? q->first.due_us : UINT64_MAX;
}
/* Take note of what has left by @now_us. */
void hold_left(struct hold_queue *q, uint64_t now_us);

/* Change the times of each frame from the first to the last. */
typedef void hold_retime_fn(void *ctx, struct hold_frame *f);
void hold_retime(struct hold_queue *q, hold_retime_fn *fn, void *ctx);

#endif
