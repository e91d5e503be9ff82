/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `net set` and `net add` can change of a NAT network: how it maps and filters (RFC 4787 4.1
 * and 5), how long it remembers, how much; whether the host's services are at the gateway.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/hash.h"
#include "modes/nat/nat_map.h"
#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/settings.h"

enum { NAT_MAX_MIN = 16, NAT_MAX_MAX = 1u << 20 };

static struct nat_settings *set_of(const struct net *net)
{
	const struct nat_net *nn = net->mode_state;

	return &nn->nat->table.set;
}

/* ---- mapping and filtering ------------------------------------------------------------------- */

const char *const nat_kind_words[] = {"endpoint-independent", "address-dependent",
				      "address-and-port-dependent"};
#define KINDS_TEXT "endpoint-independent, address-dependent or address-and-port-dependent"

static int kind_of(const char *value, enum nat_kind *out, struct err *err)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(nat_kind_words); i++)
		if (!strcmp(nat_kind_words[i], value)) {
			*out = i;
			return 0;
		}
	return err_set(err, -EINVAL, "wants " KINDS_TEXT);
}

static void map_as(struct net *net, enum nat_kind kind)
{
	struct nat_net *nn = net->mode_state;

	nat_table_set_mapping(&nn->nat->table, kind, net->runner->now);
}

static int mapping_set(struct net *net, const char *value, struct err *err)
{
	enum nat_kind kind = NAT_ENDPOINT;
	int rc = kind_of(value, &kind, err);

	if (!rc)
		map_as(net, kind);
	return rc;
}

static bool mapping_get(const struct net *net, char *text, size_t size)
{
	enum nat_kind kind = set_of(net)->mapping;

	snprintf(text, size, "%s", nat_kind_words[kind]);
	return kind != NAT_SETTINGS_DEFAULT.mapping;
}

static int filtering_set(struct net *net, const char *value, struct err *err)
{
	return kind_of(value, &set_of(net)->filter, err);
}

static bool filtering_get(const struct net *net, char *text, size_t size)
{
	enum nat_kind kind = set_of(net)->filter;

	snprintf(text, size, "%s", nat_kind_words[kind]);
	return kind != NAT_SETTINGS_DEFAULT.filter;
}

/* The four kinds that textbooks know (RFC 3489 5): each is a mapping and a filtering. */
static const struct {
	const char *name;
	enum nat_kind mapping, filter;
} types[] = {
	{"full-cone", NAT_ENDPOINT, NAT_ENDPOINT},
	{"restricted-cone", NAT_ENDPOINT, NAT_ADDRESS},
	{"port-restricted-cone", NAT_ENDPOINT, NAT_ADDRESS_PORT},
	{"symmetric", NAT_ADDRESS_PORT, NAT_ADDRESS_PORT},
};

static int type_set(struct net *net, const char *value, struct err *err)
{
	if (!strcmp(value, "mixed")) /* what type_get() says of any other pair */
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, value))
			continue;
		map_as(net, types[i].mapping);
		set_of(net)->filter = types[i].filter;
		return 0;
	}
	return err_set(err, -EINVAL,
		       "wants full-cone, restricted-cone, port-restricted-cone or symmetric");
}

/* Never shown nor kept: it is a word for the two settings above. */
static bool type_get(const struct net *net, char *text, size_t size)
{
	const struct nat_settings *s = set_of(net);
	const char *name = "mixed";

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].mapping == s->mapping && types[i].filter == s->filter)
			name = types[i].name;
	snprintf(text, size, "%s", name);
	return false;
}

/* ---- times ----------------------------------------------------------------------------------- */

#define TIME_SETTING(field)                                                                        \
	static int field##_set(struct net *net, const char *value, struct err *err)                \
	{                                                                                          \
		return setting_time(value, &set_of(net)->field, err);                              \
	}                                                                                          \
	static bool field##_get(const struct net *net, char *text, size_t size)                    \
	{                                                                                          \
		setting_time_text(set_of(net)->field, text, size);                                 \
		return set_of(net)->field != NAT_SETTINGS_DEFAULT.field;                           \
	}
TIME_SETTING(udp_ms)
TIME_SETTING(udp_dns_ms)
TIME_SETTING(icmp_ms)
TIME_SETTING(other_ms)
TIME_SETTING(tcp_established_ms)
TIME_SETTING(tcp_transitory_ms)

/* ---- limits ---------------------------------------------------------------------------------- */

static int max_guest_set(struct net *net, const char *value, struct err *err)
{
	unsigned long n;
	int rc = setting_number(value, 1, NAT_MAX_MAX, &n, err);

	if (!rc)
		set_of(net)->max_guest = (uint32_t)n;
	return rc;
}

