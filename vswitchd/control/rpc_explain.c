/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_explain.c - explain: what would happen to a frame, and to the ARP request before it.
 *
 * The described sender does what a host does: an address beyond its subnet goes to the router, and
 * an address whose MAC it can't know is asked for by a broadcast first. What it can know is taken
 * from what the switch knows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/rpc_explain_int.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

/* ---- what its sender would do ---------------------------------------------------------------- */

static __attribute__((format(printf, 3, 4))) void note(struct question *q, const char *step,
						       const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(q->notes, json_pack("{s:s, s:s}", "step", step, "text", text));
}

struct learnt {
	const struct port *port;
	struct mac mac;
};

static void first_learnt(void *ctx, const struct fdb_row *row)
{
	struct learnt *l = ctx;

	if (row->port == l->port && mac_is_zero(&l->mac))
		l->mac = row->mac;
}

/* What it makes itself; towards the link alone, a link-local one (RFC 6724 5, rule 2). */
static void find_source6(struct question *q)
{
	struct described *d = &q->d;
	char text[IP_ADDR_STR];
	bool local = d->dst6.b[0] == 0xfe || d->dst6.b[0] == 0xff;

	if (!ip_addr_is_zero(&d->src6))
		return;
	d->src6 = explain6_made(q->from->net, &d->src);
	if (local || ip_addr_is_zero(&d->src6))
		d->src6 = ip_addr_link_local(&d->src);
	note(q, "sender", "speaks as %s, which is made from its MAC address",
	     ip_addr_format(&d->src6, text));
}

/* The sender's addresses, when they were not given: those that its port is known for. */
static int find_source(struct question *q, struct err *err)
{
	const struct port *from = q->from;
	struct learnt l = {.port = from, .mac = from->mac};
	struct described *d = &q->d;

	fdb_each(from->net->fdb, from->net->runner->now, first_learnt, &l);
	if (mac_is_zero(&d->src))
		d->src = l.mac;
	if (mac_is_zero(&d->src))
		return err_set(err, -EINVAL,
			       "nothing is known of who is behind port \"%s\": say src MAC",
			       from->name);
	if (explain_is6(d)) {
		find_source6(q);
		return 0;
	}
	if (!d->src_ip)
		d->src_ip = netdhcp_addr_of(from->net, &d->src);
	if (!d->src_ip && mac_equal(&d->src, &from->mac))
		d->src_ip = from->said_addr;
	if (!d->src_ip && d->proto != EXPLAIN_ETHER)
		note(q, "sender", "has no address that is known here: 0.0.0.0 is taken");
	return 0;
}

/* Groups need no ARP (RFC 1112 6.4). */
static bool is_group(const struct net *net, be32 addr, struct mac *mac)
{
	uint32_t a = ntohl(addr);

	if (addr == INADDR_BROADCAST ||
	    (net->conf.subnet.plen && addr == ip4_broadcast(net->conf.subnet))) {
		*mac = MAC_BROADCAST;
		return true;
	}
	*mac = (struct mac){
		{0x01, 0, 0x5e, (uint8_t)(a >> 16 & 0x7f), (uint8_t)(a >> 8), (uint8_t)a}};
	return a >> 28 == 0xe;
}

/* Whom the sender gives it to: the destination, or a router. 0 when there is none. */
static be32 next_hop(struct question *q)
{
	const struct net_conf *c = &q->from->net->conf;
	be32 router = c->dhcp_router ? c->dhcp_router : c->gateway;
	char dst[IP4_STR], subnet[IP4_PREFIX_STR], via[IP4_STR];

	if (!c->subnet.plen || ip4_prefix_has(c->subnet, q->d.dst_ip))
		return q->d.dst_ip;
	ip4_format(q->d.dst_ip, dst);
	ip4_prefix_format(c->subnet, subnet);
	if (router)
		note(q, "route", "%s is not in %s: it goes to the router %s", dst, subnet,
		     ip4_format(router, via));
	else
		note(q, "route", "%s is not in %s, and a %s network has no router of its own", dst,
		     subnet, q->from->net->conf.mode->name);
	return router;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static json_t *steps_json(const struct narration *told)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < told->n; i++) {
		const char *step = narration_step(told, i), *text = strstr(step, ": ");

		json_array_append_new(list, json_pack("{s:s#, s:s}", "step", step,
						      (int)(text - step), "text", text + 2));
	}
	return list;
}

