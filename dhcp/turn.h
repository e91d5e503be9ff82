/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turn.h - one message on its way through the server: what server.c, turn.c and probe.c share.
 */
#ifndef DHCP_TURN_H
#define DHCP_TURN_H

#include "dhcp/server.h"

struct turn {
	struct dhcp_server *s;
	const struct dhcp_rx *rx; /* how it came; data is not looked at any more */
	const struct dhcp_msg *msg;
	struct dhcp_client client;
	struct dhcp_link link;
	msec now;
	int64_t wall_s;
	struct dhcp_reply *out;
};

/* The message in @msg came by @rx: who sent it, and from where. False: from a subnet that is not
 * ours. */
bool turn_init(struct turn *t, struct dhcp_server *s, const struct dhcp_rx *rx,
	       const struct dhcp_msg *msg, msec now, int64_t wall_s, struct dhcp_reply *out);
bool turn_may_hold(const struct turn *t, const struct dhcp_lease *l);

/* What can become of it. @why is counted. */
enum dhcp_verdict turn_silent(struct turn *t, enum dhcp_count why);
/* @say tells the client's user in option 56. */
enum dhcp_verdict turn_nak(struct turn *t, enum dhcp_count why, const char *say);
/* OFFER @l, which is held for the client; or lease it at once where both sides want that (RFC
 * 4039). */
enum dhcp_verdict turn_offer(struct turn *t, struct dhcp_lease *l);
enum dhcp_verdict turn_ack(struct turn *t, struct dhcp_lease *l);

/* Hold @l for the client that will be sent an OFFER. */
void turn_hold(struct turn *t, struct dhcp_lease *l);
/* Would giving @l to this client take its port over the limit? */
bool turn_over_limit(const struct turn *t, const struct dhcp_lease *l);

/* ---- probe.c --------------------------------------------------------------------------------- */

/* The DISCOVER that waits for a probe of @addr; NULL: none. */
struct dhcp_pending *pending_find(struct dhcp_server *s, be32 addr);
void pending_drop(struct dhcp_server *s, be32 addr);
/* Ask whether a stranger has @addr, and let the client wait. */
enum dhcp_verdict pending_probe(struct turn *t, be32 addr);

#endif
