/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp.c - the DHCP server of a network: its life, and what others ask it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_writer.h"
#include "lib/log.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netdhcp_json.h"
#include "vswitchd/switch/runner.h"

enum { PROBE_MS = 250, LEASE_DEFAULT_S = 3600 };

static int server_start(struct netdhcp *d, struct lease_writer *writer, struct err *err)
{
	const struct net_conf *c = &d->net->conf;
	struct dhcp_conf conf = {
		.net = c->name,
		.n_subnets = 1,
		.subnet = {{.subnet = c->subnet,
			    .first = c->dhcp_first,
			    .last = c->dhcp_last,
			    .server = c->dhcp_server,
			    .router = c->dhcp_router ? c->dhcp_router : c->gateway}},
		.avoid = {c->gateway, c->host, c->dhcp_dns},
		.dns = c->dhcp_dns,
		.domain = c->domain,
		.mtu = net_mtu(d->net),
		.lease_s = c->lease_s ? c->lease_s : LEASE_DEFAULT_S,
		.probe_ms = PROBE_MS};
	struct dhcp_store *store = netdhcp_store(err);
	msec now = d->net->runner->now;
	unsigned int lost, bad;
	int rc;

	rc = dhcp_server_init(&d->server, &conf, &lease_writer_ops, writer, now);
	if (rc == -EINVAL)
		return err_set(err, rc, "the DHCP range has no address for a guest");
	if (rc)
		return err_sys(err, rc, "DHCP server");
	bad = dhcp_store_bad_rows(store);
	rc = dhcp_server_load(&d->server, now, clock_wall_s(), &lost);
	if (rc)
		return err_sys(err, rc, "leases of network \"%s\"", c->name);
	bad = dhcp_store_bad_rows(store) - bad;
	if (bad)
		log_warn("network %s: %u records of leases make no sense and are ignored", c->name,
			 bad);
	if (lost)
		log_warn("network %s: %u leases on record don't fit it and are ignored", c->name,
			 lost);
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

/* Those from the store, to who wants to know. */
static void tell_leases(struct net *net)
{
	const struct dhcp_lease *l = net->dhcp->server.leases.queue[LEASE_BOUND].head;

	for (; l && net->lease_told; l = l->next)
		net->lease_told(net, l->addr, &l->mac, l->hostname, l->hostname_len);
}

int netdhcp_start(struct net *net, struct err *err)
{
	struct lease_writer *writer = netdhcp_hold_start(net->runner, err);
	struct netdhcp *d;
	int rc;

	if (!writer)
		return err ? err->code : -EIO;
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_sys(err, -ENOMEM, "DHCP server");
	d->net = net;
	rc = server_start(d, writer, err);
	if (!rc)
		rc = netdhcp_port_start(d, err);
	net->dhcp = d;
	net->leased = leased;
	if (rc)
		netdhcp_stop(net);
	else
		tell_leases(net);
	return rc;
}

void netdhcp_stop(struct net *net)
{
	struct netdhcp *d = net->dhcp;

	if (!d)
		return;
	netdhcp_hold_flush();
	netdhcp_port_stop(d);
	dhcp_server_fini(&d->server);
	free(d);
	net->dhcp = NULL;
	net->leased = NULL;
}

void netdhcp_tick(struct net *net, msec now)
{
	struct netdhcp *d = net->dhcp;

	if (!d)
		return;
	if (net->runner->loop)
		netdhcp_store_follow_clock(now);
	lease_table_run(&d->server.leases, now);
	netdhcp_port_due(d);
}

bool netdhcp_at_rest(const struct net *net)
{
	return !net->dhcp;
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
	return netdhcp_json_call(net, &net->dhcp->server, method, params, result, err);
}

be32 netdhcp_addr_of(const struct net *net, const struct mac *mac)
{
	const struct dhcp_lease *l = net->dhcp ? netdhcp_newest_of(&net->dhcp->server, mac) : NULL;

	return l ? l->addr : 0;
}
