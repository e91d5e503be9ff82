/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_names.c - who is who on a network.
 *
 * Theory of operation. A name belongs, in this order, to what was written down (dns/records.h), to
 * a part of the network itself ("gateway", "host", "dns"), to the guest or namespace of that name,
 * and to the DHCP client that says it is called so, the one who said so first. So no guest can take
 * the name of another by its host name option: that is told (event "dns.conflict") and shown, and
 * the name stays whose it is.
 *
 * Nothing is copied that changes: guests are looked up among the ports, their addresses among the
 * leases, at each question. Only what clients call themselves is kept, by address, and an entry
 * holds as long as the lease table says that this MAC has that address.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/text.h"
#include "lib/log.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns_int.h"
#include "vswitchd/netsix.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { LABEL = DNS_LABEL_MAX + 1, COMPLAIN_MS = 60000 };

/* ---- labels ---------------------------------------------------------------------------------- */

/* Text as a label in lower case, with what no host name has made '-'. False: nothing is left. */
static bool label_from(const char *text, size_t len, uint8_t out[LABEL])
{
	size_t n = MIN(len, (size_t)DNS_LABEL_MAX);

	out[0] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		char c = (char)tolower((unsigned char)text[i]);

		out[i + 1] = (uint8_t)((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
					       ? c
					       : '-');
	}
	return n > 0;
}

static bool label_is(const uint8_t *a, const uint8_t *b)
{
	return a[0] == b[0] && !memcmp(a + 1, b + 1, a[0]);
}

/* What a client calls itself: its first label (RFC 2132 3.14: it may be qualified), if it is one
 * that a host may have (RFC 1123 2.1). */
static bool label_of_client(const uint8_t *host, size_t len, uint8_t out[LABEL])
{
	size_t n = 0;

	while (n < len && n <= DNS_LABEL_MAX &&
	       (isalnum(host[n]) || host[n] == '-' || host[n] == '_'))
		n++;
	return n && n <= DNS_LABEL_MAX && (n == len || host[n] == '.' || !host[n]) &&
	       host[0] != '-' && label_from((const char *)host, n, out);
}

/* ---- parts of the network itself ------------------------------------------------------------- */

struct part {
	const char *name;
	be32 four;
	uint32_t six; /* the host part; 0: none */
};

enum { PARTS = 3 };

static void parts_of(const struct net *net, struct part out[PARTS])
{
	const struct net_conf *c = &net->conf;
	bool six = c->subnet6.given;

	out[0] = (struct part){"gateway", c->gateway, six && c->gateway ? 2 : 0};
	out[1] = (struct part){"host", c->host, six && c->host ? 1 : 0};
	out[2] = (struct part){"dns", c->gateway ? c->gateway : c->dhcp_server,
			       !six	    ? 0
			       : c->gateway ? 2
					    : 254};
}

static unsigned int part_addrs(const struct net *net, const struct part *p, struct ip_addr *out,
			       unsigned int max)
{
	unsigned int n = 0;

	if (p->four && n < max)
		out[n++] = ip_addr_from4(p->four);
	if (p->six && n < max)
		out[n++] = netsix_addr(net, p->six);
	return n;
}

static bool part_named(const struct net *net, const uint8_t *label, struct part *out)
{
	struct part parts[PARTS];
	uint8_t mine[LABEL];

	parts_of(net, parts);
	for (unsigned int i = 0; i < PARTS; i++) {
		label_from(parts[i].name, strlen(parts[i].name), mine);
		*out = parts[i];
		if ((parts[i].four || parts[i].six) && label_is(mine, label))
			return true;
	}
	return false;
}

/* ---- guests ---------------------------------------------------------------------------------- */

const char *netdns_own_name(const struct net *net, const char *name)
{
	size_t n = strlen(net->conf.lab);

	return n && !strncmp(name, net->conf.lab, n) && name[n] == '.' && name[n + 1] ? name + n + 1
										      : name;
}

