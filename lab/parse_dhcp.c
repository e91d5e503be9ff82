/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_dhcp.c - the schema of a network's `dhcp:`: range, options, subnets, classes, clients.
 *
 * Options and what they are set for become the dhcp_rules of the network's net.add request
 * (vnet-control(7)); names and values are checked here already, by the table that the server has.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/parse_parts.h"
#include "lib/dhcp_option.h"

/* ---- options --------------------------------------------------------------------------------- */

/* "A", or [A, B] as "A,B", in the lab's memory. NULL after saying what is wrong. */
static const char *option_text(struct schema *s, const struct yaml_tree *t)
{
	const char *text = "";
	struct lab_text *v;
	size_t n;

	if (t->kind == YAML_SCALAR)
		return schema_scalar(s, t);
	v = read_texts(s, t, "an option's value", &n);
	for (size_t i = 0; i < n; i++)
		text = lab_printf(s->lab, "%s%s%s", text, i ? "," : "", v[i].s);
	return n ? text : NULL;
}

static void read_option(struct schema *s, const struct yaml_tree *t, json_t *out)
{
	const char *bare = strncmp(t->key, "force:", 6) == 0 ? t->key + 6 : t->key;
	const char *text = option_text(s, t);
	uint8_t wire[OPTION_VALUE_MAX];
	enum option_type type;
	struct err err = {0};
	uint16_t code;
	uint32_t min;

	if (option_key_parse(bare, &code, &type, &min, &err))
		lab_error(s->errors, t->key_pos, "%s", err.text);
	else if (text && strcmp(text, "none") != 0 &&
		 option_value_parse(type, min, text, wire, &err) < 0)
		lab_error(s->errors, t->pos, "%s", err.text);
	else if (text)
		json_object_set_new(out, t->key, json_string(text));
}

/* @out: the JSON object whose member "options" they become. */
static void read_options(struct schema *s, const struct yaml_tree *t, json_t *out)
{
	json_t *options;

	if (s->say) {
		json_object_set_new(s->say, "type", json_string("object"));
		return;
	}
	if (!schema_kind(s, t, YAML_MAP, "options"))
		return;
	options = json_object();
	for (const struct yaml_tree *v = t->first; v; v = v->next)
		read_option(s, v, options);
	json_object_set_new(out, "options", options);
}

/* ---- whom they are for ----------------------------------------------------------------------- */

/* What is said of a class, a subnet or a client, until it is known whole. */
struct part {
	json_t *json;
	struct lab_text vendor, user, mac;
	struct lab_text range, relay;
	struct lab_prefix subnet;
	struct lab_addr server, address;
	struct lab_number arch;
};

static void read_part_options(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_options(s, t, ((struct part *)out)->json);
}

static void put_text(json_t *o, const char *key, const struct lab_text *text)
{
	if (text->s)
		json_object_set_new(o, key, json_string(text->s));
}

static void put_addr(json_t *o, const char *key, const struct lab_addr *a)
{
	char text[IP4_STR];

	if (a->given)
		json_object_set_new(o, key, json_string(ip4_format(a->a, text)));
}

static json_t *member(json_t **rules, const char *key, json_t *empty)
{
	if (!*rules)
		*rules = json_object();
	if (!json_object_get(*rules, key))
		json_object_set(*rules, key, empty);
	json_decref(empty);
	return json_object_get(*rules, key);
}

static void read_class(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"vendor", read_text, offsetof(struct part, vendor)},
		{"user", read_text, offsetof(struct part, user)},
		{"mac", read_text, offsetof(struct part, mac)},
		{"arch", read_number, offsetof(struct part, arch)},
		{"options", read_part_options, 0},
		{0},
	};
	struct part p = {.json = json_object()};
	struct lab_dhcp *dhcp = out;

	schema_map(s, t, "a class", keys, &p);
	if (s->say) {
		json_decref(p.json);
		return;
	}
	if (!p.vendor.s && !p.user.s && !p.mac.s && !p.arch.given)
		lab_error(s->errors, t->key_pos,
			  "class '%s' wants vendor, user, mac or arch to be known by", t->key);
	put_text(p.json, "vendor", &p.vendor);
	put_text(p.json, "user", &p.user);
	put_text(p.json, "mac", &p.mac);
	if (p.arch.given)
		json_object_set_new(p.json, "arch", json_integer(p.arch.v));
	json_object_set_new(p.json, "name", json_string(t->key));
	json_array_append_new(member(&dhcp->rules, "classes", json_array()), p.json);
}

