/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_int.h - what the files of netdns share.
 *
 *   netdns.c          the name server of a network: start, stop, settings, answers
 *   netdns_frame.c    the frames' bytes
 *   netdns_names.c    who is who on the network: guests, leases, its own parts
 *   netdns_host.c     which resolvers the host has
 *   netdns_socket.c   sockets to them
 *   netdns_json.c     for people and programs
 */
#ifndef VSWITCHD_NETDNS_INT_H
#define VSWITCHD_NETDNS_INT_H

#include <ev.h>

#include "dns/proxy.h"
#include "dns/stream.h"
#include "vswitchd/netdns.h"

/* A client of DHCP that told a name. */
struct lease_name {
	uint32_t next_label, next_addr; /* index + 1; 0: none */
	be32 addr;
	struct mac mac;
	uint8_t label[DNS_LABEL_MAX + 1]; /* with its length; empty: none */
};

/* How many questions come in a second, and how many of these the cache answers: of the last whole
 * second, or since then when none came for longer. */
struct netdns_rate {
	msec since_ms;
	uint64_t queries, cached; /* counted up to then */
	uint64_t queries_ps, cached_ps;
};

enum { LEASE_NAME_BUCKETS = 4096, LEASE_NAMES_MAX = 1 << 20 };

struct lease_names {
	struct lease_name *all;
	uint32_t n, max;
	uint32_t *by_label, *by_addr;
	struct hash_key secret;
};

struct netdns {
	struct net *net;
	struct netdns *next; /* all of the daemon's */
	enum net_dns_way usual;
	struct dns_proxy proxy;
	struct dns_streams streams;
	struct lease_names leases;
	char domain[NAME_MAX_ + 6];
	struct ev_timer busy; /* while questions are under way */
	msec conflict_told_ms;
	struct netdns_rate rate;
	bool private_out;
};

/* All of the daemon's, newest first. */
extern struct netdns *netdns_all;

/* ---- netdns_names.c -------------------------------------------------------------------------- */

/* @name without the "LAB." that objects of the network's lab have before their names. */
const char *netdns_own_name(const struct net *net, const char *name);
int netdns_names_init(struct netdns *d);
void netdns_names_fini(struct netdns *d);
/* net->lease_told */
void netdns_leased(struct net *net, be32 addr, const struct mac *mac, const uint8_t *host,
		   size_t len);
int netdns_host_addrs(void *ctx, const uint8_t *label, struct ip_addr *out, unsigned int max);
bool netdns_host_label(void *ctx, const struct ip_addr *addr, uint8_t out[DNS_LABEL_MAX + 1]);
/* Every host by name, whose it is ("network", "guest", "lease") and, if it does not have the name,
 * why not. @label has its length byte. */
void netdns_each_host(struct netdns *d,
		      void (*fn)(void *ctx, const uint8_t *label, const struct ip_addr *addr,
				 const char *source, const char *shadowed),
		      void *ctx);

/* ---- netdns_host.c --------------------------------------------------------------------------- */

/* Look whether the host's resolvers changed; not more often than worth it. */
void netdns_host_look(msec now);
/* Give @d the resolvers that its network asks for. */
void netdns_host_apply(struct netdns *d, msec now);

/* ---- netdns_socket.c ------------------------------------------------------------------------- */

int netdns_ask(void *ctx, struct dns_txn *txn, const struct dns_server *server, bool tcp,
	       const uint8_t *msg, size_t len);
void netdns_unask(void *ctx, struct dns_txn *txn);

/* ---- netdns.c -------------------------------------------------------------------------------- */

/* Bring d->rate up to now. */
void netdns_rate(struct netdns *d, msec now);

/* "rate" as programs get it, brought up to now. New reference. netdns_json.c. */
json_t *netdns_rate_json(struct netdns *d);

/* See to it that what is under way is looked after. */
void netdns_keep_busy(struct netdns *d);

#endif
