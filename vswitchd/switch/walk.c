/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/learn.h"
#include "vswitchd/switch/mirror.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/storm.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/walk.h"
#include "vswitchd/switch/watch.h"

/* ---- the way in ------------------------------------------------------------------------------ */

/* 01:80:c2:00:00:00 to 0f stay on their link (IEEE 802.1D-2004 7.12.6): spanning tree, pause,
 * LLDP, 802.1X. */
static bool is_reserved(const struct mac *mac)
{
	static const uint8_t prefix[] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(mac->b, prefix, sizeof(prefix)) == 0 && mac->b[5] <= 0x0f;
}

/* May this frame be on any port at all? */
static enum drop_reason check_frame(struct walk *w)
{
	const struct eth_hdr *eth = pkt_at(w->p, 0, sizeof(*eth));
	enum drop_reason reason = DROP_NONE;
	struct pkt *p = w->p;

	if (!w->from->admin_up)
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
	if ((pkt_is_gso(p) ? gso_frame_len(p) : p->len) > net_frame_max(w->net))
		return DROP_TOO_BIG;
	if (mac_is_multicast(&eth->src) || mac_is_zero(&eth->src))
		return DROP_BAD_SRC_MAC;
	return DROP_NONE;
}

/* The steps that only ports with a feature take. */
static enum drop_reason port_ingress(struct walk *w, bool *learn)
{
	struct port *from = w->from;
	enum drop_reason reason = DROP_NONE;

	if (from->features & PORT_MIRROR)
		mirror_frame(w, from, w->p, false);
	if (from->features & PORT_MONITOR)
		return DROP_MONITOR;
	if (from->features & PORT_VLAN)
		reason = vlan_ingress(w);
	if (reason == DROP_NONE && from->features & PORT_STP)
		reason = stp_ingress(w, learn);
	if (reason == DROP_NONE && from->features & PORT_GUARD)
		reason = guard_ingress(w);
	return reason;
}

static enum drop_reason ingress(struct walk *w, bool *learn)
{
	enum drop_reason reason = check_frame(w);
	const struct eth_hdr *eth = (const void *)w->p->data;
	const struct mode_ops *mode = w->net->conf.mode;

	if (reason == DROP_NONE &&
	    (is_reserved(&eth->dst) || eth->type == htons(ETHERTYPE_LOOP_))) {
		reason = stp_input(w);
		if (reason == DROP_NONE && is_reserved(&eth->dst))
			reason = DROP_RESERVED_MAC;
	}
	if (reason == DROP_NONE && w->net->own_mac && mac_equal(&eth->src, w->net->own_mac))
		reason = DROP_SPOOFED;
	if (reason == DROP_NONE && w->from->features & PORT_INGRESS)
		reason = port_ingress(w, learn);
	if (reason == DROP_NONE && mode->ingress)
		reason = mode->ingress(w);
	return reason;
}

/* ---- learning -------------------------------------------------------------------------------- */

/* ARP tells which address a NIC uses (RFC 826; a sender of zero is a probe, RFC 5227 1.1). */
static void note_address(struct port *from, const struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	const struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	if (arp && arp->spa && mac_equal(&eth->src, &from->mac) && mac_equal(&arp->sha, &from->mac))
		from->said_addr = arp->spa;
}

/* ---- the way out ----------------------------------------------------------------------------- */

static enum drop_reason port_egress(const struct walk *w, const struct port *to)
{
	enum drop_reason reason = DROP_NONE;

	if (to->features & PORT_MONITOR)
		return DROP_MONITOR;
	if (to->features & PORT_VLAN)
		reason = vlan_egress(w, to);
	if (reason == DROP_NONE && to->features & PORT_STP)
		reason = stp_egress(w, to);
	if (reason == DROP_NONE && to->features & PORT_FILTER)
		reason = guard_egress(w, to);
	return reason;
}

/* A frame that was flooded was not meant for the port that filters it: only a unicast is counted.
 */
static void not_delivered(struct walk *w, struct port *to, enum drop_reason reason)
{
	walk_say(w, "filter", "not to %s: %s", to->name, drop_text(reason));
	w->refused = reason;
	w->refused_by = to;
	if (!w->flooded && !w->dry)
		port_drop(to, reason, NULL);
}

/* The cable is out, or its carrier gone: that counts for each frame. */
static enum drop_reason port_closed(const struct port *to)
{
	return !to->admin_up ? DROP_PORT_DOWN : to->failed ? DROP_SEND_ERROR : DROP_NONE;
}

void walk_deliver(struct walk *w, struct port *to)
{
	enum drop_reason reason = to->features & PORT_EGRESS ? port_egress(w, to) : DROP_NONE;
	struct pkt *p;

	if (reason == DROP_NONE) {
		reason = port_closed(to);
		if (reason != DROP_NONE && w->flooded && !w->dry)
			port_drop(to, reason, NULL);
	}
	if (w->dry && reason == DROP_NONE && to->features & PORT_IMPAIR_OUT)
		reason = impair_explain(w, to, true);
	if (reason != DROP_NONE) {
		not_delivered(w, to, reason);
		return;
	}
	w->copies++;
	w->to = to;
	if (w->trace)
		tell_sent(w, to);
	if (w->dry) {
		if (to->features & PORT_MIRROR)
			mirror_frame(w, to, w->p, true);
		return;
	}
	p = to->features & PORT_VLAN ? vlan_tagged(w, to) : pkt_get(w->p);
	if (p && to->features & PORT_MIRROR)
		mirror_frame(w, to, p, true);
	if (p)
		port_queue_walked(to, p, w);
	else
		port_drop(to, DROP_NO_BUFFER, NULL);
}

