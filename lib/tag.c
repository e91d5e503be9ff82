/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/tag.h"
#include "lib/wire.h"

enum { MACS = 2 * ETH_ALEN_ };

/* The type behind a tag is part of what a tagged frame must have. */
enum { TAGGED_MIN = ETH_HLEN_ + TAG_LEN };

static bool is_tagged(const struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	return eth && eth->type == htons(ETHERTYPE_CTAG);
}

bool tag_get(const struct pkt *p, uint16_t *tci)
{
	be16 wire;

	if (!is_tagged(p) || p->len < TAGGED_MIN)
		return false;
	memcpy(&wire, p->data + ETH_HLEN_, sizeof(wire));
	*tci = ntohs(wire);
	return true;
}

bool tag_cut_short(const struct pkt *p)
{
	return is_tagged(p) && p->len < TAGGED_MIN;
}

bool tag_may_pop(const struct pkt *p)
{
	return !pkt_needs_csum(p) || le16toh(p->vnet.csum_start) >= TAGGED_MIN;
}

static void move_offsets(struct pkt *p, int by)
{
	uint16_t hdr_len = le16toh(p->vnet.hdr_len);

	if (pkt_needs_csum(p))
		p->vnet.csum_start = htole16((uint16_t)(le16toh(p->vnet.csum_start) + by));
	/* A hint only (VIRTIO 1.2 5.1.6.2.1), but a receiver may check it against the frame. */
	if (hdr_len)
		p->vnet.hdr_len = htole16((uint16_t)MAX(hdr_len + by, 0));
}

/* Replace *@p by a copy with @gap more bytes behind the addresses, or with -@gap fewer. */
static bool copy_shifted(struct pkt **p, int gap)
{
	const struct pkt *old = *p;
	uint32_t skip = gap < 0 ? (uint32_t)-gap : 0, room = gap > 0 ? (uint32_t)gap : 0;
	struct pkt *copy = old->len <= PKT_FRAME_MAX ? pkt_alloc(old->pool) : NULL;

	if (!copy)
		return false;
	copy->data -= room;
	copy->len = old->len + room - skip;
	copy->vnet = old->vnet;
	memcpy(copy->data, old->data, MACS);
	memcpy(copy->data + MACS + room, old->data + MACS + skip, old->len - MACS - skip);
	pkt_put(*p);
	*p = copy;
	return true;
}

static void push_in_place(struct pkt *p)
{
	p->data -= TAG_LEN;
	p->len += TAG_LEN;
	memmove(p->data, p->data + TAG_LEN, MACS);
}

static void pop_in_place(struct pkt *p)
{
	memmove(p->data + TAG_LEN, p->data, MACS);
	p->data += TAG_LEN;
	p->len -= TAG_LEN;
}

bool tag_push(struct pkt **p, uint16_t tpid, uint16_t tci)
{
	const be16 tag[2] = {htons(tpid), htons(tci)};

	/* Headroom ends only for a frame that went through many trunks without losing a tag. */
	if ((*p)->refs == 1 && (*p)->data - (*p)->buf >= TAG_LEN)
		push_in_place(*p);
	else if (!copy_shifted(p, TAG_LEN))
		return false;
	memcpy((*p)->data + MACS, tag, sizeof(tag));
	move_offsets(*p, TAG_LEN);
	return true;
}

bool tag_pop(struct pkt **p)
{
	if ((*p)->refs == 1)
		pop_in_place(*p);
	else if (!copy_shifted(p, -TAG_LEN))
		return false;
	move_offsets(*p, -TAG_LEN);
	return true;
}
