/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns.c - the name server of a network: its life, its settings, frames in and out.
 *
 * Theory of operation. Frames for port 53 of the gateway or the station are taken before these look
 * at them (net->service). Questions go to the proxy (dns/proxy.h), whose answers become frames to
 * whom asked, out of the port that the question came to. A timer runs only while questions are
 * under way to resolvers, so a network that rests costs nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/text.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "vswitchd/netdns_frame.h"
#include "vswitchd/netdns_int.h"
#include "vswitchd/netsix.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

#define BUSY_S 0.05

enum { ADDR6_GATEWAY = 2, IP4_UDP = 28, IP6_UDP = 48 };

struct netdns *netdns_all;

/* ---- frames ---------------------------------------------------------------------------------- */

/* Has @net this address itself, with a name server behind it? */
static bool is_own(const struct net *net, const struct port *port, const struct ip_addr *a)
{
	const struct net_conf *c = &net->conf;
	struct ip_addr gateway = netsix_addr(net, ADDR6_GATEWAY), link;
	struct ip_addr station = netsix_addr(net, NETSIX_STATION);

	if (ip_addr_is4(a)) {
		be32 addr = ip_addr_get4(a);

		return addr && (addr == c->gateway || addr == c->dhcp_server);
	}
	link = ip_addr_link_local(&port->mac);
	return ip_addr_equal(a, &link) ||
	       (c->subnet6.given &&
		(ip_addr_equal(a, &station) || (c->gateway && ip_addr_equal(a, &gateway))));
}

/* Only members of the network are answered; an answer to any other address would go astray. */
static bool is_member(const struct net *net, const struct ip_addr *a)
{
	if (ip_addr_is4(a))
		return ip4_prefix_has(net->conf.subnet, ip_addr_get4(a));
	return (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) ||
	       (net->conf.subnet6.given && !memcmp(a->b, net->conf.subnet6.prefix, 8));
}

static struct dns_asker asker_of(const struct netdns *d, struct port *via, const struct dns_ends *e)
{
	struct port *port = fdb_lookup(d->net->fdb, &e->mac, 0, d->net->runner->now);
	unsigned int headers = ip_addr_is4(&e->addr) ? IP4_UDP : IP6_UDP;

	return (struct dns_asker){.client = port ? port->id + 1 : 0,
				  .udp_max = (uint16_t)(net_mtu(d->net) - headers),
				  .host = port && !strcmp(port->ops->type, "hosttap"),
				  .port = e->port,
				  .mac = e->mac,
				  .addr = e->addr,
				  .to = e->own,
				  .via = via};
}

static struct dns_ends ends_of(const struct dns_asker *a)
{
	const struct port *via = a->via;

	return (struct dns_ends){
		.mac = a->mac, .own_mac = via->mac, .addr = a->addr, .own = a->to, .port = a->port};
}

static void send_frame(struct netdns *d, const struct dns_asker *a, const void *data, size_t len,
		       bool (*build)(struct pkt *, const struct dns_ends *, const void *, size_t))
{
	struct dns_ends ends = ends_of(a);
	struct pkt *p = pkt_alloc(d->net->runner->pool);

	if (!p || !build(p, &ends, data, len))
		port_drop(a->via, DROP_NO_BUFFER, p);
	else
		port_local_inject(a->via, p);
}

static void send_reply(void *ctx, const struct dns_asker *a, const uint8_t *msg, size_t len)
{
	struct netdns *d = ctx;

	if (a->stream)
		dns_stream_reply(&d->streams, a->stream, msg, len, d->net->runner->now);
	else
		send_frame(d, a, msg, len, dns_frame_udp);
}

static void send_segment(void *ctx, const struct dns_asker *a, const uint8_t *segment, size_t len)
{
	send_frame(ctx, a, segment, len, dns_frame_tcp);
}

static void stream_query(void *ctx, const struct dns_asker *a, const uint8_t *msg, size_t len)
{
	struct netdns *d = ctx;

	dns_proxy_query(&d->proxy, a, msg, len, d->net->runner->now);
}

static void stream_gone(void *ctx, uint32_t stream)
{
	struct netdns *d = ctx;

	dns_proxy_stream_gone(&d->proxy, stream);
}

