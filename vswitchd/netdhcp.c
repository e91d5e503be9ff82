/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp.c - the DHCP server's place on a network.
 *
 * Theory of operation. The server is code behind a local port "NET.dhcp". A message goes to
 * dhcp/server.h; the reply becomes a frame at once. One that promises a lease waits in the list
 * `held` of the store that all networks share: before the loop sleeps, or when the list is full,
 * everything held is committed in one transaction, and only then injected. So a burst of a hundred
 * clients costs one write, and nobody waits longer than the burst lasts. When the commit fails the
 * frames are dropped, the leases put back, and the clients ask again.
 *
 * An address goes to a new client only after an ARP probe that nobody answered for PROBE_MS; a
 * timer of the loop (by hand: the tick) sends the OFFER then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/server.h"
#include "lib/log.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdhcp_frame.h"
#include "vswitchd/netdhcp_json.h"
#include "vswitchd/station.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum {
	HELD_MAX = 128,
	PROBE_MS = 250,
	PORT_LEASES_MAX = 8, /* addresses for one guest NIC: it may be a bridge for a few more */
	LEASE_DEFAULT_S = 3600,
	COMPLAIN_MS = 60000,
	JUMP_MS = 2000 /* the wall clock is slewed by less than this in a second */
};

struct netdhcp {
	struct net *net;
	struct port *port;
	struct dhcp_host host;
	struct dhcp_server server;
	struct ev_timer probe_timer;
	msec limit_told_ms;
};

struct held {
	struct netdhcp *d;
	struct pkt *p;
	struct dhcp_undo undo;
};

/* What all networks of the daemon share. */
static struct {
	struct dhcp_store *store;
	struct held held[HELD_MAX];
	unsigned int n_held;
	struct ev_loop *loop; /* that watches `before_sleep`; NULL: not watching */
	struct ev_prepare before_sleep;
	bool failing;
	msec failure_told_ms;
	int64_t wall_minus_now_ms; /* 0: not looked yet */
} shared;

/* ---- the store ------------------------------------------------------------------------------- */

int netdhcp_open_store(const char *dir, struct err *err)
{
	struct dhcp_salvage found;
	int rc;

	if (shared.store)
		return err_set(err, -EBUSY, "the lease file is open already");
	rc = dhcp_store_open(dir, &shared.store, &found, err);
	if (rc)
		return rc;
	if (found.damaged)
		log_warn("the lease file was damaged: %u leases and reservations were read from "
			 "it, the rest is lost; it is kept as %s/%s",
			 found.kept, dir, found.aside);
	return 0;
}

static void flush_held(void);

void netdhcp_close_store(void)
{
	flush_held();
	dhcp_store_close(shared.store);
	shared.store = NULL;
	shared.wall_minus_now_ms = 0;
}

/* Say it when leases can't be written, once a minute, and when they can again. */
static void tell_store(int rc)
{
	msec now = clock_now_ms();

	if (!rc && shared.failing)
		log_info("leases can be written again");
	if (rc && (!shared.failing || now - shared.failure_told_ms >= COMPLAIN_MS)) {
		log_error("leases can't be written (%s): no address is given out until that ends",
			  dhcp_store_why(shared.store));
		shared.failure_told_ms = now;
	}
	shared.failing = rc != 0;
}

static void tell_lease(struct netdhcp *d, const struct dhcp_lease *l)
{
	char addr[IP4_STR], mac[MAC_STR];

	if (d->net->runner->events)
		runner_event(d->net->runner, "dhcp.lease",
			     json_pack("{s:s, s:s, s:s}", "net", d->net->conf.name, "address",
				       ip4_format(l->addr, addr), "mac", mac_format(&l->mac, mac)));
}

static void send_held(const struct held *h)
{
	if (h->undo.was != LEASE_BOUND)
		tell_lease(h->d, h->undo.lease);
	port_local_inject(h->d->port, h->p);
	net_flush(h->d->net);
}

static void undo_held(const struct held *h)
{
	dhcp_server_undo(&h->d->server, &h->undo);
	pkt_put(h->p);
}

