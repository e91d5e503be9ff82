/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostprotos.h - which IPv4 protocols without ports the host itself speaks, and with whom.
 *
 * What the host uses must not be taken from it for a guest. There is no one place to ask: programs'
 * raw, UDP-Lite and SCTP sockets are in /proc/net, tunnels are interfaces, IPsec has a netlink
 * family of its own. All are read in one go, into a list that is looked at often.
 */
#ifndef VSWITCHD_HOSTPROTOS_H
#define VSWITCHD_HOSTPROTOS_H

#include "lib/types.h"

enum { HOSTPROTOS_MAX = 256 };

struct hostproto {
	uint8_t proto;
	be32 local, remote; /* 0: any */
};

struct hostprotos {
	unsigned int n;
	bool more; /* than fit: everything counts as used */
	struct hostproto at[HOSTPROTOS_MAX];
};

/* Read what is there now. What can't be read (a kernel without SCTP or IPsec) is not used. */
void hostprotos_read(struct hostprotos *hp);
/* Does the host speak @proto at its address @local with @remote? */
bool hostprotos_has(const struct hostprotos *hp, uint8_t proto, be32 local, be32 remote);

#endif
