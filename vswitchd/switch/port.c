/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.c - what all carriers have in common: life, state, counters.
 *
 * Theory of operation. A port is admin_up or not (the user's word) and failed or not (its carrier's
 * fate); it passes frames when it is up and has not failed. A failed port stays, named with its
 * reason, until it is deleted. Frames wait on txq only during one burst: net_flush() empties it, so
 * between two turns of the loop every txq is empty.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/mirror.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/storm.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/watch.h"

/* Every port of the daemon: names are unique over all networks. */
static struct port *all_ports[4096]; /* by the hash of their names, chained by next_named */

static struct port **bucket_of(const char *name)
{
	/* Users choose the names, and can only make their own daemon slow. */
	static const struct hash_key key = {0x706f7274, 0x6e616d65};

	return &all_ports[hash_bytes(&key, name, strlen(name)) % ARRAY_SIZE(all_ports)];
}
/* How often a port came to a network. */
static uint64_t plugs;

const struct port_ops *port_ops_find(const char *carrier)
{
	for (const struct port_ops *const *ops = port_carriers; *ops; ops++)
		if (strcmp((*ops)->type, carrier) == 0)
			return *ops;
	return NULL;
}

struct port *port_find(const char *name)
{
	struct port *port = *bucket_of(name);

	while (port && strcmp(port->name, name) != 0)
		port = port->next_named;
	return port;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

bool port_is_own(const struct port *port)
{
	return strcmp(port->ops->type, "local") == 0 || strcmp(port->ops->type, "hosttap") == 0;
}

static void pin_mac(struct port *port)
{
	if (port_is_own(port) && !mac_is_zero(&port->mac))
		fdb_pin(port->net->fdb, &port->mac, port);
}

static void link_port(struct port *port, struct net *net)
{
	port->prev_next = net->ports_end;
	*net->ports_end = port;
	net->ports_end = &port->next;
	port->next = NULL;
	port->net = net;
	port->id = net->next_port_id++;
	port->plug = ++plugs;
	net->n_ports++;
	watch_port(port);
	net->listeners += !!(port->features & PORT_LISTEN);
	vlan_port_joined(port);
}

static void list_leave(struct port *port)
{
	*port->prev_next = port->next;
	if (port->next)
		port->next->prev_next = port->prev_next;
	else
		port->net->ports_end = port->prev_next;
	port->net->n_ports--;
}

/* What it was to send in this burst is lost. */
static void queue_leave(struct port *port)
{
	struct port **at = &port->net->queued;

	if (!port->queued)
		return;
	while (*at != port)
		at = &(*at)->next_queued;
	*at = port->next_queued;
	port->queued = false;
	for (unsigned int i = 0; i < port->txq.n; i++)
		port_drop(port, DROP_PORT_DOWN, port->txq.pkts[i]);
	port->txq.n = 0;
}

/* Off its network: nothing there leads to it any more. */
static void unlink_port(struct port *port)
{
	struct net *net = port->net;

	fdb_forget(net->fdb, port);
	impair_flush(port);
	snoop_port_gone(net, port);
	stp_port_left(net, port);
	guard_port_left(port);
	queue_leave(port);
	list_leave(port);
	mirror_port_left(net, port);
	vlan_port_left(port);
}

static struct port *port_new(const struct port_conf *conf, const struct port_ops *ops)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	copy_text(port->name, sizeof(port->name), conf->name);
	copy_text(port->netns, sizeof(port->netns), conf->netns);
	copy_text(port->vm, sizeof(port->vm), conf->vm);
	copy_text(port->lab, sizeof(port->lab), conf->lab);
	port->ops = ops;
	port->offloads = ops->offloads;
	port->mac = conf->mac;
	port->persistent = conf->persistent;
	port->admin_up = true;
	port->fd = -1;
	return port;
}

static int check_conf(const struct port_conf *conf, struct err *err)
{
	struct port *other;

	if (!conf->name || !name_valid_max(conf->name, PORT_NAME_MAX))
		return err_set(err, -EINVAL,
			       "\"%s\" can't name a port: letters, digits, '.', '_' and '-', at "
			       "most %d, the first a letter or digit",
			       conf->name ? conf->name : "", PORT_NAME_MAX);
	other = port_find(conf->name);
	if (other)
		return err_set(err, -EEXIST, "there is a port \"%s\" already, on network \"%s\"",
			       conf->name, other->net->conf.name);
	if (mac_is_multicast(&conf->mac))
		return err_set(err, -EINVAL, "port \"%s\": a multicast MAC can't be a NIC's",
			       conf->name);
	return 0;
}

static int check_room(const struct net *net, struct err *err)
{
	if (net->n_ports < PORTS_MAX)
		return 0;
	return err_set(err, -ENOSPC,
		       "network \"%s\" has no free port: all %d are in use; delete one or make "
		       "another network",
		       net->conf.name, PORTS_MAX);
}

struct port *port_add(struct net *net, const struct port_conf *conf, struct err *err)
{
	const struct port_ops *ops = port_ops_find(conf->carrier);
	struct port *port;

