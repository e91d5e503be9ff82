/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 prefix of a network: one that nobody else has (RFC 4193), the same after each restart.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/hash.h"
#include "vswitchd/host/addrplan.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/host/state.h"

static const char *subnet6_text(const struct ip6_net *n, char text[INET6_ADDRSTRLEN])
{
	uint8_t addr[16] = {0};

	memcpy(addr, n->prefix, sizeof(n->prefix));
	return inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

/* Nobody chose a derived prefix, and it has 40 random bits: of the host's routes to half the world
 * (fd00::/8 into a VPN) it need not keep clear. RFC 4193 3.1: a site has a /48. */
enum { SITE_PLEN = 48 };

static int subnet6_check(struct runner *r, const struct net_conf *conf, bool derived,
			 struct err *err)
{
	char text[INET6_ADDRSTRLEN], leg[16], what[96];

	subnet6_text(&conf->subnet6, text);
	for (const struct net *n = r->nets; n; n = n->next)
		if (n->conf.subnet6.given && memcmp(&n->conf.subnet6.prefix, conf->subnet6.prefix,
						    sizeof(conf->subnet6.prefix)) == 0)
			return err_set(err, -EEXIST, "subnet6 %s/64 is in use: network %s has it",
				       text, n->conf.name);
	/* A leg of ours that outlived a crash is taken back. */
	port_ifname(conf->name, leg);
	if (!r->loop || !nl_subnet6_used(conf->subnet6.prefix, derived ? SITE_PLEN : 1, leg, what,
					 sizeof(what)))
		return 0;
	return err_set(err, -EEXIST, "subnet6 %s/64 is in use: the host has %s", text, what);
}

int addrplan6_fill(struct runner *r, struct net_conf *conf, struct err *err)
{
	/* Fixed keys: the same names give the same prefix. */
	static const struct hash_key instance_key = {0x756c61, 0x676964},
				     name_key = {0x756c61, 0x736964};
	uint64_t global, subnet;
	bool derived = !conf->subnet6.given;
	int tries = 16;

	if (conf->ipv6 == IPV6_OFF && conf->subnet6.given)
		return err_set(err, -EINVAL, "subnet6= and ipv6=off exclude each other");
	if (conf->ipv6 == IPV6_OFF)
		return 0;
	if (conf->ipv6 == IPV6_UNSET || conf->ipv6 == IPV6_ON)
		conf->ipv6 = IPV6_SLAAC;
	if (derived) {
		global = hash_bytes(&instance_key, state_instance(), strlen(state_instance()));
		subnet = hash_bytes(&name_key, conf->name, strlen(conf->name));
		conf->subnet6.prefix[0] = 0xfd;
		memcpy(conf->subnet6.prefix + 1, &global, 5);
		memcpy(conf->subnet6.prefix + 6, &subnet, 2);
		conf->subnet6.given = true;
		/* 16 bits of a hash may be another network's, too. */
		while (subnet6_check(r, conf, true, NULL) < 0 && tries--)
			conf->subnet6.prefix[7]++;
	}
	return subnet6_check(r, conf, derived, err);
}
