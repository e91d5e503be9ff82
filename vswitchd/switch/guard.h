/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard.h - what a port may claim to be, and what it may hear.
 *
 * Settings of a port, all off at first, so that a port is that of an ordinary learning switch:
 *
 *   mac-guard      only the port's own MAC address may be a source: of frames, in ARP, in
 *                  neighbour discovery, in DHCP requests
 *   address-guard  only its own IP addresses may be: leased to it by our server, or by one that it
 *                  was seen to get a DHCPACK from, or given with addresses=
 *   dhcp-guard     no DHCP server behind this port
 *   router-guard   no router advertisements and redirects from this port
 *   isolated       hears only ports that are not isolated
 *   promiscuous    deny: no unicast to others, however it comes; guests, all: copies of it
 */
#ifndef VSWITCHD_GUARD_H
#define VSWITCHD_GUARD_H

#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/walk.h"

enum {
	GUARD_MACS_MAX = 8,	   /* of macs-allowed */
	GUARD_ADDRS_MAX = 16,	   /* of addresses */
	GUARD_LEARNT_MAX = 8,	   /* addresses from DHCPACKs of a server outside, a port */
	GUARD_EVENTS_PER_MIN = 6,  /* "guard.hit" events of one port */
	GUARD_LEASE_MAX_S = 604800 /* a lease learnt from outside counts for a week at most */
};

extern const struct port_setting guard_settings[];

/* A frame came in by a port with PORT_GUARD. */
enum drop_reason guard_ingress(struct walk *w);
/* May the frame leave by @to (which has PORT_FILTER)? Also learns from a DHCPACK to it. */
enum drop_reason guard_egress(const struct walk *w, const struct port *to);
/* The unicast frame of @w was given to @to: give copies to the ports of w->net->listeners. */
void guard_listen(struct walk *w, struct port *to);

/* @port leaves its network: what was learnt there means nothing elsewhere. */
void guard_port_left(struct port *port);
void guard_port_fini(struct port *port);

/* {"hits": {guard: count}, "learnt": [{"address", "expires_s"}]}, new reference; JSON null for a
 * port without guards. */
json_t *guard_json(const struct port *port);

#endif
