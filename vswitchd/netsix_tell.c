/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_tell.c - what the DHCPv6 server did, in words: the events of netdhcp_tell.c, of IPv6.
 *
 * Theory of operation. The server notes in its reply what became of each IA of the message, and
 * counts the rest. Nothing is looked at unless somebody watches. An exchange is told for each IA: a
 * machine with two has two addresses and two leases.
 *
 * Who makes addresses itself asks nobody for one. But it asks whether somebody has it (RFC 4862
 * 5.4), and that is told as an exchange, too, so that `dhcp watch` is not silent where ipv6=slaac.
 */
#include <stdio.h>
#include <string.h>

#include "dhcp/domain.h"
#include "dhcp/pool.h"
#include "vswitchd/lease_json.h"
#include "vswitchd/netsix_int.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const struct tell_reason refusals[DHCP6_N] = {
	[DHCP6_N_MALFORMED] = {"malformed", "the message is broken"},
	[DHCP6_N_NOT_FOR_US] = {"unknown-type", "a kind of message that servers do not get"},
	[DHCP6_N_OTHER_SERVER] = {"other-server", "it speaks to another server"},
	[DHCP6_N_WRONG_NET] = {"wrong-net", "that is no address of this network"},
	[DHCP6_N_NO_BINDING] = {"unknown-client", "it has no such lease"},
	[DHCP6_N_POOL_EXHAUSTED] = {"pool-exhausted", "no address is free"},
	[DHCP6_N_PORT_LIMIT] = {"port-limit", NETDHCP_LIMIT_TEXT},
	[DHCP6_N_STORE_FAILED] = {"store-failed", "its lease can't be written to disk"},
};

/* Of messages that get no reply. */
static const enum dhcp6_count refusal_order[] = {
	DHCP6_N_MALFORMED, DHCP6_N_NOT_FOR_US, DHCP6_N_OTHER_SERVER,
	DHCP6_N_WRONG_NET, DHCP6_N_NO_BINDING, DHCP6_N_STORE_FAILED,
};

static const char *const types[] = {
	[DHCP6_SOLICIT] = "solicit",
	[DHCP6_ADVERTISE] = "advertise",
	[DHCP6_REQUEST] = "request",
	[DHCP6_CONFIRM] = "confirm",
	[DHCP6_RENEW] = "renew",
	[DHCP6_REBIND] = "rebind",
	[DHCP6_REPLY] = "reply",
	[DHCP6_RELEASE] = "release",
	[DHCP6_DECLINE] = "decline",
	[DHCP6_RECONFIGURE] = "reconfigure",
	[DHCP6_RELAY_FORW] = "relay",
	[DHCP6_RELAY_REPL] = "relay-reply",
	[DHCP6_INFORMATION_REQUEST] = "information-request",
};

/* As of a DHCPv4 request: what the message means is the same. */
static const char *const states[ARRAY_SIZE(types)] = {
	[DHCP6_REQUEST] = "selecting",
	[DHCP6_CONFIRM] = "init-reboot",
	[DHCP6_RENEW] = "renewing",
	[DHCP6_REBIND] = "rebinding",
};

struct tell_reason six_refusal(enum dhcp6_count c)
{
	return refusals[c];
}

/* ---- why ------------------------------------------------------------------------------------- */

/* We never give that. */
static struct tell_reason not_given(const struct dhcp6_ia *ia)
{
	if (ia->type == OPT6_IA_PD)
		return (struct tell_reason){"no-prefixes", "prefixes are not given here"};
	if (ia->type == OPT6_IA_TA)
		return (struct tell_reason){"no-temporary",
					    "temporary addresses are not given here"};
	return (struct tell_reason){"not-stateful",
				    "guests make their addresses themselves here (ipv6=)"};
}

static struct tell_reason why_given(enum dhcp6_type asked, const struct dhcp6_outcome *o)
{
	if (asked == DHCP6_REQUEST && o->was == LEASE_OFFERED)
		return (struct tell_reason){"selected", "it takes what was offered"};
	if ((asked == DHCP6_RENEW || asked == DHCP6_REBIND) && o->was == LEASE_BOUND)
		return (struct tell_reason){"renewed", "its lease begins anew"};
	return (struct tell_reason){dhcp_pick_word(o->pick), dhcp_pick_text(o->pick)};
}

