/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridge - guests on the physical network, each with its own MAC address, by way of a NIC.
 *
 * Theory of operation. The NIC is a port of the switch ("NET.nic"). It is promiscuous, so that
 * frames to the guests' MAC addresses come in, and much else may: what a physical switch floods,
 * or everything on a hub. Two sieves keep that from the guests:
 *  - the kernel's packet filter (port_packet.c) lets no unicast to the host itself pass;
 *  - bridge_ingress() drops unicast from the NIC to an address that is behind none of our ports.
 * So a unicast frame from outside is never flooded. An address counts as ours when the switch
 * has learnt it, in the frame's VLAN, or when a port was made for it, for guests that have not
 * spoken yet.
 *
 * Some wireless access points and hubs send a station's broadcast back to it. Such an echo would
 * move the guest's address to the NIC's side in the MAC table; it is dropped when the source is
 * the address that a port of ours was made for.
 *
 * The NIC's life: its port fails when the device is removed, and is made anew when a device of
 * that name is there again or when its MAC address (which the filter has in it) changes. A NIC
 * that is down or without a cable needs nothing: the kernel resumes by itself. A network that
 * comes back from the store starts without its NIC when that is not there (yet).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "modes/bridge/bridge.h"
#include "vswitchd/netprobe.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

enum { NAME_MS = 60000 };

/* ---- the guests' addresses, which the NIC's port must know ---------------------------------- */

struct naming {
	struct port *nic;
};

static void name_learnt(void *ctx, const struct fdb_row *row)
{
	struct naming *n = ctx;

	if (row->port != n->nic)
		nic_guest_seen(n->nic, &row->mac);
}

/* Those that ports were made for. */
static void name_ports(struct net *net, struct port *nic)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (p != nic && !mac_is_zero(&p->mac))
			nic_guest_seen(nic, &p->mac);
}

/* All, those that the switch has learnt too. Who is no longer there is forgotten. */
void bridge_name_guests(struct net *net)
{
	struct bridge *br = net->mode_state;
	struct naming n = {br->port};

	nic_guests_clear(br->port);
	name_ports(net, br->port);
	fdb_each(net->fdb, net->runner->now, name_learnt, &n);
}

static void bridge_tick(struct net *net, msec now)
{
	struct bridge *br = net->mode_state;

	bridge_single_tick(net, now);
	if (!br->port || br->port->failed || br->via)
		return;
	/* The host's address is the NIC's, whoever else claims it; setting a port down unpins. */
	fdb_pin(net->fdb, &br->mac, br->port);
	if (now - br->named_ms >= NAME_MS) {
		br->named_ms = now;
		bridge_name_guests(net);
	} else {
		name_ports(net, br->port);
	}
	nic_tick(br->port, now);
}

/* ---- frames ------------------------------------------------------------------------------- */

/* The port that was made for the guest with address @mac, not having been heard of yet. */
static struct port *port_of_mac(struct net *net, const struct mac *mac)
{
	struct port *p = mac_is_zero(mac) ? NULL : net->ports;

	while (p && !mac_equal(&p->mac, mac))
		p = p->next;
	return p;
}

static enum drop_reason from_outside(struct walk *w, const struct eth_hdr *eth)
{
	const struct port *nic = w->from;
	struct net *net = w->net;
	msec now = net->runner->now;
	struct port *port = fdb_lookup(net->fdb, &eth->src, w->vid, now);

	if (port && port != nic && mac_equal(&port->mac, &eth->src))
		return DROP_SPOOFED;
	if (mac_is_multicast(&eth->dst))
		return DROP_NONE;
	port = fdb_lookup(net->fdb, &eth->dst, w->vid, now);
	if (port)
		return port == nic ? DROP_NOT_FOR_US : DROP_NONE;
	w->knows = port_of_mac(net, &eth->dst);
	return w->knows && w->knows != nic ? DROP_NONE : DROP_NOT_FOR_US;
}

static enum drop_reason bridge_ingress(struct walk *w)
{
	const struct bridge *br = w->net->mode_state;
	const struct eth_hdr *eth = pkt_at(w->p, 0, sizeof(*eth));

