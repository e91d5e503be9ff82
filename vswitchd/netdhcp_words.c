/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_words.c - a DHCP message in a sentence, for captures (netsay.h).
 *
 * What a message says is read from its bytes, so that messages of other servers and of clients that
 * speak to them are told, too. Why our server answered so is not in them: it is remembered for a
 * few answers (netdhcp_said()) while somebody watches frames, and found by transaction, client and
 * type.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/frame.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netsay.h"

/* ---- why ------------------------------------------------------------------------------------- */

void netdhcp_said(struct netdhcp *d, const struct dhcp_reply *reply, const char *why)
{
	const struct dhcp_hdr *h = (const void *)reply->data;
	struct netdhcp_said *said = &d->said[d->n_said++ % NETDHCP_SAID];

	*said = (struct netdhcp_said){.xid = h->xid, .type = reply->type, .why = why};
	memcpy(&said->mac, h->chaddr, sizeof(said->mac));
}

static const char *why_said(const struct netdhcp *d, const struct dhcp_hdr *h, uint8_t type)
{
	unsigned int n = d ? MIN(d->n_said, (unsigned int)NETDHCP_SAID) : 0;

	for (unsigned int i = 1; i <= n; i++) {
		const struct netdhcp_said *said = &d->said[(d->n_said - i) % NETDHCP_SAID];

		if (said->xid == h->xid && said->type == type &&
		    memcmp(&said->mac, h->chaddr, sizeof(said->mac)) == 0)
			return said->why;
	}
	return NULL;
}

/* ---- parts of a sentence --------------------------------------------------------------------- */

struct words {
	const struct dhcp_hdr *h;
	const struct netsay_message *m;
	char *text;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->used = netsay_add(w->text, w->used, fmt, ap);
	va_end(ap);
}

static void say_addr(struct words *w, const char *before, be32 addr)
{
	char text[IP4_STR];

	say(w, "%s%s", before, ip4_format(addr, text));
}

static void say_client(struct words *w, const char *before)
{
	struct mac mac;
	char text[MAC_STR];

	memcpy(&mac, w->h->chaddr, sizeof(mac));
	say(w, "%s%s", before, mac_format(&mac, text));
}

static const uint8_t *option(const struct words *w, enum dhcp_opt opt, size_t *len)
{
	return dhcp_find(w->m->data, w->m->len, opt, len);
}

/* 0 when it is not there, or not four bytes. */
static be32 option_be32(const struct words *w, enum dhcp_opt opt)
{
	size_t len;
	const uint8_t *p = option(w, opt, &len);
	be32 v = 0;

	if (p && len == sizeof(v))
		memcpy(&v, p, sizeof(v));
	return v;
}

static void say_text(struct words *w, const char *before, enum dhcp_opt opt, const char *after)
{
	char text[160];
	size_t len;
	const uint8_t *p = option(w, opt, &len);

	if (p && len)
		say(w, "%s%s%s", before, str_escape(p, len, text, sizeof(text)), after);
}

/* ---- clients --------------------------------------------------------------------------------- */

/* The states of RFC 2131 4.3.2. */
static void say_request(struct words *w)
{
	be32 server = option_be32(w, OPT_SERVER_ID), asked = option_be32(w, OPT_REQUESTED);

	if (server) {
		say_addr(w, " takes ", asked ? asked : w->h->ciaddr);
		say_addr(w, ", which ", server);
		say(w, " offered");
	} else if (!w->h->ciaddr) {
		say_addr(w, " is back and asks whether it may keep ", asked);
	} else if (ip_addr_is4(&w->m->frame->dst) &&
		   ip_addr_get4(&w->m->frame->dst) != htonl(INADDR_BROADCAST)) {
		say_addr(w, " renews ", w->h->ciaddr);
	} else {
		say_addr(w, " asks any server to renew ", w->h->ciaddr);
	}
}

static void say_question(struct words *w, uint8_t type)
{
	be32 asked = option_be32(w, OPT_REQUESTED);

	switch (type) {
	case DHCP_DISCOVER:
		say(w, " looks for an address");
		if (asked)
			say_addr(w, ", best ", asked);
		break;
	case DHCP_REQUEST:
		say_request(w);
		break;
	case DHCP_DECLINE:
		say_addr(w, " found another machine at ", asked);
		break;
	case DHCP_RELEASE:
		say_addr(w, " gives back ", w->h->ciaddr);
		break;
	default:
		say_addr(w, " has ", w->h->ciaddr);
		say(w, " and wants the options");
	}
}

static bool from_client(struct words *w, uint8_t type)
{
	static const char *const names[] = {
		[DHCP_DISCOVER] = "DISCOVER", [DHCP_REQUEST] = "REQUEST",
		[DHCP_DECLINE] = "DECLINE",   [DHCP_RELEASE] = "RELEASE",
		[DHCP_INFORM] = "INFORM",
	};

	if (type >= ARRAY_SIZE(names) || !names[type])
		return false;
	say(w, "dhcp: %s: ", names[type]);
	say_client(w, "");
	say_text(w, " (", OPT_HOSTNAME, ")");
	say_question(w, type);
	if (w->h->giaddr)
		say_addr(w, ", by the relay ", w->h->giaddr);
	return true;
}

/* ---- servers --------------------------------------------------------------------------------- */

static void say_lease(struct words *w)
{
	be32 lease = option_be32(w, OPT_LEASE), server = option_be32(w, OPT_SERVER_ID);

	if (lease == htonl(UINT32_MAX))
		say(w, " for ever");
	else if (lease)
		say(w, " for %u s", ntohl(lease));
	if (server)
		say_addr(w, " by ", server);
}

static bool from_server(struct words *w, uint8_t type)
{
	const char *why = why_said(w->m->net->dhcp, w->h, type);

	if (type == DHCP_NAK) {
		say_client(w, "dhcp: NAK to ");
		if (!why)
			say_text(w, ": \"", OPT_MESSAGE, "\"");
	} else if (type == DHCP_ACK && !w->h->yiaddr) {
		say_client(w, "dhcp: ACK: the options for ");
	} else if (type == DHCP_OFFER || type == DHCP_ACK) {
		say_addr(w, type == DHCP_ACK ? "dhcp: ACK of " : "dhcp: OFFER of ", w->h->yiaddr);
		say_client(w, " to ");
		say_lease(w);
	} else {
		return false;
	}
	if (why)
		say(w, ": %s", why);
	return true;
}

bool netdhcp_words(const struct netsay_message *m, char text[static NETSAY_TEXT])
{
	struct words w = {.h = m->data, .m = m, .text = text};
	const uint8_t *type;
	size_t len;

	if (m->len < sizeof(*w.h) || w.h->hlen != ETH_ALEN_ || w.h->cookie != htonl(DHCP_COOKIE))
		return false;
	type = option(&w, OPT_TYPE, &len);
	if (!type || len != 1)
		return false;
	return w.h->op == DHCP_BOOTREPLY ? from_server(&w, *type) : from_client(&w, *type);
}
