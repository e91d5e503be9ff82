/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.h - what the server says: the options of a reply and where it is sent (RFC
 * 2131 4.1, 4.3.1).
 *
 * Every option of every reply is made here. What can be set comes from the layers of policy.h, with
 * what the server knows by itself as the farthest; dhcp_options_of() puts them together, the reply
 * takes of that what the client asked for, and what is forced.
 */
#ifndef DHCP_REPLY_H
#define DHCP_REPLY_H

#include "dhcp/policy.h"
#include "dhcp/turn.h"

/* One option as it would be sent to a client that asks for it. */
struct dhcp_said {
	uint16_t code, len;
	uint8_t type; /* enum option_type */
	bool force;   /* sent though not asked for */
	bool quiet;   /* only sent when asked for, also to who asks for nothing in particular */
	bool none;    /* suppressed */
	uint8_t from; /* 0: the server; else layers.v[from - 1] */
	const uint8_t *data;
};

struct dhcp_options {
	struct dhcp_layers layers;
	unsigned int n;
	uint16_t at[OPTION_CODES + 1]; /* of a code: its place in v, from 1; 0: not there */
	struct dhcp_said v[OPTION_CODES + 1];
	/* values of the server's own */
	be32 router, dns, broadcast;
	be16 mtu;
	uint8_t routes[OPTION_VALUE_MAX + 5];
	uint8_t search[64];
	be32 next_server;
	char boot_server[IP4_STR], boot_file[64];
};

/* Everything that could be said to the client of @t in subnet @on. Borrows from the server's conf
 * and policy. */
void dhcp_options_of(const struct turn *t, const struct dhcp_subnet *on, struct dhcp_options *out);
/* NULL: not there or suppressed. */
const struct dhcp_said *dhcp_options_find(const struct dhcp_options *o, uint16_t code);
/* The lease that the client gets: what it asks for, between DHCP_LEASE_MIN_S and what is set for
 * it. */
uint32_t dhcp_lease_time(const struct turn *t, const struct dhcp_options *o);
/* May the client of @t have @addr without an OFFER (RFC 4039)? */
bool dhcp_allows_rapid(const struct turn *t, be32 addr);

struct dhcp_answer {
	enum dhcp_type type;
	be32 yiaddr;	  /* 0: none */
	bool timed;	  /* with a lease time */
	const char *say;  /* option 56; NULL: none */
	uint32_t lease_s; /* out: how long, when timed */
};

/* Fill t->out with the answer to t->msg. */
void dhcp_compose(const struct turn *t, struct dhcp_answer *a);

#endif
