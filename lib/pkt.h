/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkt.h - a frame with its offload metadata, batches of them, and the pool they come from.
 *
 * Theory of operation. A packet is an Ethernet frame (no FCS) with the virtio-net header that
 * says what its sender left undone: a checksum to complete (VIRTIO_NET_HDR_F_NEEDS_CSUM, with
 * csum_start and csum_offset counted from the first byte of the frame), or a TCP/UDP super-frame
 * of up to 64 KiB to cut into pieces of gso_size. The header's fields are little endian (VIRTIO
 * 1.2 5.1.6). The metadata stays with the frame from port to port; software completes it only
 * where a port cannot take it (gso.h).
 *
 * Buffers come from a pool of fixed size made at set-up; an empty pool is a drop (NO_BUFFER),
 * never a wait and never heap. The free list is last in, first out: a small working set stays in
 * the cache and untouched buffers never become resident.
 *
 * References: the switch hands one packet to many ports by taking references. A packet with more
 * than one is read only; whoever must change it asks pkt_writable() first. Everything here belongs
 * to one runner thread: no atomics.
 */
#ifndef LIB_PKT_H
#define LIB_PKT_H

#include <linux/virtio_net.h>

#include "lib/types.h"

/* VIRTIO 1.2 5.1.6: UDP segmentation; in kernel headers only since Linux 6.2 */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	PKT_HEADROOM = 128,   /* bytes before the frame, for pushed headers */
	PKT_FRAME_MAX = 65557 /* longest frame: 14 + 2 * 4 (VLAN) + 65535, the longest IP packet */
};

struct pkt_pool;

struct pkt {
	uint8_t *data; /* first byte of the destination MAC */
	uint32_t len;  /* bytes from data to the end of the frame */
	uint16_t refs;
	struct virtio_net_hdr vnet; /* 10 bytes, little endian fields */
	uint32_t from;		    /* id + 1 of the port that it came in by; 0: none yet */
	struct pkt_pool *pool;
	struct pkt *next_free;
	uint8_t *buf; /* start of the buffer; data is at buf + PKT_HEADROOM when fresh */
};

enum { PKT_BATCH_MAX = 32 };

struct pkt_batch {
	unsigned int n;
	struct pkt *pkts[PKT_BATCH_MAX];
};

/* Make a pool of @n packets. NULL when memory is short. The caller owns it. */
struct pkt_pool *pkt_pool_create(unsigned int n);
/* All packets must be back (asserted). NULL is accepted. */
void pkt_pool_destroy(struct pkt_pool *pool);
/* Give the memory of buffers back to the system while no packet is in use; it returns page by page
 * as they are used again. */
void pkt_pool_trim(struct pkt_pool *pool);
/* Number of packets free now. */
unsigned int pkt_pool_free(const struct pkt_pool *pool);

/* A fresh packet: one reference, len 0, data at PKT_HEADROOM, vnet all zero. NULL when empty. */
struct pkt *pkt_alloc(struct pkt_pool *pool);
/* Add a reference; returns @p. */
struct pkt *pkt_get(struct pkt *p);
/* Drop a reference; the last one gives the buffer back. NULL is accepted. */
void pkt_put(struct pkt *p);
/* Takes @p. Returns @p itself when it has one reference, else a private copy (the reference to
 * @p is dropped). NULL when the pool is empty; @p's reference is then dropped too. */
struct pkt *pkt_writable(struct pkt *p);
/* Copy @len bytes of frame into a fresh packet from @pool; NULL when empty or too long. */
struct pkt *pkt_from(struct pkt_pool *pool, const void *frame, size_t len);

/* Pointer to @len bytes at frame offset @off, NULL when the frame is shorter. */
static inline void *pkt_at(const struct pkt *p, size_t off, size_t len)
{
	return off <= p->len && len <= p->len - off ? p->data + off : NULL;
}

static inline bool pkt_needs_csum(const struct pkt *p)
{
	return p->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

static inline bool pkt_is_gso(const struct pkt *p)
{
	return p->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE;
}

/* Append; takes the reference. False (and nothing taken) when full. */
static inline bool pkt_batch_add(struct pkt_batch *b, struct pkt *p)
{
	if (b->n == PKT_BATCH_MAX)
		return false;
	b->pkts[b->n++] = p;
	return true;
}

/* Drop every reference and empty the batch. */
void pkt_batch_put(struct pkt_batch *b);

#endif