/* Commit, then send; or send nothing. Newest first when undoing, as one lease may be there twice.
 * Works on a copy, as sending may bring in what is held anew. */
static void flush_held(void)
{
	struct held batch[HELD_MAX];
	unsigned int n = shared.n_held;
	int rc;

	if (!shared.store)
		return;
	memcpy(batch, shared.held, n * sizeof(batch[0]));
	shared.n_held = 0;
	rc = dhcp_store_sqlite.commit(shared.store);
	if (rc || n)
		tell_store(rc);
	for (unsigned int i = n; rc && i-- > 0;)
		undo_held(&batch[i]);
	for (unsigned int i = 0; !rc && i < n; i++)
		send_held(&batch[i]);
}

static void before_sleep_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)revents;
	ev_prepare_stop(loop, w);
	shared.loop = NULL;
	flush_held();
}

/* Something waits for a commit: see to it before the loop sleeps; by hand, at once. */
static void commit_soon(struct netdhcp *d)
{
	struct ev_loop *loop = d->net->runner->loop;

	if (!loop || shared.n_held == HELD_MAX) {
		flush_held();
		return;
	}
	if (shared.loop)
		return;
	shared.loop = loop;
	ev_prepare_init(&shared.before_sleep, before_sleep_cb);
	ev_set_priority(&shared.before_sleep, EV_MAXPRI); /* the runner switches after us */
	ev_prepare_start(loop, &shared.before_sleep);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static struct pkt *new_frame(struct netdhcp *d)
{
	struct pkt *p = pkt_alloc(d->net->runner->pool);

	if (!p)
		port_drop(d->port, DROP_NO_BUFFER, NULL);
	return p;
}

static void send_probe(struct netdhcp *d, be32 addr)
{
	struct pkt *p = new_frame(d);

	if (!p)
		return;
	frame_arp_probe(p, &d->host, addr);
	port_local_inject(d->port, p);
}

static void send_reply(struct netdhcp *d, const struct dhcp_reply *reply)
{
	struct pkt *p = new_frame(d);

	if (!p) {
		dhcp_server_undo(&d->server, &reply->undo);
		return;
	}
	frame_dhcp(p, &d->host, reply);
	if (!reply->durable) {
		port_local_inject(d->port, p);
		return;
	}
	shared.held[shared.n_held++] = (struct held){d, p, reply->undo};
}

static void probe_timer_set(struct netdhcp *d);

/* Do what the server decided. */
static void carry_out(struct netdhcp *d, enum dhcp_verdict verdict, const struct dhcp_reply *reply)
{
	if (verdict == DHCP_REPLY)
		send_reply(d, reply);
	if (verdict == DHCP_PROBE) {
		send_probe(d, reply->dst);
		probe_timer_set(d);
	}
}

static void send_due(struct netdhcp *d)
{
	struct dhcp_reply reply;

	while (dhcp_server_due(&d->server, d->net->runner->now, &reply) == DHCP_REPLY)
		send_reply(d, &reply);
	net_flush(d->net);
}

static void probe_timer_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct netdhcp *d = w->data;

	(void)loop;
	(void)revents;
	runner_clock(d->net->runner);
	send_due(d);
	probe_timer_set(d);
}

static void probe_timer_set(struct netdhcp *d)
{
	struct runner *r = d->net->runner;
	msec deadline = dhcp_server_deadline(&d->server);

	if (!r->loop || !deadline || ev_is_active(&d->probe_timer))
		return;
	ev_timer_init(&d->probe_timer, probe_timer_cb,
		      deadline > r->now ? (double)(deadline - r->now) / 1e3 : 0, 0);
	d->probe_timer.data = d;
	ev_timer_start(r->loop, &d->probe_timer);
}

/* A guest's NIC gets a few addresses at most; the host and a physical NIC may lead to many. */
static unsigned int port_limit(const struct port *port)
{
	return strcmp(port->ops->type, "tap") == 0 || strcmp(port->ops->type, "netns") == 0
		       ? PORT_LEASES_MAX
		       : 0;
}