void netdns_rate(struct netdns *d, msec now)
{
	const uint64_t *count = d->proxy.count;
	struct netdns_rate *r = &d->rate;
	msec took = now - r->since_ms;

	if (took < 1000)
		return;
	r->queries_ps = (count[DNS_N_QUERIES] - r->queries) * 1000 / took;
	r->cached_ps = (count[DNS_N_CACHED] - r->cached) * 1000 / took;
	r->queries = count[DNS_N_QUERIES];
	r->cached = count[DNS_N_CACHED];
	r->since_ms = now;
}

void netdns_show(const struct net *net, json_t *out)
{
	struct netdns *d = net->dns;

	if (!d)
		return;
	json_object_set_new(out, "names", netdns_rate_json(d));
}

static void input_frame(struct netdns *d, struct port *port, const struct dns_frame *f)
{
	const struct udp_hdr *udp = (const void *)f->l4;
	struct dns_asker asker = asker_of(d, port, &f->ends);
	msec now = d->net->runner->now;

	if (!f->ends.port)
		return;
	d->streams.mtu = net_mtu(d->net); /* may change while it runs */
	netdns_rate(d, now);
	if (f->tcp)
		dns_stream_input(&d->streams, &asker, f->l4, f->len, now);
	else
		dns_proxy_query(&d->proxy, &asker, (const uint8_t *)(udp + 1),
				f->len - sizeof(*udp), now);
	netdns_keep_busy(d);
}

static bool take_frame(struct net *net, struct port *port, struct pkt *p)
{
	struct netdns *d = net->dns;
	enum drop_reason why;
	struct ip_addr dst;
	struct dns_frame f;

	if (!dns_frame_likely(p, &port->mac, &dst) || !is_own(net, port, &dst))
		return false;
	why = dns_frame_read(p, &f);
	if (why == DROP_CONSUMED)
		return false;
	if (!why && !is_member(net, &f.ends.addr))
		why = DROP_SPOOFED;
	if (why) {
		port_drop(port, why, p);
		return true;
	}
	if (net->runner->loop) /* by hand there is no host */
		netdns_host_look(net->runner->now);
	input_frame(d, port, &f);
	pkt_put(p);
	return true;
}

/* ---- while questions are under way ----------------------------------------------------------- */

static bool is_busy(const struct netdns *d)
{
	return dns_proxy_busy(&d->proxy) || dns_streams_busy(&d->streams);
}

static void busy_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct netdns *d = w->data;
	struct runner *r = d->net->runner;

	(void)revents;
	runner_clock(r);
	netdns_host_look(r->now); /* questions under way shall not wait for who is gone */
	dns_proxy_tick(&d->proxy, r->now);
	dns_streams_tick(&d->streams, r->now);
	net_flush(d->net);
	if (!is_busy(d))
		ev_timer_stop(loop, w);
}

void netdns_keep_busy(struct netdns *d)
{
	struct ev_loop *loop = d->net->runner->loop;

	if (!loop || !is_busy(d) || ev_is_active(&d->busy))
		return;
	ev_timer_set(&d->busy, BUSY_S, BUSY_S);
	ev_timer_start(loop, &d->busy);
}

void netdns_host_changed(struct runner *r)
{
	for (struct netdns *d = netdns_all; d; d = d->next)
		if (d->net->runner == r)
			dns_upstream_wake(&d->proxy.up);
}

/* ---- what the proxy asks of us --------------------------------------------------------------- */

static uint64_t get_random(void *ctx)
{
	uint64_t v;

	(void)ctx;
	random_bytes(&v, sizeof(v));
	return v;
}

/* A network's members may see their own names, and those of the networks of the same lab. */
static bool may_see(const struct net *net, const struct net *other)
{
	return net == other || (net->conf.lab[0] && !strcmp(net->conf.lab, other->conf.lab));
}

static const struct dns_zone *find_zone(void *ctx, const struct dns_name *name)
{
	const struct netdns *d = ctx;

	for (const struct netdns *o = netdns_all; o; o = o->next)
		if (o->net->runner == d->net->runner && may_see(d->net, o->net) &&
		    o->proxy.zone.origin.len && dns_name_under(name, &o->proxy.zone.origin))
			return &o->proxy.zone;
	return NULL;
}

