/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the translator would do with an IPv6 packet, in words, as nat_explain.c does it for IPv4:
 * asks the same tables as the path does, in the same order, and changes nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/switch/trace.h"

enum { END_TEXT = IP_ADDR_STR + 8 };

static const char *const protos[] = {"tcp", "udp", "echo"};

static const char *endpoint(enum nat_proto proto, const struct ip_addr *addr, be16 port,
			    char out[END_TEXT])
{
	char text[IP_ADDR_STR];

	snprintf(out, END_TEXT, proto == NAT_ICMP ? "%s id %u" : "[%s]:%u",
		 ip_addr_format(addr, text), ntohs(port));
	return out;
}

static void tell_drop(struct trace *t, enum drop_reason why)
{
	trace_say(t, "nat", "dropped: %s: %s", drop_word(why), drop_text(why));
}

/* A frame to look at, taken apart: the caller puts v->p. False when it is told to be bad. */
static bool take_apart(const struct pkt *frame, struct nat6_view *v, struct trace *t)
{
	struct pkt *p = pkt_writable(pkt_get((struct pkt *)frame));
	enum drop_reason why = p ? nat6_parse(p, v) : DROP_NO_BUFFER;

	if (!why && v->l4)
		return true;
	if (why)
		tell_drop(t, why);
	else
		trace_say(t, "nat", "a later fragment: it goes where its first one went");
	pkt_put(p);
	return false;
}

/* How the host's routes lead there; false, and told, when they don't. */
static bool find_way(struct nat_net *nn, const struct ip_addr *dst, struct nl_route *r,
		     struct trace *t)
{
	char text[IP_ADDR_STR], hop[IP_ADDR_STR], own[IP_ADDR_STR];
	int rc = nl_route_get(dst, r);

	ip_addr_format(dst, text);
	if (rc == -EHOSTUNREACH)
		trace_say(t, "route",
			  "%s is the host's own address: only a port of a guest's there leads on, "
			  "else ICMPv6 1/1, prohibited",
			  text);
	else if (rc < 0 || !uplinks_is_source(nn->uplinks, &r->src))
		trace_say(t, "route", "the host has no route to %s: ICMPv6 1/0, no route", text);
	else if (uplink_link_is_ours(nn->net->runner, r->ifname))
		trace_say(t, "route",
			  "%s is on another network of this daemon (%s): ICMPv6 1/1, prohibited",
			  text, r->ifname);
	else
		trace_say(t, "route", "%s leads by %s (%s)%s%s, MTU %u%s", text, r->ifname,
			  ip_addr_format(&r->src, own),
			  ip_addr_is_zero(&r->gateway) ? ", on its link" : " to next hop ",
			  ip_addr_is_zero(&r->gateway) ? "" : ip_addr_format(&r->gateway, hop),
			  r->mtu ? r->mtu : IP6_MIN_MTU,
			  uplink_find(nn->uplinks, r->ifindex, &r->src)
				  ? ""
				  : "; this uplink would be opened");
	return rc == 0 && uplinks_is_source(nn->uplinks, &r->src) &&
	       !uplink_link_is_ours(nn->net->runner, r->ifname);
}

static bool tell_room(struct nat6 *six, be32 name, struct trace *t)
{
	const struct nat_table *table = &six->table;
	const struct nat_guest *g = name ? nat_guest_of(table, name) : NULL;
	uint32_t has = g ? g->sessions : 0;
	bool room = has < table->set.max_guest && table->n_sessions < table->set.max;

	trace_say(t, "limits", "the guest has %u of at most %u flows, the network %u of %u%s", has,
		  table->set.max_guest, table->n_sessions, table->set.max,
		  room ? "" : ": unless one is over, dropped and ICMPv6 1/1");
	return room;
}

/* What the tables know of the flow. @k->addr and @k->peer are 0 where there is no name yet. */
static struct nat_session *find_flow(struct nat6 *six, const struct nat_key *k,
				     struct nat_mapping **m)
{
	*m = k->ext && k->addr ? nat_mapping_find(&six->table, k) : NULL;
	return *m && k->peer ? nat_session_find(&six->table, *m, k->peer, k->peer_port) : NULL;
}

static void tell_mapping(struct nat_net *nn, const struct nat6_view *v, const struct nl_route *r,
			 struct trace *t)
{
	struct nat6 *six = nn->six;
	struct ip_addr src = nat6_src(v), dst = nat6_dst(v);
	const struct uplink *up = uplink_find(nn->uplinks, r->ifindex, &r->src);
	const struct nat6_neigh *from = nat6_neigh_find(six, &src);
	be16 peer_port = v->proto == NAT_ICMP ? 0 : v->dport;
	struct nat_key k = {.ext = up ? up->ext : NULL,
			    .proto = v->proto,
			    .addr = from ? nat6_neigh_name(six, from) : 0,
			    .peer = nat6_peer_name(six, &dst, false),
			    .port = v->sport,
			    .peer_port = peer_port};
	struct nat_mapping *m;
	const struct nat_session *s = find_flow(six, &k, &m);
	char in[END_TEXT], out[END_TEXT], own[IP_ADDR_STR];

