/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_int.h - what the files of netsix share.
 *
 *   netsix.c        life, advertisements, neighbour discovery
 *   netsix_dhcp.c   DHCPv6
 *   netsix_json.c   leases for people and programs
 *   netsix_seen.c   the addresses that guests were heard to use
 *   netsix_frame.c  the frames' bytes
 */
#ifndef VSWITCHD_NETSIX_INT_H
#define VSWITCHD_NETSIX_INT_H

#include "dhcp/server6.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netsix.h"
#include "vswitchd/netsix_frame.h"

enum { SIX_SEEN = 512, SIX_SEEN_PER_MAC = 16 };

/* An address that somebody on the network uses. */
struct six_seen {
	struct ip_addr addr;
	struct mac mac;
	msec heard_ms; /* 0: free */
};

struct netsix {
	struct net *net;
	struct port *port; /* the station's */
	struct six_host host;
	bool router; /* another advertises */
	struct ra_timer ra;
	struct dhcp6_server *dhcp;
	struct hold_owner hold; /* its answers */
	uint64_t random;	/* for what need not be a secret */
	struct six_seen seen[SIX_SEEN];
};

/* ---- netsix_dhcp.c --------------------------------------------------------------------------- */

int six_dhcp_start(struct netsix *s, struct err *err);
/* Nothing when it was not started. */
void six_dhcp_stop(struct netsix *s);
void six_dhcp_tick(struct netsix *s, msec now);
/* A SIX_UDP. False: it is not for this server. */
bool six_dhcp_input(struct netsix *s, const struct six_info *i);

/* ---- netsix_json.c --------------------------------------------------------------------------- */

/* How many messages of which kind, and what became of them. */
json_t *six_counts_json(const struct netsix *s);

/* ---- netsix_seen.c --------------------------------------------------------------------------- */

/* Note what the ND message or packet @i tells of its sender: tentative addresses (RFC 4862 5.4),
 * advertised ones, and sources. */
void six_seen_note(struct netsix *s, const struct six_info *i);
json_t *six_seen_json(const struct netsix *s);

#endif
