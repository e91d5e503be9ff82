/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/holdq.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct hold_chunk {
	struct hold_chunk *next;
	uint8_t bytes[HOLD_CHUNK - sizeof(void *)];
};

enum { CHUNK_BYTES = sizeof(((struct hold_chunk *)0)->bytes) };

/* ---- chunks ---------------------------------------------------------------------------------- */

void hold_pool_init(struct hold_pool *pool)
{
	*pool = (struct hold_pool){.n_free = HOLD_CHUNKS};
}

void hold_pool_fini(struct hold_pool *pool)
{
	assert(pool->n_free == HOLD_CHUNKS);
	free(pool->arena);
	hold_pool_init(pool);
}

static bool pool_ready(struct hold_pool *pool)
{
	if (!pool->arena)
		pool->arena = malloc((size_t)HOLD_CHUNKS * HOLD_CHUNK);
	return pool->arena;
}

static struct hold_chunk *chunk_get(struct hold_queue *q)
{
	struct hold_pool *pool = q->pool;
	struct hold_chunk *c = pool->free;

	if (c)
		pool->free = c->next;
	else
		c = (void *)(pool->arena + (size_t)HOLD_CHUNK * pool->touched++);
	c->next = NULL;
	pool->n_free--;
	q->chunks++;
	return c;
}

static struct hold_chunk *chunk_put(struct hold_queue *q, struct hold_chunk *c)
{
	struct hold_chunk *next = c->next;

	c->next = q->pool->free;
	q->pool->free = c;
	q->pool->n_free++;
	q->chunks--;
	return next;
}

/* May @q have room for @len bytes more? */
static bool room_for(const struct hold_queue *q, size_t len)
{
	size_t here = q->tail.chunk ? CHUNK_BYTES - q->tail.at : 0;
	size_t more = len > here ? (len - here + CHUNK_BYTES - 1) / CHUNK_BYTES : 0;

	return !more || q->chunks + 2 * more <= q->pool->n_free;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* How much of @len bytes at @at lies in its chunk; moves to the next chunk at the end of one. */
static size_t stretch(struct hold_place *at, size_t len)
{
	if (at->at == CHUNK_BYTES)
		*at = (struct hold_place){at->chunk->next, 0};
	return MIN(len, (size_t)CHUNK_BYTES - at->at);
}

static void append(struct hold_queue *q, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len) {
		size_t n;

		if (q->tail.at == CHUNK_BYTES)
			q->tail.chunk->next = chunk_get(q);
		assert(q->tail.chunk); /* room_for() was asked */
		n = stretch(&q->tail, len);
		memcpy(q->tail.chunk->bytes + q->tail.at, from, n);
		q->tail.at += (uint32_t)n;
		from += n;
		len -= n;
	}
}

/* Copy out (@to) or over (@from); neither: only pass over. */
static void pass(struct hold_place *at, void *to, const void *from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = stretch(at, len - done);

		if (to)
			memcpy((uint8_t *)to + done, at->chunk->bytes + at->at, n);
		if (from)
			memcpy(at->chunk->bytes + at->at, (const uint8_t *)from + done, n);
		at->at += (uint32_t)n;
		done += n;
	}
}

/* ---- queues ---------------------------------------------------------------------------------- */

void hold_init(struct hold_queue *q, struct hold_pool *pool)
{
	*q = (struct hold_queue){.pool = pool};
}

unsigned int hold_clear(struct hold_queue *q)
{
	unsigned int n = q->frames;

	for (struct hold_chunk *c = q->head.chunk; c;)
		c = chunk_put(q, c);
	hold_init(q, q->pool);
	return n;
}

static void look_at_first(struct hold_queue *q)
{
	struct hold_place at = q->head;

	pass(&at, &q->first, NULL, sizeof(q->first));
}

bool hold_push(struct hold_queue *q, const struct pkt *p, uint64_t leave_us, uint64_t due_us,
	       unsigned int pieces)
{
	struct hold_frame f = {leave_us, due_us, p->len, (uint16_t)pieces, p->vnet};

	if (!pool_ready(q->pool) || !room_for(q, sizeof(f) + p->len))
		return false;
	if (!q->bytes) {
		/* One that was emptied has kept a chunk. */
		if (!q->head.chunk)
			q->head.chunk = chunk_get(q);
		q->head.at = 0;
		q->tail = q->leaving = q->head;
		q->first = f;
	}
	append(q, &f, sizeof(f));
	append(q, p->data, p->len);
	q->frames += pieces;
	q->waiting += pieces;
	q->bytes += p->len;
	q->waiting_bytes += p->len;
	return true;
}

void hold_left(struct hold_queue *q, uint64_t now_us)
{
	while (q->waiting) {
		struct hold_place at = q->leaving;
		struct hold_frame f;

		pass(&at, &f, NULL, sizeof(f));
		if (f.leave_us > now_us)
			return;
		pass(&at, NULL, NULL, f.len);
		q->leaving = at;
		q->waiting -= f.pieces;
		q->waiting_bytes -= f.len;
	}
}

/* Give back the chunks before the head; the last is kept while the queue lives. */
static void free_before(struct hold_queue *q, struct hold_chunk *from)
{
	while (from != q->head.chunk)
		from = chunk_put(q, from);
}

struct pkt *hold_pop(struct hold_queue *q, struct pkt_pool *packets)
{
	struct pkt *p = pkt_alloc(packets);
	struct hold_chunk *was = q->head.chunk;

	if (!p)
		return NULL;
	hold_left(q, q->first.leave_us);
	p->vnet = q->first.vnet;
	p->len = q->first.len;
	pass(&q->head, NULL, NULL, sizeof(q->first));
	pass(&q->head, p->data, NULL, p->len);
	q->frames -= q->first.pieces;
	q->bytes -= p->len;
	free_before(q, was);
	if (q->bytes)
		look_at_first(q);
	return p;
}

void hold_retime(struct hold_queue *q, hold_retime_fn *fn, void *ctx)
{
	struct hold_place at = q->head, start;
	struct hold_frame f;

	for (uint64_t left = q->bytes; left; left -= f.len) {
		start = at;
		pass(&at, &f, NULL, sizeof(f));
		fn(ctx, &f);
		pass(&start, NULL, &f, sizeof(f));
		pass(&at, NULL, NULL, f.len);
	}
	if (q->bytes)
		look_at_first(q);
}