	if (!eth)
		return DROP_RUNT;
	if (w->from == br->port)
		return from_outside(w, eth);
	if (br->port && !br->via && !w->dry &&
	    fdb_lookup(w->net->fdb, &eth->src, w->vid, w->net->runner->now) != w->from)
		nic_guest_seen(br->port, &eth->src);
	return DROP_NONE;
}

/* ---- life --------------------------------------------------------------------------------- */

static int bridge_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	int rc = conf_refuse(
		conf, CONF_SUBNET | CONF_GATEWAY | CONF_DHCP | CONF_IPV6 | CONF_VLAN | CONF_HOST,
		"addresses come from the physical network", err);

	return rc ? rc : bridge_link_check(r, conf, err);
}

static int bridge_start(struct net *net, struct err *err)
{
	struct bridge *br = calloc(1, sizeof(*br));
	struct err why = {0};

	if (!br)
		return err_set(err, -ENOMEM, "out of memory");
	net->mode_state = br;
	if (bridge_link_start(net, &why) == 0)
		return 0;
	if (net->runner->restoring) {
		log_warn("network %s waits for its NIC: %s", net->conf.name, why.text);
		snprintf(br->reason, sizeof(br->reason), "%s", why.text);
		return 0;
	}
	bridge_link_stop(net);
	free(br);
	net->mode_state = NULL;
	if (err)
		*err = why;
	return why.code;
}

static void bridge_stop(struct net *net)
{
	netprobe_stop(net);
	if (!net->mode_state)
		return;
	bridge_link_stop(net);
	free(net->mode_state);
	net->mode_state = NULL;
}

/* ---- for people --------------------------------------------------------------------------- */

static void add_translated(void *ctx, const struct ip_any *addr, const struct mac *mac)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool four = memcmp(addr->b, mapped, sizeof(mapped)) == 0;
	char text[INET6_ADDRSTRLEN], mac_text[MAC_STR];

	inet_ntop(four ? AF_INET : AF_INET6, addr->b + (four ? 12 : 0), text, sizeof(text));
	json_array_append_new(
		ctx, json_pack("{s:s, s:s}", "address", text, "mac", mac_format(mac, mac_text)));
}

static const char *uplink_text(const struct bridge *br)
{
	if (br->via)
		return "a port of the host's bridge";
	return br->single ? "one MAC address for all guests, the card's (single-mac)"
			  : "each guest with its own MAC address (plain)";
}

static void bridge_show(const struct net *net, json_t *out)
{
	const struct bridge *br = net->mode_state;
	const char *why = br->via ? NULL : br->port ? nic_host_reason(br->port) : "there is no NIC";
	json_t *translated = json_array();

	if (br->single)
		singlemac_each(br->single, add_translated, translated);
	json_object_set_new(out, "nic_ifname", json_string(br->nic));
	json_object_set_new(out, "nic_state", json_string(bridge_link_word(br->state)));
	json_object_set_new(out, "nic_reason",
			    br->reason[0] ? json_string(br->reason) : json_null());
	json_object_set_new(out, "via", br->via ? json_string(br->nic) : json_null());
	json_object_set_new(out, "uplink",
			    json_string(br->via	     ? "via"
					: br->single ? "single-mac"
						     : "plain"));
	json_object_set_new(out, "uplink_text", json_string(uplink_text(br)));
	json_object_set_new(out, "translated", translated);
	json_object_set_new(out, "host_reach", json_pack("{s:b, s:s?}", "ok", !why, "reason", why));
}

const struct mode_ops mode_bridge = {
	.name = "bridge",
	.summary = "guests on the physical network of a NIC, with their own MAC addresses",
	.check = bridge_check,
	.start = bridge_start,
	.stop = bridge_stop,
	.ingress = bridge_ingress,
	.tick = bridge_tick,
	.host_changed = bridge_link_changed,
	.services = (const struct net_setting *const[]){netprobe_settings, NULL},
	.show = bridge_show,
};
