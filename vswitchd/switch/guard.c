/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard.c - the guards' verdicts.
 *
 * Theory of operation. A frame is parsed once (lib/frame.h), then each guard that is on looks at
 * what concerns it; the first that objects names the drop. A guard that can't see what it must
 * check, because headers are malformed, cut off by fragmentation or nested deeper than we follow,
 * drops the frame as "unchecked": receivers differ in what they make of such frames, and that is
 * how guards are gone round (RFC 7113). What is no business of a guard passes, however odd.
 *
 * Later fragments carry no header to check and pass: without the first one nobody can put the
 * packet together. A super-frame is checked by its headers, which all its pieces will have.
 *
 * The way out: isolation, the promiscuous policy, and a look at DHCPACKs for address-guard.
 */
#include "vswitchd/switch/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/guard_int.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/runner.h"

enum { DHCP4_SERVER = 67, DHCP4_CLIENT = 68, DHCP6_CLIENT = 546, DHCP6_SERVER = 547 };
enum { ICMP4_REDIRECT = 5, ICMP4_ROUTER = 9 }; /* RFC 792, RFC 1256 */
enum { ICMP6_MLD1_QUERY = 130, ICMP6_MLD1_REPORT, ICMP6_MLD1_DONE, ICMP6_MLD2_REPORT = 143 };
enum { MINUTE_MS = 60000 };

const char *const guard_words[GUARD_N] = {
	[GUARD_MAC] = "mac-guard",     [GUARD_ADDRESS] = "address-guard",
	[GUARD_DHCP] = "dhcp-guard",   [GUARD_ROUTER] = "router-guard",
	[GUARD_ISOLATED] = "isolated", [GUARD_PROMISCUOUS] = "promiscuous",
};

/* ---- telling --------------------------------------------------------------------------------- */

/* Is it time for another event of this port? */
static bool event_due(const struct walk *w)
{
	const struct guard *g = w->from->guard;

	return w->net->runner->events && !w->dry &&
	       (g->told < GUARD_EVENTS_PER_MIN || w->net->runner->now - g->minute >= MINUTE_MS);
}

static void send_event(const struct walk *w, enum guard_kind kind, const char *seen)
{
	struct runner *r = w->net->runner;
	struct guard *g = w->from->guard;

	if (r->now - g->minute >= MINUTE_MS) {
		g->minute = r->now;
		g->told = 0;
	}
	g->told++;
	runner_event(r, "guard.hit",
		     json_pack("{s:s, s:s, s:s, s:s, s:I}", "port", w->from->name, "net",
			       w->net->conf.name, "guard", guard_words[kind], "seen", seen, "hits",
			       (json_int_t)g->hits[kind]));
}

/* Count a hit. True when somebody is to be told what was seen. */
static bool hit(const struct walk *w, enum guard_kind kind)
{
	if (!w->dry)
		w->from->guard->hits[kind]++;
	return w->trace || event_due(w);
}

