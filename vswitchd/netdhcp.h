/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp.h - the DHCP server (dhcp/) as a port of a network.
 *
 * A local port with an address and a MAC of its own: answers ARP and ping for conf.dhcp_server,
 * takes UDP port 67, and gives frames that dhcp/ built back to the switch. Answers are unicast or
 * broadcast as RFC 2131 4.1 says. A lease is on disk before its ACK is injected.
 */
#ifndef VSWITCHD_NETDHCP_H
#define VSWITCHD_NETDHCP_H

#include <jansson.h>

#include "lib/err.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/settings.h"

/* Open the lease file DIR/leases.db once at start; NULL @dir: leases in memory only (tests). */
int netdhcp_open_store(const char *dir, struct err *err);
void netdhcp_close_store(void);
/* {"state": "working" or "failing", "why", "failures", "aside", "saved", "rebuilt"}: can leases be
 * written, and was the file sound when it was opened? New reference. */
json_t *netdhcp_store_json(void);

/* Serve @net as its conf says; sets net->dhcp. Called by modes from start(). */
int netdhcp_start(struct net *net, struct err *err);
void netdhcp_stop(struct net *net);
/* Once a second; modes name it as their tick or call it there. */
void netdhcp_tick(struct net *net, msec now);
/* at_rest of modes that have no more to do than this: no DHCP server, so no lease that ends. */
bool netdhcp_at_rest(const struct net *net);
/* Complete the "dhcp" object of the network's JSON @out with counts; modes name it as their show
 * or call it there. */
void netdhcp_show(const struct net *net, json_t *out);
/* `net del`: forget leases and reservations of the network. */
void netdhcp_forget(const char *net_name);

/* @port is deleted for good: what was leased behind it is free. */
void netdhcp_port_gone(const struct port *port);

/* What is set for its server (netdhcp_rules.h): borrowed; and another document in its place, all or
 * nothing. @net serves DHCP. */
const json_t *netdhcp_rules(const struct net *net);
int netdhcp_set_rules(struct net *net, const json_t *doc, struct err *err);
/* dhcp.known: every option that has a name. New reference. */
json_t *netdhcp_known_json(void);
/* Does the method change them? */
bool netdhcp_rules_edits(const char *method);

/* Rows for mode_ops.services. */
extern const struct net_setting netdhcp_settings[];

/* dhcp.list, dhcp.reserve, dhcp.set... (vnet-control(7)). Sets *@result to a new reference. */
int netdhcp_call(struct net *net, const char *method, json_t *params, json_t **result,
		 struct err *err);
/* Is a row of dhcp.list as @params asks: the same text in all of state, address, mac, client_id,
 * hostname, port and vm that are given? */
bool netdhcp_row_wanted(const json_t *row, const json_t *params);
/* Is @addr the server's? */
bool netdhcp_is_own(const struct net *net, be32 addr);
/* The address leased to @mac now; 0 when none. */
be32 netdhcp_addr_of(const struct net *net, const struct mac *mac);

#endif
