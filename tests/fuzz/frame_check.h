/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame_check.h - what must hold for whatever lib/frame.c makes of any bytes.
 */
#ifndef TESTS_FUZZ_FRAME_CHECK_H
#define TESTS_FUZZ_FRAME_CHECK_H

#include <string.h>

#include "lib/frame.h"
#include "tests/fuzz/fuzz.h"

/* All offsets are in order and inside; what is said to be there is there. */
static inline void check_offsets(const struct frame *f)
{
	MUST(f->tags <= FRAME_TAGS_MAX);
	if (f->bad == FRAME_BAD_ETH)
		return;
	MUST(f->l3 == ETH_HLEN_ + 4 * f->tags && f->l3 <= f->len);
	if (f->bad == FRAME_OK)
		MUST(f->l3 <= f->l4 && f->l4 <= f->end && f->end <= f->len);
	if (!f->has_l4)
		return;
	MUST(f->l3_kind == L3_IP4 || f->l3_kind == L3_IP6);
	MUST(!f->frag_off && f->l4 + 4 <= f->end && f->end <= f->len);
	if (f->proto == IPPROTO_UDP_ || f->proto == IPPROTO_TCP_)
		MUST(f->sport == (f->data[f->l4] << 8 | f->data[f->l4 + 1]));
	else
		MUST(f->icmp_type == f->data[f->l4]);
}

/* The options of neighbour discovery end, exactly where the packet does. */
static inline void check_options(const struct frame *f)
{
	const struct nd_option *opt = NULL;
	size_t at = 0;

	if (f->bad != FRAME_OK || f->fragment || !frame_is_nd(f))
		return;
	if (f->icmp_type >= ND_NS)
		MUST(frame_nd_target(f).b[0] == f->data[f->l4 + 8]);
	while ((opt = frame_nd_option(f, opt))) {
		MUST((size_t)((const uint8_t *)opt - f->data) >= at + 8 || !at);
		at = (size_t)((const uint8_t *)opt - f->data);
		MUST(at + 8 <= f->end && opt->len && at + opt->len * 8u <= f->end);
	}
}

/* Parse @size bytes behind @head, which is copied in front of them, in a buffer of that length and
 * not a byte more; for the layers above, a length that the sender would have filled in is. */
static inline void check_behind(const void *head, size_t head_len, const uint8_t *data, size_t size)
{
	size_t len = head_len + size;
	uint8_t *frame = malloc(len ? len : 1);
	struct frame f;

	MUST(frame);
	if (head_len)
		memcpy(frame, head, head_len);
	if (size)
		memcpy(frame + head_len, data, size);
	if (head_len >= 18 && frame[12] == 0x08 && frame[13] == 0x00) {
		frame[16] = (uint8_t)((len - ETH_HLEN_) >> 8);
		frame[17] = (uint8_t)(len - ETH_HLEN_);
	} else if (head_len >= 54 && frame[12] == 0x86) {
		frame[18] = (uint8_t)((len - 54) >> 8);
		frame[19] = (uint8_t)(len - 54);
	}
	MUST(frame_parse(frame, len, &f) == f.bad);
	check_offsets(&f);
	check_options(&f);
	free(frame);
}

#endif
