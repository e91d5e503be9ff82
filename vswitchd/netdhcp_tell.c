/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_tell.c - what the server did, in words: the events dhcp.exchange and dhcp.refused.
 *
 * Theory of operation. The server decides and counts; it does not talk. When somebody watches, what
 * is known of the client is noted before the server gets its message, and compared with what came
 * out: the answer, the address, and the counter that moved. So watching changes nothing, and costs
 * nothing when nobody does.
 *
 * Captures are told the reason of an answer (netdhcp_words.c) in the same way.
 *
 * dhcp.exchange comes with every message, on demand only. dhcp.refused is for everybody: a client
 * that gets nothing, once a minute for each reason, with the number of those in between.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/pool.h"
#include "lib/log.h"
#include "vswitchd/lease_json.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

/* ---- words ----------------------------------------------------------------------------------- */

/* Why nothing, or no, is answered. */
static const struct tell_reason refusals[DHCP_N] = {
	[DHCP_N_MALFORMED] = {"malformed", "the message is broken"},
	[DHCP_N_NOT_DHCP] = {"not-dhcp", "this is no DHCP request"},
	[DHCP_N_UNKNOWN_TYPE] = {"unknown-type", "a kind of message that servers do not get"},
	[DHCP_N_OTHER_SERVER] = {"other-server", "it speaks to another server"},
	[DHCP_N_NOT_OWNER] = {"not-owner", "this address is not this client's"},
	[DHCP_N_WRONG_NET] = {"wrong-net", "that is no address of this network"},
	[DHCP_N_UNKNOWN_CLIENT] = {"unknown-client", "nothing is known of this client"},
	[DHCP_N_POOL_EXHAUSTED] = {"pool-exhausted", "no address is free"},
	[DHCP_N_PORT_LIMIT] = {"port-limit", NETDHCP_LIMIT_TEXT},
	[DHCP_N_STORE_FAILED] = {"store-failed", "its lease can't be written to disk"},
};

/* From most telling to least: a NAK counts its reason, too. */
static const enum dhcp_count refusal_order[] = {
	DHCP_N_MALFORMED,  DHCP_N_NOT_DHCP,	DHCP_N_UNKNOWN_TYPE,   DHCP_N_OTHER_SERVER,
	DHCP_N_WRONG_NET,  DHCP_N_NOT_OWNER,	DHCP_N_UNKNOWN_CLIENT, DHCP_N_POOL_EXHAUSTED,
	DHCP_N_PORT_LIMIT, DHCP_N_STORE_FAILED,
};

static const char *const types[] = {
	[DHCP_DISCOVER] = "discover", [DHCP_OFFER] = "offer",	[DHCP_REQUEST] = "request",
	[DHCP_DECLINE] = "decline",   [DHCP_ACK] = "ack",	[DHCP_NAK] = "nak",
	[DHCP_RELEASE] = "release",   [DHCP_INFORM] = "inform",
};

static const char *type_word(enum dhcp_type type)
{
	return type < ARRAY_SIZE(types) && types[type] ? types[type] : "unknown";
}

/* The states of RFC 2131 4.3.2. */
static const char *state_of_request(const struct told *t)
{
	if (t->msg.server_id)
		return "selecting";
	if (t->msg.hdr.ciaddr)
		return t->unicast ? "renewing" : "rebinding";
	return "init-reboot";
}

static be32 wanted(const struct dhcp_msg *m)
{
	return m->requested ? m->requested : m->hdr.ciaddr;
}

/* ---- why ------------------------------------------------------------------------------------- */

/* How was the address chosen for a DISCOVER? */
static struct tell_reason choice(const struct told *t)
{
	enum dhcp_pick p = t->d->server.picked;

	return (struct tell_reason){dhcp_pick_word(p), dhcp_pick_text(p)};
}

static struct tell_reason why_ack(const struct told *t, be32 addr)
{
	const char *state = state_of_request(t);

	if (t->msg.type == DHCP_INFORM)
		return (struct tell_reason){"inform",
					    "it has an address and wants the options only"};
	if (t->msg.type == DHCP_DISCOVER)
		return choice(t);
	if (!strcmp(state, "selecting"))
		return addr == t->had
			       ? (struct tell_reason){"selected", "it takes what was offered"}
			       : (struct tell_reason){"adopted", "it says this was offered to it;"
								 " nobody else has it"};
	if (!strcmp(state, "init-reboot"))
		return (struct tell_reason){"back", "it is back and may keep its address"};
	return (struct tell_reason){"renewed", "its lease begins anew"};
}

