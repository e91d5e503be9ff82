/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tag.h - VLAN tags on and off a frame (IEEE 802.1Q-2018 9.6), its offload header kept right.
 *
 * What an offload header says of a frame is counted from the frame's first byte, so it moves by
 * the tag's length with what it points at; a super-frame stays whole.
 */
#ifndef LIB_TAG_H
#define LIB_TAG_H

#include "lib/pkt.h"

enum {
	TAG_LEN = 4,
	TCI_VID = 0x0fff,  /* 802.1Q-2018 9.6: the VLAN; 0 is none, the tag tells a priority only */
	TCI_PRIO = 0xf000, /* PCP and DEI */
};

/* The outermost customer tag (TPID 0x8100) of @p. False when there is none or the frame ends in
 * it. */
bool tag_get(const struct pkt *p, uint16_t *tci);
/* Is @p tagged so, but too short for a type behind the tag? */
bool tag_cut_short(const struct pkt *p);
/* May the tag be taken off: does nothing that the offload header names lie inside it? @p has
 * passed gso_check(). */
bool tag_may_pop(const struct pkt *p);

/* Put a tag outermost on *@p, of which the caller has a reference: into the packet itself when that
 * is the only one (nothing moves but the two addresses), else *@p is replaced by a copy. False when
 * no buffer is free; nothing has changed then. */
bool tag_push(struct pkt **p, uint16_t tpid, uint16_t tci);
/* Take the outermost tag off in the same way; there must be one. */
bool tag_pop(struct pkt **p);

#endif