/* Walk the frame that q->d describes. */
static json_t *walk_json(struct question *q, const char *what, struct explanation *e)
{
	char src[MAC_STR], dst[MAC_STR];
	struct pkt *p = explain_build(q->from->net->runner->pool, &q->d);

	if (!p)
		return NULL;
	explain_walk(q->from, p, e);
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:b, s:s?, s:i}", "what", what, "src_mac",
			 mac_format(&q->d.src, src), "dst_mac", mac_format(&q->d.dst, dst), "steps",
			 steps_json(&e->told), "verdict", e->verdict, "delivered", e->delivered,
			 "dropped", e->dropped == DROP_NONE ? NULL : drop_word(e->dropped), "ports",
			 (int)e->copies);
}

static json_t *answer(struct question *q, json_t *walk, const char *verdict, bool delivered)
{
	return json_pack("{s:O, s:[o], s:s, s:b}", "notes", q->notes, "walks", walk, "verdict",
			 verdict, "delivered", delivered);
}

static json_t *explain_frame(struct question *q)
{
	struct explanation e;
	json_t *walk = walk_json(q, "frame", &e);

	return walk ? answer(q, walk, e.verdict, e.delivered) : NULL;
}

/* Nobody is known to have @addr: the sender asks, by @what, and the frame waits for the answer. */
static json_t *explain_asking(struct question *q, const char *addr, const char *what,
			      const struct described *asks)
{
	char verdict[WALK_TEXT + 96];
	struct explanation e;
	json_t *walk;

	note(q, explain_is6(asks) ? "nd" : "arp",
	     "nobody is known to have %s: the sender first asks everybody", addr);
	q->d = *asks;
	walk = walk_json(q, what, &e);
	if (!walk)
		return NULL;
	snprintf(verdict, sizeof(verdict), "%s must answer %s %s first; that is %s", addr,
		 what[0] == 'A' ? "an" : "a", what, e.verdict);
	return answer(q, walk, verdict, e.delivered);
}

static json_t *no_route(struct question *q)
{
	return json_pack("{s:O, s:[], s:s, s:b}", "notes", q->notes, "walks", "verdict",
			 "dropped: the sender itself has no route", "delivered", 0);
}

static json_t *explain6(struct question *q)
{
	const struct net *net = q->from->net;
	const struct port *router;
	char how[128], ip[IP_ADDR_STR], mac[MAC_STR];
	struct described asks = {.proto = EXPLAIN_ARP,
				 .src = q->d.src,
				 .src6 = q->d.src6,
				 .dst6 = q->d.dst6,
				 .vlan = q->d.vlan};

	ip_addr_format(&q->d.dst6, ip);
	if (q->dst_mac_given || explain6_group(&q->d.dst6, &q->d.dst))
		return explain_frame(q);
	asks.dst =
		(struct mac){{0x33, 0x33, 0xff, q->d.dst6.b[13], q->d.dst6.b[14], q->d.dst6.b[15]}};
	if (q->d.proto == EXPLAIN_ARP) {
		q->d.dst = asks.dst;
		return explain_frame(q);
	}
	if (!explain6_on_link(net, &q->d.dst6)) {
		router = explain6_router(net);
		note(q, "route",
		     router ? "%s is not in the network's prefix: it goes to the router %s"
			    : "%s is not in the network's prefix, and there is no router%.0s",
		     ip, router ? router->name : "");
		if (!router)
			return no_route(q);
		q->d.dst = router->mac;
		return explain_frame(q);
	}
	if (!explain6_resolve(net, &q->d.dst6, &q->d.dst, how, sizeof(how)))
		return explain_asking(q, ip, "neighbour solicitation", &asks);
	note(q, "nd", "%s is at %s: %s", ip, mac_format(&q->d.dst, mac), how);
	return explain_frame(q);
}

