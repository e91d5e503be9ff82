/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sum does not depend on the byte order in which words are added (RFC 1071 2 B), so words are
 * loaded as they lie in memory; and a sum of wide words folds to the sum of its 16-bit words, so
 * the loop adds 32-bit words into 64-bit lanes, which can't overflow below 2^32 words.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"

/* 16 bytes as two lanes; compilers map it to whatever vector unit there is. */
typedef uint64_t lanes __attribute__((vector_size(16)));

enum { CSUM_BLOCK = 64 };

static inline uint32_t fold64(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint16_t fold32(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static inline lanes load(const uint8_t *at)
{
	lanes w;

	memcpy(&w, at, sizeof(w));
	return w;
}

/* Both 32-bit words of each lane. */
static inline lanes halves(lanes w)
{
	return (w & 0xffffffff) + (w >> 32);
}

/* Sum of whole blocks. */
static uint64_t sum_blocks(const uint8_t *at, size_t blocks)
{
	lanes a = {0, 0}, b = {0, 0};

	for (; blocks; blocks--, at += CSUM_BLOCK) {
		a += halves(load(at)) + halves(load(at + 16));
		b += halves(load(at + 32)) + halves(load(at + 48));
	}
	a += b;
	return (uint64_t)fold64(a[0]) + fold64(a[1]);
}

uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t acc = sum;

	if (len >= CSUM_BLOCK) {
		acc += sum_blocks(at, len / CSUM_BLOCK);
		at += len / CSUM_BLOCK * CSUM_BLOCK;
		len %= CSUM_BLOCK;
	}
	for (; len >= 4; len -= 4, at += 4) {
		uint32_t word;

		memcpy(&word, at, sizeof(word));
		acc += word;
	}
	if (len) {
		/* The odd byte is followed by a zero (RFC 1071 1 (1)). */
		uint32_t word = 0;

		memcpy(&word, at, len);
		acc += word;
	}
	return fold64(acc);
}

be16 csum_fold(uint32_t sum)
{
	return (be16)~fold32(sum);
}

uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint32_t l4_len)
{
	uint64_t acc = (uint64_t)src + dst + htonl(proto) + htonl(l4_len);

	return fold64(acc);
}

/* RFC 8200 8.1: a 32-bit length, three zero bytes, the next header */
uint32_t csum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint32_t l4_len)
{
	uint64_t acc = (uint64_t)csum_add(0, src, 16) + csum_add(0, dst, 16);

	return fold64(acc + htonl(proto) + htonl(l4_len));
}

be16 csum_ip4(const struct ip4_hdr *ip, size_t ihl)
{
	return csum_fold(csum_add(0, ip, ihl));
}

/* HC' = ~(~HC + ~m + m') */
void csum_update16(be16 *csum, be16 from, be16 to)
{
	uint32_t sum = (uint16_t) ~*csum;

	*csum = (be16)~fold32(sum + (uint16_t)~from + to);
}

void csum_update32(be16 *csum, be32 from, be32 to)
{
	uint64_t sum = (uint16_t) ~*csum;

	*csum = (be16)~fold32(fold64(sum + (uint32_t)~from + to));
}

void csum_partial_update32(be16 *csum, be32 from, be32 to)
{
	uint64_t sum = *csum;

	*csum = fold32(fold64(sum + (uint32_t)~from + to));
}

/* Castagnoli's polynomial, bits reflected, four at a time. */
uint32_t csum_crc32c(const void *data, size_t len)
{
	const uint8_t *b = data;
	uint32_t crc = ~0u, step[16];

	for (uint32_t i = 0; i < ARRAY_SIZE(step); i++) {
		step[i] = i;
		for (int bit = 0; bit < 4; bit++)
			step[i] = step[i] >> 1 ^ (step[i] & 1 ? 0x82f63b78u : 0);
	}
	while (len--) {
		crc ^= *b++;
		crc = crc >> 4 ^ step[crc & 15];
		crc = crc >> 4 ^ step[crc & 15];
	}
	return ~crc;
}
