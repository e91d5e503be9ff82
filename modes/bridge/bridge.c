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
 * has learnt it or when a port was made for it; the latter is then put into the MAC table, for
 * guests that have not spoken yet.
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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/mode.h"
#include "vswitchd/modeconf.h"
#include "vswitchd/netlink.h"
#include "vswitchd/nic.h"
#include "vswitchd/runner.h"

struct bridge {
	char nic[16];
	struct mac mac;	   /* the NIC's, when its port was made */
	struct port *port; /* NULL while there is none */
	msec named_ms;	   /* when the guests were last named to it from scratch */
};

enum { NAME_MS = 60000 };

/* ---- settings ----------------------------------------------------------------------------- */

struct name_list {
	char text[256];
	size_t len;
};

static void name_append(void *ctx, const char *ifname, const char *alias)
{
	struct name_list *list = ctx;
	size_t room = sizeof(list->text) - list->len;
	int n;

	/* Ours (taps, host legs) are no NICs; the loopback neither. */
	if (strcmp(ifname, "lo") == 0 || strncmp(alias, "vswitchd:", 9) == 0)
		return;
	n = snprintf(list->text + list->len, room, "%s%s", list->len ? ", " : "", ifname);
	if (n > 0 && (size_t)n < room)
		list->len += (size_t)n;
	else
		list->text[list->len] = '\0';
}

/* "eth0, wlan0": what a user can choose from. */
static const char *nic_choice(struct name_list *list)
{
	memset(list, 0, sizeof(*list));
	nl_link_each(name_append, list);
	return list->len ? list->text : "none";
}

/* The interface that @conf means. */
static int nic_resolve(const struct net_conf *conf, char out[16], struct err *err)
{
	struct name_list list;

	if (!conf->nic[0])
		return err_set(err, -EINVAL,
			       "mode=bridge needs nic=IFNAME or nic=auto; there are: %s",
			       nic_choice(&list));
	if (strcmp(conf->nic, "auto") != 0)
		snprintf(out, 16, "%s", conf->nic);
	else if (nl_default_ifname(out) < 0)
		return err_set(err, -ENOENT,
			       "nic=auto: the host has no default route to follow; name one of: %s",
			       nic_choice(&list));
	if (!nl_ifindex(out))
		return err_set(err, -ENODEV, "there is no interface \"%s\"; there are: %s", out,
			       nic_choice(&list));
	return 0;
}

static int bridge_check(struct runner *r, struct net_conf *conf, struct err *err)
{
	const struct port *other;
	char nic[16];
	int rc = conf_refuse(conf, CONF_SUBNET | CONF_GATEWAY | CONF_DHCP | CONF_VLAN,
			     "addresses come from the physical network", err);

	/* After a reboot the NIC may come later than we do: bridge_host_changed() waits for it. */
	if (rc == 0 && r->restoring)
		return 0;
	if (rc == 0)
		rc = nic_resolve(conf, nic, err);
	if (rc == 0 && strcmp(nic, "lo") == 0)
		rc = err_set(err, -EINVAL, "lo is the loopback: nothing outside is behind it");
	other = rc ? NULL : port_by_ifname(r, nic, NULL);
	if (other)
		rc = err_set(err, -EBUSY, "interface %s is in use by port %s of network %s", nic,
			     other->name, other->net->conf.name);
	return rc;
}

/* ---- the guests' addresses, which the NIC's port must know ---------------------------------- */

struct naming {
	struct port *nic;
};

static void name_learnt(void *ctx, const struct mac *mac, uint16_t vid, struct port *port,
			msec age_ms)
{
	struct naming *n = ctx;

	(void)vid;
	(void)age_ms;
	if (port != n->nic)
		nic_guest_seen(n->nic, mac);
}

/* Those that ports were made for. */
static void name_ports(struct net *net, struct port *nic)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (p != nic && !mac_is_zero(&p->mac))
			nic_guest_seen(nic, &p->mac);
}

/* All, those that the switch has learnt too. Who is no longer there is forgotten. */
static void name_guests(struct net *net, struct port *nic)
{
	struct naming n = {nic};

	nic_guests_clear(nic);
	name_ports(net, nic);
	fdb_each(net->fdb, net->runner->now, name_learnt, &n);
}

static void bridge_tick(struct net *net, msec now)
{
	struct bridge *br = net->mode_state;

	if (!br->port || br->port->failed)
		return;
	/* The host's address is the NIC's, whoever else claims it; setting a port down unpins. */
	fdb_pin(net->fdb, &br->mac, br->port);
	if (now - br->named_ms >= NAME_MS) {
		br->named_ms = now;
		name_guests(net, br->port);
	} else {
		name_ports(net, br->port);
	}
	nic_tick(br->port, now);
}

/* ---- the NIC's port ----------------------------------------------------------------------- */

