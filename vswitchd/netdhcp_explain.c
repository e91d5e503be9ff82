/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_explain.c - dhcp.explain: which address a client gets and why, and which options from
 * which layer. A message of the client's is made up and goes through the code that serves it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/explain.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netdhcp_json.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- the question ---------------------------------------------------------------------------- */

struct question {
	struct dhcp_msg msg;
	struct dhcp_rx rx;
	const struct dhcp_lease *had; /* what the question was asked by; NULL */
};

static const char *str(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

static void value_set(struct dhcp_value *v, const char *text)
{
	v->len = text ? (uint8_t)MIN(strlen(text), sizeof(v->b)) : 0;
	memcpy(v->b, text ? text : "", v->len);
}

/* The client of @l speaks as it did when it got its lease. A long identifier is not known whole. */
static int as_holder(struct question *q, const struct dhcp_lease *l, struct err *err)
{
	size_t len;
	const uint8_t *id = dhcp_key_id(&l->key, &len);

	if (dhcp_key_kind(&l->key) == DHCP_KEY_LONG_ID)
		return err_set(err, -EOPNOTSUPP,
			       "this client's identifier is longer than what is kept of it: ask by "
			       "its MAC address");
	q->msg.mac = l->mac;
	if (dhcp_key_kind(&l->key) == DHCP_KEY_ID) {
		memcpy(q->msg.client_id.b, id, len);
		q->msg.client_id.len = (uint8_t)len;
	}
	return 0;
}

const struct dhcp_lease *netdhcp_lease_of(const struct dhcp_server *s, const struct mac *mac)
{
	const struct dhcp_lease *l = netdhcp_newest_of(s, mac);

	return l ? l : lease_next_of_mac(&s->leases, mac, NULL);
}

/* "client": a MAC address, or an address that somebody has or that is reserved. */
static int ask_by(struct netdhcp *d, const char *text, struct question *q, struct err *err)
{
	be32 addr;

	if (mac_parse(text, &q->msg.mac) == 0) {
		q->had = netdhcp_lease_of(&d->server, &q->msg.mac);
		return q->had ? as_holder(q, q->had, err) : 0;
	}
	if (ip4_parse(text, &addr))
		return err_set(err, -EINVAL, "\"%.40s\" is no MAC address and no IPv4 address",
			       text);
	q->had = lease_by_addr(&d->server.leases, addr);
	if (!q->had || !q->had->key.len)
		return 0;
	return as_holder(q, q->had, err);
}

const struct port *netdhcp_port_at(const struct net *net, uint64_t where)
{
	for (const struct port *p = net->ports; where && p; p = p->next)
		if (netdhcp_port_one_machine(p) && dhcp_where(p->name) == where)
			return p;
	return NULL;
}

int netdhcp_client_port(const struct net *net, const char *name, const struct dhcp_lease *had,
			const struct mac *mac, const struct port **out, struct err *err)
{
	*out = name ? port_find(name) : NULL;
	if (name && (!*out || (*out)->net != net))
		return err_set(err, -ENOENT, "network \"%s\" has no port \"%.60s\"", net->conf.name,
			       name);
	if (!*out && had)
		*out = netdhcp_port_at(net, dhcp_key_where(&had->key));
	if (!*out)
		*out = fdb_lookup(net->fdb, mac, 0, net->runner->now);
	return 0;
}

static int ask_at(struct netdhcp *d, const json_t *params, struct question *q, struct err *err)
{
	const struct port *port;
	int rc = netdhcp_client_port(d->net, str(params, "port"), q->had, &q->msg.mac, &port, err);

	if (rc)
		return rc;
	q->rx = (struct dhcp_rx){.src = q->msg.mac,
				 .port = port ? port->id + 1 : 0,
				 .at = netdhcp_port_one_machine(port) ? port->name : NULL,
				 .port_limit = netdhcp_port_limit(d->net, port)};
	return 0;
}

static int ask(struct netdhcp *d, const json_t *params, struct question *q, struct err *err)
{
	const json_t *arch = json_object_get(params, "arch");
	int rc;

	memset(q, 0, sizeof(*q));
	q->msg.type = DHCP_DISCOVER;
	rc = ask_by(d, str(params, "client"), q, err);
	if (!rc)
		rc = ask_at(d, params, q, err);
	value_set(&q->msg.vendor, str(params, "vendor"));
	value_set(&q->msg.user, str(params, "user"));
	q->msg.has_arch = json_is_integer(arch);
	q->msg.arch = (uint16_t)json_integer_value(arch);
	return rc;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *when_word(const struct dhcp_said *s)
{
	if (s->none)
		return "never";
	if (s->code > OPT_END || s->code == OPT_LEASE || s->code == OPT_T1 || s->code == OPT_T2)
		return "always";
	if (s->code == OPT_IPV6_ONLY)
		return "asked";
	return s->force ? "always" : "asked";
}

static json_t *said_json(const struct dhcp_options *o, const struct dhcp_said *s)
{
	char key[OPTION_KEY_MAX], text[OPTION_TEXT_MAX];
	enum dhcp_layer layer = s->from ? o->layers.v[s->from - 1].layer : LAYER_SERVER;
	const char *name = s->from ? o->layers.v[s->from - 1].name : NULL;

	option_key_format(s->code, s->type, key);
	option_value_format(s->type, s->data, s->len, text, sizeof(text));
	return json_pack("{s:s, s:o, s:s, s:s, s:s?, s:s}", "option", key, "code",
			 s->code <= OPT_END ? json_integer(s->code) : json_null(), "value",
			 s->none ? "none" : text, "layer", dhcp_layer_word(layer), "name", name,
			 "sent", when_word(s));
}

static json_t *options_json(const struct dhcp_options *o)
{
	json_t *rows = json_array();

	for (unsigned int code = 0; code <= OPTION_CODES; code++)
		if (o->at[code])
			json_array_append_new(rows, said_json(o, &o->v[o->at[code] - 1]));
	return rows;
}

static json_t *classes_json(const struct dhcp_options *o)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < o->layers.n; i++)
		if (o->layers.v[i].layer == LAYER_CLASS)
			json_array_append_new(names, json_string(o->layers.v[i].name));
	return names;
}

