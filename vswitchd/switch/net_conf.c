/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_conf.c - a network's settings from JSON, and its facts to JSON.
 *
 * Settings are strings, the same words as on the command line; whole numbers are taken as numbers
 * too. One row a key; what is not in the table is refused by name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"
#include "lib/setting_names.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/settings.h"

enum { VLAN_MAX = 4094, NAMES_MORE = 32 };

struct key {
	const char *name;
	const char *accepts; /* for the error text */
	int (*parse)(struct net_conf *conf, const char *value);
	/* Instead, of one that says itself what is wrong. */
	int (*parse_say)(struct net_conf *conf, const char *value, struct err *err);
};

static int parse_name(struct net_conf *conf, const char *value)
{
	if (!name_valid(value))
		return -EINVAL;
	snprintf(conf->name, sizeof(conf->name), "%s", value);
	return 0;
}

static int parse_mode(struct net_conf *conf, const char *value)
{
	conf->mode = mode_find(value);
	return conf->mode ? 0 : -EINVAL;
}

static int parse_lab(struct net_conf *conf, const char *value)
{
	if (!name_valid(value))
		return -EINVAL;
	snprintf(conf->lab, sizeof(conf->lab), "%s", value);
	return 0;
}

static int parse_subnet(struct net_conf *conf, const char *value)
{
	struct ip4_prefix p;

	if (ip4_prefix_parse(value, &p) < 0 || p.plen == 0 || ip4_network(p) != p.addr)
		return -EINVAL;
	conf->subnet = p;
	return 0;
}

static int parse_subnet6(struct net_conf *conf, const char *value)
{
	static const uint8_t zero[8];
	const char *slash = strchr(value, '/');
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	if (!slash || strcmp(slash, "/64") != 0 || (size_t)(slash - value) >= sizeof(text))
		return -EINVAL;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - value), value);
	/* Not ::/64, not link-local (the leg has one of those anyway), not multicast. */
	if (inet_pton(AF_INET6, text, addr) != 1 || memcmp(addr + 8, zero, 8) != 0 ||
	    memcmp(addr, zero, 8) == 0 || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80) ||
	    addr[0] == 0xff)
		return -EINVAL;
	conf->subnet6.given = true;
	memcpy(conf->subnet6.prefix, addr, sizeof(conf->subnet6.prefix));
	return 0;
}

const char *const net_ipv6_words[] = {"", "off", "on", "slaac", "stateless", "stateful"};

int net_ipv6_parse(const char *word, enum net_ipv6 *out)
{
	for (unsigned int i = IPV6_OFF; i < ARRAY_SIZE(net_ipv6_words); i++)
		if (strcmp(net_ipv6_words[i], word) == 0) {
			*out = (enum net_ipv6)i;
			return 0;
		}
	return -EINVAL;
}

static int parse_ipv6(struct net_conf *conf, const char *value)
{
	return net_ipv6_parse(value, &conf->ipv6);
}

/* A unicast address. */
static int parse_host_addr(be32 *out, const char *value)
{
	be32 addr;

	if (ip4_parse(value, &addr) < 0 || addr == 0 || ntohl(addr) >> 28 >= 0xe)
		return -EINVAL;
	*out = addr;
	return 0;
}

static int parse_gateway(struct net_conf *conf, const char *value)
{
	return parse_host_addr(&conf->gateway, value);
}

static const char *const dns_words[] = {"", "off", "own", "host"};

/* One address of a list, up to its end or comma. */
static const char *parse_resolver(const char *at, struct ip_addr *out)
{
	size_t n = strcspn(at, ",");
	char text[IP_ADDR_STR];
	struct ip_net net;

	if (n >= sizeof(text))
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)n, at);
	if (strchr(text, '/') || ip_net_parse(text, &net) || ip_addr_is_zero(&net.addr) ||
	    (ip_addr_is4(&net.addr) ? net.addr.b[12] >= 0xe0 : net.addr.b[0] == 0xff))
		return NULL;
	*out = net.addr;
	return at + n;
}

int net_dns_parse(const char *text, struct net_dns *out)
{
	struct net_dns dns = {.way = NET_DNS_LIST};

	for (unsigned int i = NET_DNS_OFF; i < ARRAY_SIZE(dns_words); i++)
		if (!strcmp(text, dns_words[i])) {
			*out = (struct net_dns){.way = (enum net_dns_way)i};
			return 0;
		}
	for (;;) {
		text = dns.n < NET_DNS_MAX ? parse_resolver(text, &dns.addr[dns.n++]) : NULL;
		if (!text)
			return -EINVAL;
		if (!*text)
			break;
		text++;
	}
	*out = dns;
	return 0;
}

char *net_dns_format(const struct net_dns *dns, char *text, size_t size)
{
	char addr[IP_ADDR_STR];
	size_t used = 0;

	snprintf(text, size, "%s", dns->way == NET_DNS_LIST ? "" : dns_words[dns->way]);
	for (unsigned int i = 0; i < dns->n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
					 ip_addr_format(&dns->addr[i], addr));
	return text;
}

