/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NIC of a bridged network, or the host's bridge that it joins, and the port that leads there.
 *
 * Theory of operation. The port is made for one device, known by its index. As long as that device
 * lives, the network stays with it: down and up, another name (followed), another MAC address (the
 * port is made anew, because filter and translation have the address in them). When it is gone
 * the network waits for a device of the name, and with nic=auto for a default route. What changed
 * is told as an event, once, and shown with its reason.
 *
 * via=: the port is a tap of ours that is made a port of the host's bridge. A bridge takes the
 * lowest MAC address and the smallest MTU of its ports for its own, so the tap's address begins
 * with fe and its MTU is the bridge's: nothing of the bridge changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "modes/bridge/bridge.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/switch/modeconf.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"

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
		return err_set(
			err, -EINVAL,
			"mode=bridge needs nic=IFNAME, nic=auto or via=BRIDGE; there are: %s",
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

/* The host's bridge that @conf names. */
static int via_resolve(const struct net_conf *conf, struct nl_link *link, struct err *err)
{
	struct name_list list;

	if (nl_link_get(0, conf->via, link) < 0)
		return err_set(err, -ENODEV, "there is no interface \"%s\"; there are: %s",
			       conf->via, nic_choice(&list));
	if (strcmp(link->kind, "bridge") != 0)
		return err_set(err, -EINVAL, "%s is no bridge: say nic=%s to use it as a card",
			       conf->via, conf->via);
	return 0;
}

/* Frames of a device that is a port of something belong to that, before anybody else sees them. */
static int nic_is_free(const struct nl_link *link, struct err *err)
{
	struct nl_link master;

	if (!link->master || nl_link_get(link->master, NULL, &master) < 0)
		return 0;
	if (strcmp(master.kind, "bridge") == 0)
		return err_set(err, -EBUSY, "%s is a port of the bridge %s: say via=%s instead",
			       link->ifname, master.ifname, master.ifname);
	return err_set(err, -EBUSY, "%s belongs to %s: say nic=%s instead", link->ifname,
		       master.ifname, master.ifname);
}

static int nic_check(struct runner *r, const struct net_conf *conf, struct err *err)
{
	const struct port *other;
	struct nl_link link;
	char nic[16];
	int rc = nic_resolve(conf, nic, err);

	if (rc == 0 && strcmp(nic, "lo") == 0)
		rc = err_set(err, -EINVAL, "lo is the loopback: nothing outside is behind it");
	if (rc == 0 && nl_link_get(0, nic, &link) == 0)
		rc = nic_is_free(&link, err);
	other = rc ? NULL : port_by_ifname(r, nic, NULL);
	if (other)
		rc = err_set(err, -EBUSY, "interface %s is in use by port %s of network %s", nic,
			     other->name, other->net->conf.name);
	return rc;
}

int bridge_link_check(struct runner *r, const struct net_conf *conf, struct err *err)
{
	struct nl_link link;

	if (conf->via[0] && conf->nic[0])
		return err_set(err, -EINVAL, "nic= and via= exclude each other");
	if (conf->via[0] && conf->uplink == UPLINK_SINGLE_MAC)
		return err_set(err, -EINVAL,
			       "uplink=single-mac goes with nic=, not with a bridge of the host's");
	/* After a reboot the NIC may come later than we do: bridge_link_changed() waits for it. */
	if (r->restoring)
		return 0;
	return conf->via[0] ? via_resolve(conf, &link, err) : nic_check(r, conf, err);
}

/* ---- the port ----------------------------------------------------------------------------- */

const char *bridge_link_word(enum nic_state state)
{
	static const char *const words[] = {"unknown", "up", "down", "missing"};

	return words[state];
}

static void unplug(struct bridge *br)
{
	if (br->port)
		port_del(br->port, true);
	br->port = NULL;
	bridge_single_stop(br);
}

static int nic_plug(struct net *net, const struct nl_link *link, struct err *err)
{
	struct bridge *br = net->mode_state;
	char name[PORT_NAME_MAX + 1];
	struct port_conf conf = {.name = name, .carrier = "nic", .ifname = br->nic};
	enum net_uplink uplink = net->conf.uplink;
	int rc = 0;

	snprintf(name, sizeof(name), "%s.nic", net->conf.name);
	br->mac = link->mac;
	br->port = port_add(net, &conf, err);
	if (!br->port)
		return -EIO;
	if (uplink == UPLINK_SINGLE_MAC || (uplink == UPLINK_AUTO && bridge_is_wireless(br->nic)))
		rc = bridge_single_start(br, err);
	if (rc < 0) {
		unplug(br);
		return rc;
	}
	fdb_pin(net->fdb, &br->mac, br->port);
	nic_host_join(br->port);
	bridge_name_guests(net);
	return 0;
}

static int via_plug(struct net *net, const struct nl_link *link, struct err *err)
{
	struct bridge *br = net->mode_state;
	char name[PORT_NAME_MAX + 1], ifname[16];
	struct port_conf conf = {.name = name, .carrier = "hosttap", .ifname = ifname};
	int rc = 0;

	snprintf(name, sizeof(name), "%s.nic", net->conf.name);
	port_ifname(net->conf.name, ifname);
	conf.mac = mac_from_name(name);
	conf.mac.b[0] = 0xfe;
	br->port = port_add(net, &conf, err);
	if (!br->port)
		return -EIO;
	if (!net->conf.mtu)
		rc = nl_link_mtu(ifname, link->mtu, err);
	if (rc == 0)
		rc = nl_link_master(ifname, link->ifindex, err);
	if (rc < 0)
		unplug(br);
	return rc;
}

static int plug(struct net *net, const struct nl_link *link, struct err *err)
{
	struct bridge *br = net->mode_state;
	int rc = br->via ? via_plug(net, link, err) : nic_plug(net, link, err);

	br->ifindex = rc ? 0 : link->ifindex;
	return rc;
}

int bridge_link_start(struct net *net, struct err *err)
{
	struct bridge *br = net->mode_state;
	struct nl_link link;
	int rc;

	br->via = net->conf.via[0] != '\0';
	snprintf(br->nic, sizeof(br->nic), "%s", br->via ? net->conf.via : net->conf.nic);
	rc = br->via ? via_resolve(&net->conf, &link, err) : nic_resolve(&net->conf, br->nic, err);
	if (rc == 0 && nl_link_get(0, br->nic, &link) < 0)
		rc = err_set(err, -ENODEV, "there is no interface %s", br->nic);
	if (rc == 0)
		rc = plug(net, &link, err);
	br->state = rc ? NIC_MISSING : link.up ? NIC_UP : NIC_DOWN;
	return rc;
}

void bridge_link_stop(struct net *net)
{
	unplug(net->mode_state);
}

/* ---- changes ------------------------------------------------------------------------------ */

static void set_state(struct net *net, enum nic_state state, const char *reason)
{
	static const char *const events[] = {NULL, "nic.up", "nic.down", "nic.missing"};
	struct bridge *br = net->mode_state;

	snprintf(br->reason, sizeof(br->reason), "%s", reason);
	if (br->state == state)
		return;
	br->state = state;
	log_info("network %s: %s is %s%s%s", net->conf.name, br->nic, bridge_link_word(state),
		 reason[0] ? ": " : "", reason);
	runner_event(net->runner, events[state],
		     json_pack("{s:s, s:s, s:s?}", "net", net->conf.name, "nic", br->nic, "reason",
			       reason[0] ? reason : NULL));
}

static void follow_name(struct net *net, const char *name)
{
	struct bridge *br = net->mode_state;

	if (strcmp(br->nic, name) == 0)
		return;
	log_info("network %s: NIC %s is called %s now", net->conf.name, br->nic, name);
	runner_event(
		net->runner, "nic.renamed",
		json_pack("{s:s, s:s, s:s}", "net", net->conf.name, "nic", br->nic, "now", name));
	if (br->single)
		hostrules_guests_set(br->nic, NULL, 0, NULL);
	br->guarded = 0;
	snprintf(br->nic, sizeof(br->nic), "%s", name);
	if (br->port && !br->via)
		snprintf(br->port->ifname, sizeof(br->port->ifname), "%s", name);
}

/* The device to use now: the one that we have, else one of its name, else what auto says. */
static bool link_find(struct net *net, struct nl_link *link)
{
	struct bridge *br = net->mode_state;
	const char *given = br->via ? net->conf.via : net->conf.nic;

	if (br->ifindex && nl_link_get(br->ifindex, NULL, link) == 0)
		return true;
	br->ifindex = 0;
	if (!br->via && nic_resolve(&net->conf, br->nic, NULL) < 0)
		return false;
	if (br->via)
		snprintf(br->nic, sizeof(br->nic), "%s", given);
	return nl_link_get(0, br->nic, link) == 0;
}

/* Is the port as it must be for @link? */
static bool is_current(const struct bridge *br, const struct nl_link *link)
{
	struct nl_link tap;

	if (!br->port || br->port->failed || !br->ifindex)
		return false;
	if (!br->via)
		return mac_equal(&link->mac, &br->mac);
	return nl_link_get(0, br->port->ifname, &tap) == 0 && tap.master == link->ifindex;
}

static void replug(struct net *net, const struct nl_link *link)
{
	struct bridge *br = net->mode_state;
	struct err err = {0};

	/* A tap that only lost its place goes back there. */
	if (br->via && br->port && !br->port->failed &&
	    nl_link_master(br->port->ifname, link->ifindex, &err) == 0) {
		br->ifindex = link->ifindex;
		return;
	}
	unplug(br);
	if (plug(net, link, &err) < 0) {
		set_state(net, NIC_MISSING, err.text);
		return;
	}
	log_info("network %s: %s is back", net->conf.name, br->nic);
	runner_event(net->runner, "port.recovered",
		     json_pack("{s:s, s:s}", "port", br->port->name, "net", net->conf.name));
}

void bridge_link_changed(struct net *net)
{
	struct bridge *br = net->mode_state;
	struct nl_link link;

	if (!link_find(net, &link)) {
		set_state(net, NIC_MISSING, "there is no such interface; it is waited for");
		return;
	}
	follow_name(net, link.ifname);
	if (!is_current(br, &link))
		replug(net, &link);
	bridge_single_follow_host(br);
	if (br->port)
		set_state(net, link.up ? NIC_UP : NIC_DOWN,
			  link.up ? "" : "it is set down, or has no cable");
}