static void read_classes(struct schema *s, const struct yaml_tree *t, void *out)
{
	schema_names(s, t, "classes", read_class, out);
}

static void read_subnet(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"subnet", read_prefix, offsetof(struct part, subnet)},
		{"range", read_text, offsetof(struct part, range)},
		{"server", read_addr, offsetof(struct part, server)},
		{"relay", read_text, offsetof(struct part, relay)},
		{"options", read_part_options, 0},
		{0},
	};
	struct part p = {.json = json_object()};
	struct lab_dhcp *dhcp = out;
	char text[IP4_PREFIX_STR];

	schema_map(s, t, "a subnet", keys, &p);
	schema_says_required(s, "subnet");
	if (s->say) {
		json_decref(p.json);
		return;
	}
	if (t->kind == YAML_MAP && !yaml_member(t, "subnet"))
		lab_error(s->errors, t->pos,
			  "a subnet wants its addresses: add subnet: 10.0.3.0/24");
	if (p.subnet.given)
		json_object_set_new(p.json, "subnet",
				    json_string(ip4_prefix_format(p.subnet.p, text)));
	put_text(p.json, "range", &p.range);
	put_text(p.json, "relay", &p.relay);
	put_addr(p.json, "server", &p.server);
	json_array_append_new(member(&dhcp->rules, "subnets", json_array()), p.json);
}

static void read_subnets(struct schema *s, const struct yaml_tree *t, void *out)
{
	schema_list(s, t, "subnets", read_subnet, out);
}

static void read_client(struct schema *s, const struct yaml_tree *t, struct lab_dhcp *dhcp)
{
	static const struct schema_key keys[] = {
		{"address", read_addr, offsetof(struct part, address)},
		{"options", read_part_options, 0},
		{0},
	};
	struct part p = {.json = json_object()};
	json_t *options;

	schema_map(s, t, "a client", keys, &p);
	options = json_object_get(p.json, "options");
	if (options)
		json_object_set(member(&dhcp->rules, "clients", json_object()), t->key, options);
	if (p.address.given) {
		if (!dhcp->reserve)
			dhcp->reserve = json_object();
		put_addr(dhcp->reserve, t->key, &p.address);
	}
	json_decref(p.json);
}

/* Keys are clients as `dhcp reserve` takes them: nodes, MAC addresses, identifiers. */
static void read_clients(struct schema *s, const struct yaml_tree *t, void *out)
{
	if (s->say) {
		json_object_set_new(s->say, "type", json_string("object"));
		return;
	}
	if (!schema_kind(s, t, YAML_MAP, "clients"))
		return;
	for (const struct yaml_tree *v = t->first; v; v = v->next)
		read_client(s, v, out);
}

/* ---- dhcp: ----------------------------------------------------------------------------------- */

static void read_dhcp_range(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_dhcp *dhcp = out;

	read_range(s, t, &dhcp->first, &dhcp->last);
}

static void read_net_options(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_dhcp *dhcp = out;

	if (!dhcp->rules)
		dhcp->rules = json_object();
	read_options(s, t, dhcp->rules);
}

void read_dhcp(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"range", read_dhcp_range, 0},
		{"router", read_addr, offsetof(struct lab_dhcp, router)},
		{"dns", read_addr, offsetof(struct lab_dhcp, dns)},
		{"lease", read_seconds, offsetof(struct lab_dhcp, lease_s)},
		{"options", read_net_options, 0},
		{"subnets", read_subnets, 0},
		{"classes", read_classes, 0},
		{"clients", read_clients, 0},
		{0},
	};
	struct lab_dhcp *dhcp = out;
	const char *v;

	if (s->say) {
		json_t *me = s->say;

		json_object_set_new(schema_says_or(s), "type",
				    json_pack("[s, s]", "string", "boolean"));
		s->say = schema_says_or(s);
		schema_map(s, t, "dhcp", keys, dhcp);
		s->say = me;
		return;
	}
	dhcp->given = dhcp->on = true;
	dhcp->pos = t->pos;
	if (t->kind != YAML_SCALAR) {
		schema_map(s, t, "dhcp", keys, dhcp);
		return;
	}
	v = schema_scalar(s, t);
	if (v && !strcmp(v, "off"))
		dhcp->on = false;
	else if (v && strcmp(v, "on"))
		read_range(s, t, &dhcp->first, &dhcp->last);
}