void walk_flood(struct walk *w)
{
	struct net *net = w->net;

	w->flooded = true;
	if (net->n_ports < 2) {
		w->dropped = DROP_NO_PORT;
		return;
	}
	if (!w->dry)
		net->floods++;
	for (struct port *port = net->ports; port; port = port->next)
		if (port != w->from)
			walk_deliver(w, port);
	if (w->trace)
		tell_rest(w);
}

static void forward(struct walk *w)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	bool multicast = mac_is_multicast(&eth->dst);
	/* It would have been learnt by now. */
	bool itself = w->dry && w->learns && mac_equal(&eth->dst, &eth->src);
	struct port *to = NULL;

	if (!multicast && !w->net->hub)
		to = fdb_lookup(w->net->fdb, &eth->dst, w->vid, w->net->runner->now);
	if (!to && !multicast && !w->net->hub)
		to = w->knows;
	if (w->trace)
		tell_lookup(w, itself ? w->from : to);
	if (itself || (to && to == w->from)) {
		w->dropped = DROP_HAIRPIN;
		return;
	}
	if (to) {
		w->only = !w->net->listeners;
		walk_deliver(w, to);
		if (w->net->listeners)
			guard_listen(w, to);
		return;
	}
	if (w->from->features & PORT_STORM)
		w->dropped = storm_ingress(w, !multicast);
	if (w->dropped != DROP_NONE)
		return;
	if (multicast && w->net->snoop && snoop_forward(w))
		return;
	walk_flood(w);
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Why it goes no further; DROP_NONE when it does. */
static enum drop_reason walk_in(struct walk *w)
{
	bool learn = !w->net->hub;
	const struct eth_hdr *eth;
	enum drop_reason reason;

	if (w->trace)
		tell_arrival(w);
	reason = ingress(w, &learn);
	if (reason != DROP_NONE)
		return reason;
	w->learns = learn;
	if (learn)
		reason = learn_source(w);
	if (reason != DROP_NONE)
		return reason;
	eth = (const void *)w->p->data;
	if (w->learn_only)
		return DROP_STP_BLOCKING;
	if (eth->type == htons(ETHERTYPE_ARP_) && !w->dry)
		note_address(w->from, w->p);
	return DROP_NONE;
}

/* Once inside itself at most: what a trunk hands over comes in by a port that is none. */
static void walk_any(struct walk *w);

static void count_rx(struct port *from, const struct pkt *p)
{
	from->stats.rx_frames++;
	from->stats.rx_bytes += p->len;
	from->stats.rx_gso += pkt_is_gso(p);
}

/* A trunk carries other networks too: a frame of one of those is walked there. False when it is for
 * the port's own. */
static bool walked_elsewhere(struct walk *w)
{
	struct port *member = vlan_segment_of(w->from, &w->p);
	struct walk there = *w;

	if (!member)
		return false;
	walk_say(w, "trunk", "it is of network %s, where this port is %s", member->net->conf.name,
		 member->name);
	there.net = member->net;
	there.from = member;
	there.p = w->p;
	if (!w->dry) {
		count_rx(member, w->p);
		net_wake(member->net);
	}
	walk_any(&there);
	/* Counted where it was dropped, not again at the trunk. */
	if (there.dropped != DROP_NONE && !w->dry) {
		port_drop(member, there.dropped, NULL);
		there.dropped = DROP_NONE;
	}
	there.net = w->net;
	there.from = w->from;
	*w = there;
	return true;
}

static void walk(struct walk *w)
{
	if (w->from->features & PORT_TRUNK && walked_elsewhere(w))
		return;
	w->dropped = walk_in(w);
	if (w->dropped == DROP_NONE)
		forward(w);
	if (w->dropped != DROP_NONE)
		walk_say(w, "drop", "%s: %s", drop_word(w->dropped), drop_text(w->dropped));
}

void walk_dry(struct walk *w)
{
	w->dry = true;
	if (w->from->features & PORT_IMPAIR_IN)
		w->dropped = impair_explain(w, w->from, false);
	if (w->dropped == DROP_NONE)
		walk(w);
}

/* Somebody watches. Steps may change the frame (they then work on a copy of their own), watchers
 * see it as it came. Apart, so that other frames don't pay for the stack of this. */
static __attribute__((noinline)) void walk_watched(struct walk *w)
{
	struct pkt *came = pkt_get(w->p);
	struct trace *outer = w->trace;
	struct narration told;

	if (!outer && watch_narrates(w)) {
		narration_init(&told);
		w->trace = &told.trace;
	}
	walk(w);
	watch_in(w, came, w->trace != outer ? &told : NULL);
	w->trace = outer;
	pkt_put(came);
}

static void walk_any(struct walk *w)
{
	if (w->from->features & PORT_WATCHED && !w->dry)
		walk_watched(w);
	else
		walk(w);
}

void walk_frame(struct net *net, struct port *from, struct pkt *p)
{
	struct walk w = {.net = net, .from = from, .p = p};

	count_rx(from, p);
	p->from = from->id + 1;
	walk_any(&w);
	if (w.dropped != DROP_NONE)
		port_drop(from, w.dropped, w.p);
	else
		pkt_put(w.p);
	pkt_put(w.tagged);
}

void walk_batch(struct net *net, struct port *from, struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		if (from->features & PORT_IMPAIR_IN)
			impair_in(from, b->pkts[i]);
		else
			walk_frame(net, from, b->pkts[i]);
	}
	b->n = 0;
}
