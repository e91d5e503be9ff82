/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_int.h - what the files of netsix share.
 *
 *   netsix.c        life, advertisements, neighbour discovery
 *   netsix_dhcp.c   DHCPv6
 *   netsix_tell.c   what it did, in words; netsix_explain.c: what it would do
 *   netsix_words.c  what a message says, in words
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

enum {
	SIX_SEEN = 512,
	SIX_SEEN_PER_MAC = 16,
	SIX_SAID = 256 /* answers whose reason is remembered while somebody watches */
};

/* Why an answer was given, for captures. */
struct six_said {
	struct mac mac;
	uint8_t xid[3], type;
	const char *why; /* a constant */
};

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
	struct refusal_told refused[2];
	uint64_t random; /* for what need not be a secret */
	struct six_seen seen[SIX_SEEN];
	unsigned int n_said;
	struct six_said said[SIX_SAID]; /* the latest, in a ring */
};

/* ---- netsix_dhcp.c --------------------------------------------------------------------------- */

int six_dhcp_start(struct netsix *s, struct err *err);
/* Nothing when it was not started. */
void six_dhcp_stop(struct netsix *s);
void six_dhcp_tick(struct netsix *s, msec now);
/* A SIX_UDP, that @p brought. False: it is not for this server. */
bool six_dhcp_input(struct netsix *s, const struct six_info *i, const struct pkt *p);
/* It goes by what ipv6= says now. */
void six_dhcp_refresh(struct netsix *s);

/* ---- netsix_tell.c --------------------------------------------------------------------------- */

/* A message on its way through the server, as it is to be told. */
struct told6 {
	struct netsix *s;
	const struct port *port; /* that it came in by; NULL: not known */
	uint64_t count[DHCP6_N]; /* before */
	bool wanted, parsed;	 /* the rest is only there when somebody watches */
	struct mac src;
	struct dhcp6_msg msg;
};

/* Around dhcp6_server_input(). */
void six_tell_before(struct netsix *s, const struct dhcp6_rx *rx, const struct port *port,
		     struct told6 *t);
void six_tell_after(const struct told6 *t, const struct dhcp6_reply *r, bool replied);
/* The lease of a Reply could not be written. */
void six_tell_undone(struct netsix *s, const struct dhcp_lease *l);
/* @from asks whether somebody has @addr, of the prefix, that it has made itself. */
void six_tell_own(struct netsix *s, const struct ip_addr *addr, const struct mac *from);
/* Why no address is given, of those that are counted. */
struct tell_reason six_refusal(enum dhcp6_count c);

/* ---- netsix_words.c -------------------------------------------------------------------------- */

/* Remember @why, a constant, of an answer of @type that is about to leave. */
void six_said(struct netsix *s, const struct mac *client, const uint8_t *xid, enum dhcp6_type type,
	      const char *why);

/* ---- netsix_explain.c ------------------------------------------------------------------------ */

/* dhcp.explain. */
int six_explain(struct netsix *s, const json_t *params, json_t **result, struct err *err);

/* ---- netsix_json.c --------------------------------------------------------------------------- */

/* How many messages of which kind, and what became of them. */
json_t *six_counts_json(const struct netsix *s);

/* ---- netsix_seen.c --------------------------------------------------------------------------- */

/* Note what the ND message or packet @i tells of its sender: tentative addresses (RFC 4862 5.4),
 * advertised ones, and sources. */
void six_seen_note(struct netsix *s, const struct six_info *i);
json_t *six_seen_json(const struct netsix *s);

#endif
