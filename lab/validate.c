/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate.c - does a lab make sense as a whole: networks and nodes.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lab/parse.h"
#include "lib/nearest.h"
#include "lib/setting_names.h"

enum { NAMES_MAX = 256 };

/* ---- networks -------------------------------------------------------------------------------- */

/* Modes in which our host has a place on the network, so that a subnet means something. */
static bool has_subnet(const struct lab_net *net)
{
	return net->mode == LAB_NAT || net->mode == LAB_HOST_ONLY || net->mode == LAB_INTERNAL;
}

static void setting_misplaced(struct lab_errors *e, const struct lab_net *net, struct lab_pos pos,
			      const char *setting, const char *why)
{
	lab_error(e, pos, "'%s' has no meaning on network '%s' (mode %s): %s", setting,
		  net->name.s ? net->name.s : "?", lab_mode_word(net->mode), why);
}

static bool ipv6_word(const char *word)
{
	static const char *const words[] = {"on", "off", "slaac", "stateless", "stateful", NULL};

	return setting_name_in(words, word);
}

static void net_settings(const struct lab_net *net, struct lab_errors *e)
{
	if (net->subnet.given && !has_subnet(net))
		setting_misplaced(e, net, net->subnet.pos, "subnet",
				  net->mode == LAB_BRIDGE ? "the LAN has its own addresses"
							  : "its nodes number themselves");
	if (net->host.given && net->mode != LAB_NAT)
		setting_misplaced(e, net, net->host.pos, "host",
				  net->mode == LAB_HOST_ONLY
					  ? "without the host it is mode: internal"
					  : "only nat networks have a leg that can be left out");
	if (net->gateway.given && net->mode != LAB_NAT)
		setting_misplaced(e, net, net->gateway.pos, "gateway",
				  "only a nat network has a gateway of its own");
	if (net->nic.s && net->mode != LAB_BRIDGE)
		setting_misplaced(e, net, net->nic.pos, "nic", "only a bridge has one");
	if (net->subnet6.s && !has_subnet(net))
		setting_misplaced(e, net, net->subnet6.pos, "subnet6",
				  "only nat, host-only and internal networks have one");
	if (net->ipv6.s && !ipv6_word(net->ipv6.s))
		lab_error(e, net->ipv6.pos,
			  "ipv6 is on, off, slaac, stateless or stateful, not '%s'", net->ipv6.s);
	else if (net->ipv6.s && !has_subnet(net))
		setting_misplaced(e, net, net->ipv6.pos, "ipv6",
				  "only nat, host-only and internal networks give addresses");
	if (net->via.s && net->mode != LAB_BRIDGE)
		setting_misplaced(e, net, net->via.pos, "via", "only a bridge joins another");
	if (net->uplink.s && net->mode != LAB_BRIDGE)
		setting_misplaced(e, net, net->uplink.pos, "uplink", "only a bridge has one");
	if (net->via.s && net->nic.s)
		lab_error(e, net->via.pos, "via and nic exclude each other: keep one of them");
	if (net->dhcp.given && net->dhcp.on && !has_subnet(net))
		setting_misplaced(e, net, net->dhcp.pos, "dhcp",
				  net->mode == LAB_BRIDGE ? "the LAN has its own server"
							  : "it is a bare wire");
	if (net->n_forwards && net->mode != LAB_NAT)
		setting_misplaced(e, net, net->forwards[0].pos, "forward",
				  "only a nat network forwards");
	if (net->n_maps && net->mode != LAB_NAT)
		setting_misplaced(e, net, net->maps[0].pos, "map",
				  "only a nat network has outside addresses");
	if (net->mode == LAB_INTERNAL && net->dhcp.on && !net->subnet.given)
		lab_error(e, net->dhcp.pos,
			  "DHCP on internal network '%s' needs a subnet: add subnet: 10.0.5.0/24",
			  net->name.s ? net->name.s : "?");
}

static void in_subnet(const struct lab_net *net, const struct lab_addr *a, const char *what,
		      struct lab_errors *e)
{
	char addr[IP4_STR], subnet[IP4_PREFIX_STR];

