/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames.h - frames for tests, and an independent opinion on checksums.
 *
 * The sums here are made a byte at a time, as in RFC 1071's text, so that lib/csum.c is not
 * checked by itself.
 */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/pkt.h"
#include "lib/wire.h"

struct frame_spec {
	unsigned int tags; /* VLAN tags */
	bool v6, udp;
	size_t options; /* bytes of TCP options, a multiple of 4 */
	size_t ext;	/* IPv6: bytes of a hop-by-hop header, a multiple of 8 */
	size_t payload;
	uint16_t gso_size; /* 0: an ordinary frame with NEEDS_CSUM */
	uint8_t tcp_flags;
};

static inline uint16_t ref_sum(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of the pseudo header of the packet whose IP header is at @ip. Host order. */
static inline uint16_t ref_pseudo(const uint8_t *ip, bool v6, uint8_t proto, uint32_t l4_len)
{
	uint32_t sum = proto + (l4_len >> 16) + (l4_len & 0xffff);

	return v6 ? ref_sum(ip + 8, 32, sum) : ref_sum(ip + 12, 8, sum);
}

static inline void put16(uint8_t *at, unsigned int v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void frame_ip4(uint8_t *ip, uint8_t proto, size_t total)
{
	ip[0] = 0x45;
	put16(ip + 2, (unsigned int)total);
	put16(ip + 4, 0xfffe); /* so that the identification wraps */
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, "\x0a\x00\x02\x05\xc6\x33\x64\x07", 8);
	put16(ip + 10, (uint16_t)~ref_sum(ip, 20, 0));
}

static inline void frame_ip6(uint8_t *ip, uint8_t proto, size_t payload, size_t ext)
{
	ip[0] = 0x60;
	put16(ip + 4, (unsigned int)payload);
	ip[6] = ext ? 0 : proto;
	ip[7] = 64;
	for (int i = 0; i < 32; i++)
		ip[8 + i] = (uint8_t)(0x20 + i * 7);
	if (ext) {
		ip[40] = proto;
		ip[41] = (uint8_t)(ext / 8 - 1);
	}
}

/* A TCP or UDP frame as a guest's kernel leaves it: partial checksum, perhaps GSO. */
static inline struct pkt *frame_make(struct pkt_pool *pool, const struct frame_spec *s)
{
	struct pkt *p = pkt_alloc(pool);
	size_t l3 = 14 + 4 * s->tags, l4 = l3 + (s->v6 ? 40 + s->ext : 20);
	size_t l4_hdr = s->udp ? 8 : 20 + s->options, l4_len = l4_hdr + s->payload;
	uint8_t *at = p->data, proto = s->udp ? 17 : 6;
	size_t csum_off = s->udp ? 6 : 16;

	p->len = (uint32_t)(l4 + l4_len);
	memset(at, 0, p->len);
	memcpy(at, "\x52\x54\x00\x00\x00\x02\x52\x54\x00\x00\x00\x01", 12);
	for (unsigned int i = 0; i < s->tags; i++)
		put16(at + 12 + 4 * i, i + 1 < s->tags ? 0x88a8 : 0x8100);
	put16(at + l3 - 2, s->v6 ? 0x86dd : 0x0800);
	if (s->v6)
		frame_ip6(at + l3, proto, s->ext + l4_len, s->ext);
	else
		frame_ip4(at + l3, proto, 20 + l4_len);
	put16(at + l4, 40000);
	put16(at + l4 + 2, 80);
	if (s->udp) {
		put16(at + l4 + 4, (unsigned int)l4_len);
	} else {
		memcpy(at + l4 + 4, "\xff\xff\xff\x00", 4); /* so that the sequence wraps */
		at[l4 + 12] = (uint8_t)(l4_hdr / 4 << 4);
		at[l4 + 13] = s->tcp_flags;
	}
	for (size_t i = 0; i < s->payload; i++)
		at[l4 + l4_hdr + i] = (uint8_t)(i * 31 + i / 256);
	put16(at + l4 + csum_off, ref_pseudo(at + l3, s->v6, proto, (uint32_t)l4_len));

	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = htole16((uint16_t)l4);
	p->vnet.csum_offset = htole16((uint16_t)csum_off);
	if (s->gso_size) {
		p->vnet.gso_type = s->udp  ? VIRTIO_NET_HDR_GSO_UDP_L4
				   : s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
					   : VIRTIO_NET_HDR_GSO_TCPV4;
		p->vnet.gso_size = htole16(s->gso_size);
		p->vnet.hdr_len = htole16((uint16_t)(l4 + l4_hdr));
	}
	return p;
}

/* Do all checksums of a finished frame made by frame_make() verify? */
static inline bool frame_sums_ok(const struct pkt *p, const struct frame_spec *s)
{
	size_t l3 = 14 + 4 * s->tags, l4 = l3 + (s->v6 ? 40 + s->ext : 20);
	uint32_t l4_len = (uint32_t)(p->len - l4);
	uint16_t pseudo = ref_pseudo(p->data + l3, s->v6, s->udp ? 17 : 6, l4_len);

	if (!s->v6 && ref_sum(p->data + l3, 20, 0) != 0xffff)
		return false;
	return ref_sum(p->data + l4, l4_len, pseudo) == 0xffff;
}

#endif