static int nic_plug(struct net *net, struct err *err)
{
	struct bridge *br = net->mode_state;
	char name[PORT_NAME_MAX + 1];
	struct port_conf conf = {.name = name, .carrier = "nic", .ifname = br->nic};

	snprintf(name, sizeof(name), "%s.nic", net->conf.name);
	if (nl_link_mac_get(br->nic, &br->mac) < 0)
		return err_set(err, -ENODEV, "there is no interface %s", br->nic);
	br->port = port_add(net, &conf, err);
	if (!br->port)
		return -EIO;
	fdb_pin(net->fdb, &br->mac, br->port);
	nic_host_join(br->port);
	name_guests(net, br->port);
	return 0;
}

static void nic_unplug(struct bridge *br)
{
	if (br->port)
		port_del(br->port, true);
	br->port = NULL;
}

static int bridge_start(struct net *net, struct err *err)
{
	struct bridge *br = calloc(1, sizeof(*br));
	struct err why = {0};
	int rc;

	if (!br)
		return err_set(err, -ENOMEM, "out of memory");
	net->mode_state = br;
	rc = nic_resolve(&net->conf, br->nic, &why);
	if (rc == 0)
		rc = nic_plug(net, &why);
	if (rc == 0)
		return 0;
	if (net->runner->restoring) {
		log_warn("network %s waits for its NIC: %s", net->conf.name, why.text);
		return 0;
	}
	free(br);
	net->mode_state = NULL;
	if (err)
		*err = why;
	return rc;
}

static void bridge_stop(struct net *net)
{
	struct bridge *br = net->mode_state;

	if (!br)
		return;
	nic_unplug(br);
	free(br);
	net->mode_state = NULL;
}

/* Is the NIC's port as it must be for the device that has its name now? */
static bool nic_is_current(const struct bridge *br, int ifindex, const struct mac *mac)
{
	return br->port && !br->port->failed && br->port->ifindex == ifindex &&
	       mac_equal(mac, &br->mac);
}

static void bridge_host_changed(struct net *net)
{
	struct bridge *br = net->mode_state;
	int ifindex = nl_ifindex(br->nic);
	struct err err = {0};
	struct mac mac;

	/* "auto" chooses again only when what it chose is gone. */
	if (!ifindex && nic_resolve(&net->conf, br->nic, NULL) == 0)
		ifindex = nl_ifindex(br->nic);
	if (!ifindex || nl_link_mac_get(br->nic, &mac) < 0 || nic_is_current(br, ifindex, &mac))
		return;
	nic_unplug(br);
	if (nic_plug(net, &err) < 0) {
		log_warn("network %s: %s", net->conf.name, err.text);
		return;
	}
	log_info("network %s: NIC %s is back", net->conf.name, br->nic);
	runner_event(net->runner, "port.recovered",
		     json_pack("{s:s, s:s}", "port", br->port->name, "net", net->conf.name));
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

static enum drop_reason from_outside(struct net *net, const struct port *nic,
				     const struct eth_hdr *eth)
{
	msec now = net->runner->now;
	struct port *port = fdb_lookup(net->fdb, &eth->src, 0, now);

	if (port && port != nic && mac_equal(&port->mac, &eth->src))
		return DROP_SPOOFED;
	if (mac_is_multicast(&eth->dst))
		return DROP_NONE;
	port = fdb_lookup(net->fdb, &eth->dst, 0, now);
	if (port)
		return port == nic ? DROP_NOT_FOR_US : DROP_NONE;
	port = port_of_mac(net, &eth->dst);
	if (!port)
		return DROP_NOT_FOR_US;
	fdb_learn(net->fdb, &eth->dst, 0, port, now);
	return DROP_NONE;
}

static enum drop_reason bridge_ingress(struct net *net, struct port *from, struct pkt *p)
{
	const struct bridge *br = net->mode_state;
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	if (!eth)
		return DROP_RUNT;
	if (from == br->port)
		return from_outside(net, from, eth);
	if (br->port && fdb_lookup(net->fdb, &eth->src, 0, net->runner->now) != from)
		nic_guest_seen(br->port, &eth->src);
	return DROP_NONE;
}

/* ---- for people --------------------------------------------------------------------------- */

static const char *nic_state(const struct bridge *br)
{
	if (!br->port || br->port->failed)
		return "missing";
	return nl_link_is_up(br->nic) ? "up" : "down";
}

static void bridge_show(const struct net *net, json_t *out)
{
	const struct bridge *br = net->mode_state;
	const char *why = br->port ? nic_host_reason(br->port) : "there is no NIC";

	json_object_set_new(out, "nic_ifname", json_string(br->nic));
	json_object_set_new(out, "nic_state", json_string(nic_state(br)));
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
	.host_changed = bridge_host_changed,
	.show = bridge_show,
};
