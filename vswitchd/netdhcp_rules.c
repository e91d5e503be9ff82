/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_rules.c - from the document to what the server works with.
 */
#include "vswitchd/netdhcp_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/nearest.h"
#include "vswitchd/netdhcp.h"

/* ---- parts of the document ------------------------------------------------------------------- */

/* Every member of @o must be one of @known. */
static int check_members(const json_t *o, const char *const *known, const char *what,
			 struct err *err)
{
	const char *name, *near;
	json_t *value;

	if (!json_is_object(o))
		return err_set(err, -EINVAL, "%s is not an object", what);
	json_object_foreach ((json_t *)o, name, value) {
		const char *const *k = known;

		while (*k && strcmp(*k, name) != 0)
			k++;
		if (*k)
			continue;
		near = nearest_word(name, known);
		return err_set(err, -EINVAL, "%s has no \"%.40s\"%s%s%s", what, name,
			       near ? ": did you mean \"" : "", near ? near : "",
			       near ? "\"?" : "");
	}
	return 0;
}

static int set_options(struct dhcp_optset *set, const json_t *options, struct err *err)
{
	const char *key;
	json_t *value;

	if (!options)
		return 0;
	if (!set)
		return err_set(err, -ENOSPC, "there are too many of them");
	if (!json_is_object(options))
		return err_set(err, -EINVAL, "options are an object of strings");
	json_object_foreach ((json_t *)options, key, value) {
		const char *text = json_string_value(value);
		int rc;

		if (!text || strlen(text) != json_string_length(value))
			return err_set(err, -EINVAL, "option %.40s: wants a string", key);
		rc = optset_set(set, key, text, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int text_of(const json_t *o, const char *key, char *out, size_t size, struct err *err)
{
	const json_t *v = json_object_get(o, key);
	const char *text = json_string_value(v);

	out[0] = '\0';
	if (!v || json_is_null(v))
		return 0;
	if (!text || !text[0] || strlen(text) >= size || strlen(text) != json_string_length(v))
		return err_set(err, -EINVAL, "%s: wants 1 to %zu bytes of text", key, size - 1);
	snprintf(out, size, "%s", text);
	return 0;
}

static int on_off(const json_t *o, const char *key, bool *out, struct err *err)
{
	char text[4];
	int rc = text_of(o, key, text, sizeof(text), err);

	*out = !strcmp(text, "on");
	if (!rc && text[0] && !*out && strcmp(text, "off") != 0)
		rc = err_set(err, -EINVAL, "%s: wants on or off", key);
	return rc;
}

/* ---- classes --------------------------------------------------------------------------------- */

static int class_match(const json_t *c, struct dhcp_match *m, struct err *err)
{
	const json_t *arch = json_object_get(c, "arch");
	int rc = text_of(c, "vendor", m->vendor, sizeof(m->vendor), err);

	if (!rc)
		rc = text_of(c, "user", m->user, sizeof(m->user), err);
	if (!rc)
		rc = text_of(c, "mac", m->mac, sizeof(m->mac), err);
	if (rc)
		return rc;
	for (char *p = m->mac; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p | 0x20);
	m->arch = -1;
	if (arch && !json_is_null(arch)) {
		if (!json_is_integer(arch) || json_integer_value(arch) < 0 ||
		    json_integer_value(arch) > UINT16_MAX)
			return err_set(err, -EINVAL, "arch: wants a number from 0 to 65535");
		m->arch = (int)json_integer_value(arch);
	}
	if (!m->vendor[0] && !m->user[0] && !m->mac[0] && m->arch < 0)
		return err_set(err, -EINVAL, "wants vendor, user, mac or arch to be known by");
	return 0;
}

static int add_class(struct netdhcp_rules *r, const json_t *c, struct err *err)
{
	static const char *const known[] = {"name", "vendor",  "user", "mac",
					    "arch", "options", NULL};
	char name[NAME_MAX_ + 1];
	struct dhcp_match m;
	int rc = check_members(c, known, "a class", err);

	if (!rc)
		rc = text_of(c, "name", name, sizeof(name), err);
	if (!rc && !name_valid(name))
		rc = err_set(err, -EINVAL,
			     "a class wants a name of letters, digits, '.', '-', '_'");
	if (rc)
		return rc;
	if (class_match(c, &m, err) ||
	    set_options(policy_class(r->policy, name, &m), json_object_get(c, "options"), err))
		return err_wrap(err, "class \"%s\"", name);
	if (!json_object_get(c, "options") && !policy_class(r->policy, name, &m))
		return err_set(err, -ENOSPC, "there are %d classes already", POLICY_CLASSES_MAX);
	return 0;
}

/* ---- subnets --------------------------------------------------------------------------------- */

static int addr_in(const struct dhcp_subnet *s, const char *what, be32 addr, struct err *err)
{
	char text[IP4_STR], subnet[IP4_PREFIX_STR];

	if (ip4_prefix_has(s->subnet, addr) && addr != s->subnet.addr &&
	    addr != ip4_broadcast(s->subnet))
		return 0;
	return err_set(err, -EINVAL, "%s %s is no host's address in %s", what,
		       ip4_format(addr, text), ip4_prefix_format(s->subnet, subnet));
}

/* "FIRST-LAST"; without it the upper half less the last two, as in the address plan. */
static int subnet_range(const json_t *o, struct dhcp_subnet *s, struct err *err)
{
	uint32_t size = s->subnet.plen ? 1u << (32 - s->subnet.plen) : 0;
	char text[2 * IP4_STR], *dash;
	int rc = text_of(o, "range", text, sizeof(text), err);

	if (rc)
		return rc;
	s->first = ip4_nth(s->subnet, size / 2);
	s->last = ip4_nth(s->subnet, size - 3);
	if (!text[0])
		return 0;
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (!dash || ip4_parse(text, &s->first) || ip4_parse(dash + 1, &s->last) ||
	    ntohl(s->first) > ntohl(s->last))
		return err_set(err, -EINVAL, "range: wants FIRST-LAST, two IPv4 addresses");
	rc = addr_in(s, "the range's", s->first, err);
	return rc ? rc : addr_in(s, "the range's", s->last, err);
}

static int subnet_server(const json_t *o, struct dhcp_subnet *s, struct err *err)
{
	char text[IP4_STR];
	int rc = text_of(o, "server", text, sizeof(text), err);

	if (rc)
		return rc;
	if (s->relayed)
		return text[0] ? err_set(err, -EINVAL,
					 "server: clients behind a relay know us by our address on "
					 "the network itself")
			       : 0;
	s->server = ip4_nth(s->subnet, (1u << (32 - s->subnet.plen)) - 2);
	if (text[0] && ip4_parse(text, &s->server))
		return err_set(err, -EINVAL, "server: wants an IPv4 address");
	return addr_in(s, "the server's", s->server, err);
}

/* The first router that is set for the subnet must not be given to a client. */
static void subnet_router(const struct dhcp_optset *set, struct dhcp_subnet *s)
{
	for (unsigned int i = 0; i < set->n; i++)
		if (set->v[i].code == OPT_ROUTER && set->v[i].len >= sizeof(s->router))
			memcpy(&s->router, set->v[i].data, sizeof(s->router));
}

static int check_overlap(const struct net_conf *conf, const struct netdhcp_rules *r,
			 struct ip4_prefix p, struct err *err)
{
	char text[IP4_PREFIX_STR], other[IP4_PREFIX_STR];
	const struct ip4_prefix *with = ip4_prefix_overlaps(conf->subnet, p) ? &conf->subnet : NULL;

	for (unsigned int i = 0; i < r->n_more && !with; i++)
		if (ip4_prefix_overlaps(r->more[i].subnet, p))
			with = &r->more[i].subnet;
	return with ? err_set(err, -EEXIST, "subnet %s: the network has %s already",
			      ip4_prefix_format(p, text), ip4_prefix_format(*with, other))
		    : 0;
}

static int subnet_prefix(const struct net_conf *conf, const struct netdhcp_rules *r,
			 const json_t *o, struct dhcp_subnet *s, struct err *err)
{
	enum { PLEN_MIN = 8, PLEN_MAX = 29 };
	char text[IP4_PREFIX_STR];
	int rc = text_of(o, "subnet", text, sizeof(text), err);

	if (rc)
		return rc;
	if (ip4_prefix_parse(text, &s->subnet) || s->subnet.plen < PLEN_MIN ||
	    s->subnet.plen > PLEN_MAX || ip4_network(s->subnet) != s->subnet.addr)
		return err_set(err, -EINVAL,
			       "subnet: wants a network address with a length of /8 to /29, like "
			       "10.0.3.0/24");
	return check_overlap(conf, r, s->subnet, err);
}

static int add_subnet(const struct net_conf *conf, struct netdhcp_rules *r, const json_t *o,
		      struct err *err)
{
	static const char *const known[] = {"subnet", "range", "server", "relay", "options", NULL};
	struct dhcp_subnet s = {.relayed = false};
	char text[IP4_PREFIX_STR];
	struct dhcp_optset *set;
	int rc = check_members(o, known, "a subnet", err);

	if (!rc && r->n_more == ARRAY_SIZE(r->more))
		rc = err_set(err, -ENOSPC, "a network has %d subnets at most", DHCP_POOLS_MAX);
	if (!rc)
		rc = subnet_prefix(conf, r, o, &s, err);
	if (!rc)
		rc = on_off(o, "relay", &s.relayed, err);
	if (rc)
		return rc;
	set = policy_subnet(r->policy, s.subnet);
	rc = subnet_range(o, &s, err);
	if (!rc)
		rc = subnet_server(o, &s, err);
	if (!rc)
		rc = set_options(set, json_object_get(o, "options"), err);
	if (rc)
		return err_wrap(err, "subnet %s", ip4_prefix_format(s.subnet, text));
	subnet_router(set, &s);
	r->more[r->n_more++] = s;
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int add_clients(struct netdhcp_rules *r, const json_t *clients, struct err *err)
{
	struct dhcp_who who;
	const char *name;
	json_t *options;

	json_object_foreach ((json_t *)clients, name, options) {
		if (dhcp_who_parse(name, &who))
			return err_set(
				err, -EINVAL,
				"\"%.60s\" is no client: write a MAC address, id:HEX, a port, "
				"or a guest as NAME or NAME:NIC",
				name);
		if (set_options(policy_client(r->policy, &who), options, err))
			return err_wrap(err, "client %.60s", name);
	}
	return 0;
}

static int rules_read(const struct net_conf *conf, struct netdhcp_rules *r, struct err *err)
{
	static const char *const known[] = {"options", "subnets", "classes", "clients", NULL};
	int rc = check_members(r->doc, known, "DHCP rules", err);
	json_t *o;
	size_t i;

	if (!rc)
		rc = set_options(policy_net(r->policy), json_object_get(r->doc, "options"), err);
	json_array_foreach (json_object_get(r->doc, "subnets"), i, o)
		rc = rc ? rc : add_subnet(conf, r, o, err);
	json_array_foreach (json_object_get(r->doc, "classes"), i, o)
		rc = rc ? rc : add_class(r, o, err);
	return rc ? rc : add_clients(r, json_object_get(r->doc, "clients"), err);
}

int netdhcp_rules_make(const struct net_conf *conf, const json_t *doc, struct netdhcp_rules *out,
		       struct err *err)
{
	int rc;

	*out = (struct netdhcp_rules){.policy = policy_create()};
	out->doc = doc ? json_deep_copy(doc) : json_object();
	rc = out->policy && out->doc ? rules_read(conf, out, err)
				     : err_sys(err, -ENOMEM, "DHCP rules");
	if (rc)
		netdhcp_rules_fini(out);
	return rc;
}

void netdhcp_rules_fini(struct netdhcp_rules *r)
{
	policy_destroy(r->policy);
	json_decref(r->doc);
	*r = (struct netdhcp_rules){0};
}

/* ---- dhcp.options ---------------------------------------------------------------------------- */

static void rows_add(json_t *rows, const char *layer, const char *name, const json_t *options)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)options, key, value) {
		bool force = strncmp(key, "force:", 6) == 0;
		uint16_t code = 0;
		enum option_type type;
		uint32_t min;
		struct err err;

		option_key_parse(force ? key + 6 : key, &code, &type, &min, &err);
		json_array_append_new(
			rows, json_pack("{s:s, s:s?, s:s, s:o, s:O, s:b}", "layer", layer, "name",
					name, "option", force ? key + 6 : key, "code",
					code <= OPT_END ? json_integer(code) : json_null(), "value",
					value, "forced", force));
	}
}

static json_t *subnet_json(const struct dhcp_pool *pool, const struct lease_table *t)
{
	char subnet[IP4_PREFIX_STR], first[IP4_STR], last[IP4_STR], server[IP4_STR];
	const struct dhcp_subnet *s = &pool->conf;

	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I, s:I}", "subnet",
			 ip4_prefix_format(s->subnet, subnet), "first", ip4_format(s->first, first),
			 "last", ip4_format(s->last, last), "server",
			 s->server ? ip4_format(s->server, server) : NULL, "relay",
			 s->relayed ? "on" : "off", "size", (json_int_t)dhcp_pool_size(pool),
			 "free", (json_int_t)dhcp_pool_free(pool, t));
}