__attribute__((format(printf, 4, 5))) static enum drop_reason
tell(const struct walk *w, enum guard_kind kind, enum drop_reason reason, const char *fmt, ...)
{
	char seen[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(seen, sizeof(seen), fmt, args);
	va_end(args);
	walk_say(w, "guard", "%s: %s", guard_words[kind], seen);
	if (event_due(w))
		send_event(w, kind, seen);
	return reason;
}

/* Refuse the frame: count, and put together what was seen only when somebody wants to know. */
#define REFUSE(w, kind, reason, ...) (hit(w, kind) ? tell(w, kind, reason, __VA_ARGS__) : (reason))

static enum drop_reason unchecked(const struct walk *w, enum guard_kind kind, const char *what)
{
	return REFUSE(w, kind, DROP_UNCHECKED, "can't check %s: malformed, cut or nested too deep",
		      what);
}

/* ---- mac-guard ------------------------------------------------------------------------------- */

static enum drop_reason mac_is_own(const struct walk *w, const struct mac *mac, const char *what)
{
	char seen[MAC_STR], own[MAC_STR];

	if (guard_own_mac(w->from, mac))
		return DROP_NONE;
	return REFUSE(w, GUARD_MAC, DROP_MAC_SPOOFED, "%s %s is not this port's %s", what,
		      mac_format(mac, seen), mac_format(&w->from->mac, own));
}

/* What neighbour discovery tells about its sender: source link-layer address, and target of NA
 * (RFC 4861 4.6.1). A redirect's target is somebody else. */
static enum drop_reason nd_macs_own(const struct walk *w, const struct frame *f)
{
	uint8_t own_type = f->icmp_type == ND_NA ? ND_OPT_TARGET_LL : ND_OPT_SOURCE_LL;
	const struct nd_option *opt = NULL;
	enum drop_reason reason;

	while ((opt = frame_nd_option(f, opt))) {
		if (opt->type != own_type)
			continue;
		reason = mac_is_own(w, (const struct mac *)(const void *)opt->value,
				    "neighbour discovery's address");
		if (reason != DROP_NONE)
			return reason;
	}
	return DROP_NONE;
}

static enum drop_reason check_mac(const struct walk *w, const struct frame *f)
{
	enum drop_reason reason = mac_is_own(w, &frame_eth(f)->src, "source");
	const uint8_t *bootp;
	size_t len;

	if (reason != DROP_NONE)
		return reason;
	if (f->bad == FRAME_BAD_ARP)
		return unchecked(w, GUARD_MAC, "an ARP packet");
	if (f->l3_kind == L3_ARP)
		return mac_is_own(w, &frame_arp_hdr(f)->sha, "ARP sender");
	if (frame_is_nd(f)) {
		if (f->bad != FRAME_OK || f->fragment)
			return unchecked(w, GUARD_MAC, "neighbour discovery");
		return nd_macs_own(w, f);
	}
	/* Who asks for somebody else gets somebody else's address. */
	bootp = f->dport == DHCP4_SERVER ? guard_bootp(f, &len) : NULL;
	return bootp ? mac_is_own(w, (const struct mac *)(const void *)(bootp + BOOTP_CHADDR),
				  "DHCP client")
		     : DROP_NONE;
}

/* ---- dhcp-guard and router-guard ------------------------------------------------------------- */

/* Is the upper layer of the packet out of sight, though it is in this frame, and could be @proto?
 */
static bool hides(const struct frame *f, uint8_t proto)
{
	if (f->bad == FRAME_BAD_IP || f->bad == FRAME_DEEP)
		return true;
	return f->proto == proto && !f->frag_off && !f->has_l4;
}

/* A server answers from 67 to 68 (RFC 2131 4.1), or from 547 to 546 (RFC 8415 7.2); clients look at
 * one or the other. */
static enum drop_reason check_dhcp(const struct walk *w, const struct frame *f)
{
	bool v6 = f->l3_kind == L3_IP6;

	if (f->l3_kind != L3_IP4 && !v6)
		return DROP_NONE;
	if (hides(f, IPPROTO_UDP_))
		return unchecked(w, GUARD_DHCP, "for a DHCP server's message");
	if (f->proto != IPPROTO_UDP_ || !f->has_l4)
		return DROP_NONE;
	if (f->sport != (v6 ? DHCP6_SERVER : DHCP4_SERVER) &&
	    f->dport != (v6 ? DHCP6_CLIENT : DHCP4_CLIENT))
		return DROP_NONE;
	return REFUSE(w, GUARD_DHCP, DROP_ROGUE_DHCP,
		      "a DHCP%s server's message, UDP port %u to %u", v6 ? "v6" : "", f->sport,
		      f->dport);
}

static enum drop_reason check_router4(const struct walk *w, const struct frame *f)
{
	if (hides(f, IPPROTO_ICMP_))
		return unchecked(w, GUARD_ROUTER, "for a redirect");
	if (f->proto != IPPROTO_ICMP_ || !f->has_l4 ||
	    (f->icmp_type != ICMP4_REDIRECT && f->icmp_type != ICMP4_ROUTER))
		return DROP_NONE;
	return REFUSE(w, GUARD_ROUTER, DROP_ROGUE_RA, "an ICMP %s",
		      f->icmp_type == ICMP4_REDIRECT ? "redirect" : "router advertisement");
}

/* RFC 6105 and RFC 7113; neighbour discovery in fragments is nobody's (RFC 6980 5). */
static enum drop_reason check_router6(const struct walk *w, const struct frame *f)
{
	if (hides(f, IPPROTO_ICMP6_))
		return unchecked(w, GUARD_ROUTER, "for a router advertisement");
	if (!frame_is_nd(f))
		return DROP_NONE;
	if (f->icmp_type == ND_RA || f->icmp_type == ND_REDIRECT_)
		return REFUSE(w, GUARD_ROUTER, DROP_ROGUE_RA, "an ICMPv6 %s",
			      f->icmp_type == ND_RA ? "router advertisement" : "redirect");
	return f->fragment ? unchecked(w, GUARD_ROUTER, "fragmented neighbour discovery")
			   : DROP_NONE;
}

static enum drop_reason check_router(const struct walk *w, const struct frame *f)
{
	if (f->l3_kind == L3_IP4)
		return check_router4(w, f);
	return f->l3_kind == L3_IP6 ? check_router6(w, f) : DROP_NONE;
}

/* ---- address-guard --------------------------------------------------------------------------- */

/* What may be sent without an address: by DHCP clients, in probes (RFC 5227 1.1), group reports
 * (RFC 3376 4.2.13, RFC 3590), router solicitations and duplicate address detection (RFC 4861 4.1,
 * 4.3). */
static bool may_be_nobody(const struct frame *f)
{
	if (f->l3_kind == L3_ARP)
		return frame_arp_hdr(f)->op == htons(ARP_REQUEST) || f->type == ETHERTYPE_RARP;
	if (f->l3_kind == L3_IP4)
		return f->proto == IPPROTO_IGMP_ ||
		       (f->proto == IPPROTO_UDP_ && f->has_l4 && f->dport == DHCP4_SERVER);
	return f->proto == IPPROTO_ICMP6_ && f->has_l4 &&
	       (f->icmp_type == ND_NS || f->icmp_type == ND_RS ||
		f->icmp_type == ICMP6_MLD1_REPORT || f->icmp_type == ICMP6_MLD1_DONE ||
		f->icmp_type == ICMP6_MLD2_REPORT);
}

static enum drop_reason addr_is_own(const struct walk *w, const struct frame *f,
				    const struct ip_addr *addr, const char *what)
{
	/* In IPv6 an IPv4-mapped address is nobody's (RFC 4291 2.5.5.2), and not the IPv4 one. */
	bool mixed = f->l3_kind == L3_IP6 && ip_addr_is4(addr);
	char text[IP_ADDR_STR];
	const char *why;

	if (!mixed && guard_own_addr(w->from, addr, &frame_eth(f)->src, &why)) {
		walk_say(w, "guard", "address-guard: %s %s is %s this port", what,
			 ip_addr_format(addr, text), why);
		return DROP_NONE;
	}
	return REFUSE(w, GUARD_ADDRESS, DROP_ADDR_SPOOFED,
		      "%s %s was neither leased nor given to this port", what,
		      ip_addr_format(addr, text));
}

/* Whoever advertises a target claims its address (RFC 4861 4.4). */
static enum drop_reason check_claim(const struct walk *w, const struct frame *f)
{
	struct ip_addr target;

	if (f->bad == FRAME_DEEP || (f->l3_kind == L3_IP6 && hides(f, IPPROTO_ICMP6_)))
		return unchecked(w, GUARD_ADDRESS, "whether an address is claimed");
	if (!frame_is_nd(f) || f->icmp_type != ND_NA)
		return DROP_NONE;
	if (f->bad != FRAME_OK || f->fragment)
		return unchecked(w, GUARD_ADDRESS, "a neighbour advertisement");
	target = frame_nd_target(f);
	return addr_is_own(w, f, &target, "the advertised address");
}

static enum drop_reason check_address(const struct walk *w, const struct frame *f)
{
	enum drop_reason reason = DROP_NONE;

	if (f->l3_kind == L3_OTHER)
		return DROP_NONE;
	if (f->bad == FRAME_BAD_ARP || f->bad == FRAME_BAD_IP)
		return unchecked(w, GUARD_ADDRESS, "the source address");
	if (!ip_addr_is_zero(&f->src) || !may_be_nobody(f) ||
	    ip_addr_is4(&f->src) != (f->l3_kind != L3_IP6))
		reason = addr_is_own(w, f, &f->src, f->l3_kind == L3_ARP ? "ARP sender" : "source");
	return reason == DROP_NONE ? check_claim(w, f) : reason;
}

/* ---- the way in ------------------------------------------------------------------------------ */

typedef enum drop_reason check_fn(const struct walk *w, const struct frame *f);

static check_fn *const checks[] = {
	[GUARD_MAC] = check_mac,
	[GUARD_ADDRESS] = check_address,
	[GUARD_DHCP] = check_dhcp,
	[GUARD_ROUTER] = check_router,
};

enum drop_reason guard_ingress(struct walk *w)
{
	struct guard *g = w->from->guard;
	enum drop_reason reason = DROP_NONE;
	struct frame f;

	frame_parse(w->p->data, w->p->len, &f);
	for (unsigned int i = 0; i < ARRAY_SIZE(checks) && reason == DROP_NONE; i++) {
		if (!g->on[i])
			continue;
		/* Behind a third tag can be anything. */
		if (f.bad == FRAME_BAD_ETH || (f.bad == FRAME_DEEP && f.l3_kind == L3_OTHER))
			return unchecked(w, (enum guard_kind)i, "behind the VLAN tags");
		reason = checks[i](w, &f);
		if (reason == DROP_NONE)
			walk_say(w, "guard", "%s: has nothing against it", guard_words[i]);
	}
	if (reason == DROP_NONE && g->on[GUARD_ADDRESS] && !w->dry)
		guard_unlearn(w->from, &f);
	return reason;
}

/* ---- the way out ----------------------------------------------------------------------------- */

/* Something that lives on the network, not the host, the network's own or what is behind a NIC. */
static bool is_guest(const struct port *port)
{
	return strcmp(port->ops->type, "tap") == 0 || strcmp(port->ops->type, "netns") == 0 ||
	       strcmp(port->ops->type, "dummy") == 0;
}

/* Cheap enough for each frame out: only what can be a DHCP message to a client is parsed. */
static void look_for_ack(const struct walk *w, const struct port *to)
{
	const uint8_t *at = pkt_at(w->p, 0, ETH_HLEN_ + sizeof(struct ip4_hdr));
	struct frame f;

	if (w->dry || !at || at[12] != ETHERTYPE_IP4 >> 8 || at[13] != (ETHERTYPE_IP4 & 0xff) ||
	    at[23] != IPPROTO_UDP_)
		return;
	frame_parse(w->p->data, w->p->len, &f);
	if (f.has_l4 && f.sport == DHCP4_SERVER && f.dport == DHCP4_CLIENT)
		guard_learn(to, &f, w->net->runner->now);
}

/* PROMISC_GUESTS hides what others than guests send to somebody unknown; PROMISC_DENY everything
 * that is for somebody else. */
static bool is_hidden(const struct walk *w, const struct port *to)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	enum promiscuous level = to->guard->promiscuous;

	if (mac_is_multicast(&eth->dst) || guard_own_mac(to, &eth->dst))
		return false;
	return level == PROMISC_DENY ||
	       (level == PROMISC_GUESTS && w->flooded && !is_guest(w->from));
}