static void tell_limit(struct netdhcp *d, const struct port *port)
{
	msec now = d->net->runner->now;

	if (d->limit_told_ms && now - d->limit_told_ms < COMPLAIN_MS)
		return;
	d->limit_told_ms = now;
	log_warn("network %s: port %s holds %d addresses and asks for more: it gets none",
		 d->net->conf.name, port->name, PORT_LEASES_MAX);
}

static void input_dhcp(struct netdhcp *d, const struct frame_info *f)
{
	struct runner *r = d->net->runner;
	struct port *port = fdb_lookup(d->net->fdb, &f->src, 0, r->now);
	uint64_t limited = d->server.count[DHCP_N_PORT_LIMIT];
	struct dhcp_rx rx = {.data = f->payload,
			     .len = f->len,
			     .src = f->src,
			     .unicast = f->unicast,
			     .port = port ? port->id + 1 : 0,
			     .port_limit = port ? port_limit(port) : 0};
	struct dhcp_reply reply;

	d->server.conf.mtu = net_mtu(d->net); /* may change while it runs */
	carry_out(d, dhcp_server_input(&d->server, &rx, r->now, clock_wall_s(), &reply), &reply);
	commit_soon(d);
	if (port && d->server.count[DHCP_N_PORT_LIMIT] != limited)
		tell_limit(d, port);
}

static void input_arp(struct netdhcp *d, const struct arp_hdr *arp)
{
	struct dhcp_reply reply;
	struct pkt *p;

	carry_out(
		d,
		dhcp_server_conflict(&d->server, arp->spa, &arp->sha, d->net->runner->now, &reply),
		&reply);
	if (arp->op != htons(ARP_REQUEST) || arp->tpa != d->host.addr)
		return;
	p = new_frame(d);
	if (!p)
		return;
	frame_arp_reply(p, &d->host, arp);
	port_local_inject(d->port, p);
}

static void input_echo(struct netdhcp *d, const struct frame_info *f)
{
	struct pkt *p = new_frame(d);

	if (!p)
		return;
	frame_echo_reply(p, &d->host, f);
	port_local_inject(d->port, p);
}

