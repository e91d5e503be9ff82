/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostleg.h - the host's own place on a network: a tap of ours with an address.
 *
 * Used by host-only and NAT networks. The interface is made by a "hosttap" port, named after the
 * network ("vs-NET"), gets conf.host with the subnet's prefix, and is never routed through.
 */
#ifndef VSWITCHD_HOSTLEG_H
#define VSWITCHD_HOSTLEG_H

#include "lib/err.h"
#include "vswitchd/switch/net.h"

/* Add the leg to @net; the port belongs to the net. All or nothing. */
int hostleg_add(struct net *net, struct err *err);
void hostleg_del(struct net *net);

#endif