/* Taken without an answer. */
static struct tell_reason why_silent(const struct told *t)
{
	switch (t->msg.type) {
	case DHCP_DECLINE:
		return (struct tell_reason){"declined",
					    "it found another machine there: nobody gets "
					    "the address for 10 minutes"};
	case DHCP_RELEASE:
		return (struct tell_reason){"released", "the address is free"};
	case DHCP_DISCOVER:
		return (struct tell_reason){"probing", "the probe of its address is under way"};
	default:
		return (struct tell_reason){"silent", "nothing to say"};
	}
}

static struct tell_reason why(const struct told *t, enum dhcp_verdict verdict,
			      const struct dhcp_reply *reply, be32 addr)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(refusal_order); i++) {
		enum dhcp_count c = refusal_order[i];

		if (t->d->server.count[c] != t->count[c])
			return refusals[c];
	}
	if (verdict == DHCP_REPLY && reply->type == DHCP_ACK)
		return why_ack(t, addr);
	return verdict == DHCP_SILENT ? why_silent(t) : choice(t);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *addr_json(be32 addr)
{
	char text[IP4_STR];

	return addr ? json_string(ip4_format(addr, text)) : json_null();
}

static json_t *bytes_json(const uint8_t *b, size_t len)
{
	char text[4 * 255 + 1];

	return len ? json_string(str_escape(b, len, text, sizeof(text))) : json_null();
}

/* Who asks what. */
static json_t *question(const struct told *t)
{
	const struct dhcp_msg *m = &t->msg;
	char mac[MAC_STR], xid[9];

	if (!t->parsed)
		return json_pack("{s:s, s:s, s:s}", "net", t->d->net->conf.name, "asked", "unknown",
				 "mac", mac_format(&t->src, mac));
	snprintf(xid, sizeof(xid), "%08x", ntohl(m->hdr.xid));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?}", "net",
			 t->d->net->conf.name, "asked", type_word(m->type), "mac",
			 mac_format(&m->mac, mac), "xid", xid, "client_id",
			 lease_hex_json(m->client_id.b, m->client_id.len), "hostname",
			 bytes_json(m->hostname.b, m->hostname.len), "wants", addr_json(wanted(m)),
			 "relay", addr_json(m->hdr.giaddr), "state",
			 m->type == DHCP_REQUEST ? state_of_request(t) : NULL);
}

static json_t *lease_s_json(const struct dhcp_reply *reply)
{
	size_t len;
	const uint8_t *p = dhcp_find(reply->data, reply->len, OPT_LEASE, &len);
	be32 v;

	if (!p || len != sizeof(v))
		return json_null();
	memcpy(&v, p, sizeof(v));
	return json_integer(ntohl(v));
}

void netdhcp_tell(struct net *net, json_t *ev, const struct port *port, const char *answer,
		  json_t *addr, const struct tell_reason *r)
{
	json_object_set_new(ev, "port", port ? json_string(port->name) : json_null());
	json_object_set_new(ev, "vm", port && port->vm[0] ? json_string(port->vm) : json_null());
	json_object_set_new(ev, "answer", json_string(answer));
	json_object_set_new(ev, "address", addr);
	json_object_set_new(ev, "reason", json_string(r->word));
	json_object_set_new(ev, "why", json_string(r->text));
	runner_event(net->runner, "dhcp.exchange", ev);
}

static void tell(struct netdhcp *d, json_t *ev, const struct port *port, const char *answer,
		 be32 addr, const struct tell_reason *r)
{
	json_object_set_new(ev, "family", json_integer(4));
	netdhcp_tell(d->net, ev, port, answer, addr_json(addr), r);
}

/* ---- dhcp.refused ---------------------------------------------------------------------------- */

/* Worth a word to somebody who did not ask: an address is wanted and there is none. */
static const enum dhcp_count alarms[] = {DHCP_N_POOL_EXHAUSTED, DHCP_N_PORT_LIMIT};

void netdhcp_tell_refused(struct net *net, const struct port *port, const struct tell_reason *r,
			  struct refusal_told *told)
{
	const char *name = port ? port->name : "a port that is not known";
	msec now = net->runner->now;

	told->n++;
	if (told->ms && now - told->ms < NETDHCP_COMPLAIN_MS)
		return;
	log_warn("network %s: %s asks for an address and gets none: %s", net->conf.name, name,
		 r->text);
	runner_event(net->runner, "dhcp.refused",
		     json_pack("{s:s, s:s?, s:s, s:s, s:I}", "net", net->conf.name, "port",
			       port ? name : NULL, "reason", r->word, "why", r->text, "count",
			       (json_int_t)told->n));
	*told = (struct refusal_told){.ms = now ? now : 1};
}

static void tell_refused(const struct told *t)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(alarms); i++) {
		enum dhcp_count c = alarms[i];

		if (t->d->server.count[c] != t->count[c])
			netdhcp_tell_refused(t->d->net, t->port, &refusals[c],
					     &t->d->refused[c == DHCP_N_PORT_LIMIT]);
	}
}

