/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_nets.c - the schema of `networks:`.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/parse_parts.h"
#include "lib/ipaddr.h"
#include "lib/setting_names.h"

static void read_mode(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;
	const char *v = schema_word(s, t, "mode", lab_mode_words);

	if (!v)
		return;
	net->mode = (enum lab_mode)lab_mode_find(v);
	net->has_mode = true;
}

static void read_mtu(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "mtu", 576, 65520);
}

static void read_uplink(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"auto", "plain", "single-mac", NULL};
	const char *v = schema_word(s, t, "uplink", words);

	if (v)
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
}

static void read_host(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"on", "off", NULL};
	const char *v = schema_word(s, t, "host", words);

	if (v)
		*(struct lab_flag *)out =
			(struct lab_flag){.v = !strcmp(v, "on"), .given = true, .pos = t->pos};
}

static void read_vlan(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "vlan", 1, 4094);
}

static void forward_error(struct schema *s, const struct yaml_tree *t)
{
	lab_error(s->errors, t->pos,
		  "'%s' is not a forward: write it as \"8080 -> web:80\", "
		  "\"8000-8010 -> web:8000/both\", \"127.0.0.1:5353 -> web:53/udp\" or, for IPv6, "
		  "\"[::]:8080 -> web:80\"",
		  t->text);
}

