/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_int.h - what the files of netdhcp share.
 *
 *   netdhcp.c         the server of a network: start, stop, and what others ask it
 *   netdhcp_port.c    its port: frames in, probes, answers out
 *   netdhcp_tell.c    what the server did, in words
 *   netdhcp_words.c   what a message says, in words
 *   netdhcp_hold.c    answers that wait until their lease is on disk
 *   netdhcp_store.c   the lease file: opening it, what is said of it, the clock
 *   netdhcp_frame.c   the frames' bytes
 *   netdhcp_json.c    leases for people and programs
 *   netdhcp_rules.c   what is set: options by layer, classes, subnets; netdhcp_edit.c changes it
 *   netdhcp_explain.c which address and options a client gets, and why
 */
#ifndef VSWITCHD_NETDHCP_INT_H
#define VSWITCHD_NETDHCP_INT_H

#include <ev.h>

#include "dhcp/lease_change.h"
#include "dhcp/server.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdhcp_frame.h"
#include "vswitchd/netdhcp_rules.h"

enum {
	NETDHCP_SAID = 256,	     /* answers whose reason is remembered while somebody watches */
	NETDHCP_COMPLAIN_MS = 60000, /* the same complaint is not logged more often */
	NETDHCP_PORT_LEASES = 8 /* for one guest's NIC, unless set: it may be a bridge for a few */
};

/* Why a port gets no more. */
#define NETDHCP_LIMIT_TEXT                                                                         \
	"its port has as many addresses as it may have (leases= of the port or its network)"

/* A network's IPv6 leases are in the lease file under its name and this, which no name can have. */
#define NETDHCP_SIX "/6"

/* A server of either family whose answers wait. */
struct hold_owner {
	struct net *net;
	struct port *port; /* they leave by it */
	/* The lease of @undo is on disk. */
	void (*kept)(struct hold_owner *o, const struct dhcp_undo *undo);
	/* It can't be: the lease is to be what it was. Neither is called where there is none. */
	void (*undo)(struct hold_owner *o, const struct dhcp_undo *undo);
};

/* A complaint that is made once in a while. */
struct refusal_told {
	msec ms;    /* when last; 0: never */
	uint64_t n; /* since then */
};

/* Why an answer was given, for captures. */
struct netdhcp_said {
	be32 xid;
	struct mac mac;
	uint8_t type;
	const char *why; /* a constant */
};

struct netdhcp {
	struct net *net;
	struct port *port;
	struct hold_owner hold;
	struct dhcp_host host;
	struct dhcp_server server;
	struct netdhcp_rules rules;
	struct ev_timer probe_timer;
	struct refusal_told refused[2]; /* the pool is used up; a port has its share */
	unsigned int n_said;
	struct netdhcp_said said[NETDHCP_SAID]; /* the latest, in a ring */
};

/* ---- netdhcp_port.c -------------------------------------------------------------------------- */

/* Join the network's station. d->net is set and d->server ready. */
int netdhcp_port_start(struct netdhcp *d, struct err *err);
/* The server's addresses are others. */
void netdhcp_port_addresses(struct netdhcp *d);
/* Leave it. Nothing when it has not joined. */
void netdhcp_port_stop(struct netdhcp *d);
/* How many addresses of one family those behind @port of @net may hold; 0: any number. NULL: a port
 * that nothing is set of. */
unsigned int netdhcp_port_limit(const struct net *net, const struct port *port);
/* Is one machine behind @port (NULL: no)? */
bool netdhcp_port_one_machine(const struct port *port);
/* The port of one machine for which @where (dhcp_where()) stands; NULL: none. */
const struct port *netdhcp_port_at(const struct net *net, uint64_t where);
/* Send the OFFERs whose probe nobody answered in time. */
void netdhcp_port_due(struct netdhcp *d);

/* The port that @p came in by: as the switch noted, else as its source address @src is known. NULL:
 * not known. */
struct port *netdhcp_came_by(const struct net *net, const struct pkt *p, const struct mac *src);
/* The port whose id is @id - 1, as in dhcp_rx; NULL when it is gone. */
struct port *netdhcp_port_by_id(const struct net *net, uint32_t id);

/* ---- netdhcp_explain.c ----------------------------------------------------------------------- */

/* Of both families. The lease of @mac: in force and newest, else any that is remembered, else NULL.
 */
