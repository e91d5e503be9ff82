/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_gso.c - a hostile offload header over a hostile frame.
 *
 * Input: ten bytes of virtio-net header, then the frame. What gso_check() lets pass must be cut
 * into pieces that are whole: bounded in number and length, payload complete and in order, every
 * checksum right by an arithmetic of our own (tests/unit/frames.h).
 */
#include "lib/gso.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/frames.h"

struct sums {
	const struct pkt *whole;
	uint32_t l3, l4, hdr_len;
	uint32_t payload, n;
	bool v6;
};

static void check_piece(void *ctx, struct pkt *seg)
{
	struct sums *s = ctx;
	const uint8_t *l4 = seg->data + s->l4;
	uint8_t proto = le16toh(s->whole->vnet.csum_offset) == 16 ? 6 : 17;
	uint32_t n = seg->len - s->hdr_len, l4_len = seg->len - s->l4;

	MUST(seg->len > s->hdr_len && seg->len <= gso_frame_len(s->whole));
	MUST(!pkt_needs_csum(seg) && !pkt_is_gso(seg));
	MUST(memcmp(seg->data, s->whole->data, 12) == 0);
	MUST(memcmp(seg->data + s->hdr_len, s->whole->data + s->hdr_len + s->payload, n) == 0);
	if (!s->v6)
		MUST(ref_sum(seg->data + s->l3, (seg->data[s->l3] & 15u) * 4, 0) == 0xffff);
	MUST(ref_sum(l4, l4_len, ref_pseudo(seg->data + s->l3, s->v6, proto, l4_len)) == 0xffff);
	s->payload += n;
	MUST(++s->n <= 1024);
	pkt_put(seg);
}

static void check_cut(const struct pkt *p)
{
	struct sums s = {.whole = p, .l3 = 14, .l4 = le16toh(p->vnet.csum_start)};
	bool udp = le16toh(p->vnet.csum_offset) == 6;
	const uint8_t *d = p->data;

	/* Tags were let pass, so what ends them is IPv4 or IPv6. */
	while (d[s.l3 - 2] != 0x08 && d[s.l3 - 2] != 0x86)
		s.l3 += 4;
	s.v6 = d[s.l3 - 2] == 0x86;
	s.hdr_len = s.l4 + (udp ? 8 : (d[s.l4 + 12] >> 4) * 4u);
	MUST(gso_segment(p, check_piece, &s) == DROP_NONE);
	MUST(s.payload > 0 && s.hdr_len + s.payload <= p->len);
}

static void check_complete(struct pkt *p)
{
	uint32_t start = le16toh(p->vnet.csum_start), off = le16toh(p->vnet.csum_offset);
	const uint8_t *field = p->data + start + off;
	uint32_t was = (uint32_t)field[0] << 8 | field[1], sum;

	gso_csum_complete(p);
	MUST(!pkt_needs_csum(p));
	/* Sum and field before: S and F. After, the field holds ~S and all adds up to ~F. An odd
	 * field straddles two words, about which this arithmetic says nothing. */
	if (off % 2)
		return;
	sum = ref_sum(p->data + start, p->len - start, was);
	MUST(sum == 0xffff || sum == 0);
}

static void discard(void *ctx, struct pkt *seg)
{
	(void)ctx;
	pkt_put(seg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkt_pool *pool;
	struct pkt *p;

	if (!pool)
		pool = pkt_pool_create(4);
	if (size < sizeof(p->vnet) || size > sizeof(p->vnet) + PKT_FRAME_MAX)
		return 0;
	p = pkt_from(pool, data + sizeof(p->vnet), size - sizeof(p->vnet));
	memcpy(&p->vnet, data, sizeof(p->vnet));
	if (gso_check(p) == DROP_NONE) {
		MUST(gso_frame_len(p) <= p->len);
		if (pkt_is_gso(p))
			check_cut(p);
		else if (pkt_needs_csum(p))
			check_complete(p);
	} else {
		/* Refused, but even unchecked it must not hurt. */
		gso_frame_len(p);
		if (p->len < 2048)
			gso_segment(p, discard, NULL);
	}
	pkt_put(p);
	MUST(pkt_pool_free(pool) == 4);
	return 0;
}
