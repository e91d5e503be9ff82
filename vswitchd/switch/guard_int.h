/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_int.h - what the files of the guards share: guard.c (verdicts), guard_own.c (what is the
 * port's own), guard_set.c (settings).
 */
#ifndef VSWITCHD_GUARD_INT_H
#define VSWITCHD_GUARD_INT_H

#include "lib/clock.h"
#include "lib/frame.h"
#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/port.h"

enum guard_kind {
	GUARD_MAC,
	GUARD_ADDRESS,
	GUARD_DHCP,
	GUARD_ROUTER,
	GUARD_ISOLATED,
	GUARD_PROMISCUOUS,
	GUARD_N
};

enum promiscuous { PROMISC_NORMAL, PROMISC_DENY, PROMISC_GUESTS, PROMISC_ALL };

/* An address that a server outside leased to the port. */
struct guard_learnt {
	be32 addr; /* 0: free */
	msec expires;
};

struct guard {
	bool on[GUARD_N]; /* up to GUARD_ISOLATED */
	enum promiscuous promiscuous;
	unsigned int n_macs, n_addrs;
	struct mac macs[GUARD_MACS_MAX];
	struct ip_net addrs[GUARD_ADDRS_MAX];
	struct guard_learnt learnt[GUARD_LEARNT_MAX];
	uint64_t hits[GUARD_N];
	unsigned int told; /* events since `minute` */
	msec minute;
};

/* "mac-guard"... */
extern const char *const guard_words[GUARD_N];

/* ---- guard_own.c ---- */

/* Is @mac the port's own, or one of macs-allowed? */
bool guard_own_mac(const struct port *port, const struct mac *mac);
/* Is there any that could be? */
bool guard_knows_mac(const struct port *port);
/* May @addr be used by @port with source address @src? *@why is then a word on it. */
bool guard_own_addr(const struct port *port, const struct ip_addr *addr, const struct mac *src,
		    const char **why);
/* @f leaves by @port: a DHCPACK for it may give it an address. */
void guard_learn(const struct port *port, const struct frame *f, msec now);
/* @f came in by @port: a DHCPRELEASE or DHCPDECLINE takes one away. */
void guard_unlearn(const struct port *port, const struct frame *f);

/* The BOOTP message in @f (RFC 951 3, at least the fixed part), its length in *@len; NULL when @f
 * has none. */
const uint8_t *guard_bootp(const struct frame *f, size_t *len);
enum { BOOTP_OP = 0, BOOTP_CIADDR = 12, BOOTP_YIADDR = 16, BOOTP_CHADDR = 28, BOOTP_FIXED = 236 };

#endif