static struct tell_reason why_ia(const struct dhcp6_msg *m, const struct dhcp6_outcome *o)
{
	if (o->status)
		return o->refused == DHCP6_N_REFUSED ? not_given(&m->ias[o->ia])
						     : refusals[o->refused];
	if (m->type == DHCP6_DECLINE)
		return (struct tell_reason){"declined", "it found another machine there: nobody "
							"gets the address for 10 minutes"};
	if (m->type == DHCP6_RELEASE)
		return (struct tell_reason){"released", "the address is free"};
	return why_given(m->type, o);
}

/* Of a message without IAs, or whose IAs are not answered one by one. */
static struct tell_reason why_message(const struct told6 *t, bool replied,
				      const struct dhcp6_reply *r)
{
	const struct dhcp6_server *d = t->s->dhcp;

	for (unsigned int i = 0; i < ARRAY_SIZE(refusal_order); i++)
		if (d->count[refusal_order[i]] != t->count[refusal_order[i]])
			return refusals[refusal_order[i]];
	if (replied && r->status == STATUS6_USE_MULTICAST)
		return (struct tell_reason){"unicast", "it is to ask all servers, not one"};
	if (t->parsed && t->msg.type == DHCP6_CONFIRM)
		return (struct tell_reason){"back", "it is back and may keep its address"};
	if (t->parsed && t->msg.type == DHCP6_INFORMATION_REQUEST)
		return (struct tell_reason){"inform",
					    "it has an address and wants the options only"};
	return (struct tell_reason){"silent", "nothing to say"};
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *addr_json(const struct ip_addr *addr)
{
	char text[IP_ADDR_STR];

	return ip_addr_is_zero(addr) ? json_null() : json_string(ip_addr_format(addr, text));
}

/* As `dhcp list` shows clients; who asks for no address has no IA. */
static json_t *client_json(const struct dhcp6_msg *m, const struct dhcp6_ia *ia)
{
	struct dhcp_value id;

	if (!ia || !m->client_id.len)
		return lease_hex_json(m->client_id.b, m->client_id.len);
	dhcp6_client_id(m, ia->iaid, &id);
	return lease_hex_json(id.b, id.len);
}

static json_t *hostname_json(const struct dhcp6_msg *m)
{
	char label[64];

	if (m->fqdn.len < 2 || !domain_first_label(m->fqdn.b + 1, m->fqdn.len - 1u, label))
		return json_null();
	return json_string(label);
}

/* Who asks what, for @ia (NULL: for none). */
static json_t *question(const struct told6 *t, const struct dhcp6_ia *ia)
{
	static const struct ip_addr none;
	const struct dhcp6_msg *m = &t->msg;
	const struct ip_addr *want = ia && ia->n_addrs ? &ia->addrs[0] : &none;
	char mac[MAC_STR], xid[7];

	mac_format(t->parsed && m->has_ll ? &m->ll : &t->src, mac);
	if (!t->parsed)
		return json_pack("{s:s, s:s, s:s, s:i}", "net", t->s->net->conf.name, "asked",
				 "unknown", "mac", mac, "family", 6);
	snprintf(xid, sizeof(xid), "%02x%02x%02x", m->xid[0], m->xid[1], m->xid[2]);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?}", "net",
			 t->s->net->conf.name, "family", 6, "asked", types[m->type], "mac", mac,
			 "xid", xid, "client_id", client_json(m, ia), "hostname", hostname_json(m),
			 "wants", addr_json(want), "relay",
			 addr_json(m->n_relays ? &m->relays[m->n_relays - 1].link : &none), "state",
			 states[m->type]);
}

/* ---- telling --------------------------------------------------------------------------------- */

static bool watched(const struct netsix *s)
{
	return runner_wants(s->net->runner, "dhcp.exchange");
}

/* Do captures see the answer leave the station, or arrive at @port (NULL: not known)? */
static bool captured(const struct netsix *s, const struct port *port)
{
	return (s->port->features | (port ? port->features : 0)) & PORT_WATCHED;
}

/* One reason for a message: of its first IA, or of the whole. */
static void remember(const struct told6 *t, const struct dhcp6_reply *r)
{
	struct tell_reason why =
		r->n_outcomes ? why_ia(&t->msg, &r->outcome[0]) : why_message(t, true, r);

	six_said(t->s, &t->src, t->msg.xid, r->type, why.text);
}