enum drop_reason guard_egress(const struct walk *w, const struct port *to)
{
	const struct guard *from = w->from->guard;
	struct guard *g = to->guard;

	if (g->on[GUARD_ISOLATED] && from && from->on[GUARD_ISOLATED]) {
		if (!w->flooded)
			return REFUSE(w, GUARD_ISOLATED, DROP_ISOLATED,
				      "%s and %s are both isolated", w->from->name, to->name);
		return DROP_ISOLATED;
	}
	if (is_hidden(w, to)) {
		g->hits[GUARD_PROMISCUOUS] += !w->dry;
		return DROP_PROMISCUOUS;
	}
	if (g->on[GUARD_ADDRESS])
		look_for_ack(w, to);
	return DROP_NONE;
}

/* A copy that is filtered was not meant for the port, as with a flooded frame. */
void guard_listen(struct walk *w, struct port *to)
{
	bool guests = is_guest(w->from) && is_guest(to), flooded = w->flooded;

	w->flooded = true;
	for (struct port *port = w->net->ports; port; port = port->next) {
		if (!(port->features & PORT_LISTEN) || port == to || port == w->from ||
		    (port->guard->promiscuous == PROMISC_GUESTS && !guests))
			continue;
		walk_say(w, "guard", "promiscuous: %s is shown a copy", port->name);
		walk_deliver(w, port);
	}
	w->flooded = flooded;
	w->to = to;
}

/* ---- life ------------------------------------------------------------------------------------ */

void guard_port_left(struct port *port)
{
	port->net->listeners -= !!(port->features & PORT_LISTEN);
	if (port->guard)
		memset(port->guard->learnt, 0, sizeof(port->guard->learnt));
}

void guard_port_fini(struct port *port)
{
	free(port->guard);
	port->guard = NULL;
}
