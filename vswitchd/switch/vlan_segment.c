/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan_segment.c - one port that carries several LAN segments, told apart by their VLAN ids.
 *
 * Theory of operation. The trunk is a port of one network; on each of the others that it carries it
 * has a member, a port whose far end is the trunk. A frame that comes in by the trunk with the tag
 * of another network comes in by the member there, without the tag; what a member is sent gets the
 * tag and leaves by the trunk. Nothing is copied and nothing waits: the frame is walked through the
 * other network in its turn of the burst, and that network is flushed after this one (net_wake()).
 *
 *            network red (vlan=10)            network blue (vlan=20)
 *     ports ---+---+---[ trunk ]                 ---+---+---[ member "trunk.20" ]
 *                          |   \____ frames tagged 20 _______________/
 *                      the far end
 *
 * Names, not networks, are what a trunk remembers: a segment that is deleted takes its member with
 * it and the trunk carries the others; one of that name that is made again is carried again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/tag.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/vlan_int.h"

/* ---- the member's end ------------------------------------------------------------------------ */

struct member {
	struct port *trunk;
	uint16_t id;
	bool untagged; /* it is the native one */
};

static int member_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	struct port *trunk = port_find(conf->peer);
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		return err_set(err, -ENOMEM, "memory is short");
	/* All of it now: on a network with spanning tree it sends before port_add() is done. */
	m->trunk = trunk;
	m->id = port->net->conf.vlan;
	m->untagged = !strcmp(trunk->vlan->native_net, port->net->conf.name);
	port->priv = m;
	return 0;
}

/* Its network goes, or the trunk let go of it. */
static void member_close(struct port *port, bool forget)
{
	struct member *m = port->priv;
	struct vlan_port *v = m && m->trunk ? m->trunk->vlan : NULL;

	(void)forget;
	for (unsigned int i = 0; v && i < v->n_segments; i++)
		if (v->segment[i].member == port) {
			v->segment[i].member = NULL;
			v->segment[i].id = VLAN_NO_ID;
		}
	free(m);
	port->priv = NULL;
}

static void member_send(struct port *port, struct pkt_batch *b)
{
	const struct member *m = port->priv;

	for (unsigned int i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];

		if (!m->untagged && !tag_push(&p, ETHERTYPE_CTAG, m->id)) {
			port_drop(port, DROP_NO_BUFFER, p);
			continue;
		}
		port_count_tx(port, p);
		port_queue(m->trunk, p);
	}
	b->n = 0;
	net_wake(m->trunk->net);
}

const struct port_ops port_member_ops = {
	.type = "trunk",
	.offloads = OFFLOAD_ALL, /* what the trunk's far end can't take is done there */
	.open = member_open,
	.close = member_close,
	.send = member_send,
};

const struct port *vlan_trunk_of(const struct port *port)
{
	const struct member *m = port->priv;

	return port->ops == &port_member_ops ? m->trunk : NULL;
}

/* ---- making and dropping members ------------------------------------------------------------- */

static int member_name(const struct port *trunk, uint16_t id, char out[PORT_NAME_MAX + 1])
{
	int n = snprintf(out, PORT_NAME_MAX + 1, "%s.%u", trunk->name, id);

	return n > PORT_NAME_MAX ? -ENAMETOOLONG : 0;
}

static struct port *member_add(struct port *trunk, struct net *net, struct err *err)
{
	char name[PORT_NAME_MAX + 1];
	struct port_conf conf = {.name = name,
				 .carrier = port_member_ops.type,
				 .peer = trunk->name,
				 .mac = trunk->mac};

	if (member_name(trunk, net->conf.vlan, name) < 0) {
		err_set(err, -ENAMETOOLONG, "its name with \".%u\" is longer than %d bytes",
			net->conf.vlan, PORT_NAME_MAX);
		return NULL;
	}
	conf.lab = trunk->lab[0] ? trunk->lab : NULL;
	return port_add(net, &conf, err);
}

static bool id_taken(const struct vlan_port *v, const struct segment *except, uint16_t id)
{
	for (unsigned int i = 0; i < v->n_segments; i++)
		if (&v->segment[i] != except && v->segment[i].id == id)
			return true;
	return false;
}

/* The trunk's own network: no member, its frames are walked where they come in. */
static void resolve_own(struct vlan_port *v, const struct net *net, bool native)
{
	/* One that is only ever untagged needs no id; then it is a switch's default. */
	v->own = net->conf.vlan ? net->conf.vlan : VLAN_DEFAULT;
	v->untagged = native ? v->own : VLAN_NO_ID;
	vlan_ids_add(&v->members, v->own);
}