static int parse_dns(struct net_conf *conf, const char *value)
{
	return net_dns_parse(value, &conf->dns);
}

static int parse_router(struct net_conf *conf, const char *value)
{
	return parse_host_addr(&conf->dhcp_router, value);
}

static int parse_dhcp(struct net_conf *conf, const char *value)
{
	const char *dash = strchr(value, '-');
	char first[IP4_STR];
	be32 a, b;

	conf->dhcp_given = true;
	conf->dhcp = strcmp(value, "off") != 0;
	if (!conf->dhcp || strcmp(value, "on") == 0)
		return 0;
	if (!dash || (size_t)(dash - value) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - value), value);
	if (parse_host_addr(&a, first) < 0 || parse_host_addr(&b, dash + 1) < 0 ||
	    ntohl(a) > ntohl(b))
		return -EINVAL;
	conf->dhcp_first = a;
	conf->dhcp_last = b;
	return 0;
}

/* A whole decimal number in @min..@max at the start of @text; *@end is what follows it. */
static int parse_number(const char *text, unsigned long min, unsigned long max, unsigned long *out,
			const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoul(text, &stop, 10);
	*end = stop;
	return errno || *out < min || *out > max ? -EINVAL : 0;
}

static int parse_lease(struct net_conf *conf, const char *value, struct err *err)
{
	msec ms;
	int rc = setting_time(value, &ms, err);

	if (!rc)
		conf->lease_s = (uint32_t)(ms / 1000);
	return rc;
}

static int parse_ifname(char out[16], const char *value)
{
	size_t len = strlen(value);

	/* What the kernel takes for an interface name (dev_valid_name). */
	if (len == 0 || len > IFNAME_MAX || strpbrk(value, "/: \t\n") || value[0] == '.')
		return -EINVAL;
	snprintf(out, 16, "%s", value);
	return 0;
}

static int parse_host(struct net_conf *conf, const char *value)
{
	conf->host_off = !strcmp(value, "off");
	return conf->host_off || !strcmp(value, "on") ? 0 : -EINVAL;
}

static int parse_nic(struct net_conf *conf, const char *value)
{
	return parse_ifname(conf->nic, value);
}

static int parse_via(struct net_conf *conf, const char *value)
{
	return parse_ifname(conf->via, value);
}

static const char *const uplink_words[] = {"auto", "plain", "single-mac"};

static int parse_uplink(struct net_conf *conf, const char *value)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(uplink_words); i++)
		if (strcmp(value, uplink_words[i]) == 0) {
			conf->uplink = (enum net_uplink)i;
			return 0;
		}
	return -EINVAL;
}

static int parse_u16(const char *value, unsigned long min, unsigned long max, uint16_t *out)
{
	unsigned long n;
	const char *end;

	if (parse_number(value, min, max, &n, &end) < 0 || *end)
		return -EINVAL;
	*out = (uint16_t)n;
	return 0;
}

static int parse_vlan(struct net_conf *conf, const char *value)
{
	return parse_u16(value, 1, VLAN_MAX, &conf->vlan);
}

static int parse_mtu(struct net_conf *conf, const char *value)
{
	return parse_u16(value, NET_MTU_MIN, NET_MTU_MAX, &conf->mtu);
}

static const struct key keys[] = {
	{"name", "1 to 47 letters, digits, '.', '_' and '-', the first a letter or digit",
	 .parse = parse_name},
	{"mode", "nat, bridge, host-only, internal or lan-segment", .parse = parse_mode},
	{"subnet", "a network address with its prefix length, like 10.0.2.0/24",
	 .parse = parse_subnet},
	{"subnet6", "an IPv6 prefix of 64 bits, like fd00:1:2:3::/64", .parse = parse_subnet6},
	{"ipv6", "on, off, slaac, stateless or stateful", .parse = parse_ipv6},
	{"gateway", "an IPv4 address", .parse = parse_gateway},
	{"host", "on or off", .parse = parse_host},
	{"dhcp", "on, off or FIRST-LAST (two IPv4 addresses)", .parse = parse_dhcp},
	{"lease", SETTING_TIME_TEXT, .parse_say = parse_lease},
	{"nic", "an interface name or auto", .parse = parse_nic},
	{"via", "the name of a bridge of the host's", .parse = parse_via},
	{"uplink", "auto, plain or single-mac", .parse = parse_uplink},
	{"vlan", "1 to 4094", .parse = parse_vlan},
	{"mtu", "576 to 65520", .parse = parse_mtu},
	{"dns", NET_DNS_TEXT, .parse = parse_dns},
	{"router", "an IPv4 address", .parse = parse_router},
	{"lab", "1 to 47 letters, digits, '.', '_' and '-', the first a letter or digit",
	 .parse = parse_lab},
};

bool net_conf_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, name))
			return true;
	return false;
}

