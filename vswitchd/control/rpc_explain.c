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
#include "lib/ipproto.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/explain.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/switch/runner.h"

struct question {
	struct port *from;
	struct described d;
	bool dst_mac_given;
	json_t *notes; /* steps before the frame leaves its sender */
};

/* ---- what is asked --------------------------------------------------------------------------- */

static int get_mac(const struct rpc *rpc, const char *key, struct mac *out, struct err *err)
{
	const char *text = rpc_str(rpc, key);

	if (!text || mac_parse(text, out) == 0)
		return 0;
	return err_set(err, -EINVAL, "\"%s\" is not a MAC address", key);
}

static int get_ip(const struct rpc *rpc, const char *key, be32 *out, struct err *err)
{
	const char *text = rpc_str(rpc, key);

	if (!text || ip4_parse(text, out) == 0)
		return 0;
	return err_set(err, -EINVAL, "\"%s\" is not an IPv4 address", key);
}

static int get_proto(const struct rpc *rpc, struct described *d, struct err *err)
{
	static const char *const words[] = {"ether", "arp", "icmp", "udp", "tcp"};
	const char *text = rpc_str(rpc, "proto");
	int other;

	if (!text) {
		d->proto = d->dst_ip ? EXPLAIN_ICMP : EXPLAIN_ETHER;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], text)) {
			d->proto = (enum explain_proto)i;
			return 0;
		}
	other = ip_proto_parse(text);
	if (other < 0 || other == IPPROTO_ICMP_ || other == IPPROTO_TCP_ || other == IPPROTO_UDP_)
		return err_set(
			err, -EINVAL,
			"proto is one of tcp, udp, icmp, arp, ether, gre, esp, sctp, udplite "
			"and their like, or ip-NUMBER");
	d->proto = EXPLAIN_IP;
	d->ip_proto = (uint8_t)other;
	return 0;
}

static int get_numbers(const struct rpc *rpc, struct described *d, struct err *err)
{
	int64_t port, sport, vlan, len;
	int rc = rpc_int(rpc, "dport", 0, 65535, 80, &port, err);

	if (!rc)
		rc = rpc_int(rpc, "sport", 1, 65535, 0, &sport, err);

	if (!rc)
		rc = rpc_int(rpc, "vlan", 1, 4094, 0, &vlan, err);
	if (!rc)
		rc = rpc_int(rpc, "len", EXPLAIN_LEN_MIN, EXPLAIN_LEN_MAX, 0, &len, err);
	if (rc)
		return rc;
	d->port = (uint16_t)port;
	d->sport = (uint16_t)sport;
	d->vlan = (uint16_t)vlan;
	d->len = (uint32_t)len;
	return 0;
}

static int parse(struct rpc *rpc, struct question *q, struct err *err)
{
	struct described *d = &q->d;
	int rc = get_mac(rpc, "src_mac", &d->src, err);

	if (!rc)
		rc = get_mac(rpc, "dst_mac", &d->dst, err);
	if (!rc)
		rc = get_ip(rpc, "src_ip", &d->src_ip, err);
	if (!rc)
		rc = get_ip(rpc, "dst_ip", &d->dst_ip, err);
	if (!rc)
		rc = get_proto(rpc, d, err);
	if (!rc)
		rc = get_numbers(rpc, d, err);
	q->dst_mac_given = rpc_str(rpc, "dst_mac");
	if (!rc && !q->dst_mac_given && !d->dst_ip)
		rc = err_set(err, -EINVAL, "give a destination: a MAC or an IPv4 address");
	if (!rc && d->src_ip && !d->dst_ip)
		rc = err_set(err, -EINVAL, "a source address wants a destination address too");
	if (!rc && !d->dst_ip && d->proto != EXPLAIN_ETHER)
		rc = err_set(err, -EINVAL, "this protocol wants the destination's IPv4 address");
	return rc;
}

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

/* Nobody is known to have @addr: the sender asks, and the frame waits for the answer. */
static json_t *explain_asking(struct question *q, be32 addr)
{
	char ip[IP4_STR], verdict[WALK_TEXT + 64];
	struct explanation e;
	json_t *walk;

	ip4_format(addr, ip);
	note(q, "arp", "nobody is known to have %s: the sender first asks everybody", ip);
	q->d = (struct described){.proto = EXPLAIN_ARP,
				  .src = q->d.src,
				  .dst = MAC_BROADCAST,
				  .src_ip = q->d.src_ip,
				  .dst_ip = addr,
				  .vlan = q->d.vlan};
	walk = walk_json(q, "ARP request", &e);
	if (!walk)
		return NULL;
	snprintf(verdict, sizeof(verdict), "%s must answer an ARP request first; that is %s", ip,
		 e.verdict);
	return answer(q, walk, verdict, e.delivered);
}

static json_t *explain(struct question *q)
{
	const struct net *net = q->from->net;
	char how[128], ip[IP4_STR], mac[MAC_STR];
	be32 hop;

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
		return json_pack("{s:O, s:[], s:s, s:b}", "notes", q->notes, "walks", "verdict",
				 "dropped: the sender itself has no route", "delivered", 0);
	if (!explain_resolve(net, hop, netdhcp_addr_of, &q->d.dst, how, sizeof(how)))
		return explain_asking(q, hop);
	note(q, "arp", "%s is at %s: %s", ip4_format(hop, ip), mac_format(&q->d.dst, mac), how);
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
	int rc = parse(rpc, &q, err);

	if (!rc && (!q.d.src_ip || !q.d.dst_ip || q.d.proto <= EXPLAIN_ARP))
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
		rc = parse(rpc, &q, err);
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
