/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_host.h - the host's services at the gateway's address, for guests.
 *
 * Theory of operation. What a guest sends to the gateway by TCP or UDP goes to the host's leg, with
 * the gateway's address and a port of its own as source; what the host answers comes back the same
 * way. It is one more translation in the network's table, with an outside address that only the
 * host sees. The target is the leg's address, or 127.0.0.1 when services on loopback are lent too:
 * the leg then takes such packets (route_localnet), which a guest could also send there directly.
 *
 * Limits. Fragments are dropped.
 */
#ifndef MODES_NAT_HOST_H
#define MODES_NAT_HOST_H

#include "modes/nat/nat_gateway.h"

/* A guest's packet to the gateway; g->host_ext is set. Takes it unless it says why not. */
enum drop_reason nat_to_host(struct gateway *g, struct nat_view *v);
/* A packet of the host's, by its leg, to the gateway. As above; DROP_NO_MAPPING: no guest has
 * asked for it. */
enum drop_reason nat_from_host(struct gateway *g, struct nat_view *v);

#endif
