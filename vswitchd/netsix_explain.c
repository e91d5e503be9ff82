/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_explain.c - dhcp.explain of IPv6: how a client comes by its address here, which it gets
 * and why, and what it is told beside.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dhcp/pool.h"
#include "vswitchd/netdhcp_json.h"
#include "vswitchd/netsix_int.h"
#include "vswitchd/nettftp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- the question ---------------------------------------------------------------------------- */

struct question6 {
	struct mac mac;
	struct dhcp_value id;	      /* RFC 4361 */
	const struct dhcp_lease *had; /* NULL: none is known */
	const struct port *port;
	struct dhcp6_rx rx;
};

static const char *str(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

/* Who never asked is taken to say nothing but its MAC address: DUID-LL (RFC 8415 11.4), IAID 0. */
static void id_of_mac(struct question6 *q)
{
	static const uint8_t head[] = {255, 0, 0, 0, 0, 0, 3, 0, 1};

	memcpy(q->id.b, head, sizeof(head));
	memcpy(q->id.b + sizeof(head), &q->mac, sizeof(q->mac));
	q->id.len = sizeof(head) + sizeof(q->mac);
}

static int as_holder(struct question6 *q, struct err *err)
{
	size_t len;
	const uint8_t *id = dhcp_key_id(&q->had->key, &len);

	if (dhcp_key_kind(&q->had->key) == DHCP_KEY_LONG_ID)
		return err_set(
			err, -EOPNOTSUPP,
			"this client's identifier is longer than what is kept of it, so what "
			"it would get is not known: `vnetctl dhcp watch` shows what it gets");
	q->mac = q->had->mac;
	memcpy(q->id.b, id, len);
	q->id.len = (uint8_t)len;
	return 0;
}

static int ask_by(struct netsix *s, const char *text, struct question6 *q, struct err *err)
{
	const struct dhcp_server *d = &s->dhcp->leases;
	struct ip_net a;

	if (mac_parse(text, &q->mac) == 0) {
		q->had = netdhcp_lease_of(d, &q->mac);
	} else if (ip_net_parse(text, &a) || ip_addr_is4(&a.addr) || a.plen != 128) {
		return err_set(err, -EINVAL, "\"%.60s\" is no MAC address and no IPv6 address",
			       text);
	} else {
		be32 name = dhcp6_name(&s->dhcp->conf, &a.addr);

		q->had = name ? lease_by_addr(&d->leases, name) : NULL;
		if (!q->had || !q->had->key.len)
			netsix_mac_of(s->net, &a.addr, &q->mac);
	}
	id_of_mac(q);
	return q->had && q->had->key.len ? as_holder(q, err) : 0;
}

static int ask(struct netsix *s, const json_t *params, struct question6 *q, struct err *err)
{
	const struct port *port;
	int rc;

	memset(q, 0, sizeof(*q));
	rc = ask_by(s, str(params, "client"), q, err);
	if (!rc)
		rc = netdhcp_client_port(s->net, str(params, "port"), q->had, &q->mac, &port, err);
	if (rc)
		return rc;
	q->port = port;
	q->rx = (struct dhcp6_rx){.src = q->mac,
				  .at = netdhcp_port_one_machine(port) ? port->name : NULL,
				  .port_limit = netdhcp_port_limit(s->net, port)};
	return 0;
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_option(json_t *rows, const char *name, enum dhcp6_opt code, json_t *value,
		       const char *sent)
{
	json_array_append_new(rows, json_pack("{s:s, s:i, s:o, s:s, s:n, s:s}", "option", name,
					      "code", (int)code, "value", value, "layer", "server",
					      "name", "sent", sent));
}

static json_t *addr_json(const struct ip_addr *addr)
{
	char text[IP_ADDR_STR];

	return json_string(ip_addr_format(addr, text));
}

/* What the server tells who asks for it; with ipv6=slaac, the router advertisements say it. */
static json_t *options_json(const struct netsix *s, int arch)
{
	const struct dhcp6_conf *c = &s->dhcp->conf;
	const char *sent = s->net->conf.ipv6 == IPV6_SLAAC ? "advertised" : "asked";
	json_t *rows = json_array();
	char url[256];

	for (unsigned int i = 0; i < c->n_dns; i++)
		put_option(rows, "dns", OPT6_DNS, addr_json(&c->dns[i]), sent);
	if (c->search && *c->search)
		put_option(rows, "search", OPT6_SEARCH, json_string(c->search), sent);
	if (s->net->conf.ipv6 != IPV6_SLAAC && nettftp_boot6(s->net, arch, false, url, sizeof(url)))
		put_option(rows, "bootfile", OPT6_BOOTFILE_URL, json_string(url), sent);
	return rows;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *subnet_text(const struct netsix *s, char text[static IP_NET_STR])
{
	struct ip_net subnet = {netsix_addr(s->net, 0), 64};

	return ip_net_format(&subnet, text);
}

/* Those that the client was heard to use, beside a lease. */
static json_t *own_json(const struct netsix *s, const struct mac *mac)
{
	struct ip_addr found[SIX_SEEN_PER_MAC];
	unsigned int n = netsix_addrs_of(s->net, mac, found, ARRAY_SIZE(found));
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		be32 name = dhcp6_name(&s->dhcp->conf, &found[i]);

		if (!name || !lease_by_addr(&s->dhcp->leases.leases, name))
			json_array_append_new(list, addr_json(&found[i]));
	}
	return list;
}

static json_t *answer_json(struct netsix *s, const struct question6 *q, int arch)
{
	struct tell_reason r = {"slaac", "it makes its addresses itself, of the prefix that is "
					 "advertised"};
	bool stateful = s->net->conf.ipv6 == IPV6_STATEFUL;
	struct dhcp6_outcome o = {.status = STATUS6_NO_ADDRS};
	char mac[MAC_STR], text[IP_NET_STR];
	struct ip_addr addr;

	if (stateful) {
		o = dhcp6_explain(s->dhcp, &q->rx, &q->id, s->net->runner->now);
		r = o.status ? six_refusal(o.refused)
			     : (struct tell_reason){dhcp_pick_word(o.pick), dhcp_pick_text(o.pick)};
	}
	addr = dhcp6_addr(&s->dhcp->conf, o.name);
	return json_pack("{s:s, s:s?, s:o, s:s, s:s, s:o, s:s, s:o, s:[], s:o, s:o}", "mac",
			 mac_format(&q->mac, mac), "port", q->port ? q->port->name : NULL,
			 "address", o.name ? addr_json(&addr) : json_null(), "reason", r.word,
			 "why", r.text, "server", addr_json(&s->host.link_local), "subnet",
			 subnet_text(s, text), "lease_s",
			 o.name ? json_integer(s->dhcp->conf.lease_s) : json_null(), "classes",
			 "options", options_json(s, arch), "own", own_json(s, &q->mac));
}

/* An address that nobody has, or that can't be had. */
static const char *nobody_text(const struct netsix *s, const struct ip_addr *addr)
{
	const struct dhcp_server *d = &s->dhcp->leases;
	be32 name = dhcp6_name(&s->dhcp->conf, addr);
	const struct dhcp_lease *l = name ? lease_by_addr(&d->leases, name) : NULL;
	struct ip_net prefix = {netsix_addr(s->net, 0), 64};

	if (!ip_net_has(&prefix, addr))
		return "it is not of this network's prefix";
	if (l && l->state == LEASE_DECLINED)
		return "somebody who is not ours uses it: nobody gets it for a while";
	if (l && l->reserved.len)
		return "it is reserved and its client has not come yet";
	if (six_is_own(&s->host, addr))
		return "it is the DHCP server's own";
	if (s->net->conf.ipv6 != IPV6_STATEFUL)
		return "nobody was heard to use it, and guests make their addresses themselves";
	if (name && !dhcp_pool_reservable(&d->pool[0], name))
		return "it is the network's own: gateway or host";
	if (!name || !dhcp_pool_has(&d->pool[0], name))
		return "it is outside of the range: only a reservation gives it";
	return "it is free: the next client without an address of its own may get it";
}

static json_t *nobody_json(const struct netsix *s, const char *text)
{
	char shown[IP_ADDR_STR], who[DHCP_WHO_STR];
	const struct dhcp_lease *l;
	struct ip_net a;
	be32 name;

	ip_net_parse(text, &a);
	name = dhcp6_name(&s->dhcp->conf, &a.addr);
	l = name ? lease_by_addr(&s->dhcp->leases.leases, name) : NULL;
	return json_pack("{s:s, s:s, s:s, s:s?}", "address", ip_addr_format(&a.addr, shown),
			 "reason", "nobody", "why", nobody_text(s, &a.addr), "reserved",
			 l && l->reserved.len ? dhcp_who_format(&l->reserved, who) : NULL);
}

int six_explain(struct netsix *s, const json_t *params, json_t **result, struct err *err)
{
	const json_t *arch = json_object_get(params, "arch");
	struct question6 q;
	int rc;

	six_dhcp_refresh(s);
	lease_table_run(&s->dhcp->leases.leases, s->net->runner->now);
	rc = ask(s, params, &q, err);
	if (rc)
		return rc;
	*result = mac_is_zero(&q.mac)
			  ? nobody_json(s, str(params, "client"))
			  : answer_json(s, &q,
					json_is_integer(arch) ? (int)json_integer_value(arch) : -1);
	return 0;
}