/* The name of the guest or namespace that @port is a NIC of. False: of none. */
static bool guest_label(const struct port *port, uint8_t out[LABEL])
{
	const char *name = netdns_own_name(port->net, port->vm[0] ? port->vm : port->netns);

	return label_from(name, strlen(name), out);
}

/* By lease; without one, as the guest says by ARP: it can only lie about itself. */
static unsigned int guest_addrs(const struct net *net, const struct port *port, struct ip_addr *out,
				unsigned int max)
{
	be32 addr = netdhcp_addr_of(net, &port->mac);
	unsigned int n = 0;

	if (!addr && ip4_prefix_has(net->conf.subnet, port->said_addr))
		addr = port->said_addr;
	if (addr && max)
		out[n++] = ip_addr_from4(addr);
	return n + netsix_addrs_of(net, &port->mac, out + n, max - n);
}

static bool guest_named(const struct net *net, const uint8_t *label)
{
	uint8_t mine[LABEL];

	for (const struct port *p = net->ports; p; p = p->next)
		if (guest_label(p, mine) && label_is(mine, label))
			return true;
	return false;
}

/* ---- clients of DHCP ------------------------------------------------------------------------- */

int netdns_names_init(struct netdns *d)
{
	const struct net_conf *c = &d->net->conf;
	uint64_t pool = c->subnet.plen ? 1ull << (32 - c->subnet.plen) : 0;
	struct lease_names *l = &d->leases;

	l->max = (uint32_t)MIN(pool, (uint64_t)LEASE_NAMES_MAX);
	l->all = calloc(l->max + 1, sizeof(*l->all));
	l->by_label = calloc(LEASE_NAME_BUCKETS, sizeof(*l->by_label));
	l->by_addr = calloc(LEASE_NAME_BUCKETS, sizeof(*l->by_addr));
	hash_key_init(&l->secret);
	return l->all && l->by_label && l->by_addr ? 0 : -ENOMEM;
}

void netdns_names_fini(struct netdns *d)
{
	free(d->leases.all);
	free(d->leases.by_label);
	free(d->leases.by_addr);
}

static uint32_t *bucket(const struct lease_names *l, uint32_t *table, const void *key, size_t len)
{
	return &table[hash_bytes(&l->secret, key, len) % LEASE_NAME_BUCKETS];
}

static struct lease_name *name_of_addr(const struct lease_names *l, be32 addr)
{
	uint32_t at = *bucket(l, l->by_addr, &addr, sizeof(addr));

	while (at && l->all[at - 1].addr != addr)
		at = l->all[at - 1].next_addr;
	return at ? &l->all[at - 1] : NULL;
}

/* Does the lease still stand? */
static bool holds(const struct net *net, const struct lease_name *e)
{
	unsigned int port;
	struct mac mac;

	return e->label[0] && net->leased && net->leased(net, e->addr, &mac, &port) &&
	       mac_equal(&mac, &e->mac);
}

/* The one who has @label: of several, the one who came first. */
static struct lease_name *name_of_label(const struct netdns *d, const uint8_t *label)
{
	const struct lease_names *l = &d->leases;
	struct lease_name *found = NULL;

	for (uint32_t at = *bucket(l, l->by_label, label, label[0] + 1u); at;
	     at = l->all[at - 1].next_label) {
		struct lease_name *e = &l->all[at - 1];

		if (label_is(e->label, label) && holds(d->net, e))
			found = e; /* newer ones stand before older ones */
	}
	return found;
}

static void unname(struct lease_names *l, struct lease_name *e)
{
	uint32_t self = (uint32_t)(e - l->all) + 1, *at;

	if (!e->label[0])
		return;
	at = bucket(l, l->by_label, e->label, e->label[0] + 1u);
	while (*at != self)
		at = &l->all[*at - 1].next_label;
	*at = e->next_label;
	e->label[0] = 0;
}