static bool max_guest_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%u", set_of(net)->max_guest);
	return set_of(net)->max_guest != NAT_SETTINGS_DEFAULT.max_guest;
}

/* Both families' tables alike; what can't be had of one is undone of the other. */
static int resize(struct nat_net *nn, uint32_t max)
{
	struct net *net = nn->net;
	uint32_t old = nn->nat->table.set.max;
	int rc = nat_table_resize(&nn->nat->table, max, net->conf.subnet.plen, net->runner->now);

	if (rc == 0 && nn->six)
		rc = nat6_resize(nn->six, max, net->runner->now);
	if (rc < 0 && nn->nat->table.set.max != old)
		nat_table_resize(&nn->nat->table, old, net->conf.subnet.plen, net->runner->now);
	return rc;
}

/* "off" or a number: of ports, and of mappings a second, that one guest may have. */
static int limit_set(const char *value, unsigned long max, uint32_t *out, struct err *err)
{
	unsigned long n = 0;
	int rc = strcmp(value, "off") ? setting_number(value, 1, max, &n, err) : 0;

	if (!rc)
		*out = (uint32_t)n;
	return rc;
}

static bool limit_get(uint32_t n, char *text, size_t size)
{
	if (n)
		snprintf(text, size, "%u", n);
	else
		snprintf(text, size, "off");
	return n;
}

static int guest_ports_set(struct net *net, const char *value, struct err *err)
{
	return limit_set(value, UINT16_MAX, &set_of(net)->guest_ports, err);
}

static bool guest_ports_get(const struct net *net, char *text, size_t size)
{
	return limit_get(set_of(net)->guest_ports, text, size);
}

static int guest_rate_set(struct net *net, const char *value, struct err *err)
{
	return limit_set(value, NAT_MAX_MAX, &set_of(net)->guest_rate, err);
}

static bool guest_rate_get(const struct net *net, char *text, size_t size)
{
	return limit_get(set_of(net)->guest_rate, text, size);
}

static int max_set(struct net *net, const char *value, struct err *err)
{
	struct nat_net *nn = net->mode_state;
	const struct nat_table *six = nn->six ? &nn->six->table : NULL;
	unsigned long n;
	int rc = setting_number(value, NAT_MAX_MIN, NAT_MAX_MAX, &n, err);

	if (rc || n == set_of(net)->max)
		return rc;
	/* A table is of one piece: a new one is empty, and guests' flows would break in silence. */
	if (nn->nat->table.n_mappings || (six && six->n_mappings))
		return err_set(err, -EBUSY,
			       "the table is in use by %u flows: set it when there are none, or "
			       "with net add",
			       nn->nat->table.n_sessions + (six ? six->n_sessions : 0));
	return resize(nn, (uint32_t)n) < 0 ? err_set(err, -ENOMEM, "memory is short") : 0;
}

static bool max_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%u", set_of(net)->max);
	return set_of(net)->max != NAT_SETTINGS_DEFAULT.max;
}

/* ---- segments -------------------------------------------------------------------------------- */

static int mss_set(struct net *net, const char *value, struct err *err)
{
	unsigned long n = NAT_MSS_CLAMP;
	int rc = 0;

	if (!strcmp(value, "off"))
		n = NAT_MSS_OFF;
	else if (strcmp(value, "clamp") != 0)
		rc = setting_number(value, NAT_MSS_MIN, UINT16_MAX, &n, err);
	if (!rc)
		set_of(net)->mss = (uint32_t)n;
	return rc;
}

static bool mss_get(const struct net *net, char *text, size_t size)
{
	uint32_t mss = set_of(net)->mss;

	if (mss == NAT_MSS_OFF || mss == NAT_MSS_CLAMP)
		snprintf(text, size, "%s", mss == NAT_MSS_OFF ? "off" : "clamp");
	else
		snprintf(text, size, "%u", mss);
	return mss != NAT_SETTINGS_DEFAULT.mss;
}

/* ---- what keeps a flow ----------------------------------------------------------------------- */

static int refresh_set(struct net *net, const char *value, struct err *err)
{
	if (strcmp(value, "outbound") != 0 && strcmp(value, "both") != 0)
		return err_set(err, -EINVAL, "wants outbound or both");
	set_of(net)->refresh_in = value[0] == 'b';
	return 0;
}

static bool refresh_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", set_of(net)->refresh_in ? "both" : "outbound");
	return set_of(net)->refresh_in;
}

/* ---- the host's services --------------------------------------------------------------------- */

static const char *const host_words[] = {"off", "services", "loopback"};
enum { HOST_OFF, HOST_SERVICES, HOST_LOOPBACK };

