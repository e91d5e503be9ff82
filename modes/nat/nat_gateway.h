/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_gateway.h - the gateway as the guests see it: one address, one MAC, ARP and echo.
 *
 * Theory of operation. The gateway is the far end of a local port of the switch. It learns where
 * guests are from what they send (ARP of theirs, IP packets), answers ARP and echo for its own
 * address, gives everything else to the translator, and puts the Ethernet header on what comes in.
 * A guest that it has not heard of is asked for by ARP, three times a second apart; meanwhile two
 * packets wait for it. When asked to, it also stands for the host's services (nat_host.h). No
 * system calls.
 *
 * Limits. One entry for each address of the subnet, at most 65536; a larger subnet's addresses
 * share entries, the one heard last wins.
 */
#ifndef MODES_NAT_GATEWAY_H
#define MODES_NAT_GATEWAY_H

#include "modes/nat/nat_xlate.h"

enum { GATEWAY_HOLD = 2 };

struct gateway_neigh {
	be32 addr; /* 0: nobody */
	struct mac mac;
	bool known;
	uint8_t asked; /* ARP requests without an answer */
	msec heard_ms, asked_ms;
	struct gateway_neigh *next_waiting;
	struct pkt *hold[GATEWAY_HOLD];
};

struct gateway {
	struct nat *nat;
	be32 addr;
	struct mac mac;
	struct pkt_pool *pool;
	void (*emit)(void *ctx, struct pkt *p);			      /* to the switch; takes it */
	void (*lost)(void *ctx, enum drop_reason why, struct pkt *p); /* takes it */
	void *ctx;
	struct nat_ext *host_ext; /* nat_host.h; NULL: the gateway has no services */
	be32 host_to;		  /* the host's address that it stands for */
	struct mac host_mac;	  /* of the host's leg */
	struct gateway_neigh *neighs;
	struct gateway_neigh *waiting; /* those with an unanswered request */
	uint32_t mask;
};

/* The caller fills nat, addr, mac, pool, emit, lost and ctx. -ENOMEM. */
int gateway_init(struct gateway *g, uint8_t plen);
void gateway_fini(struct gateway *g);

/* A frame that the switch brought to the gateway's port; takes it. */
void gateway_input(struct gateway *g, struct pkt *p, msec now);
/* An IPv4 packet for the guest at @dst; takes it. */
void gateway_send(struct gateway *g, be32 dst, struct pkt *p, msec now);
/* Once a second: ask again, give up. */
void gateway_tick(struct gateway *g, msec now);
/* The MAC last heard of @addr; NULL when none. */
const struct mac *gateway_mac_of(const struct gateway *g, be32 addr);
/* The address last heard from @mac; 0 when none. Walks the subnet. */
be32 gateway_addr_of(const struct gateway *g, const struct mac *mac);

/* Does frame @p, sent by a guest, claim to be one of the network's own addresses (gateway, host
 * leg, DHCP server), by ARP or by the gateway's MAC? DROP_NONE, DROP_SPOOFED or DROP_BAD_ARP. */
enum drop_reason gateway_check_claim(const struct gateway *g, const struct pkt *p);

#endif
