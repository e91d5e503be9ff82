/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostrules.h - the few rules that keep the host's own stack out of our networks' business.
 *
 * One private nftables table per daemon, `inet vswitchd-<instance>`, with the owner flag: nobody
 * else can change it and it dies with this process. Nothing is ever added to a table of somebody
 * else, and nothing else on the host (Docker, libvirt, firewalld, FORWARD policy) matters to it:
 *  - guard: what arrives on an uplink for a translated port range is dropped before the host's
 *    stack could answer it with RST or ICMP (packet sockets see it first);
 *  - pairs: the same for protocols without ports, from one peer;
 *  - extras: the same for addresses that are only ours;
 *  - guests: what arrives on a NIC that guests share with the host under one MAC address, and is
 *    for a guest, is not forwarded by a host that has ip_forward set: the guest has it already;
 *  - leg: what comes from or would be routed to a host leg is not forwarded, so that a network
 *    without a way out stays without one when the host has ip_forward set.
 */
#ifndef VSWITCHD_HOSTRULES_H
#define VSWITCHD_HOSTRULES_H

#include "lib/err.h"
#include "lib/ipaddr.h"

/* @instance tells daemons on one host apart. */
void hostrules_init(const char *instance);
/* The table goes. */
void hostrules_fini(void);
/* Make the table if there is none yet; the first rule does that by itself. -EOPNOTSUPP when the
 * kernel has no nf_tables or nobody has installed libnftables. */
int hostrules_ready(struct err *err);

/* Drop what arrives on @ifname for @addr (of either family) with destination port in [@first,
 * @last], by the protocols of @protos. Adding the same twice counts; del undoes one add. Ranges
 * that overlap otherwise are refused. */
enum { GUARD_TCP = 1, GUARD_UDP = 2, GUARD_BOTH = GUARD_TCP | GUARD_UDP };
int hostrules_guard_add(const char *ifname, const struct ip_addr *addr, unsigned int protos,
			uint16_t first, uint16_t last, struct err *err);
void hostrules_guard_del(const char *ifname, const struct ip_addr *addr, unsigned int protos,
			 uint16_t first, uint16_t last);

/* The same for @n ranges at once, in one transaction; @verb is "add" or "delete", and nothing is
 * counted. */
struct port_range {
	uint16_t first, last;
	unsigned int protos;
};
int hostrules_guards(const char *verb, const char *ifname, const struct ip_addr *addr,
		     const struct port_range *ranges, unsigned int n, struct err *err);

/* Drop what arrives on @ifname for @addr by IP protocol @proto from @peer. @verb is "add" or
 * "delete", and nothing is counted. */
int hostrules_pair(const char *verb, const char *ifname, be32 addr, uint8_t proto, be32 peer,
		   struct err *err);

/* Drop what arrives on @ifname for @addr, which is not the host's: one that has ip_forward set
 * would send it on. @verb as above. */
int hostrules_extra(const char *verb, const char *ifname, be32 addr, struct err *err);

/* Keep packets that arrive on @ifname for one of the @n addresses (16 bytes each, IPv4 as
 * ::ffff:a.b.c.d) from the host's stack; they replace those of the last call for @ifname. */
int hostrules_guests_set(const char *ifname, const uint8_t (*addrs)[16], unsigned int n,
			 struct err *err);

int hostrules_leg_add(const char *ifname, struct err *err);
void hostrules_leg_del(const char *ifname);

#endif
