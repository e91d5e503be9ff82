/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gso.h - does in software what a sender left to an offload that the receiver does not have.
 */
#ifndef LIB_GSO_H
#define LIB_GSO_H

#include "lib/drop.h"
#include "lib/pkt.h"

/* What a port's far end can take undone; a set of these bits. */
enum offload {
	OFFLOAD_CSUM = 1 << 0, /* an unfinished checksum */
	OFFLOAD_TSO4 = 1 << 1,
	OFFLOAD_TSO6 = 1 << 2,
	OFFLOAD_USO = 1 << 3, /* UDP segmentation, VIRTIO_NET_HDR_GSO_UDP_L4 */
	OFFLOAD_ALL = 15
};

/* Does @p's virtio-net header agree with its bytes? Checksum fields inside the frame, GSO type
 * known and matching the headers, gso_size > 0, hdr_len sane (VIRTIO 1.2 5.1.6.2). Every port
 * that takes a header from outside asks this first. DROP_NONE when it does. */
enum drop_reason gso_check(const struct pkt *p);

/* Which offload bits must a receiver have to take @p as it is? */
unsigned int gso_needs(const struct pkt *p);

/* Length of the longest frame that @p is on a wire: itself, or the pieces of a super-frame. @p
 * must have passed gso_check(). */
uint32_t gso_frame_len(const struct pkt *p);

/* Complete the checksum that NEEDS_CSUM describes and clear the flag. @p must be writable and
 * have passed gso_check(). */
void gso_csum_complete(struct pkt *p);

/* Cut the super-frame @p (TCP over IPv4 or IPv6, UDP_L4) into frames of gso_size payload with
 * complete checksums, in order, calling @emit with each (emit takes it). Borrows @p. Returns
 * DROP_NONE, DROP_NO_BUFFER (what was cut so far has been emitted), or DROP_GSO_UNSUPPORTED. */
typedef void gso_emit_fn(void *ctx, struct pkt *seg);
enum drop_reason gso_segment(const struct pkt *p, gso_emit_fn *emit, void *ctx);

#endif
