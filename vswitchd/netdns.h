/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns.h - the name server of a network (dns/) at its gateway and its station.
 *
 * It answers at port 53 of the NAT gateway (.2, ::2) and of the station (.254, ::fe), from frames:
 * no socket of the host is bound, so port 53 of the host may be anybody's, networks without a leg
 * of the host's are served the same way, and no right is needed. What it does not know itself it
 * asks the host's resolvers, by sockets of the daemon (dns=host), or those of dns=ADDR,ADDR.
 */
#ifndef VSWITCHD_NETDNS_H
#define VSWITCHD_NETDNS_H

#include <jansson.h>

#include "lib/err.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/settings.h"

/* Serve @net as conf.dns says, @usual when it says nothing; sets net->dns, conf.dhcp_dns and
 * conf.dns6. Called by modes from start(), before the DHCP server is. */
int netdns_start(struct net *net, enum net_dns_way usual, struct err *err);
void netdns_stop(struct net *net);
/* The host's links changed: resolvers that failed may be there again. */
void netdns_host_changed(struct runner *r);

/* Write a record down: *@key gets its name in the store's words when it is new. -EEXIST... */
int netdns_add(struct net *net, const json_t *record, struct err *err);
/* Those that @record names (without "type" or "value": of any). Returns how many, or -EINVAL. */
int netdns_del(struct net *net, const json_t *record, struct err *err);

/* dns.list, dns.stats, dns.flush, dns.explain. Sets *@result to a new reference. */
int netdns_call(struct net *net, const char *method, json_t *params, json_t **result,
		struct err *err);

/* Add "names" to the network's JSON: how many questions come in a second. */
void netdns_show(const struct net *net, json_t *out);

/* Rows for mode_ops.services. */
extern const struct net_setting netdns_settings[];

#endif
