/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_forward.h - a port forward, among nat_forward.c (binding, life), nat_forward_parse.c (words)
 * and nat_relay.c (the host's own connections).
 */
#ifndef MODES_NAT_FORWARD_H
#define MODES_NAT_FORWARD_H

#include "modes/nat/nat_net.h"

enum { FORWARDS_MAX = 64, FORWARD_BINDS = 8, FORWARD_PORTS = 1024 };

struct nat_forward {
	struct nat_forward *next;
	unsigned int id;
	unsigned int protos; /* 1 << enum nat_proto: also GUARD_TCP and GUARD_UDP */
	struct ip_addr bind; /* its family is the forward's; zero: every uplink */
	uint16_t first, last;
	uint16_t to_first;
	struct ip_addr to; /* of the same family; zero: not known yet */
	be32 name;	   /* of @to in the family's table while it is bound */
	char guest[64];	   /* "" when an address was given */
	char bind_text[64], to_text[80];
	char reason[200]; /* why it is not bound; "" when it is */
	bool listening;	  /* at an address of 127/8 */
	unsigned int n_binds;
	struct nat_ext *binds[FORWARD_BINDS];
};

static inline bool forward_is6(const struct nat_forward *f)
{
	return !ip_addr_is4(&f->bind);
}

/* Is it for the host's own connections only: 127.0.0.0/8 or ::1? */
static inline bool forward_is_local(const struct nat_forward *f)
{
	static const struct ip_addr loopback = {{[15] = 1}};

	return forward_is6(f) ? ip_addr_equal(&f->bind, &loopback) : f->bind.b[12] == 127;
}

/* Fill @f from proto, bind and to of @params. */
int forward_parse(const struct nat_net *nn, struct nat_forward *f, json_t *params, struct err *err);
/* "tcp", "udp" or "both". */
const char *forward_proto_word(unsigned int protos);
/* Flows that have come in by @f. */
unsigned int nat_forward_flows(const struct nat_net *nn, const struct nat_forward *f);
json_t *forward_json(const struct nat_net *nn, const struct nat_forward *f);

/* The IPv4 address that guest @name has now; 0 when it is not known. */
be32 forward_guest_addr4(const struct nat_net *nn, const char *name);
/* nat_forward_guest.c: the address now, of the family of @f, of the guest that it names: a guest, a
 * port, or a namespace with a port here. Zero: not known. */
struct ip_addr forward_guest_addr(const struct nat_net *nn, const struct nat_forward *f);
/* Ask for who may be at the end of an IPv6 forward that waits: it has not spoken yet. */
void forward_ask(struct nat_net *nn, const struct nat_forward *f);

/* ---- nat_relay.c ---- */

/* Listen at @addr, an address of the host, for what the host itself sends to the ports of @f.
 * -EADDRINUSE, with who it is, when somebody else does. All or nothing. */
int relay_listen(struct nat_net *nn, const struct nat_forward *f, const struct ip_addr *addr,
		 struct err *err);
/* Stop that; connections by it are reset. @addr NULL: at every address. */
void relay_forget(struct nat_net *nn, const struct nat_forward *f, const struct ip_addr *addr);
/* How many connections and UDP conversations of the host there are by @f. */
unsigned int relay_count(const struct nat_net *nn, const struct nat_forward *f);
/* Once a second: UDP conversations that have gone quiet end. */
void relay_tick(struct nat_net *nn, msec now);

#endif
