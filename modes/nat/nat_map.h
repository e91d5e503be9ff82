/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_map.h - what a network wants of extra addresses: static maps, a pool (nat_extra.h).
 *
 * Both are wishes: an address is opened as soon as a way leads to it, used when it is ready, and
 * wished for again when it is lost. The network's tick looks after them.
 */
#ifndef MODES_NAT_MAP_H
#define MODES_NAT_MAP_H

#include "modes/nat/nat_net.h"

/* Go on with it; true: it has just become ready, and the caller must take it into use. */
bool nat_wish_run(struct nat_net *nn, struct nat_wish *w);
/* Close it. The translator has it no more. */
void nat_wish_end(struct nat_wish *w);

/* A static map. */
struct nat_map {
	struct nat_map *next;
	struct nat_wish wish;
	be32 to;	/* inside; 0: not known yet */
	char guest[64]; /* "" when an address was given */
};

/* ---- nat_map.c: nat.map.add, list, del ---- */

int nat_map_add(struct nat_net *nn, json_t *params, json_t **result, struct err *err);
int nat_map_list(const struct nat_net *nn, json_t **result);
int nat_map_del(struct nat_net *nn, json_t *params, json_t **result, struct err *err);
void nat_map_refresh(struct nat_net *nn);
void nat_map_fini(struct nat_net *nn);
/* @ext can't be used any more; @gone: it must not be named after this. */
void nat_map_lost(struct nat_net *nn, const struct nat_ext *ext, bool gone);

/* ---- nat_pool.c: the settings nat-pool and nat-pooling ---- */

int nat_pool_set(struct net *net, const char *value, struct err *err);
bool nat_pool_get(const struct net *net, char *text, size_t size);
int nat_pooling_set(struct net *net, const char *value, struct err *err);
bool nat_pooling_get(const struct net *net, char *text, size_t size);
void nat_pool_refresh(struct nat_net *nn);
void nat_pool_fini(struct nat_net *nn);
void nat_pool_lost(struct nat_net *nn, const struct nat_ext *ext, bool gone);
/* A list of address, active, reason. */
json_t *nat_pool_json(const struct nat_net *nn);

#endif