/* ---- dhcp.exchange --------------------------------------------------------------------------- */

static bool watched(const struct netdhcp *d)
{
	return runner_wants(d->net->runner, "dhcp.exchange");
}

/* Do captures see the answer leave the server's port, or arrive at @port (NULL: not known)? */
static bool captured(const struct netdhcp *d, const struct port *port)
{
	return (d->port->features | (port ? port->features : 0)) & PORT_WATCHED;
}

static void note_client(struct told *t, const char *at)
{
	const struct dhcp_server *s = &t->d->server;
	struct dhcp_client c = dhcp_client_of(&t->msg, at);
	const struct dhcp_lease *l = lease_by_key(&s->leases, &c.key);

	t->had = l ? l->addr : 0;
}

void netdhcp_tell_before(struct netdhcp *d, const struct dhcp_rx *rx, const struct port *port,
			 struct told *t)
{
	t->d = d;
	t->port = port;
	t->wanted = watched(d) || captured(d, port);
	memcpy(t->count, d->server.count, sizeof(t->count));
	if (!t->wanted)
		return;
	t->unicast = rx->unicast;
	t->src = rx->src;
	t->parsed = dhcp_parse(rx->data, rx->len, &t->msg) == 0;
	if (t->parsed)
		note_client(t, rx->at);
}

static be32 address_of(const struct told *t, enum dhcp_verdict verdict,
		       const struct dhcp_reply *reply)
{
	if (verdict == DHCP_PROBE)
		return reply->dst;
	if (verdict == DHCP_REPLY)
		return ((const struct dhcp_hdr *)reply->data)->yiaddr;
	return t->parsed && t->msg.type == DHCP_DISCOVER ? t->had : 0;
}

void netdhcp_tell_after(const struct told *t, enum dhcp_verdict verdict,
			const struct dhcp_reply *reply)
{
	const char *answer = verdict == DHCP_PROBE ? "probe" : "none";
	struct tell_reason r;
	json_t *ev;
	be32 addr;

	tell_refused(t);
	if (!t->wanted)
		return;
	addr = address_of(t, verdict, reply);
	r = why(t, verdict, reply, addr);
	if (verdict == DHCP_REPLY && captured(t->d, t->port))
		netdhcp_said(t->d, reply, r.text);
	if (!watched(t->d))
		return;
	ev = question(t);
	if (verdict == DHCP_REPLY) {
		answer = type_word(reply->type);
		json_object_set_new(ev, "lease_s", lease_s_json(reply));
	}
	tell(t->d, ev, t->port, answer, addr, &r);
}

static const struct port *port_of(const struct netdhcp *d, const struct dhcp_lease *l)
{
	return l ? netdhcp_port_by_id(d->net, l->port) : NULL;
}

void netdhcp_tell_due(struct netdhcp *d, const struct dhcp_reply *reply)
{
	static const struct tell_reason unused = {"unused", "nobody answered the probe"};
	const struct dhcp_hdr *h = (const struct dhcp_hdr *)reply->data;
	char mac[MAC_STR], xid[9];
	const struct port *port = port_of(d, lease_by_addr(&d->server.leases, h->yiaddr));
	struct mac client;

	if (captured(d, port))
		netdhcp_said(d, reply, unused.text);
	if (!watched(d))
		return;
	memcpy(&client, h->chaddr, sizeof(client));
	snprintf(xid, sizeof(xid), "%08x", ntohl(h->xid));
	tell(d,
	     json_pack("{s:s, s:s, s:s, s:s, s:o}", "net", d->net->conf.name, "asked", "probe",
		       "mac", mac_format(&client, mac), "xid", xid, "lease_s", lease_s_json(reply)),
	     port, "offer", h->yiaddr, &unused);
}

void netdhcp_tell_conflict(struct netdhcp *d, be32 addr, const struct mac *user)
{
	static const struct tell_reason in_use = {"in-use",
						  "another machine uses it: nobody gets the "
						  "address for 10 minutes"};
	char mac[MAC_STR];

	if (watched(d))
		tell(d,
		     json_pack("{s:s, s:s, s:s}", "net", d->net->conf.name, "asked", "probe", "mac",
			       mac_format(user, mac)),
		     NULL, "conflict", addr, &in_use);
}

void netdhcp_tell_undone(struct netdhcp *d, const struct dhcp_lease *l)
{
	char mac[MAC_STR];

	if (watched(d))
		tell(d,
		     json_pack("{s:s, s:s, s:s}", "net", d->net->conf.name, "asked", "request",
			       "mac", mac_format(&l->mac, mac)),
		     port_of(d, l), "none", l->addr, &refusals[DHCP_N_STORE_FAILED]);
}
