/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain6.c - what a described sender of IPv6 can know: groups, the router, who has an address.
 */
#include <stdio.h>
#include <string.h>

#include "vswitchd/control/explain.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

bool explain6_group(const struct ip_addr *addr, struct mac *out)
{
	const uint8_t *b = addr->b;

	*out = (struct mac){{0x33, 0x33, b[12], b[13], b[14], b[15]}};
	return b[0] == 0xff;
}

struct ip_addr explain6_made(const struct net *net, const struct mac *mac)
{
	const struct ip6_net *prefix = &net->conf.subnet6;
	struct ip_addr a = {{0}};

	if (!prefix->given)
		return a;
	a = ip_addr_link_local(mac);
	memcpy(a.b, prefix->prefix, sizeof(prefix->prefix));
	return a;
}

bool explain6_on_link(const struct net *net, const struct ip_addr *addr)
{
	const struct ip6_net *prefix = &net->conf.subnet6;
	bool link_local = addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;

	return link_local || !prefix->given ||
	       memcmp(addr->b, prefix->prefix, sizeof(prefix->prefix)) == 0;
}

const struct port *explain6_router(const struct net *net)
{
	if (!net->conf.mode->translates)
		return NULL;
	for (const struct port *port = net->ports; port; port = port->next)
		if (port->said_addr == net->conf.gateway && !mac_is_zero(&port->mac))
			return port;
	return NULL;
}

/* Has a station with @mac made itself @addr, on the link or in the prefix? */
static bool is_made(const struct net *net, const struct mac *mac, const struct ip_addr *addr)
{
	struct ip_addr local = ip_addr_link_local(mac), made = explain6_made(net, mac);

	return ip_addr_equal(&local, addr) || ip_addr_equal(&made, addr);
}

struct search6 {
	const struct net *net;
	const struct ip_addr *addr;
	bool found;
	struct mac mac;
};

static void search_learnt(void *ctx, const struct fdb_row *row)
{
	struct search6 *s = ctx;

	if (!s->found && is_made(s->net, &row->mac, s->addr)) {
		s->found = true;
		s->mac = row->mac;
	}
}

/* ::1 is the host's leg, ::2 a router's, in a prefix of ours (net.h). */
static const struct port *own_port(const struct net *net, const struct ip_addr *addr)
{
	struct ip_addr one = explain6_made(net, &(struct mac){{0}});
	const char *type = "hosttap";

	memset(one.b + 8, 0, 7);
	one.b[15] = 2;
	if (ip_addr_equal(&one, addr))
		return explain6_router(net);
	one.b[15] = 1;
	if (!net->conf.subnet6.given || !ip_addr_equal(&one, addr))
		return NULL;
	for (const struct port *port = net->ports; port; port = port->next)
		if (!strcmp(port->ops->type, type))
			return port;
	return NULL;
}

bool explain6_resolve(const struct net *net, const struct ip_addr *addr, struct mac *out, char *how,
		      size_t size)
{
	struct search6 s = {.net = net, .addr = addr};
	const struct port *own = own_port(net, addr);

	if (own) {
		*out = own->mac;
		snprintf(how, size, "it is the network's own %s", own->name);
		return true;
	}
	for (const struct port *port = net->ports; port && !s.found; port = port->next)
		if (!mac_is_zero(&port->mac) && is_made(net, &port->mac, addr)) {
			s.found = true;
			s.mac = port->mac;
		}
	if (!s.found)
		fdb_each(net->fdb, net->runner->now, search_learnt, &s);
	*out = s.mac;
	snprintf(how, size, "it is made from that address");
	return s.found;
}
