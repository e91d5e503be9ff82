/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - the learning switch, and the life of a network.
 *
 * Theory of operation. A burst is decided frame by frame (walk.h), each leaving a reference on the
 * queue of each port it must leave by. Then every queue is flushed once. Local
 * ports answer during the flush; their answers are a new burst, and so on in rounds until nobody
 * has anything left. Rounds are bounded, what remains is switched at the next turn of the loop.
 * On this path there is no heap, no lock and no system call but the carriers' own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/walk.h"
#include "vswitchd/switch/watch.h"

enum { NET_ROUNDS_MAX = 16, SETTLE_ROUNDS_MAX = 4 };

/* ---- switching ------------------------------------------------------------------------------- */

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

/* Switch what waits at ports inside this process: one burst of each. */
static void take_injected(struct net *net)
{
	net->injected = false;
	for (struct port *port = net->ports; port; port = port->next) {
		struct pkt_batch b = {.n = 0};

		if (!port->ops->queues)
			continue;
		if (port->ops->recv(port, &b) == 0)
			net->injected = true;
		walk_batch(net, port, &b);
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

/* Flush the networks that got frames from others, which may give them frames in turn: a few rounds,
 * what is left then waits for the next turn of the loop. */
static void settle(struct runner *r)
{
	if (r->settling)
		return;
	r->settling = true;
	for (int round = 0; r->woken && round < SETTLE_ROUNDS_MAX; round++) {
		r->woken = false;
		for (struct net *net = r->nets; net; net = net->next)
			if (net->injected && !net->switching)
				net_flush(net);
	}
	r->settling = false;
}

void net_wake(struct net *net)
{
	net->injected = true;
	net->runner->woken = true;
}

void net_input(struct net *net, struct port *from, struct pkt_batch *b)
{
	net->runner->heard = true;
	net->switching = true;
	walk_batch(net, from, b);
	flush_rounds(net);
	net->switching = false;
	settle(net->runner);
}

void net_flush(struct net *net)
{
	if (net->switching)
		return;
	net->switching = true;
	flush_rounds(net);
	net->switching = false;
	settle(net->runner);
}

/* ---- MTU ------------------------------------------------------------------------------------- */

/* Tell the ports of @net before @end (NULL: all). */
static int ports_mtu(struct net *net, const struct port *end, uint16_t mtu, struct port **failed,
		     struct err *err)
{
	int rc = 0;

	for (struct port *port = net->ports; port != end && !rc; port = port->next) {
		if (port->ops->mtu && !port->failed)
			rc = port->ops->mtu(port, mtu, err);
		if (rc)
			*failed = port;
	}
	return rc;
}

int net_set_mtu(struct net *net, uint16_t mtu, struct err *err)
{
	struct port *failed = NULL, *ignored;
	struct err again;
	int rc;

	if (mtu == net_mtu(net))
		return 0;
	if (net->conf.mode->fixed_mtu)
		return err_set(err, -EBUSY,
			       "the MTU of a %s network is given when it is made: net add ... "
			       "mtu=%u",
			       net->conf.mode->name, mtu);
	rc = ports_mtu(net, NULL, mtu, &failed, err);
	if (!rc)
		net->conf.mtu = mtu;
	else
		ports_mtu(net, failed, net_mtu(net), &ignored, &again);
	return rc;
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
	if (!net->fdb || snoop_net_init(net) < 0) {
		fdb_destroy(net->fdb);
		free(net);
		return NULL;
	}
	net->conf = *conf;
	net->runner = r;
	net->ports_end = &net->ports;
	if (learn_init(net)) {
		fdb_destroy(net->fdb);
		free(net);
		return NULL;
	}
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
	vlan_net_added(net);
	return net;
}

void net_del(struct net *net, bool forget)
{
	if (!net)
		return;
	frame_hooks_gone(&net->hooks);
	frame_hooks_gone(&net->pair_hooks);
	if (net->conf.mode->stop)
		net->conf.mode->stop(net);
	while (net->ports)
		port_del(net->ports, forget);
	for (struct net **at = &net->runner->nets; *at; at = &(*at)->next)
		if (*at == net) {
			*at = net->next;
			break;
		}
	stp_net_fini(net);
	snoop_net_fini(net);
	learn_fini(net);
	fdb_destroy(net->fdb);
	json_decref(net->defaults);
	free(net);
}
