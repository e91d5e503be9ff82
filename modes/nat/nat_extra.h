/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_extra.h - outside addresses beside the host's own: static maps, and a pool.
 *
 * Theory of operation. An extra address is a nat_ext that belongs to the way out of another
 * (nat_ext.via): packets leave by it when the host's routes choose that way. Which address a packet
 * gets: a flow that exists keeps the one it has; else the static map of its sender; else one of the
 * pool; else the way's own.
 *
 * A static map (the "basic NAT" of RFC 3022 2.1) gives an address to one guest as a whole: all
 * ports and protocols, both ways, whoever speaks first. It keeps no flows, as there is nothing to
 * remember: what it does to a packet depends on that packet alone. So it survives a restart without
 * a break, takes no room in the table, and fragments need no first one. (ICMP errors are translated
 * with what they quote.)
 *
 * The pool is for many guests behind several addresses (RFC 6888 REQ-2, RFC 4787 REQ-2). Paired, a
 * guest has one of them for everything, chosen by its own address; arbitrary, each of its ports may
 * have another.
 */
#ifndef MODES_NAT_EXTRA_H
#define MODES_NAT_EXTRA_H

#include "modes/nat/nat_xlate.h"

/* Give @ext to @inside as a whole, and take it back. False when there are too many. */
bool nat_one_add(struct nat *n, struct nat_ext *ext, be32 inside);
void nat_one_del(struct nat *n, struct nat_ext *ext);
/* Put @ext into the pool; flows on it end when it is taken out. False when there are too many. */
bool nat_pool_add(struct nat *n, struct nat_ext *ext);
void nat_pool_del(struct nat *n, struct nat_ext *ext, msec now);

/* Choose the outside address for @v, whose way out is @rt: changes @rt->ext. */
void nat_extra_choose(struct nat *n, const struct nat_view *v, struct nat_route *rt);

/* A packet of the guest that @rt->ext belongs to, checked for length and TTL. Takes it, or says why
 * not. */
enum drop_reason nat_one_out(struct nat *n, struct nat_view *v, const struct nat_route *rt);
/* A packet for @ext, of which the same is true; @from as in nat_deliver(). */
enum drop_reason nat_one_in(struct nat_ext *ext, struct nat_view *v, const struct nat *from);

#endif