/* The settings (settings.h) may be among the keys of net.add. */
static int unknown_key(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(keys) + NAMES_MORE + 1] = {NULL}, *near;
	char list[512] = "", shown[128];
	size_t n = 0, used = 0;

	for (; n < ARRAY_SIZE(keys); n++)
		names[n] = keys[n].name;
	for (size_t i = 0; i < NAMES_MORE && net_setting_names[i]; i++)
		if (!net_conf_key(net_setting_names[i]))
			names[n++] = net_setting_names[i];
	for (size_t i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 names[i]);
	str_escape(name, strlen(name), shown, sizeof(shown));
	near = nearest_word(name, names);
	if (near)
		return err_set(err, -EINVAL,
			       "\"%s\" is not a setting of a network: did you mean \"%s\"?", shown,
			       near);
	return err_set(err, -EINVAL, "\"%s\" is not a setting of a network; there are %s", shown,
		       list);
}

static int parse_key(struct net_conf *conf, const char *name, const json_t *value, struct err *err)
{
	const char *text = json_string_value(value);
	char number[32], shown[128];
	size_t i = 0;

	while (i < ARRAY_SIZE(keys) && strcmp(keys[i].name, name) != 0)
		i++;
	if (i == ARRAY_SIZE(keys))
		return unknown_key(name, err);
	if (json_is_null(value))
		return 0;
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		text = number;
	}
	/* A string with a NUL byte inside is longer than it seems. */
	if (!text || (json_is_string(value) && strlen(text) != json_string_length(value)))
		return err_set(err, -EINVAL, "%s: wants a string: %s", name, keys[i].accepts);
	str_escape(text, strlen(text), shown, sizeof(shown));
	if (keys[i].parse_say)
		return keys[i].parse_say(conf, text, err) < 0
			       ? err_wrap(err, "%s: \"%s\"", name, shown)
			       : 0;
	if (keys[i].parse(conf, text) < 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is not %s", name, shown, keys[i].accepts);
	return 0;
}

/* What only the settings together can tell. */
static int check_together(const struct net_conf *conf, struct err *err)
{
	const struct {
		const char *key;
		be32 addr;
	} inside[] = {
		{"gateway", conf->gateway}, {"dhcp", conf->dhcp_first}, {"dhcp", conf->dhcp_last}};
	char subnet[IP4_PREFIX_STR], addr[IP4_STR];

	if (!conf->name[0])
		return err_set(err, -EINVAL, "name: is missing");
	if (!conf->mode)
		return err_set(err, -EINVAL,
			       "mode: is missing; nat, bridge, host-only, internal or "
			       "lan-segment");
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		if (conf->subnet.plen && inside[i].addr &&
		    !ip4_prefix_has(conf->subnet, inside[i].addr))
			return err_set(err, -EINVAL, "%s: %s is not in the subnet %s",
				       inside[i].key, ip4_format(inside[i].addr, addr),
				       ip4_prefix_format(conf->subnet, subnet));
	return 0;
}

int net_conf_parse(const json_t *params, struct net_conf *conf, struct err *err)
{
	struct net_conf new = {.mode = NULL};
	json_t *value;
	const char *name;

	if (!json_is_object(params))
		return err_set(err, -EINVAL, "the settings of a network are a JSON object");
	json_object_foreach ((json_t *)params, name, value) {
		int rc = parse_key(&new, name, value, err);

		if (rc < 0)
			return rc;
	}
	if (check_together(&new, err) < 0)
		return -EINVAL;
	*conf = new;
	return 0;
}

/* ---- as text --------------------------------------------------------------------------------- */

static json_t *addr_json(be32 addr)
{
	char text[IP4_STR];

	return addr ? json_string(ip4_format(addr, text)) : json_null();
}

static json_t *text_json(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

/* The settings; the server adds its numbers (netdhcp_show()). */
static json_t *dhcp_json(const struct net *net)
{
	const struct net_conf *c = &net->conf;

	if (!net->dhcp)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:I}", "server", addr_json(c->dhcp_server), "first",
			 addr_json(c->dhcp_first), "last", addr_json(c->dhcp_last), "lease_s",
			 (json_int_t)(c->lease_s ? c->lease_s : 3600));
}

json_t *net_json(const struct net *net)
{
	const struct net_conf *c = &net->conf;
	char subnet[IP4_PREFIX_STR];
	json_t *out = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:o, s:I, s:b, s:o}",
		"name", c->name, "mode", c->mode->name, "subnet",
		c->subnet.plen ? json_string(ip4_prefix_format(c->subnet, subnet)) : json_null(),
		"gateway", addr_json(c->gateway), "host", addr_json(c->host), "dhcp",
		dhcp_json(net), "nic", text_json(c->nic), "vlan",
		c->vlan ? json_integer(c->vlan) : json_null(), "mtu", net_mtu(net), "ports",
		(int)net->n_ports, "ports_max", PORTS_MAX, "macs", (int)fdb_count(net->fdb), "lab",
		text_json(c->lab), "floods", (json_int_t)net->floods, "hub", net->hub, "settings",
		net_settings_json(net));

	if (c->mode->show)
		c->mode->show(net, out);
	return out;
}
