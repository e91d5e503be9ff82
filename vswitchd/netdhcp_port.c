/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_port.c - the server as a host of its network, on the network's station (station.h).
 *
 * Theory of operation. A message goes to dhcp/server.h; the reply becomes a frame at once. One that
 * promises a lease is held until the lease is on disk (netdhcp_hold.c). An address goes to a new
 * client only after an ARP probe that nobody answered for conf.probe_ms; a timer of the loop (by
 * hand: the tick) sends the OFFER then.
 */
#include <arpa/inet.h>
#include <string.h>

#include "vswitchd/netdhcp_int.h"
#include "vswitchd/station.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- answers and probes ---------------------------------------------------------------------- */

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

	if (p)
		frame_dhcp(p, &d->host, reply);
	if (reply->durable)
		netdhcp_hold(&d->hold, p, &reply->undo);
	else if (p)
		port_local_inject(d->port, p);
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

void netdhcp_port_due(struct netdhcp *d)
{
	struct dhcp_reply reply;

	while (dhcp_server_due(&d->server, d->net->runner->now, &reply) == DHCP_REPLY) {
		netdhcp_tell_due(d, &reply);
		send_reply(d, &reply);
	}
	net_flush(d->net);
}

static void probe_timer_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct netdhcp *d = w->data;

	(void)loop;
	(void)revents;
	runner_clock(d->net->runner);
	netdhcp_port_due(d);
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

/* ---- frames in ------------------------------------------------------------------------------- */

/* One machine is behind a guest's NIC: it gets a few addresses at most. The host, a physical NIC
 * and a cable to another network may lead to many. */
bool netdhcp_port_one_machine(const struct port *port)
{
	return port && (!strcmp(port->ops->type, "tap") || !strcmp(port->ops->type, "netns"));
}

unsigned int netdhcp_port_limit(const struct net *net, const struct port *port)
{
	unsigned int n = port && port->leases ? port->leases : net->port_leases;

	return n == LEASES_ANY ? 0 : n ? n : NETDHCP_PORT_LEASES;
}

struct port *netdhcp_port_by_id(const struct net *net, uint32_t id)
{
	struct port *port = id ? net->ports : NULL;

	while (port && port->id + 1 != id)
		port = port->next;
	return port;
}

struct port *netdhcp_came_by(const struct net *net, const struct pkt *p, const struct mac *src)
{
	struct port *port = fdb_lookup(net->fdb, src, 0, net->runner->now);

	if (!p->from || (port && port->id + 1 == p->from))
		return port;
	return netdhcp_port_by_id(net, p->from);
}

static void input_dhcp(struct netdhcp *d, const struct frame_info *f, const struct pkt *p)
{
	struct runner *r = d->net->runner;
	struct port *port = netdhcp_came_by(d->net, p, &f->src);
	struct dhcp_rx rx = {.data = f->payload,
			     .len = f->len,
			     .src = f->src,
			     .unicast = f->unicast,
			     .port = port ? port->id + 1 : 0,
			     .at = netdhcp_port_one_machine(port) ? port->name : NULL,
			     .port_limit = netdhcp_port_limit(d->net, port)};
	enum dhcp_verdict verdict;
	struct dhcp_reply reply;
	struct told told;

	d->server.conf.mtu = net_mtu(d->net); /* these may change while it runs */
	d->server.conf.dns = d->net->conf.dhcp_dns;
	netdhcp_tell_before(d, &rx, port, &told);
	verdict = dhcp_server_input(&d->server, &rx, r->now, clock_wall_s(), &reply);
	netdhcp_tell_after(&told, verdict, &reply);
	carry_out(d, verdict, &reply);
	netdhcp_hold_commit_soon(r);
}

/* A sign of life from an address that a client is to get? */
static void input_conflict(struct netdhcp *d, const struct arp_hdr *arp)
{
	uint64_t before = d->server.count[DHCP_N_CONFLICT];
	enum dhcp_verdict verdict;
	struct dhcp_reply reply;

	verdict =
		dhcp_server_conflict(&d->server, arp->spa, &arp->sha, d->net->runner->now, &reply);
	if (d->server.count[DHCP_N_CONFLICT] != before)
		netdhcp_tell_conflict(d, arp->spa, &arp->sha);
	carry_out(d, verdict, &reply);
}

static void input_arp(struct netdhcp *d, const struct arp_hdr *arp)
{
	struct pkt *p;

	input_conflict(d, arp);
	if (arp->op != htons(ARP_REQUEST) || !dhcp_host_is(&d->host, arp->tpa))
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
		input_dhcp(d, &f, p);
	else if (f.kind == FRAME_ARP)
		input_arp(d, f.arp);
	else if (f.kind == FRAME_ECHO)
		input_echo(d, &f);
	else if (f.drop != DROP_NONE)
		port_drop(d->port, f.drop, NULL);
	pkt_put(p);
}

void netdhcp_port_gone(const struct port *port)
{
	struct netdhcp *d = port->net->dhcp;

	if (!d || !netdhcp_port_one_machine(port))
		return;
	dhcp_server_port_gone(&d->server, port->name, clock_wall_s());
	netdhcp_hold_forget_freed(&d->hold);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void kept(struct hold_owner *o, const struct dhcp_undo *undo)
{
	const struct dhcp_lease *l = undo->lease;
	char addr[IP4_STR], mac[MAC_STR];

	if (o->net->lease_told)
		o->net->lease_told(o->net, l->addr, &l->mac, l->hostname, l->hostname_len);
	if (undo->was.state == LEASE_BOUND || !o->net->runner->events)
		return;
	runner_event(o->net->runner, "dhcp.lease",
		     json_pack("{s:s, s:s, s:s}", "net", o->net->conf.name, "address",
			       ip4_format(l->addr, addr), "mac", mac_format(&l->mac, mac)));
}

static void undo(struct hold_owner *o, const struct dhcp_undo *undo)
{
	struct netdhcp *d = CONTAINER_OF(o, struct netdhcp, hold);

	netdhcp_tell_undone(d, undo->lease); /* while it says whose it was to be */
	dhcp_server_undo(&d->server, undo);
}

void netdhcp_port_addresses(struct netdhcp *d)
{
	const struct dhcp_conf *c = &d->server.conf;

	d->host = (struct dhcp_host){.mac = d->port->mac};
	for (unsigned int i = 0; i < c->n_subnets; i++) {
		if (!c->subnet[i].server)
			continue;
		d->host.own[d->host.n].addr = c->subnet[i].server;
		d->host.own[d->host.n++].subnet = c->subnet[i].subnet;
	}
}

int netdhcp_port_start(struct netdhcp *d, struct err *err)
{
	int rc = station_join(d->net, STATION_IP4, input, d, &d->port, err);

	if (rc)
		return rc;
	ev_init(&d->probe_timer, probe_timer_cb);
	netdhcp_port_addresses(d);
	d->port->said_addr = d->net->conf.dhcp_server;
	d->hold = (struct hold_owner){d->net, d->port, kept, undo};
	return 0;
}

void netdhcp_port_stop(struct netdhcp *d)
{
	if (d->net->runner->loop)
		ev_timer_stop(d->net->runner->loop, &d->probe_timer);
	if (d->port)
		station_leave(d->net, STATION_IP4);
}