static const char *why_text(const struct dhcp_explained *e)
{
	if (!e->lease)
		return "no address is free";
	return e->over_limit ? NETDHCP_LIMIT_TEXT : dhcp_pick_text(e->why);
}

static json_t *answer_json(const struct question *q, const struct dhcp_explained *e)
{
	char mac[MAC_STR], addr[IP4_STR], server[IP4_STR], subnet[IP4_PREFIX_STR];
	bool gets = e->lease && !e->over_limit;

	return json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "mac",
			 mac_format(&q->msg.mac, mac), "port", q->rx.at, "address",
			 gets ? ip4_format(e->lease->addr, addr) : NULL, "reason",
			 !e->lease	 ? "pool-exhausted"
			 : e->over_limit ? "port-limit"
					 : dhcp_pick_word(e->why),
			 "why", why_text(e), "server", ip4_format(e->on->server, server), "subnet",
			 ip4_prefix_format(e->on->subnet, subnet), "lease_s",
			 (json_int_t)e->lease_s, "classes", classes_json(&e->options), "options",
			 options_json(&e->options));
}

/* An address that nobody holds, or that can't be held. */
static const char *nobody_text(const struct dhcp_server *s, be32 addr, const struct dhcp_lease *l)
{
	const struct dhcp_pool *pool = dhcp_server_pool(s, addr);

	if (!pool)
		return "it is in no subnet of this network";
	if (l && l->state == LEASE_DECLINED)
		return "somebody who is not ours uses it: nobody gets it for a while";
	if (l && l->reserved.len)
		return "it is reserved and its client has not come yet";
	if (dhcp_server_is(s, addr))
		return "it is the DHCP server's own";
	if (!dhcp_pool_reservable(pool, addr))
		return "it is the network's own: gateway, host, name server, network or broadcast";
	if (!dhcp_pool_has(pool, addr))
		return "it is outside of the range: only a reservation gives it";
	return "it is free: the next client without an address of its own may get it";
}

static json_t *nobody_json(const struct netdhcp *d, const char *text)
{
	const struct dhcp_lease *l;
	char who[DHCP_WHO_STR];
	be32 addr = 0;

	ip4_parse(text, &addr);
	l = lease_by_addr(&d->server.leases, addr);
	return json_pack("{s:s, s:s, s:s, s:s?}", "address", text, "reason", "nobody", "why",
			 nobody_text(&d->server, addr, l), "reserved",
			 l && l->reserved.len ? dhcp_who_format(&l->reserved, who) : NULL);
}

int netdhcp_explain(struct netdhcp *d, const json_t *params, json_t **result, struct err *err)
{
	struct dhcp_explained e;
	struct question q;
	int rc;

	d->server.conf.mtu = net_mtu(d->net);
	d->server.conf.dns = d->net->conf.dhcp_dns;
	lease_table_run(&d->server.leases, d->net->runner->now);
	rc = ask(d, params, &q, err);
	if (rc)
		return rc;
	if (mac_is_zero(&q.msg.mac)) {
		*result = nobody_json(d, str(params, "client"));
		return 0;
	}
	dhcp_explain(&d->server, &q.rx, &q.msg, d->net->runner->now, &e);
	*result = answer_json(&q, &e);
	return 0;
}
