/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridge.h - what the files of the bridge mode share.
 */
#ifndef MODES_BRIDGE_BRIDGE_H
#define MODES_BRIDGE_BRIDGE_H

#include "modes/bridge/singlemac.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/carrier/nic.h"

enum nic_state { NIC_UNKNOWN, NIC_UP, NIC_DOWN, NIC_MISSING };

struct bridge {
	char nic[16];	   /* the NIC's name now; with via= the host's bridge */
	bool via;	   /* a tap of ours is a port of the host's bridge */
	int ifindex;	   /* of the interface that the port was made for */
	struct mac mac;	   /* the NIC's, when its port was made */
	struct port *port; /* NULL while there is none */
	msec named_ms;	   /* when the guests were last named to it from scratch */
	enum nic_state state;
	char reason[ERR_TEXT_MAX]; /* why the NIC is missing; "" otherwise */
	/* Guests behind the NIC's one address; NULL: each has its own. */
	struct singlemac *single;
	struct nic_translate translate;
	unsigned int guarded; /* version of the table that the host's stack was told of */
};

/* ---- bridge_link.c: the NIC (or the host's bridge) and its port ---- */

/* Are nic=, via= and uplink= of @conf possible now? */
int bridge_link_check(struct runner *r, const struct net_conf *conf, struct err *err);
/* Choose the interface and make its port. */
int bridge_link_start(struct net *net, struct err *err);
void bridge_link_stop(struct net *net);
/* Something about the host's interfaces changed: follow it. */
void bridge_link_changed(struct net *net);
const char *bridge_link_word(enum nic_state state);

/* ---- bridge_single.c: uplink=single-mac ---- */

/* An access point takes frames from one address only. The kernel marks a wireless device so. */
bool bridge_is_wireless(const char *ifname);
/* Translate what passes br->port. */
int bridge_single_start(struct bridge *br, struct err *err);
void bridge_single_stop(struct bridge *br);
/* The host's addresses may be others now. */
void bridge_single_follow_host(struct bridge *br);
/* Once a second. */
void bridge_single_tick(struct net *net, msec now);

/* ---- bridge.c ---- */

/* Tell the NIC's port which addresses are behind the switch. */
void bridge_name_guests(struct net *net);

#endif
