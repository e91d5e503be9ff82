/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_explain.c - what the translator would do with a packet, in words. It asks the same tables as
 * the path does, in the same order, and changes nothing: no mapping, no session, no uplink comes of
 * it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/ipproto.h"
#include "modes/nat/nat_explain_int.h"
#include "modes/nat/nat_extra.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_path.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/trace.h"

const char *nat_proto_text(const struct nat_view *v, char out[IP_PROTO_STR])
{
	static const char *const words[] = {"tcp", "udp", "echo"};

	return v->proto == NAT_OTHER ? ip_proto_text(v->ip->proto, out) : words[v->proto];
}

const char *nat_end_text(enum nat_proto proto, be32 addr, be16 port, char out[NAT_TELL_TEXT])
{
	char text[IP4_STR];

	if (proto == NAT_OTHER)
		return ip4_format(addr, out);
	snprintf(out, NAT_TELL_TEXT, "%s:%u", ip4_format(addr, text), ntohs(port));
	return out;
}

bool nat_view_begin(const struct pkt *frame, struct nat_view *v, struct trace *t)
{
	struct pkt *p = pkt_writable(pkt_get((struct pkt *)frame));
	enum drop_reason why = p ? nat_parse(p, v) : DROP_NO_BUFFER;

	if (!why)
		return true;
	trace_say(t, "nat", "dropped: %s: %s", drop_word(why), drop_text(why));
	pkt_put(p);
	return false;
}

/* ---- extra addresses ------------------------------------------------------------------------- */

/* Is it an outside address of ours beside the host's, for the packet @v from inside? Says so. */
static bool tell_extra_dst(const struct nat_net *nn, const struct nat_view *v, struct trace *t)
{
	const struct nat_ext *ext = uplinks_extra_find(nn->uplinks, v->ip->dst);
	char outside[IP4_STR], inside[IP4_STR];

	if (!ext)
		return false;
	ip4_format(v->ip->dst, outside);
	if (ext->one_of == nn->nat)
		trace_say(t, "mapping",
			  "%s is %s, by a static map: back in by the gateway, under the sender's "
			  "outside address",
			  outside, ip4_format(ext->one, inside));
	else
		trace_say(t, "mapping",
			  "%s is an outside address of ours: only a port of a guest's there leads "
			  "on, else ICMP 3/10, prohibited",
			  outside);
	return true;
}

/* ---- the way out ----------------------------------------------------------------------------- */

void nat_way_match(void *ctx, const struct uplink_info *info)
{
	struct nat_way *w = ctx;

	if (info->ext->addr == w->addr && (!w->r.ifname[0] || !strcmp(info->ifname, w->r.ifname))) {
		w->ext = info->ext;
		snprintf(w->r.ifname, sizeof(w->r.ifname), "%s", info->ifname);
	}
}

static bool find_way(struct nat_net *nn, be32 dst, struct nat_way *w, struct trace *t)
{
	struct ip_addr to = ip_addr_from4(dst);
	char text[IP4_STR], hop[IP_ADDR_STR], own[IP4_STR];
	int rc = nl_route_get(&to, &w->r);
	bool on_link = ip_addr_is_zero(&w->r.gateway);
	const struct port *ours;

	ip4_format(dst, text);
	if (rc == -EHOSTUNREACH) {
		trace_say(t, "route",
			  "%s is the host's own address: only a port of a guest's there "
			  "leads on, else ICMP 3/10, prohibited",
			  text);
		return false;
	}
	if (rc < 0) {
		trace_say(t, "route", "the host has no route to %s: ICMP 3/0, net unreachable",
			  text);
		return false;
	}
	ours = port_by_ifname(nn->net->runner, w->r.ifname, NULL);
	if (ours && strcmp(ours->ops->type, "nic") != 0) {
		trace_say(t, "route",
			  "%s is on another network of this daemon (%s): ICMP 3/10, "
			  "prohibited",
			  text, w->r.ifname);
		return false;
	}
	w->addr = ip_addr_get4(&w->r.src);
	uplinks_each(nn->uplinks, nat_way_match, w);
	trace_say(t, "route", "%s leads by %s (%s)%s%s, MTU %u%s", text, w->r.ifname,
		  ip4_format(w->addr, own), on_link ? ", on its link" : " to next hop ",
		  on_link ? "" : ip_addr_format(&w->r.gateway, hop), w->r.mtu ? w->r.mtu : 1500,
		  w->ext ? "" : "; this uplink would be opened");
	return true;
}