static struct lease_name *entry_for(struct lease_names *l, be32 addr)
{
	struct lease_name *e = name_of_addr(l, addr);
	uint32_t *at = bucket(l, l->by_addr, &addr, sizeof(addr));

	if (e || l->n == l->max)
		return e;
	e = &l->all[l->n++];
	*e = (struct lease_name){.addr = addr, .next_addr = *at};
	*at = l->n;
	return e;
}

/* Is the client the guest of that name? */
static bool is_guest(const struct netdns *d, const struct lease_name *e)
{
	const struct port *port = fdb_lookup(d->net->fdb, &e->mac, 0, d->net->runner->now);
	uint8_t mine[LABEL];

	return port && guest_label(port, mine) && label_is(mine, e->label);
}

/* Why a client does not have the name that it wants; NULL: it has. */
static const char *who_has(struct netdns *d, const struct lease_name *e)
{
	struct dns_name full, label = {.len = (uint8_t)(e->label[0] + 2)};
	struct part part;

	memcpy(label.b, e->label, e->label[0] + 1u);
	label.b[label.len - 1] = 0;
	if (dns_name_join(&full, &label, &d->proxy.zone.origin) &&
	    dns_zone_has(&d->proxy.zone, &full))
		return "a record of that name was written down";
	if (part_named(d->net, e->label, &part))
		return "a part of the network itself has that name";
	if (is_guest(d, e))
		return NULL;
	if (guest_named(d->net, e->label))
		return "a guest of that name is on the network";
	return name_of_label(d, e->label) == e ? NULL : "another client came first with that name";
}

static void tell_conflict(struct netdns *d, const struct lease_name *e, const char *why)
{
	char name[4 * LABEL], addr[IP4_STR];
	msec now = d->net->runner->now;

	dns_label_format(e->label + 1, e->label[0], name, sizeof(name));
	ip4_format(e->addr, addr);
	if (d->net->runner->events)
		runner_event(d->net->runner, "dns.conflict",
			     json_pack("{s:s, s:s, s:s, s:s}", "net", d->net->conf.name, "name",
				       name, "address", addr, "why", why));
	if (d->conflict_told_ms && now - d->conflict_told_ms < COMPLAIN_MS)
		return;
	d->conflict_told_ms = now;
	log_info("network %s: %s calls itself %s and does not get that name: %s", d->net->conf.name,
		 addr, name, why);
}

void netdns_leased(struct net *net, be32 addr, const struct mac *mac, const uint8_t *host,
		   size_t len)
{
	struct netdns *d = net->dns;
	struct lease_names *l = &d->leases;
	struct lease_name *e = entry_for(l, addr);
	uint8_t label[LABEL] = {0};
	const char *why;
	uint32_t *at;

	if (!e)
		return;
	label_of_client(host, len, label);
	if (mac_equal(&e->mac, mac) && label_is(e->label, label))
		return;
	unname(l, e);
	e->mac = *mac;
	if (!label[0])
		return;
	memcpy(e->label, label, sizeof(e->label));
	at = bucket(l, l->by_label, label, label[0] + 1u);
	e->next_label = *at;
	*at = (uint32_t)(e - l->all) + 1;
	why = who_has(d, e);
	if (why)
		tell_conflict(d, e, why);
}

/* ---- questions ------------------------------------------------------------------------------- */

int netdns_host_addrs(void *ctx, const uint8_t *label, struct ip_addr *out, unsigned int max)
{
	const struct netdns *d = ctx;
	const struct lease_name *e;
	unsigned int n = 0;
	uint8_t mine[LABEL];
	struct part part;

	if (part_named(d->net, label, &part))
		return (int)part_addrs(d->net, &part, out, max);
	for (const struct port *p = d->net->ports; p; p = p->next)
		if (guest_label(p, mine) && label_is(mine, label))
			n += guest_addrs(d->net, p, out + n, max - n);
	if (n || guest_named(d->net, label))
		return (int)n;
	e = name_of_label(d, label);
	if (!e)
		return -1;
	if (max)
		out[n++] = ip_addr_from4(e->addr);
	return (int)(n + netsix_addrs_of(d->net, &e->mac, out + n, max - n));
}

