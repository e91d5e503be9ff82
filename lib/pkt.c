/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/pkt.h"

enum {
	/* 64 bytes apart from a multiple of the page size, so that the heads of neighbouring
	 * buffers do not compete for the same cache sets. */
	BUF_ALIGN = 64,
	BUF_SIZE = (PKT_HEADROOM + PKT_FRAME_MAX + BUF_ALIGN - 1) / BUF_ALIGN * BUF_ALIGN,
};

struct pkt_pool {
	struct pkt *free;
	unsigned int n_free, n;
	uint8_t *bufs;
	struct pkt pkts[];
};

struct pkt_pool *pkt_pool_create(unsigned int n)
{
	struct pkt_pool *pool = calloc(1, sizeof(*pool) + n * sizeof(pool->pkts[0]));

	if (!pool)
		return NULL;
	/* Reserved, not resident: a buffer costs memory only after its first use. */
	pool->bufs = mmap(NULL, (size_t)n * BUF_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->bufs == MAP_FAILED) {
		free(pool);
		return NULL;
	}
	pool->n = pool->n_free = n;
	for (unsigned int i = n; i-- > 0;) {
		struct pkt *p = &pool->pkts[i];

		p->pool = pool;
		p->buf = pool->bufs + (size_t)i * BUF_SIZE;
		p->next_free = pool->free;
		pool->free = p;
	}
	return pool;
}

void pkt_pool_destroy(struct pkt_pool *pool)
{
	if (!pool)
		return;
	assert(pool->n_free == pool->n);
	munmap(pool->bufs, (size_t)pool->n * BUF_SIZE);
	free(pool);
}

void pkt_pool_trim(struct pkt_pool *pool)
{
	if (pool->n_free == pool->n)
		madvise(pool->bufs, (size_t)pool->n * BUF_SIZE, MADV_DONTNEED);
}

unsigned int pkt_pool_free(const struct pkt_pool *pool)
{
	return pool->n_free;
}

struct pkt *pkt_alloc(struct pkt_pool *pool)
{
	struct pkt *p = pool->free;

	if (!p)
		return NULL;
	pool->free = p->next_free;
	pool->n_free--;
	p->data = p->buf + PKT_HEADROOM;
	p->len = 0;
	p->refs = 1;
	p->from = 0;
	memset(&p->vnet, 0, sizeof(p->vnet));
	return p;
}

struct pkt *pkt_get(struct pkt *p)
{
	assert(p->refs > 0 && p->refs < UINT16_MAX);
	p->refs++;
	return p;
}

void pkt_put(struct pkt *p)
{
	if (!p)
		return;
	assert(p->refs > 0);
	if (--p->refs)
		return;
	p->next_free = p->pool->free;
	p->pool->free = p;
	p->pool->n_free++;
}

struct pkt *pkt_writable(struct pkt *p)
{
	struct pkt *copy;

	if (p->refs == 1)
		return p;
	copy = pkt_from(p->pool, p->data, p->len);
	if (copy) {
		copy->vnet = p->vnet;
		copy->from = p->from;
	}
	pkt_put(p);
	return copy;
}

struct pkt *pkt_from(struct pkt_pool *pool, const void *frame, size_t len)
{
	struct pkt *p;

	if (len > PKT_FRAME_MAX)
		return NULL;
	p = pkt_alloc(pool);
	if (!p)
		return NULL;
	memcpy(p->data, frame, len);
	p->len = (uint32_t)len;
	return p;
}

void pkt_batch_put(struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		pkt_put(b->pkts[i]);
	b->n = 0;
}