const struct dhcp_lease *netdhcp_lease_of(const struct dhcp_server *s, const struct mac *mac);
/* Where a client is, into *@out: at the port @name (NULL: not said), where @had (NULL: no lease)
 * was given, or where @mac was last heard; NULL: not known. -ENOENT: @net has no such port. */
int netdhcp_client_port(const struct net *net, const char *name, const struct dhcp_lease *had,
			const struct mac *mac, const struct port **out, struct err *err);

/* ---- netdhcp_tell.c -------------------------------------------------------------------------- */

struct tell_reason {
	const char *word; /* for programs: stays as it is */
	const char *text;
};

/* Of both families. An exchange is told: @ev says who asked what by @port (NULL: not known). Takes
 * @ev and @addr. */
void netdhcp_tell(struct net *net, json_t *ev, const struct port *port, const char *answer,
		  json_t *addr, const struct tell_reason *r);
/* Somebody behind @port gets no address: logged and told (dhcp.refused) once in a while. */
void netdhcp_tell_refused(struct net *net, const struct port *port, const struct tell_reason *r,
			  struct refusal_told *told);

/* A message on its way through the server, as it is to be told. */
struct told {
	struct netdhcp *d;
	const struct port *port; /* that it came in by; NULL: not known */
	uint64_t count[DHCP_N];	 /* before */
	/* The rest is only looked at when it is wanted: somebody watches exchanges or frames. */
	bool wanted, parsed, unicast;
	struct mac src;
	struct dhcp_msg msg;
	be32 had; /* of its client; 0: none */
};

/* Around dhcp_server_input(). */
void netdhcp_tell_before(struct netdhcp *d, const struct dhcp_rx *rx, const struct port *port,
			 struct told *t);
void netdhcp_tell_after(const struct told *t, enum dhcp_verdict verdict,
			const struct dhcp_reply *reply);
/* An OFFER whose probe was not answered; @addr turned out to be used by @user; the lease of an ACK
 * could not be written. */
void netdhcp_tell_due(struct netdhcp *d, const struct dhcp_reply *reply);
void netdhcp_tell_conflict(struct netdhcp *d, be32 addr, const struct mac *user);
void netdhcp_tell_undone(struct netdhcp *d, const struct dhcp_lease *l);

/* ---- netdhcp_words.c ------------------------------------------------------------------------- */

/* Remember @why, a constant, of an answer that is about to leave. */
void netdhcp_said(struct netdhcp *d, const struct dhcp_reply *reply, const char *why);

/* ---- netdhcp_explain.c ----------------------------------------------------------------------- */

/* dhcp.explain. */
int netdhcp_explain(struct netdhcp *d, const json_t *params, json_t **result, struct err *err);

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
/* The same, now; waits for the disk. 0, or why the file lacks something. */
int netdhcp_hold_flush(void);
/* @o goes: nothing of it is sent or undone any more; what it changed is written all the same. Or
 * only what promises leases that are FREE by now, as their port went. */
void netdhcp_hold_forget(const struct hold_owner *o);
void netdhcp_hold_forget_freed(const struct hold_owner *o);
/* dhcp_store_forget(), soon. 0, or -ENOBUFS. */
int netdhcp_hold_forget_net(const char *net);
/* Is the file being written anew? */
bool netdhcp_hold_rebuilds(void);
/* lease_writer_rebuild(), of which none is under way. False when there is no file: @img is the
 * caller's. */
bool netdhcp_hold_rebuild(struct lease_image *img);
/* dhcp_store_clock(), soon. 0, or -ENOBUFS: later. */
int netdhcp_hold_clock(int64_t ahead_ms, bool set);

/* ---- netdhcp_store.c ------------------------------------------------------------------------- */

/* The lease file, opened in memory if nobody did. NULL and @err. */
struct dhcp_store *netdhcp_store(struct err *err);
/* Writing ended with @rc: log and tell (event "dhcp.store") when that is news. */
void netdhcp_store_tell(struct runner *r, int rc);
/* The file was written anew from memory, or not. */
void netdhcp_store_rebuilt(struct runner *r, int rc, const struct dhcp_salvage *found);
/* Once a second; the servers of all networks call it, and the first of them sees to it. Has the
 * file gone bad? Then it is written anew. Does the disk work again? Was the wall clock set? Nothing
 * when driven by hand. */
void netdhcp_store_tick(struct runner *r, msec now);

#endif
