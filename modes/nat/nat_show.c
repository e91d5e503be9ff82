/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vnetctl nat list` and `net show` tell of a NAT network, as stable JSON.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/runner.h"

enum { LIST_MAX = 4096, ENDPOINT_STR = IP4_STR + 6 };

struct list {
	struct nat_net *nn;
	json_t *flows;
};

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
	const struct port *port = mac ? fdb_lookup(nn->net->fdb, mac, 0, nn->net->runner->now) : NULL;

	return port && port->vm[0] ? port->vm : NULL;
}

static void flow(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	static const char *const protos[] = {"tcp", "udp", "icmp"};
	char in[ENDPOINT_STR], out[ENDPOINT_STR], peer[ENDPOINT_STR];
	struct list *l = ctx;
	msec now = l->nn->net->runner->now;
	msec left = s->expires_ms > now ? s->expires_ms - now : 0;

	/* The whole table would be a reply of tens of megabytes. */
	if (json_array_size(l->flows) == LIST_MAX)
		return;
	json_array_append_new(
		l->flows,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s?, s:b}", "proto",
			  protos[m->proto], "inside", endpoint(m->addr, m->port, in), "outside",
			  endpoint(m->ext->addr, m->ext_port, out), "peer",
			  endpoint(s->peer, s->peer_port, peer), "state", state_word(m, s), "age_s",
			  (json_int_t)((now - s->created_ms) / 1000), "expires_s",
			  (json_int_t)(left / 1000), "tx_bytes", (json_int_t)s->tx_bytes,
			  "rx_bytes", (json_int_t)s->rx_bytes, "guest", guest_of(l->nn, m->addr),
			  "forward", (int)m->forward));
}

json_t *nat_show_flows(struct nat_net *nn)
{
	struct list l = {nn, json_array()};
	const struct nat_table *t = &nn->nat->table;

	nat_table_each(t, flow, &l);
	return json_pack("{s:o, s:I, s:I, s:I, s:I}", "flows", l.flows, "sessions",
			 (json_int_t)t->n_sessions, "mappings", (json_int_t)t->n_mappings, "max",
			 (json_int_t)t->set.max, "max_guest", (json_int_t)t->set.max_guest);
}

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
	static const char *const filters[] = {"endpoint-independent", "address-dependent",
					      "address-and-port-dependent"};
	const struct nat_table *t = &nn->nat->table;
	json_t *ups = json_array();

	uplinks_each(nn->uplinks, uplink, ups);
	json_object_set_new(out, "flows", json_integer(t->n_sessions));
	json_object_set_new(out, "mappings", json_integer(t->n_mappings));
	json_object_set_new(out, "max", json_integer(t->set.max));
	json_object_set_new(out, "mapping",
			    json_string(t->set.symmetric ? filters[2] : filters[0]));
	json_object_set_new(out, "filtering", json_string(filters[t->set.filter]));
	json_object_set_new(out, "uplinks", ups);
}
