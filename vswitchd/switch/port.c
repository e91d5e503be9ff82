/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.c - what all carriers have in common: life, state, the queue on the way out, counters.
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
#include "vswitchd/switch/settings.h"
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

/* ---- the way out ----------------------------------------------------------------------------- */

static void txq_push(void *ctx, struct pkt *p)
{
	struct port *port = ctx;

	/* Full in the middle of a burst: what is there leaves now. */
	if (port->txq.n == PKT_BATCH_MAX) {
		port->ops->send(port, &port->txq);
		port->txq.n = 0;
	}
	port->txq.pkts[port->txq.n++] = p;
	if (!port->queued) {
		port->queued = true;
		port->next_queued = port->net->queued;
		port->net->queued = port;
	}
}

/* Do in software what the far end of @port does not. Takes @p. */
static void queue_finished(struct port *port, struct pkt *p)
{
	enum drop_reason reason;

	if (pkt_is_gso(p)) {
		reason = gso_segment(p, txq_push, port);
		port->stats.soft_gso++;
		if (reason != DROP_NONE)
			port_drop(port, reason, NULL);
		pkt_put(p);
		return;
	}
	p = pkt_writable(p);
	if (!p) {
		port_drop(port, DROP_NO_BUFFER, NULL);
		return;
	}
	gso_csum_complete(p);
	port->stats.soft_csum++;
	txq_push(port, p);
}

void port_transmit(struct port *port, struct pkt *p)
{
	if (!port->admin_up)
		port_drop(port, DROP_PORT_DOWN, p);
	else if (port->failed)
		port_drop(port, DROP_SEND_ERROR, p);
	else if (gso_needs(p) & ~port->offloads)
		queue_finished(port, p);
	else
		txq_push(port, p);
}

void port_queue_walked(struct port *port, struct pkt *p, const struct walk *w)
{
	if (port->hooks)
		watch_out(port, p, w);
	if (port->features & PORT_IMPAIR_OUT)
		impair_out(port, p);
	else
		port_transmit(port, p);
}

void port_queue(struct port *port, struct pkt *p)
{
	port_queue_walked(port, p, NULL);
}

/* ---- as text --------------------------------------------------------------------------------- */

void port_ifname(const char *port_name, char out[16])
{
	/* A fixed key: the same port has the same interface name after a restart. */
	static const struct hash_key key = {0x76732d, 0x696661};
	size_t len = strlen(port_name);

	if (len <= IFNAME_MAX - 3) {
		snprintf(out, 16, "vs-%s", port_name);
	} else {
		uint64_t h = hash_bytes(&key, port_name, len);

		snprintf(out, 16, "vs-%.8s%04x", port_name, (unsigned int)(h & 0xffff));
	}
	for (char *c = out; *c; c++)
		if (*c == '.')
			*c = '-';
}

void port_set_ifname(struct port *port, const struct port_conf *conf)
{
	if (conf->ifname)
		snprintf(port->ifname, sizeof(port->ifname), "%s", conf->ifname);
	else
		port_ifname(port->name, port->ifname);
}

static json_t *offloads_json(const struct port *port)
{
	static const struct {
		unsigned int bit;
		const char *word;
	} words[] = {{OFFLOAD_CSUM, "csum"},
		     {OFFLOAD_TSO4, "tso4"},
		     {OFFLOAD_TSO6, "tso6"},
		     {OFFLOAD_USO, "uso"}};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (port->offloads & words[i].bit)
			json_array_append_new(list, json_string(words[i].word));
	return list;
}

static json_t *drops_json(const struct port *port, uint64_t *total)
{
	json_t *drops = json_object();

	*total = 0;
	for (int i = DROP_NONE + 1; i < DROP_N; i++) {
		if (!port->stats.drops[i])
			continue;
		json_object_set_new(drops, drop_word(i),
				    json_integer((json_int_t)port->stats.drops[i]));
		*total += port->stats.drops[i];
	}
	return drops;
}

static json_t *counters_json(uint64_t frames, uint64_t bytes, uint64_t gso)
{
	return json_pack("{s:I, s:I, s:I}", "frames", (json_int_t)frames, "bytes",
			 (json_int_t)bytes, "gso", (json_int_t)gso);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static const char *state_word(const struct port *port, const char *loop)
{
	if (port->failed)
		return "failed";
	if (!port->admin_up || port->pulled || port_no_link(port))
		return "down";
	return loop ? "blocked" : "up";
}

static const char *reason_text(const struct port *port, const char *loop)
{
	if (!port->failed && port->pulled)
		return "the schedule of its cable has pulled it";
	if (port->failed)
		return or_null(port->fail_text);
	return port_no_link(port) ? port_no_link(port) : loop;
}

static const char *port_peer_name(const struct port *port)
{
	const struct port *trunk = vlan_trunk_of(port);

	return trunk ? trunk->name : port->ops == &port_patch_ops ? port_patch_peer(port) : NULL;
}

json_t *port_json(const struct port *port)
{
	const struct port_stats *s = &port->stats;
	char mac[MAC_STR] = "", text[96];
	const char *loop = stp_blocked_why(port, text, sizeof(text));
	uint64_t total;
	json_t *drops = drops_json(port, &total), *out;

	if (!mac_is_zero(&port->mac))
		mac_format(&port->mac, mac);
	out = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:o, s:o, "
			"s:o, s:{s:I, s:I}, s:o, s:I}",
			"name", port->name, "net", port->net->conf.name, "carrier", port->ops->type,
			"ifname", or_null(port->ifname), "netns", or_null(port->netns), "vm",
			or_null(port->vm), "mac", or_null(mac), "admin",
			port->admin_up ? "up" : "down", "state", state_word(port, loop), "reason",
			reason_text(port, loop), "lab", or_null(port->lab), "offloads",
			offloads_json(port), "rx",
			counters_json(s->rx_frames, s->rx_bytes, s->rx_gso), "tx",
			counters_json(s->tx_frames, s->tx_bytes, s->tx_gso), "soft", "gso",
			(json_int_t)s->soft_gso, "csum", (json_int_t)s->soft_csum, "drops", drops,
			"drops_total", (json_int_t)total);
	if (port_peer_name(port))
		json_object_set_new(out, "peer", json_string(port_peer_name(port)));
	json_object_set_new(out, "rate", rates_json(port));
	json_object_set_new(out, "impair", impair_json(port));
	json_object_set_new(out, "guard", guard_json(port));
	json_object_set_new(out, "settings", port_settings_json(port));
	return out;
}
