/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan_ids.h - sets of VLAN ids, and the words for them: "10,20,30-39" and "all". Pure.
 */
#ifndef VSWITCHD_VLAN_IDS_H
#define VSWITCHD_VLAN_IDS_H

#include "lib/err.h"

/* IEEE 802.1Q-2018 table 9-2: 0 says "no VLAN", 4095 is reserved, 1 is the default. */
enum { VLAN_DEFAULT = 1, VLAN_ID_MAX = 4094, VLAN_IDS = 4096 };

struct vlan_ids {
	uint64_t bits[VLAN_IDS / 64];
};

static inline bool vlan_ids_has(const struct vlan_ids *ids, uint16_t id)
{
	return ids->bits[id / 64 % (VLAN_IDS / 64)] >> (id % 64) & 1;
}

static inline void vlan_ids_add(struct vlan_ids *ids, uint16_t id)
{
	ids->bits[id / 64 % (VLAN_IDS / 64)] |= UINT64_C(1) << (id % 64);
}

/* One id, 1 to 4094, in decimal. */
int vlan_id_parse(const char *text, uint16_t *id, struct err *err);
/* "all", or ids and ranges of them with ',' or '+' between ('+' for where ',' has a meaning
 * already). @ids is untouched on failure. */
int vlan_ids_parse(const char *text, struct vlan_ids *ids, struct err *err);
/* The shortest text for @ids, in order, with ','; "none" when empty. Never longer than a text that
 * vlan_ids_parse() made it of; cut when @size is too small. Returns @text. */
char *vlan_ids_format(const struct vlan_ids *ids, char *text, size_t size);

#endif