/* The answer in few words: its addresses or names, else its code. */
static void answer_text(const struct dns_note *n, char *out, size_t size)
{
	unsigned int rcode = dns_get16(n->msg + 2) & DNS_RCODE, answers = dns_get16(n->msg + 6);
	char word[DNS_TYPE_STR], rdata[128];
	size_t off = DNS_HDR, used = 0;
	struct dns_name name;
	struct dns_rr rr;

	snprintf(out, size, "%s",
		 dns_get16(n->msg + 2) & DNS_TC ? "cut: by TCP"
		 : rcode || answers		? dns_rcode_format(rcode, word)
						: "no such record");
	if (!answers || dns_name_read(n->msg, n->len, &off, &name))
		return;
	off += 4;
	while (answers-- && used + 4 < size && !dns_rr_read(n->msg, n->len, &off, &rr))
		used += (size_t)snprintf(
			out + used, size - used, "%s%s", used ? ", " : "",
			dns_rdata_format(n->msg, n->len, &rr, rdata, sizeof(rdata)));
}

static void note(void *ctx, const struct dns_note *n)
{
	static const char *const how[] = {[DNS_BY_REFUSAL] = "refused",
					  [DNS_BY_OWN] = "own",
					  [DNS_BY_SPECIAL] = "special",
					  [DNS_BY_CACHE] = "cache",
					  [DNS_BY_UPSTREAM] = "resolver"};
	const struct netdns *d = ctx;
	char name[DNS_NAME_STR], type[DNS_TYPE_STR], text[512], addr[IP_ADDR_STR],
		server[IP_ADDR_STR];
	const struct port *port;

	if (!runner_wants(d->net->runner, "dns.query"))
		return;
	port = fdb_lookup(d->net->fdb, &n->asker->mac, 0, d->net->runner->now);
	answer_text(n, text, sizeof(text));
	runner_event(d->net->runner, "dns.query",
		     json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:s?, s:s?, s:I}", "net",
			       d->net->conf.name, "address", ip_addr_format(&n->asker->addr, addr),
			       "port", port ? port->name : NULL, "vm",
			       port && port->vm[0] ? port->vm : NULL, "name",
			       dns_name_format(&n->q->name, name), "type",
			       dns_type_format(n->q->type, type), "from", how[n->how], "answer",
			       text, "server", n->server ? ip_addr_format(n->server, server) : NULL,
			       "why", n->why, "took_ms", (json_int_t)n->took_ms));
}

/* ---- settings -------------------------------------------------------------------------------- */

static enum net_dns_way way_of(const struct netdns *d)
{
	return d->net->conf.dns.way == NET_DNS_UNSET ? d->usual : d->net->conf.dns.way;
}

/* A resolver that is itself on the network is what guests are told to ask: we have no way to it
 * where the host has no leg. */
static be32 told_inside(const struct net *net)
{
	const struct net_dns *dns = &net->conf.dns;

	for (unsigned int i = 0; i < dns->n; i++)
		if (ip_addr_is4(&dns->addr[i]) && net->conf.subnet.plen &&
		    ip4_prefix_has(net->conf.subnet, ip_addr_get4(&dns->addr[i])))
			return ip_addr_get4(&dns->addr[i]);
	return 0;
}

/* Bring everything in line with conf.dns. */
static void follow_conf(struct netdns *d)
{
	struct net_conf *c = &d->net->conf;
	enum net_dns_way way = way_of(d);
	be32 inside = told_inside(d->net);

	d->proxy.forward = way == NET_DNS_HOST || (way == NET_DNS_LIST && !inside);
	d->proxy.private_out = d->private_out;
	d->net->service = way == NET_DNS_OFF ? NULL : take_frame;
	c->dhcp_dns = inside		   ? inside
		      : way == NET_DNS_OFF ? 0
		      : c->gateway	   ? c->gateway
					   : c->dhcp_server;
	memset(&c->dns6, 0, sizeof(c->dns6));
	if (way != NET_DNS_OFF && !inside && c->subnet6.given)
		c->dns6 = netsix_addr(d->net, c->gateway ? ADDR6_GATEWAY : NETSIX_STATION);
	snprintf(c->domain, sizeof(c->domain), "%s", way == NET_DNS_OFF || inside ? "" : d->domain);
	netdns_host_apply(d, d->net->runner->now);
}

static int dns_set(struct net *net, const char *value, struct err *err)
{
	struct net_dns dns;

	if (net_dns_parse(value, &dns))
		return err_set(err, -EINVAL, "wants " NET_DNS_TEXT);
	if (!net->dns)
		return err_set(err, -EOPNOTSUPP,
			       "the network has no station: no DHCP server (dhcp=on) and no IPv6");
	net->conf.dns = dns;
	follow_conf(net->dns);
	return 0;
}