static json_t *explain(struct question *q)
{
	const struct net *net = q->from->net;
	char how[128], ip[IP4_STR], mac[MAC_STR];
	struct described asks = {.proto = EXPLAIN_ARP,
				 .src = q->d.src,
				 .dst = MAC_BROADCAST,
				 .src_ip = q->d.src_ip,
				 .vlan = q->d.vlan};
	be32 hop;

	if (explain_is6(&q->d))
		return explain6(q);
	if (q->dst_mac_given)
		return explain_frame(q);
	if (q->d.proto == EXPLAIN_ARP) {
		q->d.dst = MAC_BROADCAST;
		return explain_frame(q);
	}
	if (is_group(net, q->d.dst_ip, &q->d.dst))
		return explain_frame(q);
	hop = next_hop(q);
	if (!hop)
		return no_route(q);
	ip4_format(hop, ip);
	asks.dst_ip = hop;
	if (!explain_resolve(net, hop, netdhcp_addr_of, &q->d.dst, how, sizeof(how)))
		return explain_asking(q, ip, "ARP request", &asks);
	note(q, "arp", "%s is at %s: %s", ip, mac_format(&q->d.dst, mac), how);
	return explain_frame(q);
}

/* ---- from outside ---------------------------------------------------------------------------- */

/* "from uplink": the packet is not on the network yet, and its mode decides. */
static int explain_outside(struct rpc *rpc, struct net *net, json_t **result, struct err *err)
{
	struct question q = {0};
	struct narration told;
	const char *verdict;
	bool delivered;
	struct pkt *p;
	int rc = explain_parse(rpc, &q, err);

	if (!rc && (!explain_has_dst(&q.d) ||
		    (explain_is6(&q.d) ? ip_addr_is_zero(&q.d.src6) : !q.d.src_ip) ||
		    q.d.proto <= EXPLAIN_ARP))
		rc = err_set(err, -EINVAL,
			     "from uplink wants src and dst addresses, and proto tcp, udp or icmp");
	p = rc ? NULL : explain_build(net->runner->pool, &q.d);
	if (!rc && !p)
		rc = err_set(err, -ENOBUFS, "no packet buffer is free");
	if (rc)
		return rc;
	narration_init(&told);
	delivered = net->conf.mode->explain_outside(net, p, &told.trace);
	pkt_put(p);
	verdict = delivered ? "delivered to a guest" : "not delivered to any guest";
	*result = json_pack("{s:[], s:[{s:s, s:o, s:s, s:b}], s:s, s:b}", "notes", "walks", "what",
			    "packet from outside", "steps", steps_json(&told), "verdict", verdict,
			    "delivered", delivered, "verdict", verdict, "delivered", delivered);
	return 0;
}

static int explain_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct question q = {0};
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc && !strcmp(rpc_str(rpc, "port"), "uplink") && !port_find("uplink") &&
	    net->conf.mode->explain_outside)
		return explain_outside(rpc, net, result, err);
	if (!rc)
		rc = rpc_port(rpc, &q.from, err);
	if (!rc && q.from->net != net)
		rc = err_set(err, -EINVAL, "port \"%s\" is on network \"%s\"", q.from->name,
			     q.from->net->conf.name);
	if (!rc)
		rc = explain_parse(rpc, &q, err);
	if (rc)
		return rc;
	q.notes = json_array();
	rc = find_source(&q, err);
	if (!rc) {
		*result = explain(&q);
		if (!*result)
			rc = err_set(err, -ENOBUFS, "no packet buffer is free");
	}
	json_decref(q.notes);
	return rc;
}

const struct rpc_method rpc_explain_methods[] = {
	{"explain", explain_m,
	 "net! port! src_mac src_ip dst_mac dst_ip proto dport:i sport:i vlan:i len:i", false},
	{0},
};
