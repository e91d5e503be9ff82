/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_table_int.h - the table's parts among themselves: the whole (nat_table.c), mappings
 * (nat_mapping.c), sessions (nat_session.c).
 */
#ifndef MODES_NAT_TABLE_INT_H
#define MODES_NAT_TABLE_INT_H

#include "modes/nat/nat_table.h"

enum {
	NAT_TICK_MS = 64,
	/* Of one nat_table_run(): entries of the round looked at, and sessions ended. */
	NAT_RUN_LOOK = 16384,
	NAT_RUN_ENDED = 32,
};

static inline struct nat_mapping *mapping_at(const struct nat_table *t, nat_ref r)
{
	return r ? &t->mappings[r - 1] : NULL;
}

static inline nat_ref mapping_ref(const struct nat_table *t, const struct nat_mapping *m)
{
	return (nat_ref)(m - t->mappings) + 1;
}

static inline struct nat_session *session_at(const struct nat_table *t, nat_ref r)
{
	return r ? &t->sessions[r - 1] : NULL;
}

static inline nat_ref session_ref(const struct nat_table *t, const struct nat_session *s)
{
	return (nat_ref)(s - t->sessions) + 1;
}

/* The tick that @now is in; the first is 1. It wraps after 8 years: compare differences. */
static inline uint32_t nat_tick_of(const struct nat_table *t, msec now)
{
	return (uint32_t)((now - t->born) / NAT_TICK_MS) + 1;
}

/* ---- nat_mapping.c ---- */

/* @m's connections are over: it may give way to others, in turn. And: they are not, or it goes. */
void nat_closed_add(struct nat_table *t, struct nat_mapping *m);
void nat_closed_del(struct nat_table *t, struct nat_mapping *m);
/* Give up the oldest mapping whose connections are over: of @addr when that is not 0, on @ext with
 * @proto when that is not NULL. */
bool nat_reclaim(struct nat_table *t, be32 addr, const struct nat_ext *ext, int proto, msec now);
/* Soon a mapping will end: have the lines for it brought. */
void nat_mapping_prefetch(struct nat_table *t, const struct nat_mapping *m);

/* ---- nat_session.c ---- */

/* Soon a session of mapping @m with this peer will be made, or end. */
void nat_session_prefetch(const struct nat_table *t, nat_ref m, be32 peer, be16 peer_port);

/* Take @s out of everything, tell, and put it on the free list; its mapping stays. */
void nat_session_unlink(struct nat_table *t, struct nat_mapping *m, struct nat_session *s,
			enum nat_why why);

#endif
