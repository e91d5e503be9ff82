/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netsay.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "dhcp/wire.h"
#include "dhcp/wire6.h"
#include "lib/frame.h"

static const struct row {
	enum frame_l3 l3;
	uint16_t server, client; /* UDP ports: a message goes from one of them to one of them */
	bool (*words)(const struct netsay_message *m, char text[static NETSAY_TEXT]);
} rows[] = {
	{L3_IP4, DHCP_PORT_SERVER, DHCP_PORT_CLIENT, netdhcp_words},
	{L3_IP6, DHCP6_PORT_SERVER, DHCP6_PORT_CLIENT, netsix_words},
};

size_t netsay_add(char text[static NETSAY_TEXT], size_t used, const char *fmt, va_list ap)
{
	int n = vsnprintf(text + used, NETSAY_TEXT - used, fmt, ap);

	return MIN(used + (size_t)MAX(n, 0), (size_t)NETSAY_TEXT - 1);
}

/* Relays speak from the server's port to the server's port (RFC 2131 4.1). */
static bool is_between(const struct frame *f, const struct row *r)
{
	return f->l3_kind == r->l3 && (f->sport == r->server || f->sport == r->client) &&
	       (f->dport == r->server || f->dport == r->client);
}

const char *netsay(const struct net *net, const struct pkt *p, char text[static NETSAY_TEXT])
{
	struct netsay_message m = {.net = net};
	struct frame f;
	size_t at;

	m.frame = &f;
	if (frame_parse(p->data, p->len, &f) != FRAME_OK || !f.has_l4)
		return NULL;
	if (frame_is_nd(&f) && !f.fragment)
		return netsix_nd_words(&m, text) ? text : NULL;
	if (f.proto != IPPROTO_UDP_)
		return NULL;
	at = f.l4 + sizeof(struct udp_hdr);
	if (at > f.end || f.end > f.len)
		return NULL;
	m.data = f.data + at;
	m.len = f.end - at;
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (is_between(&f, &rows[i]))
			return rows[i].words(&m, text) ? text : NULL;
	return NULL;
}
