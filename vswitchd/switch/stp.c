/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp.c - spanning tree on a network: between its ports and the machines of rstp.h.
 *
 * Theory of operation. A network with `stp=on` is one bridge, each of its ports a port of that
 * bridge, numbered as they come. Ports to services inside the daemon are edges and hear no BPDU:
 * nothing behind them can make a loop. A port that does not forward has the bit PORT_STP, so the
 * others pay nothing. A learning port lets its frames through guards and learning, and there they
 * end (walk.learn_only).
 *
 * BPDUs are made in the middle of a burst or of a tick; they are queued on their port like any
 * frame (its cable's faults apply to them) and leave with the next flush. They carry the bridge's
 * own MAC address, which is made of the host's identity and the network's name: the same after
 * a restart, another on another host. No port may use it (net->own_mac).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/stp_int.h"

static const struct mac bridge_group = {{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}};

enum {
	LLC_LEN = 3,
	BPDU_AT = ETH_HLEN_ + LLC_LEN,
	BPDU_FRAME_LEN = 60,
	TC_EVENT_GAP_MS = 5000, /* notices of one change come for many seconds */
};

/* ---- what the bridge asks for ---------------------------------------------------------------- */

void stp_event(struct net *net, const char *event, json_t *params)
{
	struct runner *r = net->runner;
	struct stp *s = net->stp;

	if (r->now - s->events_since >= 1000) {
		s->events_since = r->now;
		s->events_told = 0;
	}
	if (r->events && s->events_told++ < STP_EVENTS_PER_S)
		runner_event(r, event, params);
	else
		json_decref(params);
}

/* IEEE 802.1D-2004 9.3: LLC with DSAP and SSAP 0x42, unnumbered; the length field counts both. */
static void send_bpdu(void *owner, const uint8_t *bpdu, size_t len)
{
	static const uint8_t llc[LLC_LEN] = {0x42, 0x42, 0x03};
	struct port *port = owner;
	uint8_t frame[BPDU_FRAME_LEN] = {0};
	struct pkt *p;

	if (stp_is_local(port))
		return;
	memcpy(frame, &bridge_group, ETH_ALEN_);
	memcpy(frame + ETH_ALEN_, &port->net->stp->mac, ETH_ALEN_);
	frame[13] = (uint8_t)(len + LLC_LEN);
	memcpy(frame + ETH_HLEN_, llc, LLC_LEN);
	memcpy(frame + BPDU_AT, bpdu, len);
	p = pkt_from(port->net->runner->pool, frame, sizeof(frame));
	if (p)
		port_queue(port, p);
	else
		port_drop(port, DROP_NO_BUFFER, NULL);
}

static void port_state_changed(void *owner)
{
	struct port *port = owner;
	struct rstp_port *p = &port->stp->rstp;

	stp_update_feature(port);
	if (port->net->runner->events)
		stp_event(port->net, "stp.role",
			  json_pack("{s:s, s:s, s:s, s:s}", "net", port->net->conf.name, "port",
				    port->name, "role", rstp_role_word(p->role), "state",
				    rstp_state_word(rstp_port_state(p))));
}

static void flush_port(void *owner)
{
	struct port *port = owner;

	fdb_flush(port->net->fdb, port);
}

static void topology_changed(void *owner, bool told)
{
	struct port *port = owner;
	struct stp *s = port->net->stp;
	msec now = port->net->runner->now;

	snoop_topology_changed(port->net);
	if (s->tc_told_at && now - s->tc_told_at < TC_EVENT_GAP_MS)
		return;
	s->tc_told_at = now;
	if (port->net->runner->events)
		stp_event(port->net, "stp.topology-change",
			  json_pack("{s:s, s:s, s:s}", "net", port->net->conf.name, "port",
				    port->name, "source", told ? "neighbour" : "here"));
}

static const struct rstp_ops ops = {send_bpdu, port_state_changed, flush_port, topology_changed};

/* ---- the walk -------------------------------------------------------------------------------- */

static enum drop_reason bpdu_input(struct walk *w)
{
	const uint8_t *llc = pkt_at(w->p, ETH_HLEN_, LLC_LEN);
	const struct eth_hdr *eth = (const void *)w->p->data;
	unsigned int len = ntohs(eth->type);
	struct stp_port *sp = w->from->stp;

	if (!w->net->stp || !w->net->stp->on || !sp || !sp->joined || stp_is_local(w->from))
		return DROP_NONE;
	if (!llc || llc[0] != 0x42 || llc[1] != 0x42 || llc[2] != 0x03 || len < LLC_LEN ||
	    !pkt_at(w->p, ETH_HLEN_, len))
		return DROP_NONE;
	if (w->dry)
		return DROP_CONSUMED;
	return rstp_input(&sp->rstp, w->p->data + BPDU_AT, len - LLC_LEN) ? DROP_CONSUMED
									  : DROP_BAD_BPDU;
}

enum drop_reason stp_input(struct walk *w)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	enum drop_reason reason;

	if (eth->type == htons(ETHERTYPE_LOOP_))
		reason = stp_loop_input(w);
	else
		reason = mac_equal(&eth->dst, &bridge_group) ? bpdu_input(w) : DROP_NONE;
	if (reason == DROP_CONSUMED)
		walk_say(w, "loops", "%s",
			 eth->type == htons(ETHERTYPE_LOOP_) ? "a probe of the loop guard's"
							     : "a BPDU: read by spanning tree");
	return reason;
}