/* The switch gives us a frame. Takes @p. */
static void input(void *ctx, struct pkt *p)
{
	struct netdhcp *d = ctx;
	struct frame_info f = frame_classify(&d->host, p);

	if (f.kind == FRAME_DHCP)
		input_dhcp(d, &f);
	else if (f.kind == FRAME_ARP)
		input_arp(d, f.arp);
	else if (f.kind == FRAME_ECHO)
		input_echo(d, &f);
	else if (f.drop != DROP_NONE)
		port_drop(d->port, f.drop, NULL);
	pkt_put(p);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int server_start(struct netdhcp *d, struct err *err)
{
	const struct net_conf *c = &d->net->conf;
	struct dhcp_conf conf = {.net = c->name,
				 .server = c->dhcp_server,
				 .subnet = c->subnet,
				 .first = c->dhcp_first,
				 .last = c->dhcp_last,
				 .avoid = {c->gateway, c->host, c->dhcp_router, c->dhcp_dns},
				 .router = c->dhcp_router ? c->dhcp_router : c->gateway,
				 .dns = c->dhcp_dns,
				 .mtu = net_mtu(d->net),
				 .lease_s = c->lease_s ? c->lease_s : LEASE_DEFAULT_S,
				 .probe_ms = PROBE_MS};
	msec now = d->net->runner->now;
	unsigned int lost, bad;
	int rc;

	rc = dhcp_server_init(&d->server, &conf, &dhcp_store_sqlite, shared.store, now);
	if (rc == -EINVAL)
		return err_set(err, rc, "the DHCP range has no address for a guest");
	if (rc)
		return err_sys(err, rc, "DHCP server");
	bad = dhcp_store_bad_rows(shared.store);
	rc = dhcp_server_load(&d->server, now, clock_wall_s(), &lost);
	if (rc)
		return err_sys(err, rc, "leases of network \"%s\"", c->name);
	bad = dhcp_store_bad_rows(shared.store) - bad;
	if (bad)
		log_warn("network %s: %u records of leases make no sense and are ignored", c->name,
			 bad);
	if (lost)
		log_warn("network %s: %u leases on record don't fit it and are ignored", c->name,
			 lost);
	return 0;
}

static int port_start(struct netdhcp *d, struct err *err)
{
	int rc = station_join(d->net, STATION_IP4, input, d, &d->port, err);

	if (rc)
		return rc;
	d->host = (struct dhcp_host){.mac = d->port->mac,
				     .addr = d->net->conf.dhcp_server,
				     .subnet = d->net->conf.subnet};
	d->port->said_addr = d->host.addr;
	return 0;
}

static bool leased(const struct net *net, be32 addr, struct mac *mac, unsigned int *port_id)
{
	const struct dhcp_lease *l = lease_by_addr(&net->dhcp->server.leases, addr);

	if (!l || l->state != LEASE_BOUND)
		return false;
	*mac = l->mac;
	*port_id = l->port; /* as in dhcp_rx: from 1 */
	return true;
}

int netdhcp_start(struct net *net, struct err *err)
{
	struct netdhcp *d;
	int rc = shared.store ? 0 : netdhcp_open_store(NULL, err);

	if (rc)
		return rc;
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_sys(err, -ENOMEM, "DHCP server");
	d->net = net;
	ev_init(&d->probe_timer, probe_timer_cb);
	rc = server_start(d, err);
	if (!rc)
		rc = port_start(d, err);
	net->dhcp = d;
	net->leased = leased;
	if (rc)
		netdhcp_stop(net);
	return rc;
}

void netdhcp_stop(struct net *net)
{
	struct netdhcp *d = net->dhcp;

	if (!d)
		return;
	flush_held();
	if (net->runner->loop)
		ev_timer_stop(net->runner->loop, &d->probe_timer);
	if (d->port)
		station_leave(net, STATION_IP4);
	dhcp_server_fini(&d->server);
	free(d);
	net->dhcp = NULL;
	net->leased = NULL;
}

/* Records end by the wall clock, leases by one that never jumps. When the wall clock jumps, the
 * records move along. */
static void follow_wall_clock(msec now)
{
	int64_t offset = clock_wall_s() * 1000 - (int64_t)now;
	int64_t jump = offset - shared.wall_minus_now_ms;

	if (shared.wall_minus_now_ms && (jump > JUMP_MS || jump < -JUMP_MS)) {
		log_info("the clock was set by %lld s: leases on record follow",
			 (long long)(jump / 1000));
		flush_held();
		if (dhcp_store_shift(shared.store, jump / 1000))
			return; /* tried again at the next tick */
	} else if (shared.wall_minus_now_ms) {
		return;
	}
	shared.wall_minus_now_ms = offset;
}

void netdhcp_tick(struct net *net, msec now)
{
	struct netdhcp *d = net->dhcp;

	if (!d)
		return;
	if (net->runner->loop)
		follow_wall_clock(now);
	lease_table_run(&d->server.leases, now);
	send_due(d);
}

bool netdhcp_at_rest(const struct net *net)
{
	return !net->dhcp;
}

void netdhcp_forget(const char *net_name)
{
	if (!shared.store)
		return;
	flush_held();
	if (dhcp_store_forget(shared.store, net_name))
		log_warn("network %s: its leases can't be removed from the lease file: %s",
			 net_name, dhcp_store_why(shared.store));
}

void netdhcp_show(const struct net *net, json_t *out)
{
	json_t *dhcp = json_object_get(out, "dhcp");

	if (net->dhcp && json_is_object(dhcp))
		netdhcp_json_counts(&net->dhcp->server, dhcp);
}

int netdhcp_call(struct net *net, const char *method, json_t *params, json_t **result,
		 struct err *err)
{
	flush_held(); /* a failure below must not take others' leases along */
	return netdhcp_json_call(net, &net->dhcp->server, method, params, result, err);
}

be32 netdhcp_addr_of(const struct net *net, const struct mac *mac)
{
	const struct dhcp_lease *l = net->dhcp ? netdhcp_newest_of(&net->dhcp->server, mac) : NULL;

	return l ? l->addr : 0;
}
