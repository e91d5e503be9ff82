/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_int.h - what the files of netdhcp share.
 *
 *   netdhcp.c         the server of a network: start, stop, and what others ask it
 *   netdhcp_port.c    its port: frames in, probes, answers out
 *   netdhcp_hold.c    answers that wait until their lease is on disk
 *   netdhcp_store.c   the lease file: opening it, what is said of it, the clock
 *   netdhcp_frame.c   the frames' bytes
 *   netdhcp_json.c    leases for people and programs
 */
#ifndef VSWITCHD_NETDHCP_INT_H
#define VSWITCHD_NETDHCP_INT_H

#include <ev.h>

#include "dhcp/server.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdhcp_frame.h"

enum {
	NETDHCP_COMPLAIN_MS = 60000, /* the same complaint is not logged more often */
	NETDHCP_PORT_LEASES = 8 /* addresses for one guest NIC: it may be a bridge for a few more */
};

/* A network's IPv6 leases are in the lease file under its name and this, which no name can have. */
#define NETDHCP_SIX "/6"

/* A server of either family whose answers wait. */
struct hold_owner {
	struct net *net;
	struct port *port; /* they leave by it */
	/* The lease of @undo is on disk. */
	void (*kept)(struct hold_owner *o, const struct dhcp_undo *undo);
	/* It is not: the lease is what it was. */
	void (*undo)(struct hold_owner *o, const struct dhcp_undo *undo);
};

struct netdhcp {
	struct net *net;
	struct port *port;
	struct hold_owner hold;
	struct dhcp_host host;
	struct dhcp_server server;
	struct ev_timer probe_timer;
	msec limit_told_ms;
};

/* ---- netdhcp_port.c -------------------------------------------------------------------------- */

/* Join the network's station. d->net is set and d->server ready. */
int netdhcp_port_start(struct netdhcp *d, struct err *err);
/* Leave it. Nothing when it has not joined. */
void netdhcp_port_stop(struct netdhcp *d);
/* Is one machine behind @port (NULL: no)? */
bool netdhcp_port_one_machine(const struct port *port);
/* Send the OFFERs whose probe nobody answered in time. */
void netdhcp_port_due(struct netdhcp *d);

/* ---- netdhcp_hold.c -------------------------------------------------------------------------- */

/* The store for servers (context of lease_writer_ops); the thread starts with the first network.
 * NULL and @err. */
struct lease_writer *netdhcp_hold_start(struct runner *r, struct err *err);
/* Write and send what waits, end the thread. */
void netdhcp_hold_stop(void);
/* Send @p by o->port as soon as what the server has just stored is on disk; else drop it and undo.
 * Every lease held was put() into the store before. Takes @p; NULL for one more lease of an answer
 * that follows. */
void netdhcp_hold(struct hold_owner *o, struct pkt *p, const struct dhcp_undo *undo);
/* The server has changed its leases: see to it that they get to disk soon, and that what is held
 * leaves then. */
void netdhcp_hold_commit_soon(const struct runner *r);
/* The same, now; waits for the disk. */
void netdhcp_hold_flush(void);
/* dhcp_store_clock(), soon. 0, or -ENOBUFS: later. */
int netdhcp_hold_clock(int64_t ahead_ms, bool set);

/* ---- netdhcp_store.c ------------------------------------------------------------------------- */

/* The lease file, opened in memory if nobody did. NULL and @err. */
struct dhcp_store *netdhcp_store(struct err *err);
/* Writing ended with @rc: log and tell (event "dhcp.store") when that is news. */
void netdhcp_store_tell(struct runner *r, int rc);
/* Once a second: look whether the wall clock was set. */
void netdhcp_store_follow_clock(msec now);

#endif
