/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - the learning switch, and the life of a network.
 *
 * Theory of operation. A burst is decided frame by frame: checks, learning, one look-up, a
 * reference on the queue of each port it must leave by. Then every queue is flushed once. Local
 * ports answer during the flush; their answers are a new burst, and so on in rounds until nobody
 * has anything left. Rounds are bounded, what remains is switched at the next turn of the loop.
 * On this path there is no heap, no lock and no system call but the carriers' own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/mode.h"
#include "vswitchd/net.h"
#include "vswitchd/port.h"
#include "vswitchd/runner.h"

enum { NET_ROUNDS_MAX = 16 };

/* ---- switching ------------------------------------------------------------------------------- */

/* 01:80:c2:00:00:00 to 0f stay on their link (IEEE 802.1D-2004 7.12.6): spanning tree, pause,
 * LLDP, 802.1X. */
static bool is_reserved(const struct mac *mac)
{
	static const uint8_t prefix[] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(mac->b, prefix, sizeof(prefix)) == 0 && mac->b[5] <= 0x0f;
}

/* May @p come in by @from at all? */
static enum drop_reason check_frame(struct net *net, struct port *from, struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	enum drop_reason reason = DROP_NONE;

	if (!from->admin_up)
		return DROP_PORT_DOWN;
	if (!eth)
		return DROP_RUNT;
	/* Flags that we don't know must be ignored (VIRTIO 1.2 5.1.6.2.2), so they go no further.
	 */
	p->vnet.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;
	if (p->vnet.flags | p->vnet.gso_type)
		reason = gso_check(p);
	if (reason != DROP_NONE)
		return reason;
	if ((pkt_is_gso(p) ? gso_frame_len(p) : p->len) > net_frame_max(net))
		return DROP_TOO_BIG;
	if (mac_is_multicast(&eth->src) || mac_is_zero(&eth->src))
		return DROP_BAD_SRC_MAC;
	if (is_reserved(&eth->dst))
		return DROP_RESERVED_MAC;
	return net->conf.mode->ingress ? net->conf.mode->ingress(net, from, p) : DROP_NONE;
}

static void tell_move(struct net *net, const struct mac *mac, const struct port *to)
{
	struct runner *r = net->runner;
	char text[MAC_STR];

	if (!r->events)
		return;
	if (r->now - net->moves_since >= 1000) {
		net->moves_since = r->now;
		net->moves_told = 0;
	}
	if (net->moves_told++ < NET_MOVES_PER_S)
		runner_event(r, "mac.moved",
			     json_pack("{s:s, s:s, s:s}", "net", net->conf.name, "mac",
				       mac_format(mac, text), "port", to->name));
}

/* Learn where @mac is. False when it is one that @from must not use. */
static bool learn(struct net *net, struct port *from, const struct mac *mac)
{
	switch (fdb_learn(net->fdb, mac, from, net->runner->now)) {
	case FDB_PINNED:
		return false;
	case FDB_MOVED:
		tell_move(net, mac, from);
		return true;
	default:
		return true;
	}
}

/* ARP tells which address a NIC uses (RFC 826; a sender of zero is a probe, RFC 5227 1.1). */
static void note_address(struct port *from, const struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	const struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	if (arp && arp->spa && mac_equal(&eth->src, &from->mac) && mac_equal(&arp->sha, &from->mac))
		from->said_addr = arp->spa;
}

/* To every port but the one it came from. Takes @p. */
static void flood(struct net *net, struct port *from, struct pkt *p)
{
	if (net->n_ports < 2) {
		port_drop(from, DROP_NO_PORT, p);
		return;
	}
	net->floods++;
	for (struct port *port = net->ports; port; port = port->next)
		if (port != from)
			port_queue(port, pkt_get(p));
	pkt_put(p);
}

