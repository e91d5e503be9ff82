/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsix_words.c - IPv6 addresses in a sentence, for captures (netsay.h): DHCPv6 messages, router
 * advertisements, and the question whether somebody has an address.
 *
 * As for DHCPv4 (netdhcp_words.c): what a message says is read from its bytes, whoever sent it; why
 * our server answered so is remembered for a few answers while somebody watches frames.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/domain.h"
#include "lib/frame.h"
#include "vswitchd/netsay.h"
#include "vswitchd/netsix_int.h"

enum { MSG_HEAD = 4, IA_HEAD = 12, IAADDR_LEN = 24, XID_LEN = 3 };

/* ---- why ------------------------------------------------------------------------------------- */

void six_said(struct netsix *s, const struct mac *client, const uint8_t *xid, enum dhcp6_type type,
	      const char *why)
{
	struct six_said *said = &s->said[s->n_said++ % SIX_SAID];

	*said = (struct six_said){.mac = *client, .type = (uint8_t)type, .why = why};
	memcpy(said->xid, xid, XID_LEN);
}

static const char *why_said(const struct netsay_message *m)
{
	const struct netsix *s = m->net->six;
	unsigned int n = s ? MIN(s->n_said, (unsigned int)SIX_SAID) : 0;
	const uint8_t *head = m->data;

	for (unsigned int i = 1; i <= n; i++) {
		const struct six_said *said = &s->said[(s->n_said - i) % SIX_SAID];

		if (said->type == head[0] && !memcmp(said->xid, head + 1, XID_LEN) &&
		    mac_equal(&said->mac, &frame_eth(m->frame)->dst))
			return said->why;
	}
	return NULL;
}

/* ---- parts of a sentence --------------------------------------------------------------------- */

