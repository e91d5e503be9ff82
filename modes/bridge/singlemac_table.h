/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * singlemac_table.h - which guest has which address: what singlemac.c translates by.
 */
#ifndef MODES_BRIDGE_SINGLEMAC_TABLE_H
#define MODES_BRIDGE_SINGLEMAC_TABLE_H

#include "modes/bridge/singlemac.h"

struct entry {
	struct ip_any addr;
	struct mac mac;
	uint16_t next; /* in its bucket or among the free; 0: none */
	msec seen_ms;
};

/* The one address that is seen outside. */
const struct mac *table_nic(const struct singlemac *s);
/* NULL when nobody has it, or has been silent for too long. */
struct entry *table_find(struct singlemac *s, const struct ip_any *addr, msec now);
/* The guest at @mac uses @addr. DROP_SPOOFED when it is the host's, DROP_TABLE_FULL. */
enum drop_reason table_learn(struct singlemac *s, const struct ip_any *addr, const struct mac *mac,
			     msec now);

#endif