	if (a->given && !ip4_prefix_has(net->subnet.p, a->a))
		lab_error(e, a->pos, "%s %s is outside the subnet %s", what, ip4_format(a->a, addr),
			  ip4_prefix_format(net->subnet.p, subnet));
}

static void net_addresses(const struct lab_net *net, struct lab_errors *e)
{
	char text[IP4_PREFIX_STR], want[IP4_PREFIX_STR];
	struct ip4_prefix base = {ip4_network(net->subnet.p), net->subnet.p.plen};

	if (!net->subnet.given)
		return;
	if (base.addr != net->subnet.p.addr)
		lab_error(e, net->subnet.pos, "%s is an address, not a subnet: write %s",
			  ip4_prefix_format(net->subnet.p, text), ip4_prefix_format(base, want));
	if (base.plen < 8 || base.plen > 29)
		lab_error(e, net->subnet.pos, "a subnet's prefix length must be from 8 to 29");
	in_subnet(net, &net->gateway, "the gateway", e);
	in_subnet(net, &net->dhcp.router, "the router", e);
	in_subnet(net, &net->dhcp.first, "the range's first address", e);
	in_subnet(net, &net->dhcp.last, "the range's last address", e);
}

static void net_overlaps(const struct lab *lab, size_t i, struct lab_errors *e)
{
	const struct lab_net *net = &lab->nets[i];
	char a[IP4_PREFIX_STR], b[IP4_PREFIX_STR];

	for (size_t j = 0; net->subnet.given && j < i; j++) {
		const struct lab_net *other = &lab->nets[j];

		if (!other->subnet.given || net->mode == LAB_INTERNAL ||
		    other->mode == LAB_INTERNAL ||
		    !ip4_prefix_overlaps(net->subnet.p, other->subnet.p))
			continue;
		lab_error(e, net->subnet.pos,
			  "%s overlaps %s of network '%s' (line %u): the host could not tell them "
			  "apart, choose another subnet",
			  ip4_prefix_format(net->subnet.p, a),
			  ip4_prefix_format(other->subnet.p, b),
			  other->name.s ? other->name.s : "?", other->subnet.pos.line);
		return;
	}
}

/* A forward's target is a node of the lab or an address inside. */
static void net_forwards(const struct lab *lab, const struct lab_net *net, struct lab_errors *e)
{
	for (size_t i = 0; i < net->n_forwards; i++) {
		const struct lab_forward *f = &net->forwards[i];
		be32 a;

		if (ip4_parse(f->to, &a) && !lab_node_find(lab, f->to))
			lab_error(e, f->pos, "the forward's target '%s' is no node of this lab",
				  f->to);
	}
}

static void net_maps(const struct lab *lab, const struct lab_net *net, struct lab_errors *e)
{
	for (size_t i = 0; i < net->n_maps; i++) {
		const struct lab_map *m = &net->maps[i];
		be32 a;

		if (ip4_parse(m->to, &a) && !lab_node_find(lab, m->to))
			lab_error(e, m->pos, "the map's target '%s' is no node of this lab", m->to);
	}
}

/* ---- interfaces ------------------------------------------------------------------------------ */

void lab_unknown_network(const struct lab *lab, const struct lab_text *name, struct lab_errors *e)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < lab->n_nets && n < NAMES_MAX; i++)
		if (lab->nets[i].name.s)
			names[n++] = lab->nets[i].name.s;
	near = nearest_word(name->s, names);
	if (near)
		lab_error_fix(e, name->pos, name->s, near,
			      "no network '%s' in this lab: did you mean '%s'?", name->s, near);
	else
		lab_error(e, name->pos,
			  "no network '%s' in this lab: add it under networks:", name->s);
}

static void ifname_check(const struct lab_text *ifname, struct lab_errors *e)
{
	if (!name_valid(ifname->s) || strlen(ifname->s) > IFNAME_MAX)
		lab_error(e, ifname->pos,
			  "'%s' is no interface name: at most %d letters, digits, '-', '_' and '.'",
			  ifname->s, IFNAME_MAX);
}

