/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ra.h - router advertisements: what they say and when they are sent (RFC 4861 6.2, 4862, 8106,
 * 4191).
 *
 * Pure. Who advertises (the NAT gateway, or the station of a network without a way out) builds the
 * ICMPv6 message here, asks the timer when one is due, and sends it.
 */
#ifndef DHCP_RA_H
#define DHCP_RA_H

#include "lib/clock.h"
#include "lib/ipaddr.h"

enum {
	RA_LIFETIME_S = 1800, /* of a default router, and of its resolvers */
	RA_DNS_MAX = 3,
	RA_ROUTES_MAX = 4,
	RA_LEN_MAX = 512 /* a message with all that can be in it is shorter */
};

struct ra_conf {
	struct mac mac; /* of who advertises */
	uint32_t mtu;
	uint16_t lifetime_s;   /* as default router; 0: it is none */
	bool managed, other;   /* addresses, or only other things, by DHCPv6 (RFC 4861 4.2) */
	bool autonomous;       /* guests make addresses of the prefix themselves (RFC 4862) */
	bool ending;	       /* the last one: nothing said before holds any longer */
	struct ip_addr prefix; /* /64, on the link */
	unsigned int n_dns;
	struct ip_addr dns[RA_DNS_MAX];
	const char *search; /* names separated by commas or blanks; NULL: none */
	unsigned int n_routes;
	struct ip_net routes[RA_ROUTES_MAX]; /* more specific ones by this router (RFC 4191) */
};

/* The ICMPv6 message, its checksum left 0. Returns its length, at most RA_LEN_MAX. */
size_t ra_build(const struct ra_conf *conf, uint8_t out[static RA_LEN_MAX]);

/* When the next one for all is due. Zero it to begin: the first is due at once. */
struct ra_timer {
	msec next_ms, last_ms;
	uint8_t fast; /* of the first few, which come sooner */
	bool wanted;  /* somebody asked, or what it says has changed */
	uint32_t tokens;
	msec tokens_ms; /* answers to one guest are bounded, too */
};

/* Is one for all due? If so, it counts as sent. @random: any 32 bits. */
bool ra_timer_due(struct ra_timer *t, msec now, uint32_t random);
/* May a guest that asked from its own address get one for itself? */
bool ra_timer_answer(struct ra_timer *t, msec now);

#endif
