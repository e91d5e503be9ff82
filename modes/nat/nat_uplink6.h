/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_uplink6.h - the outside edge of IPv6: as nat_uplink.h, with the host's IPv6 routes.
 *
 * All NAT networks with IPv6 of a runner share one set. Only addresses that are not of a link are
 * used as ways out. Port forwards do not exist, so uplinks are opened by what guests send alone.
 */
#ifndef MODES_NAT_UPLINK6_H
#define MODES_NAT_UPLINK6_H

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"

/* The runner's; made when @nn's network is the first. NULL when memory is short. */
struct uplinks6 *uplinks6_get(struct nat_net *nn);
/* @nn leaves; the last one closes all. NULL is accepted. */
void uplinks6_put(struct nat_net *nn);

/* nat6_env.route and nat6_env.outside; @ctx: the nat_net. */
enum drop_reason uplinks6_route(void *ctx, const struct ip_addr *dst, struct nat6_route *out);
void uplinks6_send(void *ctx, const struct nat6_route *rt, struct pkt *p);

/* The host's links, addresses, routes or neighbours changed. */
void uplinks6_changed(struct uplinks6 *u);
void uplinks6_tick(struct uplinks6 *u, msec now);
/* Has the host a default route? Asked again after a change and now and then. */
bool uplinks6_online(struct uplinks6 *u);
void uplinks6_each(const struct uplinks6 *u, void (*fn)(void *ctx, const struct uplink_info *info),
		   void *ctx);

#endif
