/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose address a port forward leads to: that of the guest it names, now.
 */
#include <arpa/inet.h>
#include <string.h>

#include "modes/nat/nat_forward.h"
#include "vswitchd/netdhcp.h"

/* The next port of the network by which @name is reached, after @p (NULL: the first). */
static const struct port *next_port(const struct nat_net *nn, const struct port *p,
				    const char *name)
{
	for (p = p ? p->next : nn->net->ports; p; p = p->next) {
		if (!mac_is_zero(&p->mac) &&
		    (strcmp(p->vm, name) == 0 || strcmp(p->name, name) == 0 ||
		     strcmp(p->netns, name) == 0))
			return p;
	}
	return NULL;
}

static be32 addr4(const struct nat_net *nn, const struct mac *mac)
{
	be32 a = netdhcp_addr_of(nn->net, mac);

	return a ? a : gateway_addr_of(&nn->gw, mac);
}

/* The address that a guest with @mac makes itself from it (RFC 4291 appendix A). */
static struct ip_addr addr_from_mac(const struct nat6 *six, const struct mac *mac)
{
	struct ip_addr a = ip_addr_link_local(mac);

	memcpy(a.b, six->conf.prefix.b, 8);
	return a;
}

/* One that it has been heard with: the one that @f leads to already, that which is made from its
 * MAC address, or else any: a guest may have several. */
static struct ip_addr addr6(const struct nat_net *nn, const struct nat_forward *f,
			    const struct mac *mac)
{
	struct ip_addr stable = addr_from_mac(nn->six, mac), found = {{0}};

	for (unsigned int i = 0; i < NAT6_NEIGHS; i++) {
		const struct nat6_neigh *e = &nn->six->neighs[i];

		if (!e->heard_ms || !mac_equal(&e->mac, mac))
			continue;
		if (ip_addr_equal(&e->addr, &f->to))
			return e->addr;
		if (ip_addr_is_zero(&found) || ip_addr_equal(&e->addr, &stable))
			found = e->addr;
	}
	return found;
}

struct ip_addr forward_guest_addr(const struct nat_net *nn, const struct nat_forward *f)
{
	struct ip_addr a = {{0}};

	for (const struct port *p = next_port(nn, NULL, f->guest); p && ip_addr_is_zero(&a);
	     p = next_port(nn, p, f->guest)) {
		be32 four = forward_is6(f) ? 0 : addr4(nn, &p->mac);

		if (forward_is6(f))
			a = addr6(nn, f, &p->mac);
		else if (four)
			a = ip_addr_from4(four);
	}
	return a;
}

be32 forward_guest_addr4(const struct nat_net *nn, const char *name)
{
	be32 a = 0;

	for (const struct port *p = next_port(nn, NULL, name); p && !a; p = next_port(nn, p, name))
		a = addr4(nn, &p->mac);
	return a;
}

void forward_ask(struct nat_net *nn, const struct nat_forward *f)
{
	struct ip_addr a;

	if (!forward_is6(f))
		return;
	if (!ip_addr_is_zero(&f->to)) {
		nat6_solicit(nn->six, &f->to);
		return;
	}
	for (const struct port *p = next_port(nn, NULL, f->guest); p;
	     p = next_port(nn, p, f->guest)) {
		a = addr_from_mac(nn->six, &p->mac);
		nat6_solicit(nn->six, &a);
	}
}
