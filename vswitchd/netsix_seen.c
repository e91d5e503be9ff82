/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_seen.c - which IPv6 addresses guests use.
 *
 * Theory of operation. Addresses that guests make themselves are on no server's record. But before
 * a guest uses one it asks everybody whether it is taken (RFC 4862 5.4), and the station hears
 * that, as it hears advertisements for all. What was heard is shown, and never trusted. The table
 * is bounded: one MAC has SIX_SEEN_PER_MAC entries at most, of which the oldest makes room, and a
 * new MAC takes the oldest entry of all.
 */
#include <string.h>

#include "vswitchd/netsix_int.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* Where @addr is, or where there is room for it. */
static struct six_seen *seen_slot(struct netsix *s, const struct ip_addr *addr,
				  const struct mac *mac)
{
	struct six_seen *oldest = s->seen, *own = NULL;
	unsigned int n_own = 0;

	for (struct six_seen *e = s->seen; e < s->seen + SIX_SEEN; e++) {
		if (e->heard_ms && ip_addr_equal(&e->addr, addr))
			return e;
		if (e->heard_ms < oldest->heard_ms)
			oldest = e;
		if (!e->heard_ms || !mac_equal(&e->mac, mac))
			continue;
		n_own++;
		if (!own || e->heard_ms < own->heard_ms)
			own = e;
	}
	return n_own >= SIX_SEEN_PER_MAC ? own : oldest;
}

static bool worth_noting(const struct ip_addr *a)
{
	return a->b[0] != 0xff && !ip_addr_is_zero(a);
}

static bool in_prefix(const struct net *net, const struct ip_addr *a)
{
	return memcmp(a->b, net->conf.subnet6.prefix, sizeof(net->conf.subnet6.prefix)) == 0;
}

/* Is @addr one of the prefix that nobody leased, and news? */
static bool is_new_own(const struct netsix *s, const struct ip_addr *addr, const struct mac *from,
		       const struct six_seen *e)
{
	be32 name = dhcp6_name(&s->dhcp->conf, addr);

	if (!in_prefix(s->net, addr) || (name && lease_by_addr(&s->dhcp->leases.leases, name)))
		return false;
	return !e->heard_ms || !ip_addr_equal(&e->addr, addr) || !mac_equal(&e->mac, from);
}

void six_seen_note(struct netsix *s, const struct six_info *i)
{
	bool tentative = i->kind == SIX_NS && ip_addr_is_zero(&i->src);
	const struct ip_addr *addr = tentative || i->kind == SIX_NA ? &i->target : &i->src;
	msec now = s->net->runner->now;
	struct six_seen *e;

	if (!worth_noting(addr) || six_is_own(&s->host, addr))
		return;
	e = seen_slot(s, addr, &i->from);
	if (tentative && is_new_own(s, addr, &i->from, e))
		six_tell_own(s, addr, &i->from);
	*e = (struct six_seen){*addr, i->from, now ? now : 1};
}

/* An address is shown while the switch knows where its MAC is. */
json_t *six_seen_json(const struct netsix *s)
{
	msec now = s->net->runner->now;
	json_t *list = json_array();
	char addr[IP_ADDR_STR], mac[MAC_STR];

	for (const struct six_seen *e = s->seen; e < s->seen + SIX_SEEN; e++) {
		struct port *port = e->heard_ms ? fdb_lookup(s->net->fdb, &e->mac, 0, now) : NULL;

		if (port)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:s, s:s?, s:I}", "address",
						ip_addr_format(&e->addr, addr), "mac",
						mac_format(&e->mac, mac), "port", port->name, "vm",
						port->vm[0] ? port->vm : NULL, "heard_s",
						(json_int_t)((now - e->heard_ms) / 1000)));
	}
	return list;
}

unsigned int netsix_addrs_of(const struct net *net, const struct mac *mac, struct ip_addr *out,
			     unsigned int max)
{
	const struct netsix *s = net->six;
	unsigned int n = 0;

	if (!s || mac_is_zero(mac) || !fdb_lookup(net->fdb, mac, 0, net->runner->now))
		return 0;
	for (const struct six_seen *e = s->seen; e < s->seen + SIX_SEEN && n < max; e++)
		if (e->heard_ms && mac_equal(&e->mac, mac) && in_prefix(net, &e->addr))
			out[n++] = e->addr;
	return n;
}

bool netsix_mac_of(const struct net *net, const struct ip_addr *addr, struct mac *out)
{
	const struct netsix *s = net->six;

	for (const struct six_seen *e = s ? s->seen : NULL; e && e < s->seen + SIX_SEEN; e++)
		if (e->heard_ms && ip_addr_equal(&e->addr, addr)) {
			*out = e->mac;
			return true;
		}
	return false;
}
