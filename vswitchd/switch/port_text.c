/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_text.c - a port as text: its interface's name, and its facts as JSON.
 */
#include <stdio.h>
#include <string.h>

#include "lib/hash.h"
#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/vlan.h"

void port_ifname(const char *port_name, char out[16])
{
	/* A fixed key: the same port has the same interface name after a restart. */
	static const struct hash_key key = {0x76732d, 0x696661};
	size_t len = strlen(port_name);

	if (len <= IFNAME_MAX - 3) {
		snprintf(out, 16, "vs-%s", port_name);
	} else {
		uint64_t h = hash_bytes(&key, port_name, len);

		snprintf(out, 16, "vs-%.8s%04x", port_name, (unsigned int)(h & 0xffff));
	}
	for (char *c = out; *c; c++)
		if (*c == '.')
			*c = '-';
}

void port_set_ifname(struct port *port, const struct port_conf *conf)
{
	if (conf->ifname)
		snprintf(port->ifname, sizeof(port->ifname), "%s", conf->ifname);
	else
		port_ifname(port->name, port->ifname);
}

static json_t *offloads_json(const struct port *port)
{
	static const struct {
		unsigned int bit;
		const char *word;
	} words[] = {{OFFLOAD_CSUM, "csum"},
		     {OFFLOAD_TSO4, "tso4"},
		     {OFFLOAD_TSO6, "tso6"},
		     {OFFLOAD_USO, "uso"}};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (port->offloads & words[i].bit)
			json_array_append_new(list, json_string(words[i].word));
	return list;
}

static json_t *drops_json(const struct port *port, uint64_t *total)
{
	json_t *drops = json_object();

	*total = 0;
	for (int i = DROP_NONE + 1; i < DROP_N; i++) {
		if (!port->stats.drops[i])
			continue;
		json_object_set_new(drops, drop_word(i),
				    json_integer((json_int_t)port->stats.drops[i]));
		*total += port->stats.drops[i];
	}
	return drops;
}

static json_t *counters_json(uint64_t frames, uint64_t bytes, uint64_t gso)
{
	return json_pack("{s:I, s:I, s:I}", "frames", (json_int_t)frames, "bytes",
			 (json_int_t)bytes, "gso", (json_int_t)gso);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static const char *state_word(const struct port *port, const char *loop)
{
	if (port->failed)
		return "failed";
	if (!port->admin_up || port->pulled || port_no_link(port))
		return "down";
	return loop ? "blocked" : "up";
}

static const char *reason_text(const struct port *port, const char *loop)
{
	if (!port->failed && port->pulled)
		return "the schedule of its cable has pulled it";
	if (port->failed)
		return or_null(port->fail_text);
	return port_no_link(port) ? port_no_link(port) : loop;
}

static const char *port_peer_name(const struct port *port)
{
	const struct port *trunk = vlan_trunk_of(port);

	return trunk ? trunk->name : port->ops == &port_patch_ops ? port_patch_peer(port) : NULL;
}

json_t *port_json(const struct port *port)
{
	const struct port_stats *s = &port->stats;
	char mac[MAC_STR] = "", text[96];
	const char *loop = stp_blocked_why(port, text, sizeof(text));
	uint64_t total;
	json_t *drops = drops_json(port, &total), *out;

	if (!mac_is_zero(&port->mac))
		mac_format(&port->mac, mac);
	out = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:o, s:o, "
			"s:o, s:{s:I, s:I}, s:o, s:I}",
			"name", port->name, "net", port->net->conf.name, "carrier", port->ops->type,
			"ifname", or_null(port->ifname), "netns", or_null(port->netns), "vm",
			or_null(port->vm), "mac", or_null(mac), "admin",
			port->admin_up ? "up" : "down", "state", state_word(port, loop), "reason",
			reason_text(port, loop), "lab", or_null(port->lab), "offloads",
			offloads_json(port), "rx",
			counters_json(s->rx_frames, s->rx_bytes, s->rx_gso), "tx",
			counters_json(s->tx_frames, s->tx_bytes, s->tx_gso), "soft", "gso",
			(json_int_t)s->soft_gso, "csum", (json_int_t)s->soft_csum, "drops", drops,
			"drops_total", (json_int_t)total);
	if (port_peer_name(port))
		json_object_set_new(out, "peer", json_string(port_peer_name(port)));
	json_object_set_new(out, "rate", rates_json(port));
	json_object_set_new(out, "impair", impair_json(port));
	json_object_set_new(out, "guard", guard_json(port));
	json_object_set_new(out, "settings", port_settings_json(port));
	return out;
}
