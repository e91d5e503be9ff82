/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vnetctl nat` and `net show` tell of a NAT network, as stable JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/runner.h"

enum { LIST_MAX = 4096, ENDPOINT_STR = IP4_STR + 6 };

static const char *endpoint(be32 addr, be16 port, char out[ENDPOINT_STR])
{
	char text[IP4_STR];

	snprintf(out, ENDPOINT_STR, "%s:%u", ip4_format(addr, text), ntohs(port));
	return out;
}

static const char *state_word(const struct nat_mapping *m, const struct nat_session *s)
{
	if (m->proto == NAT_TCP)
		return nat_tcp_word(s->tcp);
	return s->replied ? "replied" : "unreplied";
}

/* The guest behind an inside address: whose port leads to the MAC that has it. */
static const char *guest_of(const struct nat_net *nn, be32 addr)
{
	const struct mac *mac = gateway_mac_of(&nn->gw, addr);
	const struct port *port =
		mac ? fdb_lookup(nn->net->fdb, mac, 0, nn->net->runner->now) : NULL;

	return port && port->vm[0] ? port->vm : NULL;
}

static const char *const protos[] = {"tcp", "udp", "icmp"};

static json_t *flow_json(const struct nat_net *nn, const struct nat_session *s)
{
	const struct nat_table *t = &nn->nat->table;
	const struct nat_mapping *m = nat_mapping_of(t, s);
	char in[ENDPOINT_STR], out[ENDPOINT_STR], peer[ENDPOINT_STR];
	msec now = nn->net->runner->now;
	msec created = MIN(nat_session_created(t, s), now);
	msec expires = MAX(nat_session_expires(t, s), now);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s?, s:b, s:s}", "proto",
			 protos[m->proto], "inside", endpoint(m->addr, m->port, in), "outside",
			 endpoint(m->ext->addr, m->ext_port, out), "peer",
			 endpoint(s->peer, s->peer_port, peer), "state", state_word(m, s), "age_s",
			 (json_int_t)((now - created) / 1000), "expires_s",
			 (json_int_t)((expires - now) / 1000), "tx_bytes", (json_int_t)s->tx_bytes, "rx_bytes",
			 (json_int_t)s->rx_bytes, "guest", guest_of(nn, m->addr), "forward",
			 (int)m->forward, "cause", nat_cause_text(s->cause));
}

/* ---- list ------------------------------------------------------------------------------------ */

/* What `nat list` is narrowed to; zero: everything. */
struct filter {
	const char *guest, *proto, *state;
	be32 addr, peer;
};

struct list {
	const struct nat_net *nn;
	struct filter only;
	uint64_t matched;
	json_t *flows;
};

static int parse_addr(const json_t *params, const char *key, be32 *out, struct err *err)
{
	const char *text = json_string_value(json_object_get(params, key));

	if (text && ip4_parse(text, out) < 0)
		return err_set(err, -EINVAL, "%s: \"%.60s\" is not an IPv4 address", key, text);
	return 0;
}

static bool is_word(const char *word, const char *wanted)
{
	return !wanted || (word && strcmp(word, wanted) == 0);
}

static bool matches(const struct list *l, const struct nat_mapping *m, const struct nat_session *s)
{
	const struct filter *f = &l->only;

	return (!f->addr || f->addr == m->addr) && (!f->peer || f->peer == s->peer) &&
	       is_word(protos[m->proto], f->proto) && is_word(state_word(m, s), f->state) &&
	       (!f->guest || is_word(guest_of(l->nn, m->addr), f->guest));
}

static void flow(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct list *l = ctx;

	if (!matches(l, m, s))
		return;
	l->matched++;
	/* The whole table would be a reply of tens of megabytes. */
	if (json_array_size(l->flows) < LIST_MAX)
		json_array_append_new(l->flows, flow_json(l->nn, s));
}

int nat_show_flows(struct nat_net *nn, const json_t *params, json_t **result, struct err *err)
{
	struct list l = {.nn = nn};
	const struct nat_table *t = &nn->nat->table;

	l.only.guest = json_string_value(json_object_get(params, "guest"));
	l.only.proto = json_string_value(json_object_get(params, "proto"));
	l.only.state = json_string_value(json_object_get(params, "state"));
	if (parse_addr(params, "address", &l.only.addr, err) < 0 ||
	    parse_addr(params, "peer", &l.only.peer, err) < 0)
		return -EINVAL;
	l.flows = json_array();
	nat_table_each(t, flow, &l);
	*result = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "flows", l.flows, "matched",
			    (json_int_t)l.matched, "sessions", (json_int_t)t->n_sessions,
			    "mappings", (json_int_t)t->n_mappings, "max", (json_int_t)t->set.max,
			    "max_guest", (json_int_t)t->set.max_guest);
	return 0;
}

/* ---- totals for each guest ------------------------------------------------------------------- */

struct totals {
	const struct nat_net *nn;
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
	char addr[IP4_STR];
	json_t *row = json_object_get(t->by_addr, ip4_format(m->addr, addr));

	if (!row) {
		const struct nat_guest *g = nat_guest_of(&t->nn->nat->table, m->addr);

		row = json_pack("{s:s, s:s?, s:i, s:i, s:i, s:i, s:i, s:i}", "address", addr,
				"guest", guest_of(t->nn, m->addr), "flows", 0, "tcp_ports",
				(int)g->ports[NAT_TCP], "udp_ports", (int)g->ports[NAT_UDP],
				"echo_ids", (int)g->ports[NAT_ICMP], "tx_bytes", 0, "rx_bytes", 0);
		json_object_set_new(t->by_addr, addr, row);
	}
	count_in(row, "flows", 1);
	count_in(row, "tx_bytes", s->tx_bytes);
	count_in(row, "rx_bytes", s->rx_bytes);
}

json_t *nat_show_guests(struct nat_net *nn)
{
	struct totals t = {nn, json_object()};
	json_t *rows = json_array(), *row;
	const char *addr;

	nat_table_each(&nn->nat->table, total, &t);
	json_object_foreach (t.by_addr, addr, row)
		json_array_append(rows, row);
	json_decref(t.by_addr);
	return json_pack("{s:o, s:I}", "guests", rows, "max_flows",
			 (json_int_t)nn->nat->table.set.max_guest);
}

/* ---- watch ----------------------------------------------------------------------------------- */

void nat_show_note(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	static const char *const words[] = {"created", "changed", "ended"};
	const struct nat_net *nn = ctx;
	struct runner *r = nn->net->runner;
	json_t *event;

	if (!runner_wants(r, "nat.flow"))
		return;
	event = flow_json(nn, s);
	json_object_set_new(event, "net", json_string(nn->net->conf.name));
	json_object_set_new(event, "what", json_string(words[what]));
	json_object_set_new(event, "why",
			    json_string(what == NAT_CREATED ? nat_cause_text(s->cause)
					: what == NAT_ENDED ? nat_why_text(why)
							    : state_word(nat_mapping_of(&nn->nat->table, s), s)));
	runner_event(r, "nat.flow", event);
}

/* ---- facts of the network -------------------------------------------------------------------- */

static void uplink(void *ctx, const struct uplink_info *info)
{
	char addr[IP4_STR];

	json_array_append_new(ctx, json_pack("{s:s, s:s, s:I, s:I, s:I}", "ifname", info->ifname,
					     "address", ip4_format(info->ext->addr, addr),
					     "rx_frames", (json_int_t)info->rx_frames, "tx_frames",
					     (json_int_t)info->tx_frames, "drops",
					     (json_int_t)info->drops));
}

void nat_show_facts(struct nat_net *nn, json_t *out)
{
	const struct nat_table *t = &nn->nat->table;
	json_t *ups = json_array();

	uplinks_each(nn->uplinks, uplink, ups);
	json_object_set_new(out, "flows", json_integer(t->n_sessions));
	json_object_set_new(out, "mappings", json_integer(t->n_mappings));
	json_object_set_new(out, "max", json_integer(t->set.max));
	json_object_set_new(out, "mapping", json_string(nat_kind_words[t->set.mapping]));
	json_object_set_new(out, "filtering", json_string(nat_kind_words[t->set.filter]));
	json_object_set_new(out, "uplinks", ups);
}
