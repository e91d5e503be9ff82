/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_map.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_forward.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/switch/runner.h"

enum { RETRY_MS = 10000 };

/* ---- wishes ---------------------------------------------------------------------------------- */

static void wish_taken(struct nat_wish *w, const struct mac *by, msec now)
{
	char mac[MAC_STR] = "the host itself";

	if (!mac_is_zero(by))
		mac_format(by, mac);
	nat_wish_end(w);
	w->retry_ms = now + RETRY_MS;
	snprintf(w->reason, sizeof(w->reason), "%s has that address", mac);
}

bool nat_wish_run(struct nat_net *nn, struct nat_wish *w)
{
	msec now = nn->net->runner->now;
	struct err err = {0};
	struct mac by;

	if (!w->ext && now < w->retry_ms)
		return false;
	if (!w->ext) {
		w->ext = uplinks_extra_open(nn->uplinks, w->addr, &err);
		if (!w->ext) {
			snprintf(w->reason, sizeof(w->reason), "%.150s", err.text);
			w->retry_ms = now + RETRY_MS;
			return false;
		}
	}
	switch (uplinks_extra_state(w->ext, &by)) {
	case EXTRA_TAKEN:
		wish_taken(w, &by, now);
		return false;
	case EXTRA_PROBING:
		snprintf(w->reason, sizeof(w->reason), "asking whether somebody else has it");
		return false;
	default:
		w->reason[0] = 0;
		return !w->used;
	}
}

void nat_wish_end(struct nat_wish *w)
{
	if (w->ext)
		uplinks_extra_close(w->ext);
	w->ext = NULL;
	w->used = false;
	w->retry_ms = 0;
}

/* ---- maps ------------------------------------------------------------------------------------ */

static json_t *map_json(const struct nat_map *m)
{
	const struct nat_ext *ext = m->wish.ext;
	char outside[IP4_STR], to[IP4_STR] = "";
	struct nat_count none = {0}, tx = ext ? ext->one_tx : none, rx = ext ? ext->one_rx : none;

	if (m->to)
		ip4_format(m->to, to);
	return json_pack("{s:s, s:s, s:s?, s:b, s:s?, s:s?, s:I, s:I, s:I, s:I}", "address",
			 ip4_format(m->wish.addr, outside), "to", m->guest[0] ? m->guest : to,
			 "to_address", m->to ? to : NULL, "active", (int)m->wish.used, "reason",
			 m->wish.reason[0] ? m->wish.reason : NULL, "uplink",
			 ext ? uplinks_extra_ifname(ext) : NULL, "tx_packets",
			 (json_int_t)tx.packets, "tx_bytes", (json_int_t)tx.bytes, "rx_packets",
			 (json_int_t)rx.packets, "rx_bytes", (json_int_t)rx.bytes);
}

static void map_stop(struct nat_net *nn, struct nat_map *m)
{
	if (m->wish.used)
		nat_one_del(nn->nat, m->wish.ext);
	m->wish.used = false;
}

/* Where its guest is now. */
static void map_follow(struct nat_net *nn, struct nat_map *m)
{
	be32 now = m->guest[0] ? forward_guest_addr4(nn, m->guest) : m->to;

	if (!now || now == m->to)
		return;
	map_stop(nn, m);
	m->to = now;
}

static void map_run(struct nat_net *nn, struct nat_map *m)
{
	map_follow(nn, m);
	if (!nat_wish_run(nn, &m->wish))
		return;
	if (!m->to)
		snprintf(m->wish.reason, sizeof(m->wish.reason), "guest \"%s\" has no address yet",
			 m->guest);
	else if (nat_one_add(nn->nat, m->wish.ext, m->to))
		m->wish.used = true;
}

static int parse_to(const struct nat_net *nn, struct nat_map *m, const char *to, struct err *err)
{
	const struct nat_conf *c = &nn->nat->conf;
	char subnet[IP4_PREFIX_STR];

	if (ip4_parse(to, &m->to) < 0) {
		m->to = 0;
		if (!name_valid_max(to, PORT_NAME_MAX))
			return err_set(err, -EINVAL, "to: no guest has such a name");
		snprintf(m->guest, sizeof(m->guest), "%s", to);
		return 0;
	}
	if (!ip4_prefix_has(c->subnet, m->to) || m->to == c->gateway || m->to == c->host ||
	    m->to == c->dhcp || m->to == ip4_network(c->subnet) ||
	    m->to == ip4_broadcast(c->subnet))
		return err_set(err, -EINVAL, "to: no guest of \"%s\" can have that address (%s)",
			       nn->net->conf.name, ip4_prefix_format(c->subnet, subnet));
	return 0;
}