static const char *lifetime(const struct nat_table *t, const struct nat_view *v,
			    char out[NAT_TELL_TEXT])
{
	msec ms = v->proto == NAT_TCP	  ? t->set.tcp_transitory_ms
		  : v->proto == NAT_ICMP  ? t->set.icmp_ms
		  : v->proto == NAT_OTHER ? t->set.other_ms
		  : v->dport == htons(53) ? t->set.udp_dns_ms
					  : t->set.udp_ms;

	snprintf(out, NAT_TELL_TEXT, "%llu s", (unsigned long long)ms / 1000);
	return out;
}

bool nat_tell_room(struct nat_table *t, be32 addr, struct trace *trace)
{
	const struct nat_guest *g = nat_guest_of(t, addr);
	bool room = g->sessions < t->set.max_guest && t->n_sessions < t->set.max;

	trace_say(trace, "limits", "the guest has %u of at most %u flows, the network %u of %u%s",
		  g->sessions, t->set.max_guest, t->n_sessions, t->set.max,
		  room ? "" : ": unless one is over, dropped and ICMP 3/13");
	return room;
}

static be16 inside_port(const struct nat_view *v)
{
	return v->proto == NAT_ICMP    ? nat_echo_id(v)
	       : v->proto == NAT_OTHER ? htons(v->ip->proto)
				       : v->sport;
}

/* Can a protocol without ports be had with this peer? Says so. */
static bool tell_pair(const struct nat_view *v, const struct nat_way *w, struct trace *t)
{
	const struct nat_mapping *holder = NULL;
	char proto[IP_PROTO_STR], peer[IP4_STR], by[IP4_STR];
	struct nat *owner;

	nat_proto_text(v, proto);
	ip4_format(v->ip->dst, peer);
	if (w->ext)
		holder = nat_ext_find_pair(w->ext, v->ip->proto, v->ip->dst, &owner);
	if (holder) {
		trace_say(t, "mapping", "dropped: %s: %s has %s with %s: ICMP 3/13",
			  drop_word(DROP_PROTO_TAKEN), ip4_format(holder->addr, by), proto, peer);
		return false;
	}
	if (w->ext && w->ext->pair_free &&
	    !w->ext->pair_free(w->ext->ctx, v->ip->proto, v->ip->dst)) {
		trace_say(t, "mapping", "dropped: %s: the host has %s with %s: ICMP 3/13",
			  drop_word(DROP_PROTO_HOST), proto, peer);
		return false;
	}
	trace_say(t, "mapping", "%s has no ports: this guest alone would have it with %s%s", proto,
		  peer,
		  v->ip->proto == IPPROTO_AUTH_
			  ? "; but it protects the addresses (RFC 4302 3.3.3.1), so the far end "
			    "will refuse it"
			  : "");
	return true;
}

static void tell_mapping(struct nat_net *nn, struct nat_view *v, const struct nat_way *w,
			 struct trace *t)
{
	struct nat_table *table = &nn->nat->table;
	be16 port = inside_port(v);
	struct nat_key k = {w->ext, v->proto, v->ip->src, v->ip->dst, port, v->dport};
	struct nat_mapping *m = w->ext ? nat_mapping_find(table, &k) : NULL;
	struct nat_session *s = m ? nat_session_find(table, m, k.peer, k.peer_port) : NULL;
	char in[NAT_TELL_TEXT], out[NAT_TELL_TEXT], life[NAT_TELL_TEXT], addr[IP4_STR],
		proto[IP_PROTO_STR];
	msec now = nn->net->runner->now;
	uint16_t first = NAT_PORT_FIRST, last = NAT_PORT_LAST;

	if (w->ext) {
		first = w->ext->first;
		last = w->ext->last;
	}
	nat_end_text(v->proto, k.addr, port, in);
	if (m)
		trace_say(t, "mapping", "%s %s is %s outside (%s)", nat_proto_text(v, proto), in,
			  nat_end_text(v->proto, m->ext->addr, m->ext_port, out),
			  m->forward ? "a port forward" : nat_kind_words[table->set.mapping]);
	else if (v->proto == NAT_OTHER && !tell_pair(v, w, t))
		return;
	else if (v->proto != NAT_OTHER)
		trace_say(t, "mapping", "%s %s would get a new port of %s, one of %u to %u (%s)",
			  nat_proto_text(v, proto), in, ip4_format(w->addr, addr), first, last,
			  nat_kind_words[table->set.mapping]);
	if (s) {
		msec until = nat_session_expires(table, s);

		trace_say(t, "flow", "to %s, known for %llu s, forgotten in %llu s",
			  nat_end_text(v->proto, k.peer, k.peer_port, out),
			  (unsigned long long)(now - nat_session_created(table, s)) / 1000,
			  (unsigned long long)(until > now ? until - now : 0) / 1000);
	} else if (nat_tell_room(table, k.addr, t)) {
		trace_say(t, "flow", "a new one to %s, for %s without a packet",
			  nat_end_text(v->proto, k.peer, k.peer_port, out),
			  lifetime(table, v, life));
	}
	trace_say(t, "nat", "leaves by %s from %s, TTL %u", w->r.ifname,
		  m ? nat_end_text(v->proto, m->ext->addr, m->ext_port, out)
		    : ip4_format(w->addr, addr),
		  v->ip->ttl - 1u);
}

