/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix.h - IPv6 addresses for a network's guests: router advertisements and DHCPv6, as a part of
 * the network's station (station.h).
 *
 * `ipv6=` says how a guest comes by an address in conf.subnet6:
 *   slaac      it makes its own from the advertised prefix (RFC 4862)
 *   stateless  the same, and DHCPv6 tells the rest: resolvers, names, time, boot file
 *   stateful   DHCPv6 gives the address too, and it is on record as leases are
 *
 * The station answers at its link-local address and at PREFIX::fe. Where the network has a router
 * of its own (the NAT gateway), that one advertises what netsix_ra() says; elsewhere the station
 * does, as a router that is nobody's way out (lifetime 0).
 */
#ifndef VSWITCHD_NETSIX_H
#define VSWITCHD_NETSIX_H

#include <jansson.h>

#include "dhcp/ra.h"
#include "lib/err.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/settings.h"

enum { NETSIX_STATION = 254 /* host part of its address, as .254 is in a /24 (addrplan.h) */ };

/* Serve @net, if it has IPv6 (conf.subnet6 and an MTU that carries it); sets net->six. @router: is
 * there another that advertises? */
int netsix_start(struct net *net, bool router, struct err *err);
void netsix_stop(struct net *net);
/* How long leases are from now on. */
void netsix_lease(struct net *net, uint32_t lease_s);
/* Once a second. */
void netsix_tick(struct net *net, msec now);
/* Nothing to do until a frame comes. */
bool netsix_at_rest(const struct net *net);

/* `port del`: the addresses of the machine behind it are free. */
void netsix_port_gone(const struct port *port);

struct dhcp_server;

/* The table of its DHCPv6 server, which @net has; NULL: none. Borrowed. */
const struct dhcp_server *netsix_table(const struct net *net);

/* What is to be advertised on @net, but lifetime and MAC. Zeroed and filled. */
void netsix_ra(const struct net *net, struct ra_conf *out);

/* The address of @net with the host part @low, as PREFIX::1 for 1. */
struct ip_addr netsix_addr(const struct net *net, uint32_t low);

/* The addresses of @net's prefix that @mac was heard to use; at most @max. Returns how many. */
unsigned int netsix_addrs_of(const struct net *net, const struct mac *mac, struct ip_addr *out,
			     unsigned int max);
/* Is @addr the station's? */
bool netsix_is_own(const struct net *net, const struct ip_addr *addr);
/* Who was heard to use @addr. */
bool netsix_mac_of(const struct net *net, const struct ip_addr *addr, struct mac *out);

/* Add "ipv6": how addresses come about, and whom the switch has heard. */
void netsix_show(const struct net *net, json_t *out);

/* Add "leases6" to the answer of dhcp.list: leases, and addresses that guests made themselves. */
void netsix_leases(const struct net *net, json_t *out);
/* Add "leases6" and "counts6" to the answer of dhcp.stats. @net has IPv6. */
void netsix_stats(const struct net *net, json_t *out);
/* Is "address" or "client" of @params an IPv6 address? Then dhcp.reserve, dhcp.release and
 * dhcp.explain are for netsix_call(). (dhcp.explain takes a MAC address, too.) */
bool netsix_means(const json_t *params);
int netsix_call(struct net *net, const char *method, const json_t *params, json_t **result,
		struct err *err);

/* Rows for mode_ops.services. */
extern const struct net_setting netsix_settings[];

#endif