static int check_new(const struct nat_net *nn, const struct nat_map *m, struct err *err)
{
	char text[IP4_STR];
	unsigned int n = 0;

	ip4_format(m->wish.addr, text);
	for (const struct nat_map *o = nn->maps; o; o = o->next, n++) {
		if (o->wish.addr == m->wish.addr)
			return err_set(err, -EEXIST, "%s is mapped already, to %s", text,
				       o->guest[0] ? o->guest : "another address");
		if (m->to && o->to == m->to)
			return err_set(err, -EEXIST,
				       "to: that guest has an address outside already");
	}
	if (n == NAT_EXTRAS)
		return err_set(err, -ENOSPC, "network \"%s\" has %d maps already",
			       nn->net->conf.name, NAT_EXTRAS);
	return 0;
}

static int map_parse(const struct nat_net *nn, struct nat_map *m, json_t *params, struct err *err)
{
	const char *address, *to, *at = NULL;
	int rc;

	if (json_unpack(params, "{s:s, s:s, s?:s}", "address", &address, "to", &to, "at", &at) < 0)
		return err_set(err, -EINVAL, "a map needs address and to");
	if (ip4_parse(address, &m->wish.addr) < 0 || nat_is_martian(m->wish.addr))
		return err_set(err, -EINVAL, "address: \"%.40s\" is no IPv4 address for a host",
			       address);
	rc = parse_to(nn, m, to, err);
	if (rc == 0)
		rc = check_new(nn, m, err);
	/* Where it was when the map was made: until a restarted daemon hears of it. */
	if (rc == 0 && m->guest[0] && at && ip4_parse(at, &m->to) == 0 &&
	    !ip4_prefix_has(nn->nat->conf.subnet, m->to))
		m->to = 0;
	return rc;
}

int nat_map_add(struct nat_net *nn, json_t *params, json_t **result, struct err *err)
{
	struct nat_map *m = calloc(1, sizeof(*m)), **end = &nn->maps;
	struct err why = {0};
	int rc;

	if (!m)
		return err_sys(err, -ENOMEM, "map");
	rc = map_parse(nn, m, params, err);
	if (rc == 0) {
		/* What is wrong for good is refused; what may come later is waited for. */
		m->wish.ext = uplinks_extra_open(nn->uplinks, m->wish.addr, &why);
		if (!m->wish.ext && why.code != -ENETUNREACH) {
			rc = why.code;
			if (err)
				*err = why;
		}
	}
	if (rc < 0) {
		free(m);
		return rc;
	}
	while (*end)
		end = &(*end)->next;
	*end = m;
	map_run(nn, m);
	*result = map_json(m);
	return 0;
}

int nat_map_list(const struct nat_net *nn, json_t **result)
{
	json_t *rows = json_array();

	for (const struct nat_map *m = nn->maps; m; m = m->next)
		json_array_append_new(rows, map_json(m));
	*result = json_pack("{s:o}", "maps", rows);
	return 0;
}

static void map_free(struct nat_net *nn, struct nat_map *m)
{
	map_stop(nn, m);
	nat_wish_end(&m->wish);
	free(m);
}

int nat_map_del(struct nat_net *nn, json_t *params, json_t **result, struct err *err)
{
	const char *text = json_string_value(json_object_get(params, "address"));
	be32 addr = 0;

	if (!text || ip4_parse(text, &addr) < 0)
		return err_set(err, -EINVAL, "address: wants an IPv4 address");
	for (struct nat_map **at = &nn->maps; *at; at = &(*at)->next) {
		struct nat_map *m = *at;

		if (m->wish.addr != addr)
			continue;
		*at = m->next;
		map_free(nn, m);
		*result = json_object();
		return 0;
	}
	return err_set(err, -ENOENT, "network \"%s\" has no map of %s", nn->net->conf.name, text);
}

void nat_map_refresh(struct nat_net *nn)
{
	for (struct nat_map *m = nn->maps; m; m = m->next)
		map_run(nn, m);
}

void nat_map_lost(struct nat_net *nn, const struct nat_ext *ext, bool gone)
{
	for (struct nat_map *m = nn->maps; m; m = m->next) {
		if (m->wish.ext != ext)
			continue;
		map_stop(nn, m);
		/* Taken: the next tick says by whom. */
		if (!gone)
			return;
		m->wish.ext = NULL;
		snprintf(m->wish.reason, sizeof(m->wish.reason), "its uplink is gone");
	}
}

void nat_map_fini(struct nat_net *nn)
{
	while (nn->maps) {
		struct nat_map *m = nn->maps;

		nn->maps = m->next;
		map_free(nn, m);
	}
}
