/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * csum.h - the Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * Sums are unfolded 32-bit one's complement accumulators of 16-bit words in wire order; they are
 * started with 0, extended by csum_add*(), and folded and complemented by csum_fold().
 */
#ifndef LIB_CSUM_H
#define LIB_CSUM_H

#include "lib/wire.h"

/* Add @len bytes at @data. @data counts from an even offset of the summed text. */
uint32_t csum_add(uint32_t sum, const void *data, size_t len);
/* Fold to 16 bits and complement: the value for a checksum field. */
be16 csum_fold(uint32_t sum);
/* The pseudo header of TCP and UDP over IPv4 (RFC 793 3.1). @l4_len in host order. */
uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint32_t l4_len);
uint32_t csum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint32_t l4_len);
/* Checksum of an IPv4 header of @ihl bytes whose field is zero, or 0 when it verifies. */
be16 csum_ip4(const struct ip4_hdr *ip, size_t ihl);

/* Replace one 16- or 32-bit word under the checksum *@csum: RFC 1624 eqn. 3. */
void csum_update16(be16 *csum, be16 from, be16 to);
void csum_update32(be16 *csum, be32 from, be32 to);
/* The same for a partial checksum: the folded, not complemented sum of the pseudo header that a
 * sender leaves in the field under NEEDS_CSUM. Only address and length changes matter there. */
void csum_partial_update32(be16 *csum, be32 from, be32 to);

/* CRC32c of @len bytes as SCTP's checksum field has it, little-endian (RFC 9260 appendix A). */
uint32_t csum_crc32c(const void *data, size_t len);

#endif
