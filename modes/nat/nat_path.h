/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_path.h - what the two directions of the translator share with each other and nobody else.
 */
#ifndef MODES_NAT_PATH_H
#define MODES_NAT_PATH_H

#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_xlate.h"

/* The second half of nat_from_outside(), for a packet that is known to be for @ext. @from: the
 * network that it comes from when it has never been on a wire (hairpin), else NULL; such a packet
 * reaches its own network only, and there everybody. */
enum drop_reason nat_deliver(struct nat_ext *ext, struct nat_view *v, const struct nat *from,
			     msec now, struct nat **owner);

/* Is the packet one that can be brought to the inside: TTL, size? Says so to its sender outside
 * unless it is hairpinned, which has been counted down and has a sender inside. */
enum drop_reason nat_check_fit(struct nat_ext *ext, const struct nat_view *v, struct nat *n,
			       bool hairpin);

/* The flow that a packet from inside is of, on @ext. */
struct nat_key nat_key_of(const struct nat_view *v, struct nat_ext *ext);

/* Tell the inside sender of @v. Borrows it. */
void nat_error_inside(struct nat *n, const struct nat_view *v, uint8_t type, uint8_t code,
		      uint32_t mtu);

/* Cut what is too long and may be cut, then give it to one edge; takes @v's packet. */
enum drop_reason nat_leave_outside(struct nat *n, struct nat_view *v, const struct nat_route *rt);
enum drop_reason nat_leave_inside(struct nat *n, struct nat_view *v, be32 dst);

static inline bool nat_is_error(const struct nat_view *v)
{
	return v->proto == NAT_ICMP && v->has_l4 && nat_icmp_is_error(v->l4[0]);
}

static inline bool nat_is_df(const struct nat_view *v)
{
	return ((const uint8_t *)&v->ip->frag_off)[0] & (IP4_DF >> 8);
}

static inline struct nat_frag_key nat_frag_key_of(const struct nat_view *v)
{
	return (struct nat_frag_key){ip_addr_from4(v->ip->src), ip_addr_from4(v->ip->dst),
				     v->ip->id, v->ip->proto};
}

#endif