enum drop_reason stp_ingress(struct walk *w, bool *learn)
{
	const struct stp_port *sp = w->from->stp;

	if (sp->looped) {
		walk_say(w, "loops", "port %s is blocked: loop with port %s", w->from->name,
			 sp->loop_with);
		return DROP_LOOP;
	}
	if (sp->rstp.learning) {
		w->learn_only = true;
		return DROP_NONE;
	}
	*learn = false;
	walk_say(w, "loops", "spanning tree: port %s is %s, discarding", w->from->name,
		 rstp_role_word(sp->rstp.role));
	return DROP_STP_BLOCKING;
}

enum drop_reason stp_egress(const struct walk *w, const struct port *to)
{
	(void)w;
	return to->stp->looped ? DROP_LOOP : DROP_STP_BLOCKING;
}

/* ---- life ------------------------------------------------------------------------------------ */

bool stp_is_local(const struct port *port)
{
	return strcmp(port->ops->type, "local") == 0;
}

static struct mac bridge_mac(const struct net *net)
{
	char seed[128];

	snprintf(seed, sizeof(seed), "%s.%s.bridge", net->runner->host_id, net->conf.name);
	return mac_from_name(seed);
}

struct stp *stp_of(struct net *net)
{
	struct stp *s = net->stp;

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->mac = bridge_mac(net);
	s->priority = RSTP_PRIORITY_DEFAULT;
	hash_key_init(&s->secret);
	rstp_bridge_init(&s->bridge, &s->mac, s->priority, &ops);
	net->stp = s;
	return s;
}

/* Table 17-3, by what usually carries such a port. */
static uint32_t default_cost(const struct port *port)
{
	return strcmp(port->ops->type, "nic") == 0 ? RSTP_COST_1G : RSTP_COST_10G;
}

struct stp_port *stp_port_of(struct port *port)
{
	if (!port->stp)
		port->stp = calloc(1, sizeof(*port->stp));
	else
		return port->stp;
	if (!port->stp)
		return NULL;
	port->stp->cost = default_cost(port);
	port->stp->priority = RSTP_PORT_PRIORITY_DEFAULT;
	/* A dummy's far end is a test or a lesson, which counts its frames. */
	port->stp->guarded = !stp_is_local(port) && strcmp(port->ops->type, "dummy") != 0;
	return port->stp;
}

void stp_update_feature(struct port *port)
{
	const struct stp_port *sp = port->stp;

	port_feature(port, PORT_STP, sp->looped || (sp->joined && !sp->rstp.forwarding));
}

void stp_configure(struct port *port)
{
	struct stp_port *sp = port->stp;
	struct rstp_port *p = &sp->rstp;

	if (!sp->joined)
		return;
	p->cost = sp->cost;
	p->priority = sp->priority;
	p->admin_edge = sp->edge == STP_EDGE_ON || stp_is_local(port);
	p->auto_edge = sp->edge != STP_EDGE_OFF;
	rstp_port_config(p);
}

static void join(struct net *net, struct port *port)
{
	struct stp_port *sp = port->stp;
	uint16_t number = rstp_number_free(&net->stp->bridge);

	if (sp->joined || !number)
		return;
	rstp_port_add(&net->stp->bridge, &sp->rstp, number, port);
	sp->joined = true;
	stp_configure(port);
	stp_update_feature(port);
}

static void leave(struct port *port)
{
	struct stp_port *sp = port->stp;

	if (!sp || !sp->joined)
		return;
	rstp_port_del(&sp->rstp);
	sp->joined = false;
	stp_update_feature(port);
}

void stp_port_changed(struct net *net, struct port *port)
{
	bool up = port->admin_up && !port->pulled && !port->failed && !port_no_link(port);
	struct stp *s = stp_of(net);
	struct stp_port *sp = stp_port_of(port);

	if (!s || !sp)
		return;
	if (s->on) {
		join(net, port);
		if (sp->joined)
			rstp_port_enable(&sp->rstp, up);
		net_flush(net);
	} else if (up) {
		stp_loop_arm(port);
	}
}

void stp_port_left(struct net *net, struct port *port)
{
	(void)net;
	leave(port);
	if (port->stp)
		stp_loop_clear(port);
}

int stp_switch(struct net *net, bool on, struct err *err)
{
	struct stp *s = stp_of(net);

	if (!s)
		return err_sys(err, -ENOMEM, "spanning tree");
	if (s->on == on)
		return 0;
	s->on = on;
	net->own_mac = on ? &s->mac : NULL;
	for (struct port *port = net->ports; port; port = port->next) {
		if (!stp_port_of(port))
			continue;
		stp_loop_clear(port);
		if (on)
			stp_port_changed(net, port);
		else
			leave(port);
	}
	net_flush(net);
	return 0;
}

void stp_tick(struct net *net, msec now)
{
	if (!net->stp)
		return;
	if (net->stp->on)
		rstp_tick(&net->stp->bridge);
	else
		stp_loop_tick(net, now);
}

bool stp_at_rest(const struct net *net)
{
	if (net->stp && net->stp->on)
		return false;
	for (const struct port *port = net->ports; port; port = port->next)
		if (port->stp && (port->stp->looped || port->stp->probes_left))
			return false;
	return true;
}

void stp_port_fini(struct port *port)
{
	free(port->stp);
	port->stp = NULL;
}

void stp_net_fini(struct net *net)
{
	free(net->stp);
	net->stp = NULL;
	net->own_mac = NULL;
}