static const struct port *leg_of(const struct net *net)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (strcmp(p->ops->type, "hosttap") == 0)
			return p;
	return NULL;
}

static unsigned int host_now(const struct nat_net *nn)
{
	return !nn->gw.host_ext			      ? HOST_OFF
	       : nn->gw.host_to == nn->nat->conf.host ? HOST_SERVICES
						      : HOST_LOOPBACK;
}

static void host_close(struct nat_net *nn)
{
	const struct port *leg = leg_of(nn->net);

	if (nn->host_ext)
		nat_drop_ext(nn->nat, nn->host_ext, nn->net->runner->now);
	nn->gw.host_ext = NULL;
	if (leg)
		nl_link_route_localnet(leg->ifname, false);
}

static int host_open(struct nat_net *nn, unsigned int how, struct err *err)
{
	const struct port *leg = leg_of(nn->net);
	uint64_t seed[2];
	int rc;

	if (!leg)
		return err_set(err, -ENODEV, "the host has no leg on this network");
	random_bytes(seed, sizeof(seed));
	if (!nn->host_ext)
		nn->host_ext = nat_ext_create(nn->nat->conf.gateway, NAT_PORT_FIRST, NAT_PORT_LAST,
					      NAT_SETTINGS_DEFAULT.hold_ms, seed);
	if (!nn->host_ext)
		return err_set(err, -ENOMEM, "memory is short");
	rc = how == HOST_LOOPBACK ? nl_link_route_localnet(leg->ifname, true) : 0;
	if (rc < 0)
		return err_sys(err, rc, "can't set route_localnet of %s", leg->ifname);
	nn->gw.host_to = how == HOST_LOOPBACK ? htonl(INADDR_LOOPBACK) : nn->nat->conf.host;
	nn->gw.host_mac = leg->mac;
	nn->gw.host_ext = nn->host_ext;
	return 0;
}

static int host_set(struct net *net, const char *value, struct err *err)
{
	struct nat_net *nn = net->mode_state;
	unsigned int how = 0;

	while (how < ARRAY_SIZE(host_words) && strcmp(host_words[how], value) != 0)
		how++;
	if (how == ARRAY_SIZE(host_words))
		return err_set(err, -EINVAL, "wants off, services or loopback");
	if (how == host_now(nn))
		return 0;
	host_close(nn);
	return how == HOST_OFF ? 0 : host_open(nn, how, err);
}

static bool host_get(const struct net *net, char *text, size_t size)
{
	unsigned int how = host_now(net->mode_state);

	snprintf(text, size, "%s", host_words[how]);
	return how != HOST_OFF;
}

const struct net_setting nat_settings_rows[] = {
	{"nat-mapping", KINDS_TEXT, mapping_set, mapping_get},
	{"nat-filtering", KINDS_TEXT, filtering_set, filtering_get},
	{"nat-type", "full-cone, restricted-cone, port-restricted-cone or symmetric", type_set,
	 type_get},
	{"nat-refresh", "outbound or both", refresh_set, refresh_get},
	{"nat-udp-timeout", SETTING_TIME_TEXT, udp_ms_set, udp_ms_get},
	{"nat-dns-timeout", SETTING_TIME_TEXT, udp_dns_ms_set, udp_dns_ms_get},
	{"nat-icmp-timeout", SETTING_TIME_TEXT, icmp_ms_set, icmp_ms_get},
	{"nat-other-timeout", SETTING_TIME_TEXT, other_ms_set, other_ms_get},
	{"nat-tcp-timeout", SETTING_TIME_TEXT, tcp_established_ms_set, tcp_established_ms_get},
	{"nat-tcp-transitory-timeout", SETTING_TIME_TEXT, tcp_transitory_ms_set,
	 tcp_transitory_ms_get},
	{"nat-pool", "off, or addresses outside", nat_pool_set, nat_pool_get},
	{"nat-pooling", "paired or arbitrary", nat_pooling_set, nat_pooling_get},
	{"nat-ports", "auto, or FIRST-LAST", nat_ports_set, nat_ports_get},
	{"nat-mss", "clamp, off, or 88 to 65535 bytes", mss_set, mss_get},
	{"nat-max", "16 to 1048576 flows", max_set, max_get},
	{"nat-max-guest", "1 to 1048576 flows", max_guest_set, max_guest_get},
	{"nat-guest-ports", "off, or 1 to 65535 of each protocol", guest_ports_set,
	 guest_ports_get},
	{"nat-guest-rate", "off, or 1 to 1048576 mappings a second", guest_rate_set,
	 guest_rate_get},
	{"nat-host", "off, services or loopback", host_set, host_get},
	{0},
};