	if (check_conf(conf, err) < 0 || check_room(net, err) < 0)
		return NULL;
	if (!ops) {
		err_set(err, -EINVAL, "port \"%s\": no carrier \"%s\"", conf->name, conf->carrier);
		return NULL;
	}
	port = port_new(conf, ops);
	if (!port) {
		err_sys(err, -ENOMEM, "port \"%s\"", conf->name);
		return NULL;
	}
	link_port(port, net);
	if (ops->open(port, conf, err) < 0) {
		unlink_port(port);
		free(port);
		return NULL;
	}
	port->next_named = *bucket_of(port->name);
	*bucket_of(port->name) = port;
	mirror_port_joined(port);
	pin_mac(port);
	runner_watch(net->runner, port);
	if (net->runner->port_made)
		net->runner->port_made(net->runner->events_ctx, port);
	stp_port_changed(net, port);
	return port;
}

static void features_fini(struct port *port)
{
	impair_port_fini(port);
	mirror_port_fini(port);
	vlan_port_fini(port);
	stp_port_fini(port);
	guard_port_fini(port);
	storm_port_fini(port);
}

void port_del(struct port *port, bool forget)
{
	struct runner *r;

	if (!port)
		return;
	r = port->net->runner;
	frame_hooks_gone(&port->hooks);
	if (forget && r->port_gone)
		r->port_gone(r->events_ctx, port);
	runner_unwatch(r, port);
	unlink_port(port);
	port->ops->close(port, forget);
	for (struct port **at = bucket_of(port->name); *at; at = &(*at)->next_named)
		if (*at == port) {
			*at = port->next_named;
			break;
		}
	features_fini(port);
	json_decref(port->defaults);
	free(port);
}

static void port_event(struct port *port, const char *event)
{
	struct runner *r = port->net->runner;

	if (!r->events)
		return;
	runner_event(r, event,
		     json_pack("{s:s, s:s, s:s?, s:s?}", "port", port->name, "net",
			       port->net->conf.name, "vm", port->vm[0] ? port->vm : NULL, "reason",
			       port->failed ? port->fail_text : NULL));
}

static void forget_far_end(struct port *port)
{
	fdb_flush(port->net->fdb, port);
	vlan_port_down(port);
	impair_flush(port);
}

const char *port_no_link(const struct port *port)
{
	return port->ops->no_link && port->priv && !port->failed ? port->ops->no_link(port) : NULL;
}

void port_link_changed(struct port *port)
{
	const char *why = port_no_link(port);

	if (why)
		forget_far_end(port);
	runner_event(port->net->runner, "port.link",
		     json_pack("{s:s, s:s, s:s, s:s?}", "port", port->name, "net",
			       port->net->conf.name, "link", why ? "down" : "up", "reason", why));
	stp_port_changed(port->net, port);
}

/* Tell the far end that its cable was pulled, or is back. */
static void carrier_tell(struct port *port, bool up)
{
	struct runner *r = port->net->runner;

	port->replug_ms = 0;
	if (port->ops->carrier && !port->failed)
		port->ops->carrier(port, up);
	if (r->link)
		r->link(r->events_ctx, port, up);
}

/* The far end has a carrier, or none: it is told, and what is known of it is forgotten. */
static void link_changed(struct port *port, bool up)
{
	if (up)
		pin_mac(port);
	else
		forget_far_end(port);
	stp_port_changed(port->net, port);
	carrier_tell(port, up);
	port_event(port, up ? "port.up" : "port.down");
}

void port_set_admin(struct port *port, bool up)
{
	if (up)
		stp_port_retry(port);
	if (port->admin_up == up)
		return;
	port->admin_up = up;
	if (!port->pulled)
		link_changed(port, up);
}

void port_pull(struct port *port, bool pulled)
{
	if (port->pulled == pulled)
		return;
	port->pulled = pulled;
	if (port->admin_up)
		link_changed(port, !pulled);
}

int port_move(struct port *port, struct net *to, struct err *err)
{
	if (port_is_own(port))
		return err_set(err, -EPERM, "port \"%s\" is part of network \"%s\" and stays there",
			       port->name, port->net->conf.name);
	if (to->runner != port->net->runner)
		return err_set(err, -EXDEV, "networks \"%s\" and \"%s\" have different runners",
			       port->net->conf.name, to->conf.name);
	if (to == port->net)
		return 0;
	if (check_room(to, err) < 0)
		return -ENOSPC;
	if (vlan_port_may_move(port, to, err) < 0)
		return -EBUSY;
	unlink_port(port);
	link_port(port, to);
	mirror_port_joined(port);
	port->said_addr = 0;
	if (port->admin_up && !port->pulled) {
		carrier_tell(port, false);
		port->replug_ms = to->runner->now + PORT_REPLUG_MS;
	}
	stp_port_changed(to, port);
	port_event(port, "port.moved");
	return 0;
}

void port_tick(struct port *port, msec now)
{
	rates_tick(port, now);
	if (port->replug_ms && now >= port->replug_ms)
		carrier_tell(port, true);
}

void port_drop(struct port *port, enum drop_reason reason, struct pkt *p)
{
	port->stats.drops[reason]++;
	pkt_put(p);
}

void port_fail(struct port *port, const char *why)
{
	if (port->failed)
		return;
	port->failed = true;
	copy_text(port->fail_text, sizeof(port->fail_text), why);
	runner_unwatch(port->net->runner, port);
	forget_far_end(port);
	stp_port_changed(port->net, port);
	/* A guest's tap goes with its process, and that is told when it is known why. */
	log_write(port->vm[0] ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "port %s: %s", port->name,
		  port->fail_text);
	port_event(port, "port.failed");
}
