/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. A network keeps VLANs apart as soon as one of its ports asks for it by vlan=
 * or trunk= with ids (net->n_vlan > 0); until then no port has PORT_VLAN and tagged frames pass
 * like any others. From then on it is a VLAN bridge (IEEE 802.1Q-2018 6.9, 8.6.2): each frame is in
 * one VLAN, and is untagged while it is inside the switch. A port that asked for nothing is in VLAN
 * 1, untagged, the default of the standard (table 9-2); so are the network's own ports (gateway,
 * DHCP server, the host's leg).
 *
 * Inside, VLAN 1 has the id 0: what was learnt and pinned before a network got its first VLAN stays
 * right, and a network without VLANs is one whose frames are all in VLAN 1.
 *
 * All kinds of port are one thing here: the ids that may pass, and the one that goes untagged.
 * access: {id}, id. plain: {1}, 1. trunk: its list, native or none. Only the outermost customer tag
 * (0x8100) counts: what is behind it, and a service tag (0x88a8), is payload.
 */
#include "vswitchd/switch/vlan.h"

#include "lib/tag.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/vlan_int.h"

static const struct vlan_port plain = {
	.members.bits[0] = 1 << VLAN_DEFAULT,
	.untagged = VLAN_DEFAULT,
	.own = VLAN_DEFAULT,
};

static const struct vlan_port *view(const struct port *port)
{
	return port->vlan ? port->vlan : &plain;
}

/* The id on the wire at a port with @v of VLAN @vid inside the switch; VLAN_NO_ID: not carried. */
static uint16_t wire_id(const struct vlan_port *v, uint16_t vid)
{
	/* To the others on a trunk of segments, what is inside one of them is its own affair. */
	if (vid && v->n_segments)
		return VLAN_NO_ID;
	return vid ? vid : v->own;
}

/* The id of a frame that came in; VLAN_NO_ID when it may not. */
static uint16_t id_in(const struct vlan_port *v, bool tagged, uint16_t tci)
{
	uint16_t id = tagged ? tci & TCI_VID : 0;

	/* A tag with id 0 tells a priority only (802.1Q-2018 6.9). */
	return id ? id : v->untagged;
}

enum drop_reason vlan_ingress(struct walk *w)
{
	const struct vlan_port *v = view(w->from);
	uint16_t tci = 0, id;
	bool tagged = tag_get(w->p, &tci);

	if (tag_cut_short(w->p))
		return DROP_RUNT;
	id = id_in(v, tagged, tci);
	if (id == VLAN_NO_ID)
		return DROP_UNTAGGED;
	walk_say(w, "vlan", "%s, so it is in VLAN %u", tagged ? "tagged" : "untagged", id);
	if (!vlan_ids_has(&v->members, id))
		return DROP_VLAN;
	if (tagged && !tag_may_pop(w->p))
		return DROP_BAD_VNET_HDR;
	if (tagged && !tag_pop(&w->p))
		return DROP_NO_BUFFER;
	w->vid = id == v->own ? 0 : id;
	w->prio = tci & TCI_PRIO;
	return DROP_NONE;
}

enum drop_reason vlan_egress(const struct walk *w, const struct port *to)
{
	const struct vlan_port *v = view(to);
	uint16_t id = wire_id(v, w->vid);

	return id != VLAN_NO_ID && vlan_ids_has(&v->members, id) ? DROP_NONE : DROP_VLAN;
}

/* The tagged frame is made once for all ports that send it so. */
static struct pkt *tagged_once(struct walk *w, uint16_t tci)
{
	uint16_t have;

	if (w->tagged && tag_get(w->tagged, &have) && have == tci)
		return pkt_get(w->tagged);
	pkt_put(w->tagged);
	w->tagged = pkt_get(w->p);
	if (tag_push(&w->tagged, ETHERTYPE_CTAG, tci))
		return pkt_get(w->tagged);
	pkt_put(w->tagged);
	w->tagged = NULL;
	return NULL;
}

struct pkt *vlan_tagged(struct walk *w, const struct port *to)
{
	const struct vlan_port *v = view(to);
	uint16_t id = wire_id(v, w->vid), tci = id | w->prio;

	if (id == v->untagged)
		return pkt_get(w->p);
	if (!w->only)
		return tagged_once(w, tci);
	return tag_push(&w->p, ETHERTYPE_CTAG, tci) ? pkt_get(w->p) : NULL;
}

uint16_t vlan_shown(const struct net *net, uint16_t vid)
{
	return vid || !net->n_vlan ? vid : VLAN_DEFAULT;
}
