/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_dhcp.c - the DHCPv6 server on the station.
 *
 * Theory of operation. As for IPv4 (netdhcp_port.c): a message goes to dhcp/server6.h, a reply that
 * promises or ends a lease is held until that is on disk (netdhcp_hold.c). It goes back to the
 * address and the MAC that the message came from; who asks has a link-local address, so nobody has
 * to be looked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_writer.h"
#include "lib/log.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netsix_int.h"
#include "vswitchd/nettftp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { LEASE_DEFAULT_S = 3600 };

/* ---- answers --------------------------------------------------------------------------------- */

static void kept(struct hold_owner *o, const struct dhcp_undo *undo)
{
	const struct dhcp6_server *d = CONTAINER_OF(o, struct netsix, hold)->dhcp;
	struct ip_addr addr = dhcp6_addr(&d->conf, undo->lease->addr);
	char text[IP_ADDR_STR], mac[MAC_STR];

	if (undo->was.state == LEASE_BOUND || !o->net->runner->events)
		return;
	runner_event(o->net->runner, "dhcp.lease",
		     json_pack("{s:s, s:s, s:s}", "net", o->net->conf.name, "address",
			       ip_addr_format(&addr, text), "mac",
			       mac_format(&undo->lease->mac, mac)));
}

static void undo_one(struct hold_owner *o, const struct dhcp_undo *undo)
{
	struct netsix *s = CONTAINER_OF(o, struct netsix, hold);

	six_tell_undone(s, undo->lease); /* while it says whose it was to be */
	dhcp_server_undo(&s->dhcp->leases, undo);
}

static void send_reply(struct netsix *s, const struct six_info *i, const struct dhcp6_reply *r)
{
	uint16_t dport = r->to_relay ? DHCP6_PORT_SERVER : DHCP6_PORT_CLIENT;
	struct pkt *p = pkt_alloc(s->net->runner->pool);
	static const struct dhcp_undo none;

	if (!p) {
		port_drop(s->port, DROP_NO_BUFFER, NULL);
		dhcp6_server_undo(s->dhcp, r);
		return;
	}
	six_udp(p, &s->host, &s->host.link_local, &i->src, &i->from, DHCP6_PORT_SERVER, dport,
		r->data, r->len);
	if (!r->durable) {
		port_local_inject(s->port, p);
		return;
	}
	for (unsigned int k = 0; k + 1 < r->n_undo; k++)
		netdhcp_hold(&s->hold, NULL, &r->undo[k]);
	netdhcp_hold(&s->hold, p, r->n_undo ? &r->undo[r->n_undo - 1] : &none);
}

/* ---- messages -------------------------------------------------------------------------------- */

void six_dhcp_refresh(struct netsix *s)
{
	s->dhcp->conf.stateful = s->net->conf.ipv6 == IPV6_STATEFUL;
}

bool six_dhcp_input(struct netsix *s, const struct six_info *i, const struct pkt *p)
{
	struct runner *r = s->net->runner;
	struct port *port = netdhcp_came_by(s->net, p, &i->from);
	struct dhcp6_rx rx = {.data = i->payload,
			      .len = i->len,
			      .src = i->from,
			      .unicast = i->to_us,
			      .port = port ? port->id + 1 : 0,
			      .at = netdhcp_port_one_machine(port) ? port->name : NULL,
			      .port_limit = netdhcp_port_limit(s->net, port)};
	struct dhcp6_reply reply;
	struct told6 told;
	bool replied;

	if (i->dport != DHCP6_PORT_SERVER || s->net->conf.ipv6 == IPV6_SLAAC)
		return false;
	six_dhcp_refresh(s);
	six_tell_before(s, &rx, port, &told);
	replied = dhcp6_server_input(s->dhcp, &rx, r->now, clock_wall_s(), &reply);
	six_tell_after(&told, &reply, replied);
	if (replied)
		send_reply(s, i, &reply);
	netdhcp_hold_commit_soon(r);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

int six_dhcp_start(struct netsix *s, struct err *err)
{
	const struct net_conf *c = &s->net->conf;
	struct dhcp6_conf conf = {.prefix = netsix_addr(s->net, 0),
				  .mac = s->host.mac,
				  .boot = nettftp_boot6,
				  .boot_ctx = s->net,
				  .first = DHCP6_FIRST,
				  .last = DHCP6_LAST,
				  .lease_s = c->lease_s ? c->lease_s : LEASE_DEFAULT_S};
	struct lease_writer *writer = netdhcp_hold_start(s->net->runner, err);
	unsigned int lost = 0;
	msec now;
	int rc;

	if (!writer)
		return err ? err->code : -EIO;
	if (s->net->runner->loop)
		runner_clock(s->net->runner); /* with the wall clock, below */
	now = s->net->runner->now;
	snprintf(conf.net, sizeof(conf.net), "%s" NETDHCP_SIX, c->name);
	if (!ip_addr_is_zero(&c->dns6))
		conf.dns[conf.n_dns++] = c->dns6;
	conf.search = c->domain[0] ? c->domain : NULL;
	s->dhcp = calloc(1, sizeof(*s->dhcp));
	rc = s->dhcp ? dhcp6_server_init(s->dhcp, &conf, &lease_writer_ops, writer, now) : -ENOMEM;
	if (!rc)
		rc = dhcp_server_load(&s->dhcp->leases, now, clock_wall_s(), &lost);
	if (rc)
		return err_sys(err, rc, "DHCPv6 server of network \"%s\"", c->name);
	if (lost)
		log_warn("network %s: %u IPv6 leases on record don't fit it and are ignored",
			 c->name, lost);
	s->hold = (struct hold_owner){s->net, s->port, kept, undo_one};
	return 0;
}

void six_dhcp_stop(struct netsix *s)
{
	if (!s->dhcp)
		return;
	netdhcp_hold_forget(&s->hold);
	dhcp6_server_fini(s->dhcp);
	free(s->dhcp);
	s->dhcp = NULL;
}

void netsix_lease(struct net *net, uint32_t lease_s)
{
	if (net->six)
		net->six->dhcp->conf.lease_s = lease_s;
}

void six_dhcp_tick(struct netsix *s, msec now)
{
	netdhcp_store_tick(s->net->runner, now);
	lease_table_run(&s->dhcp->leases.leases, now);
}

const struct dhcp_server *netsix_table(const struct net *net)
{
	return net->six->dhcp ? &net->six->dhcp->leases : NULL;
}

void netsix_port_gone(const struct port *port)
{
	struct netsix *s = port->net->six;

	if (!s || !netdhcp_port_one_machine(port))
		return;
	dhcp_server_port_gone(&s->dhcp->leases, port->name, clock_wall_s());
	netdhcp_hold_forget_freed(&s->hold);
}
