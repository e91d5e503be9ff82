/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtqueue.c - split virtqueues, device side; rules in virtqueue.h.
 *
 * Memory order. The guest runs on other CPUs. On x86 loads are not reordered with loads nor
 * stores with stores; the compiler is held by the __atomic operations. The one order that the
 * CPU does not keep by itself is a store followed by a load of something else: publishing the
 * used index, then reading used_event; and asking for kicks, then reading the available index.
 * Both have a full fence.
 */
#include "vmm/virtqueue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

/* 16-bit words inside the rings (2.7.6, 2.7.8). */
enum { AVAIL_FLAGS, AVAIL_IDX, AVAIL_RING };
enum { USED_FLAGS = 0, USED_IDX = 2, USED_RING = 4 };

static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint16_t *used16(const struct virtqueue *q, size_t off)
{
	return (uint16_t *)(void *)(q->used + off);
}

static uint16_t *avail_event(const struct virtqueue *q)
{
	return used16(q, USED_RING + sizeof(struct vring_used_elem) * q->size);
}

static uint16_t used_event(const struct virtqueue *q)
{
	return load16(&q->avail[AVAIL_RING + q->size]);
}

void virtqueue_reset(struct virtqueue *q, const struct memory *mem)
{
	*q = (struct virtqueue){.mem = mem, .size = VIRTQUEUE_SIZE_MAX};
}

/* The area at @gpa if it is aligned (2.7: 16, 2 and 4 bytes) and all of it is RAM. */
static void *area(const struct virtqueue *q, uint64_t gpa, uint64_t align, uint64_t len)
{
	return gpa % align ? NULL : memory_at(q->mem, gpa, len);
}

int virtqueue_enable(struct virtqueue *q)
{
	uint64_t n = q->size;

	if (n == 0 || n > VIRTQUEUE_SIZE_MAX || (n & (n - 1)))
		return -EINVAL;
	q->desc = area(q, q->desc_gpa, VRING_DESC_ALIGN_SIZE, n * sizeof(*q->desc));
	q->avail = area(q, q->avail_gpa, VRING_AVAIL_ALIGN_SIZE, 6 + 2 * n);
	q->used =
		area(q, q->used_gpa, VRING_USED_ALIGN_SIZE, 6 + n * sizeof(struct vring_used_elem));
	if (!q->desc || !q->avail || !q->used)
		return -EINVAL;
	q->enabled = true;
	q->kicks_wanted = true;
	return 0;
}

static int broken(struct virtqueue *q)
{
	q->broken = true;
	return -EPROTO;
}

bool virtqueue_ready(const struct virtqueue *q)
{
	return q->enabled && !q->broken && load16(&q->avail[AVAIL_IDX]) != q->last_avail;
}

/* Add descriptor @d to the chain; false when it breaks the rules. */
static bool add_buffer(const struct virtqueue *q, struct virtqueue_chain *c,
		       const struct vring_desc *d)
{
	bool in = d->flags & VRING_DESC_F_WRITE;
	unsigned int n = c->n_out + c->n_in;
	void *host;

	if (d->flags & VRING_DESC_F_INDIRECT)
		return false;
	/* 2.7.4.2: readable buffers come first. A loop ends at the queue's size. */
	if (n == q->size || (!in && c->n_in))
		return false;
	host = memory_at(q->mem, d->addr, d->len);
	if (!host)
		return false;
	c->iov[n] = (struct iovec){.iov_base = host, .iov_len = d->len};
	if (in) {
		c->n_in++;
		c->in_len += d->len;
	} else {
		c->n_out++;
		c->out_len += d->len;
	}
	/* 2.7.4: a chain is at most 2^32 bytes. */
	return c->in_len + c->out_len <= UINT32_MAX;
}