/* What an interface is plugged into. */
static void nic_link(struct lab *lab, const struct lab_node *node, struct lab_nic *nic,
		     struct lab_errors *e)
{
	if (nic->network.s) {
		nic->net = lab_net_find(lab, nic->network.s);
		if (!nic->net)
			lab_unknown_network(lab, &nic->network, e);
	}
	if (nic->network.s && nic->veth.s)
		lab_error(e, nic->veth.pos,
			  "an interface has a network or a veth, not both: keep one");
	else if (!nic->network.s && !nic->veth.s)
		lab_error(e, nic->pos, "an interface needs a network: add network: NAME");
	if (nic->veth.s && node->kind != LAB_NAMESPACE)
		lab_error(e, nic->veth.pos,
			  "only a namespace can have a veth: add kind: namespace or use a network");
	if (nic->veth.s)
		ifname_check(&nic->veth, e);
	if (nic->link.s && nic->veth.s)
		lab_error(e, nic->link.pos,
			  "'link' is for cables to a network: a veth has nothing to do with the "
			  "switch");
	if (nic->host_address.given && !nic->veth.s)
		lab_error(e, nic->host_address.pos,
			  "'host-address' is for the host's end of a veth: add veth: IFNAME");
	if (nic->veth.s && nic->how == LAB_ADDR_DHCP)
		lab_error(e, nic->pos, "nobody serves DHCP on a veth: give it an address");
}

static void usable(const struct lab_prefix *p, struct lab_errors *e)
{
	char text[IP4_PREFIX_STR];

	if (p->p.plen > 30 || !p->p.plen)
		return;
	if (p->p.addr == ip4_network(p->p))
		lab_error(e, p->pos, "%s is the subnet itself, not an address in it",
			  ip4_prefix_format(p->p, text));
	else if (p->p.addr == ip4_broadcast(p->p))
		lab_error(e, p->pos, "%s is the subnet's broadcast address",
			  ip4_prefix_format(p->p, text));
}

static bool in_range(const struct lab_dhcp *dhcp, be32 a)
{
	uint32_t lo = ntohl(dhcp->first.a), hi = ntohl(dhcp->last.a);
	uint32_t v = ntohl(a);

	return dhcp->first.given && v >= lo && v <= hi;
}

static void nic_address(const struct lab_nic *nic, struct lab_errors *e)
{
	const struct lab_net *net = nic->net;
	char text[IP4_PREFIX_STR], subnet[IP4_PREFIX_STR];

	if (nic->gateway.given && nic->how == LAB_ADDR_STATIC && nic->address.given &&
	    !ip4_prefix_has(nic->address.p, nic->gateway.a))
		lab_error(e, nic->gateway.pos, "the gateway is outside %s",
			  ip4_prefix_format(nic->address.p, text));
	if (nic->gateway.given && nic->how != LAB_ADDR_STATIC)
		lab_error(e, nic->gateway.pos,
			  "'gateway' goes with an address of its own: add address: ADDR/PLEN");
	if (nic->host_address.given)
		usable(&nic->host_address, e);
	if (!nic->address.given)
		return;
	usable(&nic->address, e);
	if (!net || !net->subnet.given)
		return;
	if (!ip4_prefix_has(net->subnet.p, nic->address.p.addr))
		lab_error(e, nic->address.pos, "%s is outside %s of network '%s'",
			  ip4_prefix_format(nic->address.p, text),
			  ip4_prefix_format(net->subnet.p, subnet), net->name.s);
	else if (in_range(&net->dhcp, nic->address.p.addr))
		lab_error(e, nic->address.pos,
			  "%s is in the range that DHCP of network '%s' gives out: choose one "
			  "outside",
			  ip4_prefix_format(nic->address.p, text), net->name.s);
}

