/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vnetctl nat` and `net show` tell of a NAT network, as stable JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipproto.h"
#include "modes/nat/nat_map.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/host/portreserve.h"
#include "vswitchd/switch/runner.h"

enum { LIST_MAX = 4096, ENDPOINT_STR = IP_ADDR_STR + 8 };

/* Both families' tables are alike; in the one of IPv6 addresses are names (nat6.h). */
struct family {
	const struct nat_net *nn;
	const struct nat6 *six; /* NULL: IPv4 */
};

static const struct nat_table *table_of(struct family f)
{
	return f.six ? &f.six->table : &f.nn->nat->table;
}

static struct ip_addr inside_of(struct family f, const struct nat_mapping *m)
{
	return f.six ? nat6_inside_addr(f.six, m->addr) : ip_addr_from4(m->addr);
}

static struct ip_addr outside_of(struct family f, const struct nat_mapping *m)
{
	return f.six ? m->ext->addr6 : ip_addr_from4(m->ext->addr);
}

static struct ip_addr peer_of(struct family f, const struct nat_session *s)
{
	return f.six ? nat6_peer_addr(f.six, s->peer) : ip_addr_from4(s->peer);
}

/* RFC 5952 6: an IPv6 address with a port is in brackets. */
static const char *endpoint(struct ip_addr addr, be16 port, char out[ENDPOINT_STR])
{
	char text[IP_ADDR_STR];

	snprintf(out, ENDPOINT_STR, ip_addr_is4(&addr) ? "%s:%u" : "[%s]:%u",
		 ip_addr_format(&addr, text), ntohs(port));
	return out;
}

/* One end of a flow of @m: protocols without ports have only addresses, and so has who answers an
 * echo, whose identifier is the asker's. */
static const char *flow_end(const struct nat_mapping *m, struct ip_addr addr, be16 port,
			    char out[ENDPOINT_STR])
{
	bool alone = m->proto == NAT_OTHER || (m->proto == NAT_ICMP && !port);

	return alone ? ip_addr_format(&addr, out) : endpoint(addr, port, out);
}

static const char *state_word(const struct nat_mapping *m, const struct nat_session *s)
{
	if (m->proto == NAT_TCP)
		return nat_tcp_word(s->tcp);
	return s->replied ? "replied" : "unreplied";
}

/* The guest behind an inside address, or the namespace: whose port leads to the MAC that has it. */
static const char *guest_of(struct family f, const struct nat_mapping *m)
{
	const struct net *net = f.nn->net;
	const struct mac *mac =
		f.six ? nat6_inside_mac(f.six, m->addr) : gateway_mac_of(&f.nn->gw, m->addr);
	const struct port *port = mac ? fdb_lookup(net->fdb, mac, 0, net->runner->now) : NULL;

	if (!port)
		return NULL;
	return port->vm[0] ? port->vm : port->netns[0] ? port->netns : NULL;
}

static const char *proto_word(const struct nat_mapping *m, char out[IP_PROTO_STR])
{
	static const char *const words[] = {"tcp", "udp", "icmp"};

	return m->proto == NAT_OTHER ? ip_proto_text((uint8_t)ntohs(m->port), out)
				     : words[m->proto];
}

static json_t *flow_json(struct family f, const struct nat_session *s)
{
	const struct nat_table *t = table_of(f);
	const struct nat_mapping *m = nat_mapping_of(t, s);
	char in[ENDPOINT_STR], out[ENDPOINT_STR], peer[ENDPOINT_STR], proto[IP_PROTO_STR];
	msec now = f.nn->net->runner->now;
	msec created = MIN(nat_session_created(t, s), now);
	msec expires = MAX(nat_session_expires(t, s), now);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s?, s:b, s:s}", "proto",
			 proto_word(m, proto), "inside", flow_end(m, inside_of(f, m), m->port, in),
			 "outside", flow_end(m, outside_of(f, m), m->ext_port, out), "peer",
			 flow_end(m, peer_of(f, s), s->peer_port, peer), "state", state_word(m, s),
			 "age_s", (json_int_t)((now - created) / 1000), "expires_s",
			 (json_int_t)((expires - now) / 1000), "tx_bytes", (json_int_t)s->tx_bytes,
			 "rx_bytes", (json_int_t)s->rx_bytes, "guest", guest_of(f, m), "forward",
			 (int)m->forward, "cause", nat_cause_text(s->cause));
}

/* ---- list ------------------------------------------------------------------------------------ */

/* What `nat list` is narrowed to; zero: everything. */
struct filter {
	const char *guest, *proto, *state;
	struct ip_addr addr, peer;
};

struct list {
	struct family family;
	struct filter only;
	uint64_t matched;
	json_t *flows;
};

static int parse_addr(const json_t *params, const char *key, struct ip_addr *out, struct err *err)
{
	const char *text = json_string_value(json_object_get(params, key));
	struct ip_net net;

	if (!text)
		return 0;
	if (ip_net_parse(text, &net) < 0 || strchr(text, '/'))
		return err_set(err, -EINVAL, "%s: \"%.60s\" is not an IP address", key, text);
	*out = net.addr;
	return 0;
}

static bool is_addr(struct ip_addr addr, const struct ip_addr *wanted)
{
	static const struct ip_addr none;

	return ip_addr_equal(wanted, &none) || ip_addr_equal(&addr, wanted);
}

static bool is_word(const char *word, const char *wanted)
{
	return !wanted || (word && strcmp(word, wanted) == 0);
}

static bool matches(const struct list *l, const struct nat_mapping *m, const struct nat_session *s)
{
	const struct filter *f = &l->only;
	char proto[IP_PROTO_STR];

	return is_addr(inside_of(l->family, m), &f->addr) &&
	       is_addr(peer_of(l->family, s), &f->peer) &&
	       is_word(proto_word(m, proto), f->proto) && is_word(state_word(m, s), f->state) &&
	       (!f->guest || is_word(guest_of(l->family, m), f->guest));
}

static void flow(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct list *l = ctx;

	if (!matches(l, m, s))
		return;
	l->matched++;
	/* The whole table would be a reply of tens of megabytes. */
	if (json_array_size(l->flows) < LIST_MAX)
		json_array_append_new(l->flows, flow_json(l->family, s));
}

int nat_show_flows(struct nat_net *nn, const json_t *params, json_t **result, struct err *err)
{
	struct list l = {.family = {nn, NULL}};
	const struct nat_table *t = &nn->nat->table, *t6 = nn->six ? &nn->six->table : NULL;

	l.only.guest = json_string_value(json_object_get(params, "guest"));
	l.only.proto = json_string_value(json_object_get(params, "proto"));
	l.only.state = json_string_value(json_object_get(params, "state"));
	if (parse_addr(params, "address", &l.only.addr, err) < 0 ||
	    parse_addr(params, "peer", &l.only.peer, err) < 0)
		return -EINVAL;
	l.flows = json_array();
	nat_table_each(t, flow, &l);
	l.family.six = nn->six;
	if (t6)
		nat_table_each(t6, flow, &l);
	*result = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "flows", l.flows, "matched",
			    (json_int_t)l.matched, "sessions",
			    (json_int_t)t->n_sessions + (t6 ? t6->n_sessions : 0), "mappings",
			    (json_int_t)t->n_mappings + (t6 ? t6->n_mappings : 0), "max",
			    (json_int_t)t->set.max, "max_guest", (json_int_t)t->set.max_guest);
	return 0;
}

/* ---- totals for each guest ------------------------------------------------------------------- */

struct totals {
	struct family family;
	json_t *by_addr; /* "10.0.2.130": {...} */
};

static void count_in(json_t *row, const char *key, uint64_t n)
{
	json_t *have = json_object_get(row, key);

	json_integer_set(have, json_integer_value(have) + (json_int_t)n);
}

static void total(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct totals *t = ctx;
	struct ip_addr inside = inside_of(t->family, m);
	char addr[IP_ADDR_STR];
	json_t *row = json_object_get(t->by_addr, ip_addr_format(&inside, addr));

	if (!row) {
		const struct nat_guest *g = nat_guest_of(table_of(t->family), m->addr);

		row = json_pack("{s:s, s:s?, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "address", addr,
				"guest", guest_of(t->family, m), "flows", 0, "tcp_ports",
				(int)g->ports[NAT_TCP], "udp_ports", (int)g->ports[NAT_UDP],
				"echo_ids", (int)g->ports[NAT_ICMP], "others",
				(int)g->ports[NAT_OTHER], "tx_bytes", 0, "rx_bytes", 0);
		json_object_set_new(t->by_addr, addr, row);
	}
	count_in(row, "flows", 1);
	count_in(row, "tx_bytes", s->tx_bytes);
	count_in(row, "rx_bytes", s->rx_bytes);
}

json_t *nat_show_guests(struct nat_net *nn)
{
	struct totals t = {{nn, NULL}, json_object()};
	json_t *rows = json_array(), *row;
	const char *addr;

	nat_table_each(&nn->nat->table, total, &t);
	t.family.six = nn->six;
	if (nn->six)
		nat_table_each(&nn->six->table, total, &t);
	json_object_foreach (t.by_addr, addr, row)
		json_array_append(rows, row);
	json_decref(t.by_addr);
	return json_pack("{s:o, s:I}", "guests", rows, "max_flows",
			 (json_int_t)nn->nat->table.set.max_guest);
}

/* ---- watch ----------------------------------------------------------------------------------- */

static void tell(struct family f, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	static const char *const words[] = {"created", "changed", "ended"};
	const struct nat_net *nn = f.nn;
	struct runner *r = nn->net->runner;
	json_t *event;

	if (!runner_wants(r, "nat.flow"))
		return;
	event = flow_json(f, s);
	json_object_set_new(event, "net", json_string(nn->net->conf.name));
	json_object_set_new(event, "what", json_string(words[what]));
	json_object_set_new(event, "why",
			    json_string(what == NAT_CREATED ? nat_cause_text(s->cause)
					: what == NAT_ENDED
						? nat_why_text(why)
						: state_word(nat_mapping_of(table_of(f), s), s)));
	runner_event(r, "nat.flow", event);
}

void nat_show_note(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	tell((struct family){ctx, NULL}, what, s, why);
}

void nat_show_note6(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	const struct nat_net *nn = ctx;

	tell((struct family){nn, nn->six}, what, s, why);
}

/* ---- facts of the network -------------------------------------------------------------------- */

static void uplink(void *ctx, const struct uplink_info *info)
{
	struct ip_addr a = info->ext->addr ? ip_addr_from4(info->ext->addr) : info->ext->addr6;
	char addr[IP_ADDR_STR];

	json_array_append_new(ctx, json_pack("{s:s, s:s, s:I, s:I, s:I}", "ifname", info->ifname,
					     "address", ip_addr_format(&a, addr), "rx_frames",
					     (json_int_t)info->rx_frames, "tx_frames",
					     (json_int_t)info->tx_frames, "drops",
					     (json_int_t)info->drops));
}

static void show_six(const struct nat6 *six, json_t *out)
{
	char text[IP_ADDR_STR];

	json_object_set_new(out, "subnet6",
			    json_sprintf("%s/64", ip_addr_format(&six->conf.prefix, text)));
	json_object_set_new(out, "gateway6", json_string(ip_addr_format(&six->addr, text)));
	json_object_set_new(out, "flows6", json_integer(six->table.n_sessions));
	json_object_set_new(out, "online6", json_boolean(six->online));
}

static void show_ports(const struct nat_net *nn, json_t *out)
{
	char *reserved = portreserve_text();
	uint16_t first, last;

	uplinks_range(nn->uplinks, &first, &last);
	json_object_set_new(out, "nat_ports",
			    first ? json_sprintf("%u-%u", first, last) : json_null());
	json_object_set_new(out, "nat_ports_reserved",
			    reserved ? json_string(reserved) : json_null());
	free(reserved);
}

void nat_show_facts(struct nat_net *nn, json_t *out)
{
	const struct nat_table *t = &nn->nat->table;
	json_t *ups = json_array();

	uplinks_each(nn->uplinks, uplink, ups);
	if (nn->six)
		show_six(nn->six, out);
	json_object_set_new(out, "flows", json_integer(t->n_sessions));
	json_object_set_new(out, "mappings", json_integer(t->n_mappings));
	json_object_set_new(out, "max", json_integer(t->set.max));
	json_object_set_new(out, "mapping", json_string(nat_kind_words[t->set.mapping]));
	json_object_set_new(out, "filtering", json_string(nat_kind_words[t->set.filter]));
	show_ports(nn, out);
	json_object_set_new(out, "pool", nat_pool_json(nn));
	json_object_set_new(out, "uplinks", ups);
}
