/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server6_int.h - what the files of the DHCPv6 server share.
 *
 *   server6.c        which message does what (RFC 8415 18.3)
 *   server6_lease.c  an IA's address: given, kept, given up
 *   server6_reply.c  the reply's options
 */
#ifndef DHCP_SERVER6_INT_H
#define DHCP_SERVER6_INT_H

#include "dhcp/server6.h"

/* One message on its way through the server. */
struct turn6 {
	struct dhcp6_server *s;
	const struct dhcp6_rx *rx;
	const struct dhcp6_msg *msg;
	msec now;
	int64_t wall_s;
	struct dhcp6_reply *out;
	struct dhcp6_writer w;
	bool failed; /* the store: nothing may be said */
	size_t relays[DHCP6_RELAYS_MAX];
};

/* ---- server6_lease.c ------------------------------------------------------------------------- */

/* What is granted to an IA. */
struct grant6 {
	enum dhcp6_status status;
	struct dhcp_lease *lease; /* with STATUS6_SUCCESS */
	enum lease_state was;	  /* before */
	enum dhcp_pick pick;
	enum dhcp6_count refused; /* without a lease: why */
};

/* An address for @ia: held for an Advertise or, with @bind, leased (the change is in the store). */
struct grant6 lease6_give(struct turn6 *t, const struct dhcp6_ia *ia, bool bind);
/* The client gives up, or (@declined) can't use, address @addr of @ia. False: it has no such. */
bool lease6_end(struct turn6 *t, const struct dhcp6_ia *ia, const struct ip_addr *addr,
		bool declined);

/* ---- server6_reply.c ------------------------------------------------------------------------- */

/* Begin the reply of @type in t->out: relays, header, identifiers. */
void reply6_start(struct turn6 *t, enum dhcp6_type type);
/* The status of the whole message. */
void reply6_say(struct turn6 *t, enum dhcp6_status status, const char *text);
/* What became of @ia is noted for those who look on. */
void reply6_note(struct turn6 *t, const struct dhcp6_ia *ia, const struct grant6 *g);
/* An IA with the lease @l (NULL: without), and those addresses it had before that it shall not use
 * any more. Noted, too. */
void reply6_ia(struct turn6 *t, const struct dhcp6_ia *ia, const struct grant6 *g, const char *why);
/* What else the client asks for. */
void reply6_options(struct turn6 *t);
/* False when it did not fit. */
bool reply6_finish(struct turn6 *t);

#endif