static bool port_parse(const char *text, size_t len, unsigned int *out)
{
	char buf[6];

	if (!len || len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = 0;
	*out = (unsigned int)strtoul(buf, NULL, 10);
	return !buf[strspn(buf, "0123456789")] && *out >= 1 && *out <= 65535;
}

/* "PORT" or "FIRST-LAST" of @len bytes. */
static bool ports_ok(const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	size_t n = dash ? (size_t)(dash - text) : len;
	unsigned int first, last;

	if (!port_parse(text, n, &first))
		return false;
	return !dash || (port_parse(dash + 1, len - n - 1, &last) && last >= first);
}

/* "ADDR:" or, for IPv6, "[ADDR]:" of @len bytes. */
static bool bind_addr_ok(const char *text, size_t len)
{
	bool six = text[0] == '[';
	char addr[IP_ADDR_STR];
	struct ip_net net;

	if (six) {
		if (len < 2 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	}
	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = 0;
	return !strchr(addr, '/') && !ip_net_parse(addr, &net) && ip_addr_is4(&net.addr) != six;
}

/* "PORTS", "ADDR:PORTS" or "[ADDR6]:PORTS" of @len bytes. */
static bool bind_ok(const char *text, size_t len)
{
	size_t n = len;

	while (n && text[n - 1] != ':')
		n--;
	if (!n)
		return ports_ok(text, len);
	return bind_addr_ok(text, n - 1) && ports_ok(text + n, len - n);
}

/* What follows a forward's target; NULL: no such protocol. */
static const char *forward_proto(const char *slash)
{
	static const char *const words[] = {"tcp", "udp", "both"};

	for (size_t i = 0; *slash && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(slash + 1, words[i]))
			return words[i];
	return *slash ? NULL : "tcp";
}

/* "[ADDR:]PORT[-PORT] -> NODE:PORT[/tcp|/udp|/both]" */
static void read_forward(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;
	struct lab_forward *f = &net->forwards[net->n_forwards];
	const char *v = schema_says_text(s, " -> ") ? NULL : schema_scalar(s, t);
	const char *arrow = v ? strstr(v, " -> ") : NULL;
	const char *to = arrow ? arrow + 4 : NULL, *colon = to ? strrchr(to, ':') : NULL;
	const char *slash = colon ? colon + strcspn(colon, "/") : NULL;

	if (!v)
		return;
	f->pos = t->pos;
	f->proto = slash ? forward_proto(slash) : NULL;
	if (!colon || colon == to || !bind_ok(v, (size_t)(arrow - v)) ||
	    !port_parse(colon + 1, (size_t)(slash - colon) - 1, &f->port) || !f->proto) {
		forward_error(s, t);
		return;
	}
	f->bind = lab_strndup(s->lab, v, (size_t)(arrow - v));
	f->to = lab_strndup(s->lab, to, (size_t)(colon - to));
	net->n_forwards += f->bind && f->to;
}

static void read_forwards(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;

	net->forwards = lab_alloc(s->lab, t->n, sizeof(*net->forwards));
	if (net->forwards)
		schema_list(s, t, "forward", read_forward, net);
}

/* "ADDR -> NODE" */
static void read_map(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;
	struct lab_map *m = &net->maps[net->n_maps];
	const char *v = schema_says_text(s, " -> ") ? NULL : schema_scalar(s, t);
	const char *arrow = v ? strstr(v, " -> ") : NULL;
	be32 addr;

	if (!v)
		return;
	m->pos = t->pos;
	m->address = arrow ? lab_strndup(s->lab, v, (size_t)(arrow - v)) : NULL;
	if (!m->address || ip4_parse(m->address, &addr) || !arrow[4]) {
		lab_error(s->errors, t->pos,
			  "'%s' is not a map: write it as \"198.51.100.50 -> web\"", t->text);
		return;
	}
	m->to = lab_strndup(s->lab, arrow + 4, strlen(arrow + 4));
	net->n_maps += m->to != NULL;
}

static void read_maps(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;

	net->maps = lab_alloc(s->lab, t->n, sizeof(*net->maps));
	if (net->maps)
		schema_list(s, t, "map", read_map, net);
}

/* "NAME TYPE VALUE": as a line of a zone file. */
static void read_record(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;
	struct lab_record *r = &net->records[net->n_records];
	const char *v = schema_says_text(s, "^[^ ]+ [^ ]+ .+$") ? NULL : schema_scalar(s, t);
	size_t name = v ? strcspn(v, " ") : 0, type = v && v[name] ? strcspn(v + name + 1, " ") : 0;

	if (!v)
		return;
	if (!name || !type || !v[name + 1 + type] || !v[name + 2 + type]) {
		lab_error(
			s->errors, t->pos,
			"'%s' is not a record: write it as \"www A 10.0.2.9\" (name, type, value)",
			v);
		return;
	}
	r->pos = t->pos;
	r->name = lab_strndup(s->lab, v, name);
	r->type = lab_strndup(s->lab, v + name + 1, type);
	r->value = lab_strndup(s->lab, v + name + type + 2, strlen(v + name + type + 2));
	net->n_records += r->name && r->type && r->value;
}

static void read_records(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_net *net = out;

	net->records = lab_alloc(s->lab, t->n, sizeof(*net->records));
	if (net->records)
		schema_list(s, t, "records", read_record, net);
}

static void read_net(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"mode", read_mode, 0},
		{"subnet", read_prefix, offsetof(struct lab_net, subnet)},
		{"subnet6", read_text, offsetof(struct lab_net, subnet6)},
		{"ipv6", read_text, offsetof(struct lab_net, ipv6)},
		{"gateway", read_addr, offsetof(struct lab_net, gateway)},
		{"host", read_host, offsetof(struct lab_net, host)},
		{"dhcp", read_dhcp, offsetof(struct lab_net, dhcp)},
		{"nic", read_text, offsetof(struct lab_net, nic)},
		{"via", read_text, offsetof(struct lab_net, via)},
		{"uplink", read_uplink, offsetof(struct lab_net, uplink)},
		{"mtu", read_mtu, offsetof(struct lab_net, mtu)},
		{"vlan", read_vlan, offsetof(struct lab_net, vlan)},
		{"forward", read_forwards, 0},
		{"map", read_maps, 0},
		{"records", read_records, 0},
		{0},
	};
	struct lab *lab = out;
	struct lab_net *net = &lab->nets[lab->n_nets++];
	unsigned int before = s->errors->n;

	read_key_name(s, t, &net->name);
	schema_map_more(s, t, "a network", keys, net,
			&(struct schema_more){net_setting_names, &net->settings});
	schema_says_required(s, "mode");
	if (!net->has_mode && s->errors->n == before && !s->say)
		lab_error(s->errors, t->key_pos, "network '%s' has no mode: add mode: nat", t->key);
}

void read_networks(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->nets = lab_alloc(lab, t->n, sizeof(*lab->nets));
	if (lab->nets)
		schema_names(s, t, "networks", read_net, lab);
}