struct words {
	const struct netsay_message *m;
	const uint8_t *options;
	size_t len; /* of them */
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

static void say_addr(struct words *w, const char *before, const uint8_t *b)
{
	char text[IP_ADDR_STR];
	struct ip_addr a;

	memcpy(a.b, b, sizeof(a.b));
	say(w, "%s%s", before, ip_addr_format(&a, text));
}

static void say_mac(struct words *w, const char *before, const struct mac *mac)
{
	char text[MAC_STR];

	say(w, "%s%s", before, mac_format(mac, text));
}

static uint32_t get32(const uint8_t *p)
{
	be32 v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

/* ---- DHCPv6 ---------------------------------------------------------------------------------- */

/* The first address that an IA_NA of the message has: 16 bytes and its lifetimes. */
static const uint8_t *first_addr(const struct words *w)
{
	size_t ia_len, len;
	const uint8_t *ia = dhcp6_find(w->options, w->len, OPT6_IA_NA, &ia_len), *addr;

	if (!ia || ia_len < IA_HEAD)
		return NULL;
	addr = dhcp6_find(ia + IA_HEAD, ia_len - IA_HEAD, OPT6_IAADDR, &len);
	return addr && len >= IAADDR_LEN ? addr : NULL;
}

/* The status of the message, or else of its first IA; 0 when it says none. */
static unsigned int status_of(const struct words *w)
{
	size_t ia_len, len;
	const uint8_t *s = dhcp6_find(w->options, w->len, OPT6_STATUS, &len);
	const uint8_t *ia = dhcp6_find(w->options, w->len, OPT6_IA_NA, &ia_len);

	if ((!s || len < 2 || !(s[0] | s[1])) && ia && ia_len >= IA_HEAD)
		s = dhcp6_find(ia + IA_HEAD, ia_len - IA_HEAD, OPT6_STATUS, &len);
	return s && len >= 2 ? (unsigned int)(s[0] << 8 | s[1]) : 0;
}

static void say_name(struct words *w)
{
	size_t len;
	const uint8_t *fqdn = dhcp6_find(w->options, w->len, OPT6_FQDN, &len);
	char label[64];

	if (fqdn && len > 1 && domain_first_label(fqdn + 1, len - 1, label))
		say(w, " (%s)", label);
}

static void from_client(struct words *w, enum dhcp6_type type)
{
	static const struct {
		const char *name, *with, *without; /* an address */
	} rows[] = {
		[DHCP6_SOLICIT] = {"SOLICIT", " looks for an address, best ",
				   " looks for a server"},
		[DHCP6_REQUEST] = {"REQUEST", " takes what was offered: ", " takes the offer"},
		[DHCP6_CONFIRM] = {"CONFIRM", " is back and asks whether it may keep ", " is back"},
		[DHCP6_RENEW] = {"RENEW", " renews ", " renews"},
		[DHCP6_REBIND] = {"REBIND", " asks any server to renew ", " asks any server"},
		[DHCP6_RELEASE] = {"RELEASE", " gives back ", " gives back nothing"},
		[DHCP6_DECLINE] = {"DECLINE", " found another machine at ", " declines nothing"},
		[DHCP6_INFORMATION_REQUEST] = {"INFORMATION-REQUEST", " has ",
					       " wants the options"},
	};
	const uint8_t *addr = first_addr(w);

	say(w, "dhcp6: %s: ", rows[type].name);
	say_mac(w, "", &frame_eth(w->m->frame)->src);
	say_name(w);
	if (addr)
		say_addr(w, rows[type].with, addr);
	else
		say(w, "%s", rows[type].without);
}

static void from_server(struct words *w, enum dhcp6_type type)
{
	const char *why = why_said(w->m);
	const uint8_t *addr = first_addr(w);
	unsigned int status = status_of(w);

	say(w, "dhcp6: %s", type == DHCP6_REPLY ? "REPLY" : "ADVERTISE");
	if (addr && get32(addr + 20)) /* of lifetime 0 is what shall not be used any more */
		say_addr(w, ": ", addr);
	say_mac(w, " to ", &frame_eth(w->m->frame)->dst);
	if (addr && get32(addr + 20))
		say(w, " for %u s", get32(addr + 20));
	if (status)
		say(w, ": %s", dhcp6_status_word(status) ? dhcp6_status_word(status) : "a status");
	if (why)
		say(w, ": %s", why);
}

bool netsix_words(const struct netsay_message *m, char text[static NETSAY_TEXT])
{
	const uint8_t *head = m->data;
	struct words w = {.m = m, .text = text};

	if (m->len < MSG_HEAD)
		return false;
	w.options = head + MSG_HEAD;
	w.len = m->len - MSG_HEAD;
	switch (head[0]) {
	case DHCP6_SOLICIT:
	case DHCP6_REQUEST:
	case DHCP6_CONFIRM:
	case DHCP6_RENEW:
	case DHCP6_REBIND:
	case DHCP6_RELEASE:
	case DHCP6_DECLINE:
	case DHCP6_INFORMATION_REQUEST:
		from_client(&w, head[0]);
		return true;
	case DHCP6_ADVERTISE:
	case DHCP6_REPLY:
		from_server(&w, head[0]);
		return true;
	case DHCP6_RELAY_FORW:
	case DHCP6_RELAY_REPL:
		say(&w, "dhcp6: %s, by a relay",
		    head[0] == DHCP6_RELAY_FORW ? "a client's message" : "an answer");
		return true;
	default:
		return false;
	}
}

/* ---- neighbour discovery --------------------------------------------------------------------- */

enum { OPT_PREFIX = 3, OPT_RDNSS = 25, PREFIX_LEN = 32, RDNSS_MIN = 24, A_FLAG = 0x40 };

/* RFC 4861 4.6.2: a prefix, and whether guests make addresses of it (RFC 4862 5.5.3). */
static void say_prefix(struct words *w, const uint8_t *o, size_t len)
{
	if (len < PREFIX_LEN)
		return;
	say_addr(w, ": ", o + 16);
	say(w, "/%u%s", o[2], o[3] & A_FLAG ? ", of which who likes makes itself addresses" : "");
}

/* RFC 4861 4.2, 8106 5.1 */
static void say_ra(struct words *w)
{
	const struct frame *f = w->m->frame;
	const uint8_t *ra = f->data + f->l4;
	unsigned int lifetime = (unsigned int)(ra[6] << 8 | ra[7]);

	say(w, "ipv6: router advertisement");
	for (const struct nd_option *o = frame_nd_option(f, NULL); o; o = frame_nd_option(f, o))
		if (o->type == OPT_PREFIX)
			say_prefix(w, (const uint8_t *)o, o->len * 8u);
	if (ra[5] & 0x80)
		say(w, "; addresses come by DHCPv6");
	else if (ra[5] & 0x40)
		say(w, "; the rest is told by DHCPv6");
	for (const struct nd_option *o = frame_nd_option(f, NULL); o; o = frame_nd_option(f, o))
		if (o->type == OPT_RDNSS && o->len * 8u >= RDNSS_MIN)
			say_addr(w, "; resolver ", (const uint8_t *)o + 8);
	if (lifetime)
		say(w, "; a way out for %u s", lifetime);
	else
		say(w, "; no way out");
}

bool netsix_nd_words(const struct netsay_message *m, char text[static NETSAY_TEXT])
{
	const struct frame *f = m->frame;
	struct words w = {.m = m, .text = text};
	struct ip_addr target;

	if (f->icmp_type == ND_RS) {
		say_mac(&w, "ipv6: ", &frame_eth(f)->src);
		say(&w, " asks which routers there are");
		return true;
	}
	if (f->icmp_type == ND_RA) {
		say_ra(&w);
		return true;
	}
	if (f->icmp_type != ND_NS || !ip_addr_is_zero(&f->src))
		return false;
	target = frame_nd_target(f); /* RFC 4862 5.4 */
	say_mac(&w, "ipv6: ", &frame_eth(f)->src);
	say_addr(&w, " asks whether somebody has ", target.b);
	say(&w, " before it uses it");
	return true;
}
