/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_uplink_int.h - the uplinks' parts among themselves: the set and its life (nat_uplink.c), one
 * uplink (nat_uplink_one.c), its socket (nat_uplink_sock.c) and next hops (nat_uplink_hop.c),
 * routes (nat_uplink_route.c), protocols without ports
 * (nat_uplink_pair.c), what port forwards want (nat_uplink_ports.c).
 */
#ifndef MODES_NAT_UPLINK_INT_H
#define MODES_NAT_UPLINK_INT_H

#include <ev.h>

#include "modes/nat/nat_uplink.h"
#include "modes/nat/nat_watch.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"

enum { HOPS = 256, HOP_HOLD = 4, UPLINK_BLOCKS = 64 };
enum { UPLINK_ROUTES = 512, UPLINK_ROUTES6 = 256 };

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

/* An outside address beside the host's own (nat_uplink_extra.c). */
struct extra {
	struct extra *next;
	struct nat_ext *ext;
	enum extra_state state;
	struct mac taken_by;
	unsigned int probes; /* sent */
	msec defended_ms;    /* 0: never */
	int claim;
};

struct uplink {
	struct uplink *next;
	struct runner *runner;
	struct uplinks *all;
	struct nat_ext *ext;
	char ifname[16];
	int ifindex;
	struct mac mac;
	bool raw; /* no Ethernet: a tunnel, whose far end takes bare IP packets */
	int fd;
	struct ev_io io;
	unsigned int n_guards, n_ports;
	struct port_range *guards;	   /* of the range, what the host does not use */
	struct port_range *ports;	   /* forwards beside the range */
	unsigned int n_pairs, pair_tokens; /* nat_uplink_pair.c */
	msec pair_ms, pair_looked;
	int pair_claims[NAT_PAIRS + 1]; /* by number; descriptors */
	struct extra *extras;
	int arp_fd; /* hears and answers ARP for them; -1: there are none */
	struct ev_io arp_io;
	uint64_t rx_frames, tx_frames, drops;
	struct pkt_batch tx;
	unsigned int waiting; /* packets held for next hops */
	struct hop hops[HOPS];
};

struct route_entry {
	be32 dst; /* 0: empty */
	enum drop_reason why;
	msec until_ms;
	struct nat_route rt;
};

struct route6_entry {
	struct ip_addr dst;
	enum drop_reason why;
	msec until_ms; /* 0: empty */
	struct nat6_route rt;
};

/* nat_uplink_range.c */
struct uplink_range {
	uint16_t first, last;	   /* 0: not chosen yet */
	bool automatic;		   /* no network asks for one */
	int blocks[UPLINK_BLOCKS]; /* claims: descriptors plus one; 0: not ours */
};

/* The uplinks that a runner's NAT networks share, of both families. */
struct uplinks {
	struct runner *runner;
	struct nat_net *users;
	struct uplink *list;
	struct uplink_range range;
	struct ev_prepare flush;
	struct hash_key key; /* of routes6 */
	struct route_entry routes[UPLINK_ROUTES];
	struct route6_entry routes6[UPLINK_ROUTES6];
	bool online;	/* IPv6: the host has a default route */
	msec online_ms; /* when that was asked; 0: ask */
	char complaint[256];
	struct nat_watch watch; /* of all the networks */
};

static inline struct uplink *uplink_of(const struct nat_ext *ext)
{
	return ext->ctx;
}

static inline bool uplink_is6(const struct uplink *up)
{
	return !up->ext->addr;
}

static inline struct ip_addr uplink_addr(const struct uplink *up)
{
	return nat_ext_addr(up->ext);
}

/* ---- nat_uplink.c ---- */

/* Open the uplink by @addr of interface @ifname; NULL, and a line of log, when that can't be. */
struct uplink *uplink_open(struct uplinks *u, const char *ifname, int ifindex,
			   const struct ip_addr *addr);
/* The open one by @addr, of interface @ifindex unless that is 0; NULL when there is none. */
struct uplink *uplink_find(const struct uplinks *u, int ifindex, const struct ip_addr *addr);
/* Send what waits to be sent. */
void uplinks_flush(struct uplinks *u);
/* Their flows end and are told so; they are opened again when they are wanted. */
void uplinks_close_all(struct uplinks *u);

/* ---- nat_uplink_route.c ---- */

void uplinks_forget_routes(struct uplinks *u);
/* Can the host speak from @src to others? */
bool uplinks_is_source(const struct uplinks *u, const struct ip_addr *src);

/* ---- nat_uplink_one.c ---- */

/* What a frame on an interface looks like. */
enum medium { MEDIUM_OTHER, MEDIUM_ETHERNET, MEDIUM_IP };
enum medium uplink_link_medium(const char *ifname);
/* Has this daemon made the interface? It leads to another of its networks, which are apart. */
bool uplink_link_is_ours(const struct runner *r, const char *ifname);
/* An uplink by @addr that is not started yet; NULL when memory is short. The range of ports must be
 * chosen. */
struct uplink *uplink_create(struct uplinks *u, const char *ifname, int ifindex,
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
bool uplink_port_free(enum nat_proto proto, const struct ip_addr *addr, uint16_t port);

/* ---- nat_uplink_range.c ---- */

/* Choose the range of ports, if it is not chosen yet. */
int uplink_range_get(struct uplinks *u, struct err *err);
/* Give it back. */
void uplink_range_put(struct uplinks *u);
/* May we use ports below 1024? */
bool uplink_range_low(struct uplinks *u);

/* ---- nat_uplink_pair.c ---- */

/* nat_ext.pair_free, pair_claim and pair_unclaim. @ctx: the uplink. */
bool uplink_pair_free(void *ctx, uint8_t proto, be32 peer);
int uplink_pair_claim(void *ctx, uint16_t number, uint8_t proto, be32 peer);
void uplink_pair_unclaim(void *ctx, uint16_t number, uint8_t proto, be32 peer);
/* Has the host begun to use what a guest has? Then that ends. */
void uplink_pair_tick(struct uplink *up, msec now);

/* ---- nat_uplink_extra.c ---- */

/* The extra address @addr of @up, or its own. */
struct nat_ext *uplink_ext_of(const struct uplink *up, be32 addr);
/* The one after @ext of its uplink (NULL, or the uplink's own: the first); NULL at the end. */
struct nat_ext *uplink_extra_next(const struct uplink *up, const struct nat_ext *ext);
/* Ask, once a second, whether anybody else has what was opened. */
void uplink_extra_tick(struct uplink *up, msec now);
/* Does the host itself have one now? Then it is the host's. */
void uplink_extra_changed(struct uplink *up);
/* All of them are gone: tell who uses them (nat_map.c, nat_pool.c), and close. */
void uplink_extra_fini(struct uplink *up);

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