static bool has_addr(const struct ip_addr *all, unsigned int n, const struct ip_addr *addr)
{
	for (unsigned int i = 0; i < n; i++)
		if (ip_addr_equal(&all[i], addr))
			return true;
	return false;
}

static bool part_with(const struct net *net, const struct ip_addr *addr, uint8_t out[LABEL])
{
	struct ip_addr addrs[2];
	struct part parts[PARTS];

	parts_of(net, parts);
	for (unsigned int i = 0; i < PARTS; i++)
		if (has_addr(addrs, part_addrs(net, &parts[i], addrs, 2), addr))
			return label_from(parts[i].name, strlen(parts[i].name), out);
	return false;
}

/* The client with @addr by IPv4, or by the MAC that was heard to use it. */
static const struct lease_name *client_with(const struct netdns *d, const struct ip_addr *addr)
{
	const struct lease_name *e;
	struct mac mac;
	be32 four;

	if (ip_addr_is4(addr)) {
		e = name_of_addr(&d->leases, ip_addr_get4(addr));
	} else {
		four = netsix_mac_of(d->net, addr, &mac) ? netdhcp_addr_of(d->net, &mac) : 0;
		e = four ? name_of_addr(&d->leases, four) : NULL;
	}
	return e && holds(d->net, e) && name_of_label(d, e->label) == e ? e : NULL;
}

bool netdns_host_label(void *ctx, const struct ip_addr *addr, uint8_t out[DNS_LABEL_MAX + 1])
{
	struct netdns *d = ctx;
	struct ip_addr addrs[DNS_HOST_ADDRS];
	const struct lease_name *e;

	if (part_with(d->net, addr, out))
		return true;
	for (const struct port *p = d->net->ports; p; p = p->next)
		if (guest_label(p, out) &&
		    has_addr(addrs, guest_addrs(d->net, p, addrs, DNS_HOST_ADDRS), addr))
			return true;
	e = client_with(d, addr);
	if (!e || who_has(d, e))
		return false;
	memcpy(out, e->label, e->label[0] + 1u);
	return true;
}

/* ---- all of them ----------------------------------------------------------------------------- */

void netdns_each_host(struct netdns *d,
		      void (*fn)(void *ctx, const uint8_t *label, const struct ip_addr *addr,
				 const char *source, const char *shadowed),
		      void *ctx)
{
	struct ip_addr addrs[DNS_HOST_ADDRS];
	struct part parts[PARTS], other;
	uint8_t label[LABEL];
	unsigned int n;

	parts_of(d->net, parts);
	for (unsigned int i = 0; i < PARTS; i++) {
		label_from(parts[i].name, strlen(parts[i].name), label);
		n = part_addrs(d->net, &parts[i], addrs, DNS_HOST_ADDRS);
		for (unsigned int k = 0; k < n; k++)
			fn(ctx, label, &addrs[k], "network", NULL);
	}
	for (const struct port *p = d->net->ports; p; p = p->next) {
		n = guest_label(p, label) ? guest_addrs(d->net, p, addrs, DNS_HOST_ADDRS) : 0;
		for (unsigned int k = 0; k < n; k++)
			fn(ctx, label, &addrs[k], "guest",
			   part_named(d->net, label, &other)
				   ? "a part of the network itself has that name"
				   : NULL);
	}
	for (uint32_t i = 0; i < d->leases.n; i++) {
		const struct lease_name *e = &d->leases.all[i];

		addrs[0] = ip_addr_from4(e->addr);
		if (holds(d->net, e) && !is_guest(d, e))
			fn(ctx, e->label, &addrs[0], "lease", who_has(d, e));
	}
}