static void switch_frame(struct net *net, struct port *from, struct pkt *p)
{
	enum drop_reason reason = check_frame(net, from, p);
	const struct eth_hdr *eth = (const void *)p->data;
	struct port *to = NULL;

	if (net->hooks || from->hooks) {
		frame_hooks_run(net->hooks, p, false);
		frame_hooks_run(from->hooks, p, false);
	}
	from->stats.rx_frames++;
	from->stats.rx_bytes += p->len;
	from->stats.rx_gso += pkt_is_gso(p);
	if (reason == DROP_NONE && !learn(net, from, &eth->src))
		reason = DROP_SPOOFED;
	if (reason != DROP_NONE) {
		port_drop(from, reason, p);
		return;
	}
	if (eth->type == htons(ETHERTYPE_ARP_))
		note_address(from, p);
	if (!mac_is_multicast(&eth->dst))
		to = fdb_lookup(net->fdb, &eth->dst, net->runner->now);
	if (!to)
		flood(net, from, p);
	else if (to == from)
		port_drop(from, DROP_HAIRPIN, p);
	else
		port_queue(to, p);
}

static void switch_batch(struct net *net, struct port *from, struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		switch_frame(net, from, b->pkts[i]);
	b->n = 0;
}

static void flush_queued(struct net *net)
{
	struct port *port;

	while ((port = net->queued)) {
		net->queued = port->next_queued;
		port->queued = false;
		port->ops->send(port, &port->txq);
		port->txq.n = 0;
	}
}

/* Switch what local ports injected: one burst of each. */
static void take_injected(struct net *net)
{
	net->injected = false;
	for (struct port *port = net->ports; port; port = port->next) {
		struct pkt_batch b = {.n = 0};

		if (port->ops != &port_local_ops)
			continue;
		if (port->ops->recv(port, &b) == 0)
			net->injected = true;
		switch_batch(net, port, &b);
	}
}

static void flush_rounds(struct net *net)
{
	flush_queued(net);
	for (int round = 0; net->injected && round < NET_ROUNDS_MAX; round++) {
		take_injected(net);
		flush_queued(net);
	}
}

void net_input(struct net *net, struct port *from, struct pkt_batch *b)
{
	net->switching = true;
	switch_batch(net, from, b);
	flush_rounds(net);
	net->switching = false;
}

void net_flush(struct net *net)
{
	if (net->switching)
		return;
	net->switching = true;
	flush_rounds(net);
	net->switching = false;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct net *net_find(struct runner *r, const char *name)
{
	struct net *net = r->nets;

	while (net && strcmp(net->conf.name, name) != 0)
		net = net->next;
	return net;
}

static struct net *net_new(struct runner *r, const struct net_conf *conf)
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->fdb = fdb_create(FDB_SIZE_DEFAULT, FDB_AGEING_MS);
	if (!net->fdb) {
		free(net);
		return NULL;
	}
	net->conf = *conf;
	net->runner = r;
	net->next = r->nets;
	r->nets = net;
	return net;
}

struct net *net_add(struct runner *r, const struct net_conf *conf, struct err *err)
{
	struct net_conf full = *conf;
	struct net *net;

	if (!name_valid(conf->name)) {
		err_set(err, -EINVAL,
			"\"%s\" can't name a network: letters, digits, '.', '_' and '-', at most "
			"%d, the first a letter or digit",
			conf->name, NAME_MAX_);
		return NULL;
	}
	if (net_find(r, conf->name)) {
		err_set(err, -EEXIST, "there is a network \"%s\" already", conf->name);
		return NULL;
	}
	if (full.mode->check && full.mode->check(r, &full, err) < 0) {
		err_wrap(err, "network \"%s\"", conf->name);
		return NULL;
	}
	net = net_new(r, &full);
	if (!net) {
		err_sys(err, -ENOMEM, "network \"%s\"", conf->name);
		return NULL;
	}
	if (full.mode->start && full.mode->start(net, err) < 0) {
		err_wrap(err, "network \"%s\"", conf->name);
		net_del(net, true);
		return NULL;
	}
	return net;
}

void net_del(struct net *net, bool forget)
{
	if (!net)
		return;
	frame_hooks_gone(&net->hooks);
	if (net->conf.mode->stop)
		net->conf.mode->stop(net);
	while (net->ports)
		port_del(net->ports, forget);
	for (struct net **at = &net->runner->nets; *at; at = &(*at)->next)
		if (*at == net) {
			*at = net->next;
			break;
		}
	fdb_destroy(net->fdb);
	free(net);
}
