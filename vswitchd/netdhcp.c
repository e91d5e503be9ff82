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
#include "vswitchd/netsix.h"
#include "vswitchd/nettftp.h"
#include "vswitchd/switch/runner.h"

enum { PROBE_MS = 250, LEASE_DEFAULT_S = 3600 };

/* What the server works with, of the network's settings and @rules. */
static struct dhcp_conf conf_of(const struct net *net, const struct netdhcp_rules *rules)
{
	const struct net_conf *c = &net->conf;
	struct dhcp_conf conf = {
		.net = c->name,
		.n_subnets = 1 + rules->n_more,
		.subnet = {{.subnet = c->subnet,
			    .first = c->dhcp_first,
			    .last = c->dhcp_last,
			    .server = c->dhcp_server,
			    .router = c->dhcp_router ? c->dhcp_router : c->gateway}},
		.avoid = {c->gateway, c->host, c->dhcp_dns},
		.dns = c->dhcp_dns,
		.domain = c->domain,
		.mtu = net_mtu(net),
		.lease_s = c->lease_s ? c->lease_s : LEASE_DEFAULT_S,
		.boot = nettftp_boot,
		.boot_ctx = (struct net *)net,
		.probe_ms = PROBE_MS,
		.policy = rules->policy};

	memcpy(conf.subnet + 1, rules->more, rules->n_more * sizeof(conf.subnet[0]));
	return conf;
}