static void tell_ia(const struct told6 *t, const struct dhcp6_reply *r,
		    const struct dhcp6_outcome *o)
{
	const struct dhcp6_ia *ia = &t->msg.ias[o->ia];
	struct tell_reason why = why_ia(&t->msg, o);
	struct ip_addr addr = {{0}};
	json_t *ev = question(t, ia);

	if (o->name) {
		addr = dhcp6_addr(&t->s->dhcp->conf, o->name);
		json_object_set_new(ev, "lease_s", json_integer(t->s->dhcp->conf.lease_s));
	}
	if (o->status)
		json_object_set_new(ev, "status", json_string(dhcp6_status_word(o->status)));
	netdhcp_tell(t->s->net, ev, t->port, types[r->type], addr_json(&addr), &why);
}

static void tell_message(const struct told6 *t, const struct dhcp6_reply *r, bool replied)
{
	const struct dhcp6_ia *ia = t->parsed && t->msg.n_ias ? &t->msg.ias[0] : NULL;
	struct tell_reason why = why_message(t, replied, r);
	json_t *ev = question(t, ia);

	if (replied && r->status)
		json_object_set_new(ev, "status", json_string(dhcp6_status_word(r->status)));
	netdhcp_tell(t->s->net, ev, t->port, replied ? types[r->type] : "none", json_null(), &why);
}

/* For everybody: a client that gets nothing. */
static void tell_refused(const struct told6 *t)
{
	static const enum dhcp6_count alarms[] = {DHCP6_N_POOL_EXHAUSTED, DHCP6_N_PORT_LIMIT};

	for (unsigned int i = 0; i < ARRAY_SIZE(alarms); i++)
		if (t->s->dhcp->count[alarms[i]] != t->count[alarms[i]])
			netdhcp_tell_refused(t->s->net, t->port, &refusals[alarms[i]],
					     &t->s->refused[i]);
}

void six_tell_before(struct netsix *s, const struct dhcp6_rx *rx, const struct port *port,
		     struct told6 *t)
{
	t->s = s;
	t->port = port;
	t->wanted = watched(s) || captured(s, port);
	memcpy(t->count, s->dhcp->count, sizeof(t->count));
	if (!t->wanted)
		return;
	t->src = rx->src;
	t->parsed = dhcp6_parse(rx->data, rx->len, &t->msg) == 0;
}

void six_tell_after(const struct told6 *t, const struct dhcp6_reply *r, bool replied)
{
	tell_refused(t);
	if (!t->wanted)
		return;
	if (replied && t->parsed && captured(t->s, t->port))
		remember(t, r);
	if (!watched(t->s))
		return;
	if (!replied || !r->n_outcomes)
		tell_message(t, r, replied);
	for (unsigned int i = 0; replied && i < r->n_outcomes; i++)
		tell_ia(t, r, &r->outcome[i]);
}

void six_tell_undone(struct netsix *s, const struct dhcp_lease *l)
{
	struct ip_addr addr = dhcp6_addr(&s->dhcp->conf, l->addr);
	char mac[MAC_STR];

	if (watched(s))
		netdhcp_tell(s->net,
			     json_pack("{s:s, s:s, s:s, s:i}", "net", s->net->conf.name, "asked",
				       "request", "mac", mac_format(&l->mac, mac), "family", 6),
			     netdhcp_port_by_id(s->net, l->port), "none", addr_json(&addr),
			     &refusals[DHCP6_N_STORE_FAILED]);
}

void six_tell_own(struct netsix *s, const struct ip_addr *addr, const struct mac *from)
{
	static const struct tell_reason own = {
		"slaac", "it makes itself this address; it is its own unless somebody has it"};
	char mac[MAC_STR];

	if (watched(s))
		netdhcp_tell(s->net,
			     json_pack("{s:s, s:s, s:s, s:i, s:o}", "net", s->net->conf.name,
				       "asked", "duplicate", "mac", mac_format(from, mac), "family",
				       6, "wants", addr_json(addr)),
			     fdb_lookup(s->net->fdb, from, 0, s->net->runner->now), "none",
			     addr_json(addr), &own);
}
