/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_uplink_int.h - the uplink's parts among themselves: socket (nat_uplink_sock.c), next hops
 * (nat_uplink_hop.c), routes and life (nat_uplink.c).
 */
#ifndef MODES_NAT_UPLINK_INT_H
#define MODES_NAT_UPLINK_INT_H

#include <ev.h>

#include "modes/nat/nat_uplink.h"

enum { HOPS = 256, HOP_HOLD = 4, UPLINK_PORTS = 64 + NAT_LOW_MAX, UPLINK_GUARDS = 32 };

/* A next hop on the link. Direct mapped: two that fall on one place take turns. */
struct hop {
	struct ip_addr addr; /* zero: nobody */
	bool known;
	bool old; /* something changed: ask the kernel again before use */
	struct mac mac;
	msec asked_ms, checked_ms;
	struct pkt *hold[HOP_HOLD];
	struct nat_net *hold_for[HOP_HOLD];
};

struct port_range {
	uint16_t first, last; /* 0: none */
	unsigned int protos;  /* GUARD_TCP, GUARD_UDP */
};

struct uplink {
	struct uplink *next;
	struct runner *runner;
	struct uplinks *all;   /* of IPv4 */
	struct uplinks6 *all6; /* of IPv6 */
	struct nat_ext *ext;
	char ifname[16];
	int ifindex;
	struct mac mac;
	bool raw; /* no Ethernet: a tunnel, whose far end takes bare IP packets */
	int fd;
	struct ev_io io;
	unsigned int n_guards;
	struct port_range guards[UPLINK_GUARDS]; /* of the range, what the host does not use */
	struct port_range ports[UPLINK_PORTS];	 /* forwards beside the range */
	uint64_t rx_frames, tx_frames, drops;
	struct pkt_batch tx;
	unsigned int waiting; /* packets held for next hops */
	struct hop hops[HOPS];
};

static inline bool uplink_is6(const struct uplink *up)
{
	return !up->ext->addr;
}

static inline struct ip_addr uplink_addr(const struct uplink *up)
{
	return uplink_is6(up) ? up->ext->addr6 : ip_addr_from4(up->ext->addr);
}

/* ---- nat_uplink_one.c ---- */

/* What a frame on an interface looks like. */
enum medium { MEDIUM_OTHER, MEDIUM_ETHERNET, MEDIUM_IP };
enum medium uplink_link_medium(const char *ifname);
/* Has this daemon made the interface? It leads to another of its networks, which are apart. */
bool uplink_link_is_ours(const struct runner *r, const char *ifname);
/* An uplink by @addr that is not started yet; NULL when memory is short. */
struct uplink *uplink_create(struct runner *r, const char *ifname, int ifindex,
			     const struct ip_addr *addr);
/* Guard its ports and open its socket; @readable is called when there is something to read. */
int uplink_start(struct uplink *up,
		 void (*readable)(struct ev_loop *loop, struct ev_io *w, int revents),
		 struct err *err);
/* Undo both; nobody may use its ports any more. Also half of it. */
void uplink_destroy(struct uplink *up);
/* Log and event. */
void uplink_tell(struct uplink *up, const char *event, unsigned int ended);

/* ---- nat_uplink_sock.c ---- */

/* Open the filtered socket of @up (ifindex, mac and ext are set). */
int uplink_sock_open(struct uplink *up, struct err *err);
void uplink_sock_close(struct uplink *up);
/* Attach the filter for the ports of now. */
int uplink_sock_filter(struct uplink *up, struct err *err);
/* Queue a complete frame; takes it. Sent when the batch is full or by uplink_sock_flush(). */
void uplink_sock_send(struct uplink *up, struct pkt *p);
void uplink_sock_flush(struct uplink *up);
/* Read what is there and give it to @input, which takes each frame. False when the interface is
 * gone. */
bool uplink_sock_read(struct uplink *up, struct pkt_pool *pool,
		      void (*input)(struct uplink *up, struct pkt *p));
/* Is a port free on the host? Found by binding it. */
bool uplink_port_free(enum nat_proto proto, be32 addr, uint16_t port);
bool uplink_addr_port_free(enum nat_proto proto, const struct ip_addr *addr, uint16_t port);
/* nat_ext.usable: free, and guarded if it is of the range. @ctx: the uplink. */
bool uplink_port_usable(void *ctx, enum nat_proto proto, be32 addr, uint16_t port);

/* ---- nat_uplink_hop.c ---- */

/* Send a packet by next hop @addr; takes it. */
void uplink_hop_send(struct uplink *up, struct nat_net *nn, const struct ip_addr *addr,
		     struct pkt *p, msec now);
/* Ask the kernel again for all that is old or waited for. */
void uplink_hop_refresh(struct uplink *up, msec now);
void uplink_hop_old(struct uplink *up);
/* Drop what waits, of @nn only unless it is NULL, without answers. */
void uplink_hop_purge(struct uplink *up, const struct nat_net *nn);

#endif