	endpoint(v->proto, &src, v->sport, in);
	if (m)
		trace_say(t, "mapping", "%s %s is %s outside (%s)", protos[v->proto], in,
			  endpoint(v->proto, &r->src, m->ext_port, out),
			  m->forward ? "a port forward" : nat_kind_words[six->table.set.mapping]);
	else
		trace_say(t, "mapping", "%s %s would get a new port of %s (%s)", protos[v->proto],
			  in, ip_addr_format(&r->src, own), nat_kind_words[six->table.set.mapping]);
	endpoint(v->proto, &dst, v->proto == NAT_ICMP ? v->sport : v->dport, out);
	if (s)
		trace_say(t, "flow", "to %s, known", out);
	else if (tell_room(six, k.addr, t))
		trace_say(t, "flow", "a new one to %s", out);
	trace_say(t, "nat", "leaves by %s from %s, hop limit %u", r->ifname,
		  m ? endpoint(v->proto, &r->src, m->ext_port, out) : ip_addr_format(&r->src, own),
		  v->ip->hop_limit - 1u);
}

/* Is this a packet that is not looked up at all? Says so. */
static bool tell_refused(const struct nat6 *six, const struct nat6_view *v, struct trace *t)
{
	struct ip_addr src = nat6_src(v), dst = nat6_dst(v);

	if (!nat6_is_inside(six, &src) || nat6_is_own(six, &src)) {
		tell_drop(t, DROP_SPOOFED);
		return true;
	}
	if (nat6_is_martian(&dst) || nat6_is_inside(six, &dst)) {
		tell_drop(t, DROP_MARTIAN);
		return true;
	}
	if (v->ip->hop_limit <= 1)
		trace_say(t, "nat", "its hop limit is over: ICMPv6 3/0");
	return v->ip->hop_limit <= 1;
}

void nat_explain6(struct nat_net *nn, const struct pkt *p, struct trace *t)
{
	struct nl_route r = {0};
	struct nat6_view v;
	struct ip_addr dst;

	if (!nn->six) {
		trace_say(t, "nat", "the network has no IPv6");
		return;
	}
	if (!take_apart(p, &v, t))
		return;
	dst = nat6_dst(&v);
	if (nat6_is_own(nn->six, &dst)) {
		trace_say(t, "nat", "for the gateway itself, which answers echo requests");
	} else if (!tell_refused(nn->six, &v, t) && find_way(nn, &dst, &r, t)) {
		uint32_t mtu = r.mtu ? r.mtu : IP6_MIN_MTU;

		if (nat6_wire_len(&v) > mtu)
			trace_say(t, "nat", "%u bytes are too long: ICMPv6 2/0 with MTU %u",
				  nat6_wire_len(&v), mtu);
		else
			tell_mapping(nn, &v, &r, t);
	}
	pkt_put(v.p);
}

/* ---- the way in ------------------------------------------------------------------------------ */

static bool tell_filter(struct nat6 *six, const struct nat6_view *v, struct nat_mapping *m,
			struct trace *t)
{
	struct ip_addr src = nat6_src(v);
	be16 port = v->proto == NAT_ICMP ? 0 : v->sport;
	be32 peer = nat6_peer_name(six, &src, false);
	bool opens = v->proto != NAT_ICMP && nat6_may_open(v, NULL);
	char text[END_TEXT];

	endpoint(v->proto, &src, v->sport, text);
	if (peer && nat_session_find(&six->table, m, peer, port)) {
		trace_say(t, "filter", "let in: there is a flow with %s", text);
		return true;
	}
	if (!opens || !nat_session_admits(&six->table, m, peer, port)) {
		trace_say(t, "filter", "not let in: no flow with %s, and filtering is %s", text,
			  nat_kind_words[six->table.set.filter]);
		return false;
	}
	trace_say(t, "filter", "let in as a new flow with %s: %s", text,
		  m->forward ? "a port forward lets everybody in" : "the filtering rule has it so");
	return tell_room(six, m->addr, t);
}

static bool explain_in(struct nat_net *nn, const struct nat6_view *v, struct trace *t)
{
	struct ip_addr dst = nat6_dst(v), inside;
	const struct uplink *up = uplink_find(nn->uplinks, 0, &dst);
	struct nat_mapping *m;
	char out[END_TEXT], in[END_TEXT];
	struct nat *owner = NULL;

	if (!up) {
		trace_say(t, "uplink", "no open uplink has that address: the host's own business");
		return false;
	}
	trace_say(t, "uplink", "arrives at %s", up->ifname);
	m = nat_ext_find(up->ext, v->proto, v->dport, &owner);
	endpoint(v->proto, &dst, v->dport, out);
	if (!m || owner != nn->nat) {
		trace_say(t, "mapping",
			  m ? "%s %s belongs to another network"
			    : "nobody has %s %s: left to the host",
			  protos[v->proto], out);
		return false;
	}
	inside = nat6_inside_addr(nn->six, m->addr);
	endpoint(v->proto, &inside, m->port, in);
	trace_say(t, "mapping", "%s %s is %s inside%s", protos[v->proto], out, in,
		  m->forward ? ", by a port forward" : "");
	if (!tell_filter(nn->six, v, m, t))
		return false;
	if (v->ip->hop_limit <= 1)
		trace_say(t, "nat", "its hop limit is over: ICMPv6 3/0");
	else
		trace_say(t, "nat", "goes on to %s by the gateway, hop limit %u", in,
			  v->ip->hop_limit - 1u);
	return v->ip->hop_limit > 1;
}

bool nat_explain6_outside(struct nat_net *nn, const struct pkt *p, struct trace *t)
{
	struct nat6_view v;
	bool delivered;

	if (!nn->six || !take_apart(p, &v, t))
		return false;
	delivered = explain_in(nn, &v, t);
	pkt_put(v.p);
	return delivered;
}
