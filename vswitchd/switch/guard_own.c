/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_own.c - which addresses are a port's own.
 *
 * Theory of operation. A MAC address is the port's own when the port was made with it or when
 * macs-allowed names it. An IP address is the port's own when
 *  - addresses= has it,
 *  - it is the link-local one made of an own MAC address,
 *  - our DHCP server has leased it to an own MAC address. The lease table itself is asked, frame by
 *    frame, so a lease counts from its ACK to its end and over a restart, with nothing to keep in
 *    step,
 *  - or a DHCPACK from another server was seen to leave by the port for an own MAC address. That is
 *    kept here until the lease ends. Who may send one is for the other ports' dhcp-guard to say.
 *
 * A port whose MAC address nobody knows owns what was leased behind it.
 */
#include <arpa/inet.h>
#include <string.h>

#include "vswitchd/switch/guard_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/runner.h"

enum { OPT_LEASE_ = 51, OPT_TYPE_ = 53, OPT_END_ = 255 }; /* RFC 2132 9.2, 9.6 */
enum { TYPE_DECLINE = 4, TYPE_ACK = 5, TYPE_RELEASE = 7 };
enum { BOOTREPLY = 2, BOOTP_OPTIONS = 240, PORT_BOOTPS = 67 };

/* ---- MAC addresses --------------------------------------------------------------------------- */

bool guard_own_mac(const struct port *port, const struct mac *mac)
{
	const struct guard *g = port->guard;

	if (mac_equal(mac, &port->mac))
		return true;
	for (unsigned int i = 0; i < g->n_macs; i++)
		if (mac_equal(mac, &g->macs[i]))
			return true;
	return false;
}

bool guard_knows_mac(const struct port *port)
{
	return !mac_is_zero(&port->mac) || port->guard->n_macs;
}

/* ---- IP addresses ---------------------------------------------------------------------------- */

static bool is_leased(const struct port *port, be32 addr, const struct mac *src)
{
	const struct net *net = port->net;
	unsigned int port_id;
	struct mac mac;

	if (!net->leased || !net->leased(net, addr, &mac, &port_id))
		return false;
	if (guard_knows_mac(port))
		return guard_own_mac(port, &mac);
	return port_id == port->id + 1 || (!port_id && mac_equal(&mac, src));
}

static bool is_learnt(const struct port *port, be32 addr)
{
	for (int i = 0; i < GUARD_LEARNT_MAX; i++) {
		const struct guard_learnt *l = &port->guard->learnt[i];

		if (l->addr == addr && l->expires > port->net->runner->now)
			return addr != 0;
	}
	return false;
}

static bool is_given(const struct guard *g, const struct ip_addr *addr)
{
	for (unsigned int i = 0; i < g->n_addrs; i++)
		if (ip_net_has(&g->addrs[i], addr))
			return true;
	return false;
}

static bool is_link_local(const struct port *port, const struct ip_addr *addr,
			  const struct mac *src)
{
	struct ip_addr own = ip_addr_link_local(src);

	return ip_addr_equal(addr, &own) && (!guard_knows_mac(port) || guard_own_mac(port, src));
}

bool guard_own_addr(const struct port *port, const struct ip_addr *addr, const struct mac *src,
		    const char **why)
{
	bool v4 = ip_addr_is4(addr);

	if (is_given(port->guard, addr))
		*why = "given to";
	else if (v4 && is_leased(port, ip_addr_get4(addr), src))
		*why = "leased to";
	else if (v4 && is_learnt(port, ip_addr_get4(addr)))
		*why = "leased by a server outside to";
	else if (!v4 && is_link_local(port, addr, src))
		*why = "the link-local address of";
	else
		return false;
	return true;
}

/* ---- DHCP that passes ------------------------------------------------------------------------ */

const uint8_t *guard_bootp(const struct frame *f, size_t *len)
{
	size_t off = f->l4 + sizeof(struct udp_hdr);

	if (f->l3_kind != L3_IP4 || f->proto != IPPROTO_UDP_ || !f->has_l4 || f->bad != FRAME_OK ||
	    f->fragment || (f->sport != PORT_BOOTPS && f->dport != PORT_BOOTPS) ||
	    f->end - f->l4 < sizeof(struct udp_hdr) + BOOTP_FIXED)
		return NULL;
	*len = f->end - off;
	return f->data + off;
}

/* The value of the option @code, of @want bytes; NULL when it is not there. An option that runs
 * over the end ends the search. */
static const uint8_t *option(const uint8_t *msg, size_t len, uint8_t code, size_t want)
{
	size_t at = BOOTP_OPTIONS;

	while (at + 1 < len && msg[at] != OPT_END_) {
		if (!msg[at]) { /* padding: RFC 2132 3.1 */
			at++;
			continue;
		}
		if (msg[at + 1] > len - at - 2)
			break;
		if (msg[at] == code)
			return msg[at + 1] == want ? msg + at + 2 : NULL;
		at += 2u + msg[at + 1];
	}
	return NULL;
}

static uint8_t message_type(const uint8_t *msg, size_t len)
{
	const uint8_t *type = option(msg, len, OPT_TYPE_, 1);

	return type ? *type : 0;
}

/* A place for @addr: its own, a free one, or the one that ends first. */
static struct guard_learnt *learnt_slot(struct guard *g, be32 addr)
{
	struct guard_learnt *best = &g->learnt[0];

	for (int i = 0; i < GUARD_LEARNT_MAX; i++) {
		struct guard_learnt *l = &g->learnt[i];

		if (l->addr == addr)
			return l;
		if (best->addr && (!l->addr || l->expires < best->expires))
			best = l;
	}
	return best;
}

void guard_learn(const struct port *port, const struct frame *f, msec now)
{
	const uint8_t *msg, *lease;
	struct guard_learnt *l;
	uint32_t seconds;
	size_t len;
	be32 addr;

	msg = guard_bootp(f, &len);
	if (!msg || msg[BOOTP_OP] != BOOTREPLY || message_type(msg, len) != TYPE_ACK ||
	    !guard_own_mac(port, (const struct mac *)(const void *)(msg + BOOTP_CHADDR)))
		return;
	memcpy(&addr, msg + BOOTP_YIADDR, 4);
	lease = option(msg, len, OPT_LEASE_, 4);
	if (!addr || !lease) /* an answer to DHCPINFORM gives no address (RFC 2131 4.3.5) */
		return;
	memcpy(&seconds, lease, 4);
	seconds = MIN(ntohl(seconds), (uint32_t)GUARD_LEASE_MAX_S);
	l = learnt_slot(port->guard, addr);
	*l = (struct guard_learnt){addr, now + seconds * (msec)1000};
}

/* RFC 2131 4.4.4, 4.4.6: RELEASE names the address in ciaddr; after a DECLINE nothing is used. */
void guard_unlearn(const struct port *port, const struct frame *f)
{
	struct guard *g = port->guard;
	const uint8_t *msg;
	uint8_t type;
	size_t len;
	be32 addr;

	msg = guard_bootp(f, &len);
	type = msg ? message_type(msg, len) : 0;
	if (type != TYPE_RELEASE && type != TYPE_DECLINE)
		return;
	memcpy(&addr, msg + BOOTP_CIADDR, 4);
	for (int i = 0; i < GUARD_LEARNT_MAX; i++)
		if (type == TYPE_DECLINE || g->learnt[i].addr == addr)
			g->learnt[i].addr = 0;
}
