/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_explain_in.c - what the translator would do with a packet from outside, in words, as
 * nat_explain.c does it for the way out.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "modes/nat/nat_explain_int.h"
#include "modes/nat/nat_extra.h"
#include "modes/nat/nat_icmp.h"

/* May the packet come in by @m? Says why. */
static bool tell_filter(struct nat_net *nn, const struct nat_view *v, struct nat_mapping *m,
			struct trace *t)
{
	struct nat_table *table = &nn->nat->table;
	be16 port = v->sport;
	bool opens = v->proto == NAT_UDP ||
		     (v->proto == NAT_TCP &&
		      (nat_tcp_flags(v) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN);
	char peer[NAT_TELL_TEXT];

	nat_end_text(v->proto, v->ip->src, port, peer);
	if (nat_session_find(table, m, v->ip->src, port)) {
		trace_say(t, "filter", "let in: there is a flow with %s", peer);
		return true;
	}
	if (!opens || !nat_session_admits(table, m, v->ip->src, port)) {
		trace_say(t, "filter", "not let in: no flow with %s, and filtering is %s", peer,
			  nat_kind_words[table->set.filter]);
		return false;
	}
	trace_say(t, "filter", "let in as a new flow with %s: %s", peer,
		  m->forward ? "a port forward lets everybody in" : "the filtering rule has it so");
	return nat_tell_room(table, m->addr, t);
}

static bool explain_in(struct nat_net *nn, struct nat_view *v, struct trace *t)
{
	be16 port = v->proto == NAT_ICMP ? nat_echo_id(v) : v->dport;
	struct nat_way w = {.addr = v->ip->dst};
	char out[NAT_TELL_TEXT], in[NAT_TELL_TEXT], proto[IP_PROTO_STR];
	struct nat_mapping *m;
	struct nat *owner;

	nat_end_text(v->proto, v->ip->dst, port, out);
	w.ext = uplinks_extra_find(nn->uplinks, v->ip->dst);
	if (w.ext && w.ext->one_of == nn->nat) {
		trace_say(t, "mapping", "%s is %s inside, whole, by a static map: let in", out,
			  ip4_format(w.ext->one, in));
		return v->ip->ttl > 1;
	}
	if (w.ext)
		snprintf(w.r.ifname, sizeof(w.r.ifname), "%s", uplinks_extra_ifname(w.ext));
	else
		uplinks_each(nn->uplinks, nat_way_match, &w);
	if (!w.ext) {
		trace_say(t, "uplink", "no open uplink has that address: the host's own business");
		return false;
	}
	trace_say(t, "uplink", "arrives at %s", w.r.ifname);
	m = v->proto == NAT_OTHER ? nat_ext_find_pair(w.ext, v->ip->proto, v->ip->src, &owner)
				  : nat_ext_find(w.ext, v->proto, port, &owner);
	if (!m || owner != nn->nat) {
		trace_say(t, "mapping",
			  m ? "%s %s belongs to another network"
			    : "nobody has %s %s: left to the host",
			  nat_proto_text(v, proto), out);
		return false;
	}
	trace_say(t, "mapping", "%s %s is %s inside%s", nat_proto_text(v, proto), out,
		  nat_end_text(v->proto, m->addr, m->port, in),
		  m->forward ? ", by a port forward" : "");
	if (!tell_filter(nn, v, m, t))
		return false;
	if (v->ip->ttl <= 1)
		trace_say(t, "nat", "its TTL is over: ICMP 11/0");
	else
		trace_say(t, "nat", "goes on to %s by the gateway, TTL %u", in, v->ip->ttl - 1u);
	return v->ip->ttl > 1;
}

bool nat_explain_outside(struct net *net, const struct pkt *p, struct trace *t)
{
	struct nat_view v;
	bool delivered;

	if (nat_is_ip6(p))
		return nat_explain6_outside(net->mode_state, p, t);
	if (!nat_view_begin(p, &v, t))
		return false;
	delivered = v.proto < NAT_PROTOS && v.has_l4 && explain_in(net->mode_state, &v, t);
	pkt_put(v.p);
	return delivered;
}
