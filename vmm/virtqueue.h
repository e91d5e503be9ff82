/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtqueue.h - the device's side of a split virtqueue (VIRTIO 1.2, 2.7).
 *
 * Every field that the guest writes is read once into a private copy, and the copy is checked:
 * indices against the queue size, buffers against RAM (memory.h). A queue that breaks the rules
 * is marked broken and gives nothing any more; the transport then sets DEVICE_NEEDS_RESET. The
 * worst a guest can do is to hear garbage of its own making.
 *
 * Indirect descriptors are not offered: a flagged one breaks the queue. EVENT_IDX is supported.
 */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <sys/uio.h>

#include "vmm/memory.h"

enum { VIRTQUEUE_SIZE_MAX = 256 };

struct vring_desc;

struct virtqueue {
	const struct memory *mem;
	/* Set by the transport before virtqueue_enable(), constant while enabled. */
	uint16_t size;
	uint64_t desc_gpa, avail_gpa, used_gpa;

	bool enabled;
	bool broken;
	bool event_idx; /* VIRTIO_F_EVENT_IDX was negotiated */
	const struct vring_desc *desc;
	const uint16_t *avail; /* flags, idx, ring[size], used_event */
	uint8_t *used;	       /* flags, idx, {id, len}[size], avail_event */
	uint16_t last_avail;   /* next entry of the available ring to take */
	uint16_t next_used;    /* next entry of the used ring to fill */
	uint16_t published;    /* used index as the guest sees it */
	uint16_t signalled;    /* used index at the last interrupt decision */
	bool kicks_wanted;
};

/* A request: @n_out device-readable buffers, then @n_in device-writable ones in iov[]. */
struct virtqueue_chain {
	uint16_t head;
	unsigned int n_out, n_in;
	uint64_t out_len, in_len;
	struct iovec iov[VIRTQUEUE_SIZE_MAX];
};

/* Disabled, power-on values. */
void virtqueue_reset(struct virtqueue *q, const struct memory *mem);
/* Check size, alignment and addresses and make the queue live. -EINVAL: it stays disabled. */
int virtqueue_enable(struct virtqueue *q);

/* Take the next request. 1, 0 when there is none, -EPROTO when the queue is (now) broken. Takes
 * nothing when the queue is disabled. */
int virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *c);
/* Take back the last _pop(): the same request comes again. */
void virtqueue_unpop(struct virtqueue *q);
/* Is anything there to pop? Does not break the queue. */
bool virtqueue_ready(const struct virtqueue *q);

/* Give request @head back with @len bytes written. Seen by the guest after _publish(). */
void virtqueue_push(struct virtqueue *q, uint16_t head, uint32_t len);
/* Publish what was pushed; true when the guest wants an interrupt for it. */
bool virtqueue_publish(struct virtqueue *q);

/* Ask for, or spare us, kicks on new requests. virtqueue_want_kicks() returns true when a request
 * has come meanwhile: then pop again. */
bool virtqueue_want_kicks(struct virtqueue *q);
void virtqueue_spare_kicks(struct virtqueue *q);

/* Copy between a buffer and scattered memory, starting @off bytes in. Returns bytes copied. */
size_t virtqueue_iov_get(const struct iovec *iov, unsigned int n, size_t off, void *to, size_t len);
size_t virtqueue_iov_put(const struct iovec *iov, unsigned int n, size_t off, const void *from,
			 size_t len);

#endif