static void net_own_address(const struct lab_nic *nic, struct lab_errors *e)
{
	const struct lab_net *net = nic->net;
	char text[IP4_STR];
	be32 a = nic->address.p.addr, gw;

	if (!net || !net->subnet.given || !nic->address.given)
		return;
	gw = net->gateway.given ? net->gateway.a : ip4_nth(net->subnet.p, 2);
	if (net->mode == LAB_NAT && a == gw)
		lab_error(e, nic->address.pos, "%s is the gateway of network '%s' itself",
			  ip4_format(a, text), net->name.s);
	else if (net->mode != LAB_INTERNAL && a == ip4_nth(net->subnet.p, 1))
		lab_error(e, nic->address.pos, "%s is the host's own address on network '%s'",
			  ip4_format(a, text), net->name.s);
}

/* ---- what must be there only once ------------------------------------------------------------ */

struct walk {
	const struct lab_node *node;
	const struct lab_nic *nic;
	size_t index;
};

static bool same_place(const struct lab_nic *a, const struct lab_nic *b)
{
	return a->net && a->net == b->net;
}

/* Compare @now with one earlier interface @was. */
static void nic_clash(const struct walk *was, const struct walk *now, struct lab_errors *e)
{
	char text[IP4_STR], mac[MAC_STR];

	if (same_place(was->nic, now->nic) && was->nic->address.given && now->nic->address.given &&
	    was->nic->address.p.addr == now->nic->address.p.addr)
		lab_error(e, now->nic->address.pos,
			  "address %s is on network '%s' twice: %s.eth%zu (line %u) has it too",
			  ip4_format(now->nic->address.p.addr, text), now->nic->net->name.s,
			  was->node->name.s, was->index, was->nic->address.pos.line);
	if (was->nic->veth.s && now->nic->veth.s && !strcmp(was->nic->veth.s, now->nic->veth.s))
		lab_error(e, now->nic->veth.pos, "veth '%s' is there twice: %s.eth%zu has it too",
			  now->nic->veth.s, was->node->name.s, was->index);
	if (mac_equal(&was->nic->mac, &now->nic->mac))
		lab_error(e, now->nic->has_mac ? now->nic->mac_pos : now->nic->pos,
			  "MAC address %s is there twice: %s.eth%zu has it too",
			  mac_format(&now->nic->mac, mac), was->node->name.s, was->index);
}

/* A MAC that stays the same from one start of the lab to the next. */
static void assign_macs(const struct lab *lab)
{
	char seed[256];

	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			if (lab->nodes[n].nics[i].has_mac)
				continue;
			snprintf(seed, sizeof(seed), "%s/%s/eth%zu", lab->name.s,
				 lab->nodes[n].name.s, i);
			lab->nodes[n].nics[i].mac = mac_from_name(seed);
		}
}

static void unique(const struct lab *lab, struct lab_errors *e)
{
	struct walk now, was;

	for (size_t n = 0; lab->name.s && n < lab->n_nodes; n++) {
		now.node = &lab->nodes[n];
		for (now.index = 0; now.node->name.s && now.index < now.node->n_nics; now.index++) {
			now.nic = &now.node->nics[now.index];
			for (size_t m = 0; m <= n; m++) {
				was.node = &lab->nodes[m];
				for (was.index = 0;
				     was.node->name.s &&
				     was.index < (m == n ? now.index : was.node->n_nics);
				     was.index++) {
					was.nic = &was.node->nics[was.index];
					nic_clash(&was, &now, e);
				}
			}
		}
	}
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct given_key {
	bool given;
	struct lab_pos pos;
	const char *key;
};

static void refuse_given(const struct given_key *keys, size_t n, const char *why,
			 struct lab_errors *e)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].given)
			lab_error(e, keys[i].pos, "'%s' %s", keys[i].key, why);
}

