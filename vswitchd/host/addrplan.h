/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addrplan.h - who has which address on a network with a subnet.
 *
 * host leg .1, NAT gateway .2, DHCP range .128 to .253, DHCP server .254 of a /24; scaled for
 * other sizes: first, second, upper half, last usable address.
 */
#ifndef VSWITCHD_ADDRPLAN_H
#define VSWITCHD_ADDRPLAN_H

#include "lib/err.h"
#include "vswitchd/switch/net.h"

struct runner;

enum addrplan_want { PLAN_HOST = 1, PLAN_GATEWAY = 2, PLAN_DHCP = 4 };

/* Fill what @want names and @conf leaves open. Without a subnet a free /24 below 10.64.0.0/10 is
 * chosen: one that no other network of @r, no route and no address of the host has. A given
 * subnet that clashes is -EEXIST and the error names both sides: that of another network or a route
 * of the host, where both have an address of the host (PLAN_HOST). Prefixes longer than /29 are
 * refused. */
int addrplan_fill(struct runner *r, struct net_conf *conf, unsigned int want, struct err *err);
/* May network @name have @p, too, on its wire? -EEXIST as above. */
int addrplan_check_further(struct runner *r, const char *name, struct ip4_prefix p,
			   struct err *err);
/* conf->subnet6, unless ipv6=off: the given one when no other network and no route of the host
 * leads there (-EEXIST, which names both sides), or one derived from the
 * daemon's instance and the network's name. Chooses conf->ipv6 where it is open. */
int addrplan6_fill(struct runner *r, struct net_conf *conf, struct err *err);

#endif
