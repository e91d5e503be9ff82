/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/learn.h"

#include <stddef.h>

#include "lib/addr.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/walk.h"

enum { AGE_AGAIN_US = 1000 }; /* between two steps of ageing, so that frames pass meanwhile */

/* One more in this second? */
static bool may_tell(struct net *net, unsigned int *told, unsigned int max)
{
	struct learn_told *t = &net->told;

	if (net->runner->now - t->since >= 1000) {
		t->since = net->runner->now;
		t->moves = t->others = 0;
	}
	return (*told)++ < max;
}

static bool may_warn(const struct net *net, msec *last)
{
	msec now = net->runner->now;

	if (*last && now - *last < LEARN_WARN_MS)
		return false;
	*last = now;
	return true;
}

static void tell(struct net *net, const char *event, const struct mac *mac, uint16_t vid,
		 const struct port *port, const struct port *from)
{
	char text[MAC_STR];
	json_t *params = json_pack("{s:s, s:s, s:s, s:s*}", "net", net->conf.name, "mac",
				   mac_format(mac, text), "port", port->name, "from",
				   from ? from->name : NULL);

	if (vid)
		json_object_set_new(params, "vlan", json_integer(vid));
	runner_event(net->runner, event, params);
}

/* Somebody asked for it by name: it comes with the traffic. */
static bool asked_for(const struct runner *r, const char *event)
{
	return r->wanted && runner_wants(r, event);
}

static void tell_learnt(const struct walk *w, const struct mac *mac)
{
	if (asked_for(w->net->runner, "mac.learnt") &&
	    may_tell(w->net, &w->net->told.others, LEARN_TOLD_PER_S))
		tell(w->net, "mac.learnt", mac, w->vid, w->from, NULL);
}

/* An address that moves more often than is told is on its way round a loop. */
static void tell_move(const struct walk *w, const struct mac *mac, const struct port *from)
{
	struct net *net = w->net;

	if (!net->runner->events)
		return;
	if (may_tell(net, &net->told.moves, LEARN_MOVES_PER_S))
		tell(net, "mac.moved", mac, w->vid, w->from, from);
	else if (may_warn(net, &net->told.flapping))
		tell(net, "mac.flapping", mac, w->vid, w->from, from);
}

/* @port has the most entries, and the table is full. */
static void tell_flood(struct net *net, const struct port *port)
{
	if (may_warn(net, &net->told.flood))
		runner_event(net->runner, "mac.flood",
			     json_pack("{s:s, s:s, s:I, s:I}", "net", net->conf.name, "port",
				       port->name, "macs", (json_int_t)port->fdb_share.count,
				       "macs_max", (json_int_t)fdb_max(net->fdb)));
}

static enum drop_reason ask_only(const struct walk *w, const struct mac *src)
{
	struct fdb *fdb = w->net->fdb;
	msec now = w->net->runner->now;
	struct fdb_answer known;

	if (fdb_ask(fdb, src, w->vid, now, &known) && (known.port == w->from || known.pinned))
		return known.port == w->from ? DROP_NONE : DROP_SPOOFED;
	return fdb_has_room(fdb, src, w->vid, w->from, now) ? DROP_NONE : DROP_MAC_LIMIT;
}

enum drop_reason learn_source(struct walk *w)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	struct fdb *fdb = w->net->fdb;

	if (w->trace)
		tell_learning(w);
	if (w->dry)
		return ask_only(w, &eth->src);
	switch (fdb_learn(fdb, &eth->src, w->vid, w->from, w->net->runner->now)) {
	case FDB_PINNED:
		return DROP_SPOOFED;
	case FDB_LIMITED:
		return DROP_MAC_LIMIT;
	case FDB_MOVED:
		w->moved = true;
		tell_move(w, &eth->src, fdb_was(fdb));
		stp_moved(w->net, w->from);
		break;
	case FDB_REPLACED:
		w->learnt = true;
		tell_flood(w->net, fdb_was(fdb));
		tell_learnt(w, &eth->src);
		break;
	case FDB_LEARNT:
		w->learnt = true;
		tell_learnt(w, &eth->src);
		break;
	default:
		break;
	}
	return DROP_NONE;
}

static void aged_cb(void *ctx, const struct mac *mac, uint16_t vid, struct port *port)
{
	struct net *net = ctx;

	if (may_tell(net, &net->told.others, LEARN_TOLD_PER_S))
		tell(net, "mac.aged", mac, vid, port, NULL);
}

static void age(struct net *net)
{
	bool told = asked_for(net->runner, "mac.aged");

	if (fdb_age(net->fdb, net->runner->now, told ? aged_cb : NULL, net))
		runner_due(net->runner, &net->ageing, net->runner->now_us + AGE_AGAIN_US);
}

static void age_cb(struct due *d)
{
	age((struct net *)((char *)d - offsetof(struct net, ageing)));
}

int learn_init(struct net *net)
{
	net->ageing.fire = age_cb;
	return due_reserve(&net->runner->due, 1);
}

void learn_fini(struct net *net)
{
	due_stop(&net->runner->due, &net->ageing);
	due_release(&net->runner->due, 1);
}

void learn_tick(struct net *net)
{
	if (!net->ageing.place)
		age(net);
}