json_t *netdhcp_rules_json(const struct netdhcp_rules *r, const struct dhcp_server *s)
{
	json_t *rows = json_array(), *classes = json_array(), *subnets = json_array(), *o;
	const char *name;
	size_t i;

	rows_add(rows, "network", NULL, json_object_get(r->doc, "options"));
	json_array_foreach (json_object_get(r->doc, "subnets"), i, o)
		rows_add(rows, "subnet", json_string_value(json_object_get(o, "subnet")),
			 json_object_get(o, "options"));
	json_array_foreach (json_object_get(r->doc, "classes"), i, o) {
		json_t *c = json_copy(o);

		rows_add(rows, "class", json_string_value(json_object_get(o, "name")),
			 json_object_get(o, "options"));
		json_object_del(c, "options");
		json_array_append_new(classes, c);
	}
	json_object_foreach (json_object_get(r->doc, "clients"), name, o)
		rows_add(rows, "client", name, o);
	for (i = 0; i < s->conf.n_subnets; i++)
		json_array_append_new(subnets, subnet_json(&s->pool[i], &s->leases));
	return json_pack("{s:o, s:o, s:o}", "options", rows, "classes", classes, "subnets",
			 subnets);
}

json_t *netdhcp_known_json(void)
{
	json_t *rows = json_array();

	for (const struct option_def *d = option_table; d->name; d++)
		json_array_append_new(
			rows,
			json_pack("{s:s, s:o, s:s, s:s}", "option", d->name, "code",
				  d->code <= OPT_END ? json_integer(d->code) : json_null(), "type",
				  option_type_word(d->type), "value", option_type_text(d->type)));
	return rows;
}
