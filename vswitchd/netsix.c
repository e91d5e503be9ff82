/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netsix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "vswitchd/netsix_int.h"
#include "vswitchd/station.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/settings.h"

struct ip_addr netsix_addr(const struct net *net, uint32_t low)
{
	struct ip_addr a = {{0}};

	memcpy(a.b, net->conf.subnet6.prefix, sizeof(net->conf.subnet6.prefix));
	for (int i = 15; low; i--, low >>= 8)
		a.b[i] = (uint8_t)low;
	return a;
}

/* ---- advertisements -------------------------------------------------------------------------- */

void netsix_ra(const struct net *net, struct ra_conf *out)
{
	enum net_ipv6 way = net->conf.ipv6;

	memset(out, 0, sizeof(*out));
	out->mtu = net_mtu(net);
	out->managed = way == IPV6_STATEFUL;
	out->other = way == IPV6_STATEFUL || way == IPV6_STATELESS;
	out->autonomous = way != IPV6_STATEFUL;
	out->prefix = netsix_addr(net, 0);
	if (!ip_addr_is_zero(&net->conf.dns6))
		out->dns[out->n_dns++] = net->conf.dns6;
	out->search = net->conf.domain[0] ? net->conf.domain : NULL;
}

/* To one guest or, with NULL, to all. */
static void ra_send(struct netsix *s, const struct ip_addr *dst, const struct mac *to, bool ending)
{
	struct pkt *p = pkt_alloc(s->net->runner->pool);
	uint8_t msg[RA_LEN_MAX];
	struct ra_conf ra;

	if (!p) {
		port_drop(s->port, DROP_NO_BUFFER, NULL);
		return;
	}
	netsix_ra(s->net, &ra);
	ra.mac = s->host.mac;
	ra.ending = ending;
	six_icmp(p, &s->host, &s->host.link_local, dst ? dst : &six_all_nodes,
		 to ? to : &six_all_nodes_mac, msg, ra_build(&ra, msg));
	port_local_inject(s->port, p);
}

static void ra_tick(struct netsix *s)
{
	uint32_t random;

	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	random = (uint32_t)(s->random >> 32);
	if (!s->router && ra_timer_due(&s->ra, s->net->runner->now, random))
		ra_send(s, NULL, NULL, false);
}

/* RFC 4861 6.2.6 */
static void input_rs(struct netsix *s, const struct six_info *i)
{
	if (s->router)
		return;
	if (!ip_addr_is_zero(&i->src)) {
		if (ra_timer_answer(&s->ra, s->net->runner->now))
			ra_send(s, &i->src, &i->from, false);
		return;
	}
	s->ra.wanted = true;
	ra_tick(s);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void answer(struct netsix *s, const struct six_info *i,
		   void (*build)(struct pkt *, const struct six_host *, const struct six_info *))
{
	struct pkt *p = pkt_alloc(s->net->runner->pool);

	if (!p) {
		port_drop(s->port, DROP_NO_BUFFER, NULL);
		return;
	}
	build(p, &s->host, i);
	port_local_inject(s->port, p);
}

/* The switch gives us a frame. Takes @p. */
static void input(void *ctx, struct pkt *p)
{
	struct netsix *s = ctx;
	struct six_info i = six_classify(&s->host, p);

	if (i.kind != SIX_IGNORED)
		six_seen_note(s, &i);
	else if (i.drop != DROP_NONE)
		port_drop(s->port, i.drop, NULL);
	if (i.kind == SIX_RS)
		input_rs(s, &i);
	else if (i.kind == SIX_NS && six_is_own(&s->host, &i.target))
		answer(s, &i, six_advertise);
	else if (i.kind == SIX_ECHO)
		answer(s, &i, six_echo_reply);
	else if (i.kind == SIX_UDP)
		six_dhcp_input(s, &i, p);
	pkt_put(p);
}

/* ---- life ------------------------------------------------------------------------------------ */

int netsix_start(struct net *net, bool router, struct err *err)
{
	struct netsix *s;
	int rc;

	if (!net->conf.subnet6.given || net_mtu(net) < SIX_MIN_MTU)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	s->net = net;
	s->router = router;
	random_bytes(&s->random, sizeof(s->random));
	rc = station_join(net, STATION_IP6, input, s, &s->port, err);
	if (rc) {
		free(s);
		return rc;
	}
	s->host = (struct six_host){.mac = s->port->mac,
				    .link_local = ip_addr_link_local(&s->port->mac),
				    .addr = netsix_addr(net, NETSIX_STATION)};
	net->six = s;
	rc = six_dhcp_start(s, err);
	if (rc)
		netsix_stop(net);
	return rc;
}

void netsix_stop(struct net *net)
{
	struct netsix *s = net->six;

	if (!s)
		return;
	if (!s->router) {
		ra_send(s, NULL, NULL, true);
		net_flush(net);
	}
	six_dhcp_stop(s);
	station_leave(net, STATION_IP6);
	free(s);
	net->six = NULL;
}

void netsix_tick(struct net *net, msec now)
{
	if (!net->six)
		return;
	ra_tick(net->six);
	six_dhcp_tick(net->six, now);
}

bool netsix_at_rest(const struct net *net)
{
	return !net->six;
}

bool netsix_is_own(const struct net *net, const struct ip_addr *addr)
{
	return net->six && six_is_own(&net->six->host, addr);
}

/* ---- looking --------------------------------------------------------------------------------- */

void netsix_show(const struct net *net, json_t *out)
{
	char text[IP_ADDR_STR];

	if (!net->six) {
		json_object_set_new(out, "ipv6", json_null());
		return;
	}
	json_object_set_new(out, "ipv6",
			    json_pack("{s:s, s:s, s:o, s:o}", "way", net_ipv6_words[net->conf.ipv6],
				      "station", ip_addr_format(&net->six->host.addr, text), "seen",
				      six_seen_json(net->six), "dhcp", six_counts_json(net->six)));
}

/* ---- settings -------------------------------------------------------------------------------- */

/* A network of the modes that have a leg of the host's has IPv6 unless told otherwise, also when
 * the leg is switched off. */
static enum net_ipv6 usual_way(const struct net *net)
{
	return net->conf.host || net->conf.host_off ? IPV6_SLAAC : IPV6_OFF;
}

static int way_set(struct net *net, const char *value, struct err *err)
{
	enum net_ipv6 way;

	if (net_ipv6_parse(value, &way))
		return err_set(err, -EINVAL, "wants on, off, slaac, stateless or stateful");
	if (way == IPV6_ON)
		way = net->six && net->conf.ipv6 != IPV6_OFF ? net->conf.ipv6 : IPV6_SLAAC;
	if ((way == IPV6_OFF) != (net->conf.ipv6 == IPV6_OFF))
		return err_set(err, -EBUSY, "whether a network has IPv6 is said when it is made");
	net->conf.ipv6 = way;
	if (net->six)
		net->six->ra.wanted = true;
	return 0;
}

static bool way_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", net_ipv6_words[net->conf.ipv6]);
	return net->conf.ipv6 != usual_way(net);
}

const struct net_setting netsix_settings[] = {
	{"ipv6", "on, off, slaac, stateless or stateful", way_set, way_get},
	{0},
};