/* Which outside address: the way's own, one of the pool, or a static map's, about which there is
 * nothing more to say (false). */
static bool tell_address(struct nat_net *nn, const struct nat_view *v, struct nat_way *w,
			 struct trace *t)
{
	struct nat_route rt = {.ext = w->ext};
	char in[IP4_STR], out[IP4_STR];

	if (!w->ext || (!nn->nat->n_ones && !nn->nat->n_pool))
		return true;
	nat_extra_choose(nn->nat, v, &rt);
	ip4_format(v->ip->src, in);
	ip4_format(rt.ext->addr, out);
	if (rt.ext->one_of) {
		trace_say(t, "mapping", "%s is %s outside, whole, by a static map", in, out);
		trace_say(t, "nat", "leaves by %s from %s, TTL %u", w->r.ifname, out,
			  v->ip->ttl - 1u);
		return false;
	}
	if (rt.ext != w->ext)
		trace_say(t, "pool", "%s has %s of the pool (%s)", in, out,
			  nn->nat->pool_arbitrary ? "arbitrary" : "paired");
	w->ext = rt.ext;
	w->addr = rt.ext->addr;
	return true;
}

static void tell_gateway(const struct gateway *g, const struct nat_view *v, struct trace *t)
{
	if (v->proto == NAT_ICMP)
		trace_say(t, "nat", "for the gateway itself, which answers echo requests");
	else if (v->proto == NAT_OTHER)
		trace_say(t, "nat",
			  "for the gateway, which does not speak this protocol: ICMP 3/2");
	else if (g->host_ext)
		trace_say(t, "nat",
			  "for the gateway, which stands for the host's services "
			  "(nat-host)");
	else
		trace_say(t, "nat",
			  "for the gateway, which has no services: ICMP 3/3 (see nat-host)");
}

/* Is this a packet that is not looked up at all? Says so. */
static bool tell_refused(struct nat_net *nn, const struct nat_view *v, struct trace *t)
{
	const struct nat_conf *c = &nn->nat->conf;
	be32 src = v->ip->src, dst = v->ip->dst;

	if (!ip4_prefix_has(c->subnet, src) || src == c->gateway || src == c->host ||
	    src == c->dhcp) {
		trace_say(t, "nat", "dropped: %s: %s", drop_word(DROP_SPOOFED),
			  drop_text(DROP_SPOOFED));
		return true;
	}
	if (nat_is_martian(dst) || ip4_prefix_has(c->subnet, dst)) {
		trace_say(t, "nat", "dropped: %s: %s", drop_word(DROP_MARTIAN),
			  drop_text(DROP_MARTIAN));
		return true;
	}
	if (v->ip->ttl <= 1)
		trace_say(t, "nat", "its TTL is over: ICMP 11/0");
	return v->ip->ttl <= 1;
}

void nat_explain(struct net *net, struct port *to, const struct pkt *p, struct trace *t)
{
	const struct eth_hdr *eth = (const void *)p->data;
	struct nat_net *nn = net->mode_state;
	struct nat_way w = {0};
	struct nat_view v;

	if (to == nn->port && eth->type == htons(ETHERTYPE_IP6) &&
	    mac_equal(&eth->dst, &nn->gw.mac)) {
		nat_explain6(nn, p, t);
		return;
	}
	if (to != nn->port || eth->type != htons(ETHERTYPE_IP4) ||
	    !mac_equal(&eth->dst, &nn->gw.mac) || !nat_view_begin(p, &v, t))
		return;
	if (v.ip->dst == nn->gw.addr) {
		tell_gateway(&nn->gw, &v, t);
	} else if (!tell_refused(nn, &v, t) && !tell_extra_dst(nn, &v, t) &&
		   find_way(nn, v.ip->dst, &w, t)) {
		uint32_t mtu = w.r.mtu ? w.r.mtu : 1500;

		if (nat_is_df(&v) && nat_wire_len(&v) > mtu)
			trace_say(t, "nat",
				  "%u bytes, not to be cut, are too long: ICMP 3/4 with "
				  "MTU %u",
				  nat_wire_len(&v), mtu);
		else if (v.proto < NAT_PROTOS && v.has_l4 && tell_address(nn, &v, &w, t))
			tell_mapping(nn, &v, &w, t);
	}
	pkt_put(v.p);
}