static int walk(struct virtqueue *q, struct virtqueue_chain *c)
{
	uint16_t next = c->head;
	struct vring_desc d;

	do {
		if (next >= q->size)
			return broken(q);
		/* The private copy; volatile, so that it is the only read. */
		d.addr = *(const volatile __u64 *)&q->desc[next].addr;
		d.len = *(const volatile __u32 *)&q->desc[next].len;
		d.flags = *(const volatile __u16 *)&q->desc[next].flags;
		d.next = *(const volatile __u16 *)&q->desc[next].next;
		if (!add_buffer(q, c, &d))
			return broken(q);
		next = d.next;
	} while (d.flags & VRING_DESC_F_NEXT);
	return 1;
}

int virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *c)
{
	uint16_t waiting;

	if (q->broken)
		return -EPROTO;
	if (!q->enabled)
		return 0;
	waiting = (uint16_t)(load16(&q->avail[AVAIL_IDX]) - q->last_avail);
	if (!waiting)
		return 0;
	if (waiting > q->size)
		return broken(q);
	c->head = load16(&q->avail[AVAIL_RING + q->last_avail % q->size]);
	c->n_out = c->n_in = 0;
	c->out_len = c->in_len = 0;
	q->last_avail++;
	return walk(q, c);
}

void virtqueue_unpop(struct virtqueue *q)
{
	q->last_avail--;
}

void virtqueue_push(struct virtqueue *q, uint16_t head, uint32_t len)
{
	struct vring_used_elem *ring = (void *)(q->used + USED_RING);

	ring[q->next_used % q->size] = (struct vring_used_elem){.id = head, .len = len};
	q->next_used++;
}

/* 2.7.7.2: has the used index passed used_event since the last interrupt? */
static bool event_passed(const struct virtqueue *q)
{
	uint16_t since = (uint16_t)(q->next_used - q->signalled);
	uint16_t behind = (uint16_t)(q->next_used - used_event(q) - 1);

	return behind < since;
}

bool virtqueue_publish(struct virtqueue *q)
{
	bool interrupt;

	if (!q->enabled || q->next_used == q->published)
		return false;
	__atomic_store_n(used16(q, USED_IDX), q->next_used, __ATOMIC_RELEASE);
	q->published = q->next_used;
	/* The index must be out before we ask whether the guest waits for it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (q->event_idx)
		interrupt = event_passed(q);
	else
		interrupt = !(load16(&q->avail[AVAIL_FLAGS]) & VRING_AVAIL_F_NO_INTERRUPT);
	q->signalled = q->next_used;
	return interrupt;
}

bool virtqueue_want_kicks(struct virtqueue *q)
{
	if (!q->enabled || q->broken)
		return false;
	if (q->event_idx)
		__atomic_store_n(avail_event(q), q->last_avail, __ATOMIC_RELAXED);
	else
		__atomic_store_n(used16(q, USED_FLAGS), 0, __ATOMIC_RELAXED);
	q->kicks_wanted = true;
	/* The wish must be out before we look whether a request came before it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return virtqueue_ready(q);
}

void virtqueue_spare_kicks(struct virtqueue *q)
{
	if (!q->enabled || q->broken || !q->kicks_wanted)
		return;
	/* With EVENT_IDX an avail_event that stays behind is enough. */
	if (!q->event_idx)
		__atomic_store_n(used16(q, USED_FLAGS), VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
	q->kicks_wanted = false;
}

/* Visit the bytes [off, off + len) of @iov; @put says in which direction they are copied. */
static size_t copy(const struct iovec *iov, unsigned int n, size_t off, uint8_t *buf, size_t len,
		   bool put)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < n && done < len; i++) {
		uint8_t *at = iov[i].iov_base;
		size_t part;

		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		part = MIN(iov[i].iov_len - off, len - done);
		if (put)
			memcpy(at + off, buf + done, part);
		else
			memcpy(buf + done, at + off, part);
		done += part;
		off = 0;
	}
	return done;
}

size_t virtqueue_iov_get(const struct iovec *iov, unsigned int n, size_t off, void *to, size_t len)
{
	return copy(iov, n, off, to, len, false);
}

size_t virtqueue_iov_put(const struct iovec *iov, unsigned int n, size_t off, const void *from,
			 size_t len)
{
	return copy(iov, n, off, (void *)(uintptr_t)from, len, true);
}
