/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat - guests reach everything that the host reaches, under the host's address.
 *
 * This file ties the parts together: the gateway's port on the switch (nat_gateway.h), the
 * translator (nat_xlate.h), the way out (nat_uplink.h), the host's leg and the DHCP server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "modes/nat/nat_map.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/hostleg.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns.h"
#include "vswitchd/netprobe.h"
#include "vswitchd/netsix.h"
#include "vswitchd/nettftp.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

/* ---- the round through the table ------------------------------------------------------------- */

/* Between the pieces of a round frames are served. */
enum { ROUND_PAUSE_US = 200 };

/* Of both families. True when there is more to do. */
static bool round_piece(struct nat_net *nn)
{
	msec now = nn->net->runner->now;
	bool more = nat_table_run(&nn->nat->table, now);

	return (nn->six && nat_table_run(&nn->six->table, now)) || more;
}

static void round_cb(struct due *d)
{
	struct nat_net *nn = CONTAINER_OF(d, struct nat_net, round);
	struct runner *r = nn->net->runner;

	if (round_piece(nn))
		runner_due(r, d, r->now_us + ROUND_PAUSE_US);
}

static void round_go_on(struct nat_net *nn)
{
	struct runner *r = nn->net->runner;

	while (!r->loop && round_piece(nn))
		;
	if (r->loop && !nn->round.place)
		runner_due(r, &nn->round, r->now_us + ROUND_PAUSE_US);
}

static int round_init(struct nat_net *nn, struct err *err)
{
	if (due_reserve(&nn->net->runner->due, 1) < 0)
		return err_sys(err, -ENOMEM, "network \"%s\"", nn->net->conf.name);
	nn->round.fire = round_cb;
	return 0;
}

static void round_fini(struct nat_net *nn)
{
	if (!nn->round.fire)
		return;
	due_stop(&nn->net->runner->due, &nn->round);
	due_release(&nn->net->runner->due, 1);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int nat_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	int rc = conf_refuse(conf, CONF_NIC | CONF_VLAN,
			     "a NAT network leaves by the host's routes", err);

	if (rc < 0)
		return rc;
	if (!conf->dhcp_given)
		conf->dhcp = true;
	rc = addrplan6_fill(r, conf, err);
	if (rc < 0)
		return rc;
	return addrplan_fill(r, conf,
			     (conf->host_off ? 0u : PLAN_HOST) | PLAN_GATEWAY |
				     (conf->dhcp ? PLAN_DHCP : 0u),
			     err);
}

static int make_translator(struct nat_net *nn, struct err *err)
{
	const struct net_conf *c = &nn->net->conf;
	struct nat_conf conf = {.subnet = c->subnet,
				.gateway = c->gateway,
				.host = c->host,
				.dhcp = c->dhcp_server,
				.mtu = c->mtu ? c->mtu : 1500,
				.set = NAT_SETTINGS_DEFAULT};
	struct nat_env env = nat_edge_env(nn);
	uint64_t seed[4];

	random_bytes(seed, sizeof(seed));
	nn->nat = nat_create(&conf, &env, seed, nn->net->runner->now);
	if (!nn->nat)
		return err_sys(err, -ENOMEM, "network \"%s\"", c->name);
	nn->nat->table.note = nat_show_note;
	nn->nat->table.lack = nat_lack_note;
	nn->nat->table.note_ctx = nn;
	return 0;
}