static bool dns_get(const struct net *net, char *text, size_t size)
{
	struct net_dns dns = net->conf.dns;

	if (dns.way == NET_DNS_UNSET)
		dns.way = net->dns ? net->dns->usual : NET_DNS_OFF;
	net_dns_format(&dns, text, size);
	return net->dns && dns.way != net->dns->usual;
}

static int private_set(struct net *net, const char *value, struct err *err)
{
	bool ask = !strcmp(value, "ask");

	if (!ask && strcmp(value, "keep"))
		return err_set(err, -EINVAL, "wants keep or ask");
	if (!net->dns)
		return err_set(err, -EOPNOTSUPP, "the network has no name server");
	net->dns->private_out = ask;
	follow_conf(net->dns);
	return 0;
}

static bool private_get(const struct net *net, char *text, size_t size)
{
	bool ask = net->dns && net->dns->private_out;

	snprintf(text, size, "%s", ask ? "ask" : "keep");
	return ask;
}

const struct net_setting netdns_settings[] = {
	{"dns", NET_DNS_TEXT, dns_set, dns_get},
	{"dns-private", "keep or ask", private_set, private_get},
	{0},
};

/* ---- life ------------------------------------------------------------------------------------ */

static void fill_zone(struct netdns *d)
{
	const struct net_conf *c = &d->net->conf;
	struct dns_zone *z = &d->proxy.zone;
	char text[DNS_NAME_STR], zone[2 * NAME_MAX_ + 2];

	/* Lab "course" calls its network "lan" "course.lan": for people it is lan.course. */
	if (netdns_own_name(d->net, c->name) != c->name)
		snprintf(zone, sizeof(zone), "%s.%s", netdns_own_name(d->net, c->name), c->lab);
	else
		snprintf(zone, sizeof(zone), "%s", c->name);
	if (dns_zone_origin(zone, &z->origin))
		z->origin.len = 0;
	if (c->subnet.plen)
		z->subnet[0] = (struct ip_net){ip_addr_from4(ip4_network(c->subnet)),
					       (uint8_t)(96 + c->subnet.plen)};
	if (c->subnet6.given)
		z->subnet[1] = (struct ip_net){netsix_addr(d->net, 0), 64};
	z->hosts = (struct dns_hosts){d, netdns_host_addrs, netdns_host_label};
	if (z->origin.len)
		snprintf(d->domain, sizeof(d->domain), "%s", dns_name_format(&z->origin, text));
}

int netdns_start(struct net *net, enum net_dns_way usual, struct err *err)
{
	struct netdns *d = calloc(1, sizeof(*d));
	struct dns_env env = {.ctx = d,
			      .random = get_random,
			      .reply = send_reply,
			      .ask = netdns_ask,
			      .unask = netdns_unask,
			      .zone = find_zone,
			      .note = note};
	struct dns_streams_env streams = {.ctx = d,
					  .random = get_random,
					  .segment = send_segment,
					  .query = stream_query,
					  .gone = stream_gone};

	if (!d)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	d->net = net;
	d->usual = usual;
	if (dns_proxy_init(&d->proxy, &env) || netdns_names_init(d)) {
		dns_proxy_fini(&d->proxy);
		free(d);
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	}
	dns_streams_init(&d->streams, &streams, net_mtu(net));
	ev_init(&d->busy, busy_cb);
	d->busy.data = d;
	fill_zone(d);
	d->next = netdns_all;
	netdns_all = d;
	net->dns = d;
	net->lease_told = netdns_leased;
	follow_conf(d);
	return 0;
}

void netdns_stop(struct net *net)
{
	struct netdns *d = net->dns, **at = &netdns_all;

	if (!d)
		return;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	if (net->runner->loop)
		ev_timer_stop(net->runner->loop, &d->busy);
	net->dns = NULL;
	net->service = NULL;
	net->lease_told = NULL;
	net->conf.dhcp_dns = 0;
	net->conf.domain[0] = '\0';
	memset(&net->conf.dns6, 0, sizeof(net->conf.dns6));
	dns_streams_fini(&d->streams);
	dns_proxy_fini(&d->proxy);
	netdns_names_fini(d);
	free(d);
}
