/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_explain_int.h - what the way out (nat_explain.c) and the way in (nat_explain_in.c) share.
 */
#ifndef MODES_NAT_EXPLAIN_INT_H
#define MODES_NAT_EXPLAIN_INT_H

#include "lib/ipproto.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/trace.h"

enum { NAT_TELL_TEXT = 24 };

/* How the host's routes lead to a destination, and the uplink there, if it is open. */
struct nat_way {
	struct nl_route r;
	be32 addr;
	struct nat_ext *ext;
};

/* For uplinks_each(): @ctx, a way, learns its uplink by its address. */
void nat_way_match(void *ctx, const struct uplink_info *info);

/* "tcp", or of the others "gre". */
const char *nat_proto_text(const struct nat_view *v, char out[IP_PROTO_STR]);
/* An address with its port, if @proto has ports or something like them. */
const char *nat_end_text(enum nat_proto proto, be32 addr, be16 port, char out[NAT_TELL_TEXT]);
/* A frame to look at, taken apart: the caller puts v->p. False when it is told to be bad. */
bool nat_view_begin(const struct pkt *frame, struct nat_view *v, struct trace *t);
/* How many flows the guest @addr and all have. False when there is no room for one more. */
bool nat_tell_room(struct nat_table *t, be32 addr, struct trace *trace);

#endif