static void resolve_other(struct port *trunk, struct segment *s, struct net *net)
{
	struct err err = {0};

	if (id_taken(trunk->vlan, s, net->conf.vlan))
		err_set(&err, -EEXIST, "another one has VLAN id %u", net->conf.vlan);
	else
		s->member = member_add(trunk, net, &err);
	if (!s->member) {
		log_warn("trunk %s does not carry %s: %s", trunk->name, s->name, err.text);
		return;
	}
	s->id = net->conf.vlan;
}

void segments_resolve(struct port *port)
{
	struct vlan_port *v = port->vlan;
	bool own = false;

	for (unsigned int i = 0; i < v->n_segments; i++) {
		struct segment *s = &v->segment[i];
		struct net *net = net_find(port->net->runner, s->name);

		s->native = !strcmp(s->name, v->native_net);
		if (net == port->net && net) {
			s->id = net->conf.vlan;
			resolve_own(v, net, s->native);
			own = true;
		} else if (net && net->conf.vlan && !s->member) {
			resolve_other(port, s, net);
		}
	}
	if (v->n_segments && !own && !v->native_net[0])
		resolve_own(v, port->net, true);
}

void segments_drop(struct port *port)
{
	struct vlan_port *v = port->vlan;

	if (!v->n_segments)
		return;
	for (unsigned int i = 0; i < v->n_segments; i++) {
		/* Closing it clears the segment. */
		port_del(v->segment[i].member, true);
		v->segment[i].id = VLAN_NO_ID;
	}
	memset(&v->members, 0, sizeof(v->members));
	v->untagged = v->own = VLAN_NO_ID;
}

/* ---- what others tell ------------------------------------------------------------------------ */

static void set_feature(struct port *port)
{
	port_feature(port, PORT_VLAN, port->vlan || port->net->n_vlan);
	port_feature(port, PORT_TRUNK, port->vlan && port->vlan->n_segments);
}

void vlan_features(struct net *net)
{
	net->n_vlan = 0;
	/* A trunk of segments is no VLAN of its network: to the others there it is a plain port. */
	for (struct port *p = net->ports; p; p = p->next)
		net->n_vlan += p->vlan && !p->vlan->n_segments;
	for (struct port *p = net->ports; p; p = p->next)
		set_feature(p);
}

void vlan_port_joined(struct port *port)
{
	if (!port->vlan) {
		set_feature(port);
		return;
	}
	vlan_features(port->net);
	segments_resolve(port);
}

void vlan_port_left(struct port *port)
{
	if (!port->vlan)
		return;
	segments_drop(port);
	vlan_features(port->net);
}

void vlan_port_down(struct port *port)
{
	const struct vlan_port *v = port->vlan;

	for (unsigned int i = 0; v && i < v->n_segments; i++)
		if (v->segment[i].member)
			fdb_flush(v->segment[i].member->net->fdb, v->segment[i].member);
}

int vlan_port_may_move(const struct port *port, const struct net *to, struct err *err)
{
	const struct vlan_port *v = port->vlan;

	/* Without a native network the one that the port is on is that. */
	if (!v || !v->native_net[0])
		return 0;
	for (unsigned int i = 0; i < v->n_segments; i++)
		if (!strcmp(v->segment[i].name, to->conf.name))
			return 0;
	return err_set(err, -EBUSY,
		       "port \"%s\" is a trunk that does not carry network \"%s\": change trunk= "
		       "first",
		       port->name, to->conf.name);
}

void vlan_net_added(struct net *net)
{
	for (struct net *n = net->runner->nets; n; n = n->next)
		for (struct port *p = n->ports; p; p = p->next)
			if (p->features & PORT_TRUNK)
				segments_resolve(p);
}

void vlan_port_fini(struct port *port)
{
	free(port->vlan);
	port->vlan = NULL;
}

/* ---- a frame comes in ------------------------------------------------------------------------ */

static const struct segment *segment_by(const struct vlan_port *v, const struct pkt *p)
{
	uint16_t tci = 0, id = tag_get(p, &tci) ? tci & TCI_VID : 0;

	for (unsigned int i = 0; i < v->n_segments; i++)
		if (id ? v->segment[i].id == id : v->segment[i].native)
			return &v->segment[i];
	return NULL;
}

struct port *vlan_segment_of(struct port *trunk, struct pkt **p)
{
	const struct segment *s = segment_by(trunk->vlan, *p);
	uint16_t tci;

	/* What can't go to another network is dropped, with its reason, by this one. */
	if (!s || !s->member || !trunk->admin_up || tag_cut_short(*p))
		return NULL;
	if (tag_get(*p, &tci) && (!tag_may_pop(*p) || !tag_pop(p)))
		return NULL;
	net_wake(s->member->net);
	return s->member;
}