/* Bring up the server of @d, or a new one for other subnets. */
static int server_start(struct netdhcp *d, struct lease_writer *writer, struct err *err)
{
	struct dhcp_conf conf = conf_of(d->net, &d->rules);
	struct dhcp_store *store = netdhcp_store(err);
	unsigned int lost, bad;
	msec now;
	int rc;

	/* Leases end by both clocks: read together, as a daemon may take seconds to get here. */
	if (d->net->runner->loop)
		runner_clock(d->net->runner);
	now = d->net->runner->now;
	rc = dhcp_server_init(&d->server, &conf, &lease_writer_ops, writer, now);
	if (rc == -EINVAL)
		return err_set(err, rc, "a DHCP range has no address for a guest");
	if (rc)
		return err_sys(err, rc, "DHCP server");
	bad = dhcp_store_bad_rows(store);
	rc = dhcp_server_load(&d->server, now, clock_wall_s(), &lost);
	if (rc)
		return err_sys(err, rc, "leases of network \"%s\"", conf.net);
	bad = dhcp_store_bad_rows(store) - bad;
	if (bad)
		log_warn("network %s: %u records of leases make no sense and are ignored", conf.net,
			 bad);
	if (lost)
		log_warn("network %s: %u leases on record don't fit it and are ignored", conf.net,
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

static const char *claims(const struct net *net, be32 addr)
{
	const struct dhcp_pool *pool = dhcp_server_pool(&net->dhcp->server, addr);

	if (!pool)
		return NULL;
	if (!dhcp_pool_reservable(pool, addr))
		return "the address is one of the network's own";
	return dhcp_pool_in_range(pool, addr) ? "the address is in a range of the DHCP server"
					      : NULL;
}

static const struct ip4_prefix *further(const struct net *net, struct ip4_prefix p)
{
	const struct netdhcp_rules *r = &net->dhcp->rules;

	for (unsigned int i = 0; i < r->n_more; i++)
		if (!r->more[i].relayed && ip4_prefix_overlaps(r->more[i].subnet, p))
			return &r->more[i].subnet;
	return NULL;
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
	rc = netdhcp_rules_make(&net->conf, net->conf.dhcp_rules, &d->rules, err);
	if (!rc)
		rc = server_start(d, writer, err);
	if (!rc)
		rc = netdhcp_port_start(d, err);
	net->dhcp = d;
	net->leased = leased;
	net->claims = claims;
	net->further = further;
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
	netdhcp_hold_forget(&d->hold);
	netdhcp_port_stop(d);
	dhcp_server_fini(&d->server);
	netdhcp_rules_fini(&d->rules);
	free(d);
	net->dhcp = NULL;
	net->leased = NULL;
	net->claims = NULL;
	net->further = NULL;
}

void netdhcp_tick(struct net *net, msec now)
{
	struct netdhcp *d = net->dhcp;

	if (!d)
		return;
	netdhcp_store_tick(net->runner, now);
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

/* ---- rules ----------------------------------------------------------------------------------- */

/* Other pools: a new server reads the leases again. What is counted goes on. */
static int server_renew(struct netdhcp *d, struct netdhcp_rules *rules, struct err *err)
{
	struct lease_writer *writer = netdhcp_hold_start(d->net->runner, err);
	struct netdhcp_rules old = d->rules;
	uint64_t count[DHCP_N];
	int rc = netdhcp_hold_flush();

	/* What is in memory alone must not go, nor what answers that wait know of it. */
	if (rc) {
		netdhcp_rules_fini(rules);
		return err_set(err, rc,
			       "the lease file can't be written: `vnetctl doctor` says why");
	}
	memcpy(count, d->server.count, sizeof(count));
	dhcp_server_fini(&d->server);
	d->rules = *rules;
	rc = server_start(d, writer, err);
	if (rc) {
		dhcp_server_fini(&d->server);
		d->rules = old;
		if (server_start(d, writer, NULL))
			log_error("network %s: the DHCP server is not back", d->net->conf.name);
		old = *rules;
	}
	memcpy(d->server.count, count, sizeof(count));
	netdhcp_port_addresses(d);
	netdhcp_rules_fini(&old);
	return rc;
}

static bool same_subnets(const struct netdhcp_rules *a, const struct netdhcp_rules *b)
{
	if (a->n_more != b->n_more)
		return false;
	for (size_t i = 0; i < a->n_more; i++) {
		const struct dhcp_subnet *x = &a->more[i], *y = &b->more[i];

		if (x->subnet.addr != y->subnet.addr || x->subnet.plen != y->subnet.plen ||
		    x->first != y->first || x->last != y->last || x->server != y->server ||
		    x->router != y->router || x->relayed != y->relayed)
			return false;
	}
	return true;
}

int netdhcp_set_rules(struct net *net, const json_t *doc, struct err *err)
{
	struct netdhcp *d = net->dhcp;
	struct netdhcp_rules rules;
	int rc = netdhcp_rules_make(&net->conf, doc, &rules, err);

	if (rc)
		return rc;
	if (!same_subnets(&rules, &d->rules))
		return server_renew(d, &rules, err);
	netdhcp_rules_fini(&d->rules);
	d->rules = rules;
	d->server.conf.policy = rules.policy;
	return 0;
}

const json_t *netdhcp_rules(const struct net *net)
{
	return net->dhcp->rules.doc;
}

static int change_rules(struct net *net, const char *method, const json_t *params, json_t **result,
			struct err *err)
{
	json_t *doc = netdhcp_rules_edit(net->dhcp->rules.doc, method, params, err);
	int rc = doc ? netdhcp_set_rules(net, doc, err) : err->code;

	json_decref(doc);
	if (!rc)
		*result = netdhcp_rules_json(&net->dhcp->rules, &net->dhcp->server);
	return rc;
}

int netdhcp_call(struct net *net, const char *method, json_t *params, json_t **result,
		 struct err *err)
{
	if (netdhcp_rules_edits(method))
		return change_rules(net, method, params, result, err);
	if (!strcmp(method, "dhcp.explain"))
		return netdhcp_explain(net->dhcp, params, result, err);
	if (!strcmp(method, "dhcp.options")) {
		*result = netdhcp_rules_json(&net->dhcp->rules, &net->dhcp->server);
		return 0;
	}
	return netdhcp_json_call(net, &net->dhcp->server, method, params, result, err);
}

bool netdhcp_is_own(const struct net *net, be32 addr)
{
	return net->dhcp && dhcp_host_is(&net->dhcp->host, addr);
}

be32 netdhcp_addr_of(const struct net *net, const struct mac *mac)
{
	const struct dhcp_lease *l = net->dhcp ? netdhcp_newest_of(&net->dhcp->server, mac) : NULL;

	return l ? l->addr : 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Of both families. Who has a lease keeps it until it renews: then it gets the new time. */
static int lease_time_set(struct net *net, const char *value, struct err *err)
{
	msec ms;
	int rc = setting_time(value, &ms, err);

	if (rc)
		return rc;
	net->conf.lease_s = (uint32_t)(ms / 1000);
	if (net->dhcp)
		net->dhcp->server.conf.lease_s = net->conf.lease_s;
	netsix_lease(net, net->conf.lease_s);
	return 0;
}

static bool lease_time_get(const struct net *net, char *text, size_t size)
{
	uint32_t lease_s = net->conf.lease_s ? net->conf.lease_s : LEASE_DEFAULT_S;

	setting_time_text((msec)lease_s * 1000, text, size);
	return lease_s != LEASE_DEFAULT_S;
}

static int leases_set(struct net *net, const char *value, struct err *err)
{
	return setting_leases(value, "8", &net->port_leases, err);
}

static bool leases_get(const struct net *net, char *text, size_t size)
{
	setting_leases_text(net->port_leases, "8", text, size);
	return net->port_leases;
}

const struct net_setting netdhcp_settings[] = {
	{"leases", "how many addresses DHCP may give behind a guest's port, or any", leases_set,
	 leases_get},
	{"lease", SETTING_TIME_TEXT, lease_time_set, lease_time_get},
	{0},
};