static void machine_misplaced(const struct lab_node *node, struct lab_errors *e)
{
	const struct lab_machine *m = &node->machine;
	const struct given_key keys[] = {
		{m->memory_mib.given, m->memory_mib.pos, "memory"},
		{m->cpus.given, m->cpus.pos, "cpus"},
		{m->hypervisor.s, m->hypervisor.pos, "hypervisor"},
		{m->image.s, m->image.pos, "image"},
		{m->disk.s, m->disk.pos, "disk"},
		{m->kernel.s, m->kernel.pos, "kernel"},
		{m->initrd.s, m->initrd.pos, "initrd"},
		{m->append.s, m->append.pos, "append"},
		{m->boot.s, m->boot.pos, "boot"},
		{node->masquerade.s, node->masquerade.pos, "masquerade"},
	};

	refuse_given(keys, ARRAY_SIZE(keys),
		     "has no meaning for a namespace, which shares the host's kernel", e);
}

/* The firmware asks for what it boots: none of what an image or a kernel would be told. */
static void boot_check(const struct lab_node *node, struct lab_errors *e)
{
	const struct lab_machine *m = &node->machine;
	const struct given_key keys[] = {
		{m->image.s, m->image.pos, "image"},
		{m->kernel.s, m->kernel.pos, "kernel"},
		{m->initrd.s, m->initrd.pos, "initrd"},
		{m->append.s, m->append.pos, "append"},
		{node->forward.v, node->name.pos, "forward"},
		{node->masquerade.s, node->masquerade.pos, "masquerade"},
	};

	refuse_given(
		keys, ARRAY_SIZE(keys),
		"and 'boot: network' exclude each other: the network says what is booted, and how",
		e);
	if (!node->n_nics)
		lab_error(e, m->boot.s ? m->boot.pos : node->name.pos,
			  "'boot: network' needs an interface to boot by");
	for (size_t i = 0; i < node->n_nics; i++)
		if (node->nics[i].address.given)
			lab_error(e, node->nics[i].address.pos,
				  "with 'boot: network' an address comes by DHCP: reserve it there "
				  "(dhcp: {clients: ...})");
}

static void node_check(struct lab *lab, struct lab_node *node, struct lab_errors *e)
{
	const struct lab_text *name = &node->name;

	if (name->s && !strcmp(name->s, "host"))
		lab_error(e, name->pos, "'host' means the host itself: give the node another name");
	else if (name->s && strlen(name->s) > LAB_NODE_NAME_MAX)
		lab_error(e, name->pos, "the name '%s' is longer than %d letters", name->s,
			  LAB_NODE_NAME_MAX);
	if (node->kind == LAB_NAMESPACE)
		machine_misplaced(node, e);
	else if (lab_boots_from_network(lab, node))
		boot_check(node, e);
	for (size_t i = 0; i < node->n_nics; i++) {
		nic_link(lab, node, &node->nics[i], e);
		nic_address(&node->nics[i], e);
		net_own_address(&node->nics[i], e);
	}
	if (node->masquerade.s && lab_nic_index(node, node->masquerade.s) < 0)
		lab_error(e, node->masquerade.pos, "the node has no interface '%s'",
			  node->masquerade.s);
	if (node->masquerade.s && !node->forward.v)
		lab_error(e, node->masquerade.pos,
			  "masquerade without forwarding does nothing: add forward: true");
}

void lab_validate(struct lab *lab, struct lab_errors *errors)
{
	if (lab->name.s && strlen(lab->name.s) > LAB_NAME_MAX)
		lab_error(errors, lab->name.pos, "the lab's name '%s' is longer than %d letters",
			  lab->name.s, LAB_NAME_MAX);
	if (lab->name.s)
		lab_name_objects(lab);
	for (size_t i = 0; i < lab->n_nets; i++) {
		if (!lab->nets[i].has_mode)
			continue;
		net_settings(&lab->nets[i], errors);
		net_addresses(&lab->nets[i], errors);
		net_overlaps(lab, i, errors);
		net_forwards(lab, &lab->nets[i], errors);
		net_maps(lab, &lab->nets[i], errors);
	}
	for (size_t i = 0; i < lab->n_nodes; i++)
		node_check(lab, &lab->nodes[i], errors);
	assign_macs(lab);
	unique(lab, errors);
}
