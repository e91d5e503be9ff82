/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_uplink.h - the outside edge: the host's interfaces by which its routes lead out.
 *
 * Theory of operation. The host's routing decides: a destination is looked up once (nl_route_get)
 * and remembered until something changes. For each (interface, own address) that comes up in the
 * answers an uplink is opened, for each family its own: a packet socket that takes only packets for
 * that address with TCP or UDP to our ports, ICMP, and later fragments; a guard rule, so that the
 * host's own stack never sees and never answers what comes for our ports; and the table of our
 * ports (nat_ext.h). What leaves is sent there with the next hop's MAC, which the kernel is asked
 * for; while it resolves a few packets wait.
 *
 * All NAT networks of a runner share one set of uplinks, opened on demand and closed when the
 * interface or its address goes away or the last NAT network does. Then the flows over it end and
 * the guests are told (nat_reset.h): their next packets make new ones on another uplink, or are
 * answered "unreachable".
 *
 * An uplink without Ethernet (tun, WireGuard, PPP, IP tunnels) has no neighbours: what leaves is
 * given to its one far end as a bare IP packet.
 *
 * The host's settings are not touched: no forwarding, no masquerading, no route, no address.
 */
#ifndef MODES_NAT_UPLINK_H
#define MODES_NAT_UPLINK_H

#include "lib/err.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_xlate.h"

struct uplinks;

/* The runner's uplinks; made when @nn's is its first NAT network. */
struct uplinks *uplinks_get(struct nat_net *nn, struct err *err);
/* @nn leaves them; its flows and waiting packets end. The last one closes all. */
void uplinks_put(struct uplinks *u, struct nat_net *nn);

/* nat_env.route and nat_env.outside, for network @nn. */
enum drop_reason uplinks_route(struct nat_net *nn, be32 dst, struct nat_route *out);
void uplinks_send(struct nat_net *nn, const struct nat_route *rt, struct pkt *p);
/* nat6_env.route and nat6_env.outside; @ctx: the nat_net. */
enum drop_reason uplinks_route6(void *ctx, const struct ip_addr *dst, struct nat6_route *out);
void uplinks_send6(void *ctx, const struct nat6_route *rt, struct pkt *p);
/* Has the host an IPv6 default route? Asked again after a change and now and then. */
bool uplinks_online6(struct uplinks *u);

/* nat_env.next_ext: those of IPv4. */
struct nat_ext *uplinks_next_ext(const struct uplinks *u, const struct nat_ext *ext);

/* The host's links, addresses, routes or neighbours changed. */
void uplinks_changed(struct uplinks *u);
/* Once a second, or more often: every network's tick may call it. */
void uplinks_tick(struct uplinks *u, msec now);

/* What networks ask for as outside ports (nat_net.ports_first) is not what it was: claim the new
 * range, close what uses the old one. Nothing is changed when that fails. */
int uplinks_range_change(struct uplinks *u, struct err *err);
/* The range; @first 0 when none is chosen yet. */
void uplinks_range(const struct uplinks *u, uint16_t *first, uint16_t *last);

/* An outside address beside the host's own, at the interface by which the host's routes lead to it.
 * It is asked for by ARP three times, as by who would have it (RFC 5227 2.1), before it is ready;
 * then it is answered for. NULL with @err: the host has it, another daemon or network has it, no
 * way leads there. */
enum extra_state { EXTRA_PROBING, EXTRA_READY, EXTRA_TAKEN };
struct nat_ext *uplinks_extra_open(struct uplinks *u, be32 addr, struct err *err);
/* The extra address @addr of any uplink; NULL when there is none. */
struct nat_ext *uplinks_extra_find(const struct uplinks *u, be32 addr);
/* Nobody may use it any more. */
void uplinks_extra_close(struct nat_ext *ext);
/* @by: who has it, when it is taken: zero for the host itself. */
enum extra_state uplinks_extra_state(const struct nat_ext *ext, struct mac *by);
const char *uplinks_extra_ifname(const struct nat_ext *ext);

struct uplink_info {
	const char *ifname;
	struct nat_ext *ext;
	uint64_t rx_frames, tx_frames, drops;
};
void uplinks_each(const struct uplinks *u, void (*fn)(void *ctx, const struct uplink_info *info),
		  void *ctx);

/* Open the uplink that owns @addr, or, when it is 0.0.0.0 or ::, one on every interface that could
 * be one (up, with an address of that family, not of this daemon): for port forwards, which must
 * hear before anybody inside has spoken. Calls @fn for each; returns how many. */
unsigned int uplinks_open_for(struct uplinks *u, const struct ip_addr *addr,
			      void (*fn)(void *ctx, struct nat_ext *ext, const char *ifname),
			      void *ctx);
/* Let ports [@first, @last] of @protos (GUARD_TCP, GUARD_UDP) through the filter of the uplink of
 * @ext and keep the host away from them, or undo exactly that. */
int uplinks_ports_open(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last,
		       struct err *err);
void uplinks_ports_close(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last);

#endif