static int make_gateway(struct nat_net *nn, struct err *err)
{
	const struct net_conf *c = &nn->net->conf;
	struct gateway *g = &nn->gw;
	char name[PORT_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s.gateway", c->name);
	*g = (struct gateway){.nat = nn->nat,
			      .addr = c->gateway,
			      .mac = mac_from_name(name),
			      .pool = nn->net->runner->pool,
			      .emit = nat_edge_emit,
			      .lost = nat_edge_lost,
			      .ctx = nn};
	if (gateway_init(g, c->subnet.plen) < 0)
		return err_sys(err, -ENOMEM, "network \"%s\"", c->name);
	nn->port = port_local_add(nn->net, name, &g->mac, nat_edge_input, nn, err);
	if (!nn->port)
		return err && err->code ? err->code : -EIO;
	nn->port->said_addr = c->gateway;
	return 0;
}

/* Without IPv6 in a network's settings, or with an MTU that IPv6 does not know, there is none. */
static int start_six(struct nat_net *nn, struct err *err)
{
	const struct net_conf *c = &nn->net->conf;
	struct nat6_conf conf = {.mac = nn->gw.mac, .mtu = c->mtu ? c->mtu : 1500};
	struct nat6_env env = nat_edge_env6(nn);
	uint64_t seed[4];

	if (!c->subnet6.given || conf.mtu < IP6_MIN_MTU)
		return 0;
	memcpy(conf.prefix.b, c->subnet6.prefix, sizeof(c->subnet6.prefix));
	random_bytes(seed, sizeof(seed));
	nn->six =
		nat6_create(&conf, &env, &nn->nat->table.set, nn->nat, seed, nn->net->runner->now);
	nn->nat->six = nn->six;
	if (nn->six)
		nn->six->table.lack = nat_lack_note6;
	return nn->six ? 0 : err_sys(err, -ENOMEM, "network \"%s\"", c->name);
}

/* What the gateway advertises follows the settings. */
static void follow_ra(struct nat_net *nn)
{
	struct ra_conf ra;

	netsix_ra(nn->net, &ra);
	/* netsix_ra() clears what is between the members too. */
	if (nn->ra_known && !memcmp((const void *)&ra, (const void *)&nn->ra, sizeof(ra)))
		return;
	memcpy(&nn->ra, &ra, sizeof(ra));
	nn->ra_known = true;
	nat6_advertise(nn->six, &ra);
}

static int start_dhcp(struct net *net, struct err *err)
{
	if (!net->conf.dhcp)
		return 0;
	if (!net->conf.dhcp_router)
		net->conf.dhcp_router = net->conf.gateway;
	return netdhcp_start(net, err);
}

/* The order undoes start: what sends first, then what it sends by. Safe on half a network. */
static void nat_stop(struct net *net)
{
	struct nat_net *nn = net->mode_state;

	netprobe_stop(net);
	netdns_stop(net);
	netsix_stop(net);
	netdhcp_stop(net);
	hostleg_del(net);
	if (!nn)
		return;
	if (nn->six && nn->port)
		nat6_goodbye(nn->six);
	if (nn->uplinks) {
		nat_forward_fini(nn);
		nat_map_fini(nn);
		nat_pool_fini(nn);
		uplinks_put(nn->uplinks, nn);
	}
	nat6_destroy(nn->six);
	round_fini(nn);
	if (nn->gw.neighs)
		gateway_fini(&nn->gw);
	port_del(nn->port, true);
	nat_destroy(nn->nat);
	nat_ext_destroy(nn->host_ext);
	free(nn);
	net->mode_state = NULL;
}

static int nat_start(struct net *net, struct err *err)
{
	struct nat_net *nn = calloc(1, sizeof(*nn));
	int rc;

	if (!nn)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	nn->net = net;
	net->mode_state = nn;
	rc = round_init(nn, err);
	if (rc == 0)
		rc = make_translator(nn, err);
	if (rc == 0)
		rc = make_gateway(nn, err);
	if (rc == 0) {
		nn->uplinks = uplinks_get(nn, err);
		rc = nn->uplinks ? 0 : -ENOMEM;
	}
	if (rc == 0)
		rc = start_six(nn, err);
	if (rc == 0 && !net->conf.host_off)
		rc = hostleg_add(net, err);
	if (rc == 0)
		rc = netdns_start(net, NET_DNS_HOST, err);
	if (rc == 0)
		rc = start_dhcp(net, err);
	if (rc == 0)
		rc = netsix_start(net, true, err);
	if (rc < 0)
		nat_stop(net);
	return rc;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* No guest may pass for the gateway, the host's leg or the DHCP server. */
static enum drop_reason nat_ingress(struct walk *w)
{
	const struct nat_net *nn = w->net->mode_state;
	const char *type = w->from->ops->type;

	if (!nn || w->from == nn->port || strcmp(type, "local") == 0 ||
	    strcmp(type, "hosttap") == 0)
		return DROP_NONE;
	if (nn->six && nat_is_ip6(w->p)) {
		enum drop_reason why = nat6_check_claim(nn->six, w->p);

		if (why)
			return why;
	}
	return gateway_check_claim(&nn->gw, w->p);
}

static void nat_tick_net(struct net *net, msec now)
{
	struct nat_net *nn = net->mode_state;
	bool more;

	netdhcp_tick(net, now);
	netsix_tick(net, now);
	nettftp_tick(net, now);
	more = nat_tick(nn->nat, now);
	gateway_tick(&nn->gw, now);
	nat_forward_refresh(nn);
	nat_map_refresh(nn);
	nat_pool_refresh(nn);
	uplinks_tick(nn->uplinks, now);
	if (nn->six) {
		follow_ra(nn);
		nat6_follow(nn->six, &nn->nat->table.set, now);
		more |= nat6_tick(nn->six, uplinks_online6(nn->uplinks), now);
	}
	if (more)
		round_go_on(nn);
}

static void nat_host_changed(struct net *net)
{
	struct nat_net *nn = net->mode_state;

	uplinks_changed(nn->uplinks);
	nat_clash_check(nn);
}

static int nat_call(struct net *net, const char *method, json_t *params, json_t **result,
		    struct err *err)
{
	struct nat_net *nn = net->mode_state;

	if (strcmp(method, "nat.list") == 0)
		return nat_show_flows(nn, params, result, err);
	if (strcmp(method, "nat.guests") == 0) {
		*result = nat_show_guests(nn);
		return 0;
	}
	if (strcmp(method, "nat.forward.add") == 0)
		return nat_forward_add(nn, params, result, err);
	if (strcmp(method, "nat.forward.list") == 0)
		return nat_forward_list(nn, result);
	if (strcmp(method, "nat.forward.del") == 0)
		return nat_forward_del(nn, params, result, err);
	if (strcmp(method, "nat.map.add") == 0)
		return nat_map_add(nn, params, result, err);
	if (strcmp(method, "nat.map.list") == 0)
		return nat_map_list(nn, result);
	if (strcmp(method, "nat.map.del") == 0)
		return nat_map_del(nn, params, result, err);
	return -ENOSYS;
}

static void nat_show(const struct net *net, json_t *out)
{
	netdhcp_show(net, out);
	netsix_show(net, out);
	netdns_show(net, out);
	nettftp_show(net, out);
	nat_show_facts(net->mode_state, out);
}

const struct mode_ops mode_nat = {
	.name = "nat",
	.summary = "guests reach all that the host reaches, under the host's address; DHCP",
	.check = nat_check,
	.start = nat_start,
	.stop = nat_stop,
	.fixed_mtu = true,
	.translates = true,
	.ingress = nat_ingress,
	.explain = nat_explain,
	.explain_outside = nat_explain_outside,
	.tick = nat_tick_net,
	.host_changed = nat_host_changed,
	.call = nat_call,
	.settings = nat_settings_rows,
	.services = (const struct net_setting *const[]){netdhcp_settings, netsix_settings,
							netdns_settings, nettftp_settings,
							netprobe_settings, NULL},
	.show = nat_show,
};
