/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_explain_parse.c - the words of an `explain`: which frame is asked about.
 */
#include <errno.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/ipproto.h"
#include "vswitchd/control/rpc_explain_int.h"

static int get_mac(const struct rpc *rpc, const char *key, struct mac *out, struct err *err)
{
	const char *text = rpc_str(rpc, key);

	if (!text || mac_parse(text, out) == 0)
		return 0;
	return err_set(err, -EINVAL, "\"%s\" is not a MAC address", key);
}

static int get_ip(const struct rpc *rpc, const char *key, be32 *four, struct ip_addr *six,
		  struct err *err)
{
	const char *text = rpc_str(rpc, key);
	struct ip_net net;

	if (!text)
		return 0;
	if (strchr(text, '/') || ip_net_parse(text, &net) < 0)
		return err_set(err, -EINVAL, "\"%s\" is not an IP address", key);
	if (ip_addr_is4(&net.addr))
		*four = ip_addr_get4(&net.addr);
	else
		*six = net.addr;
	return 0;
}

static int get_proto(const struct rpc *rpc, struct described *d, struct err *err)
{
	static const char *const words[] = {"ether", "arp", "icmp", "udp", "tcp"};
	const char *text = rpc_str(rpc, "proto");
	int other;

	if (!text) {
		d->proto = explain_has_dst(d) ? EXPLAIN_ICMP : EXPLAIN_ETHER;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], text)) {
			d->proto = (enum explain_proto)i;
			return 0;
		}
	other = ip_proto_parse(text);
	if (other < 0 || other == IPPROTO_ICMP_ || other == IPPROTO_TCP_ || other == IPPROTO_UDP_)
		return err_set(
			err, -EINVAL,
			"proto is one of tcp, udp, icmp, arp, ether, gre, esp, sctp, udplite "
			"and their like, or ip-NUMBER");
	d->proto = EXPLAIN_IP;
	d->ip_proto = (uint8_t)other;
	return 0;
}

static int get_numbers(const struct rpc *rpc, struct described *d, struct err *err)
{
	int64_t port, sport, vlan, len;
	int rc = rpc_int(rpc, "dport", 0, 65535, 80, &port, err);

	if (!rc)
		rc = rpc_int(rpc, "sport", 1, 65535, 0, &sport, err);

	if (!rc)
		rc = rpc_int(rpc, "vlan", 1, 4094, 0, &vlan, err);
	if (!rc)
		rc = rpc_int(rpc, "len", EXPLAIN_LEN_MIN, EXPLAIN_LEN_MAX, 0, &len, err);
	if (rc)
		return rc;
	d->port = (uint16_t)port;
	d->sport = (uint16_t)sport;
	d->vlan = (uint16_t)vlan;
	d->len = (uint32_t)len;
	return 0;
}

int explain_parse(struct rpc *rpc, struct question *q, struct err *err)
{
	struct described *d = &q->d;
	int rc = get_mac(rpc, "src_mac", &d->src, err);

	if (!rc)
		rc = get_mac(rpc, "dst_mac", &d->dst, err);
	if (!rc)
		rc = get_ip(rpc, "src_ip", &d->src_ip, &d->src6, err);
	if (!rc)
		rc = get_ip(rpc, "dst_ip", &d->dst_ip, &d->dst6, err);
	if (!rc)
		rc = get_proto(rpc, d, err);
	if (!rc)
		rc = get_numbers(rpc, d, err);
	q->dst_mac_given = rpc_str(rpc, "dst_mac");
	if (!rc && !q->dst_mac_given && !explain_has_dst(d))
		rc = err_set(err, -EINVAL, "give a destination: a MAC or an IP address");
	if (!rc && ((d->src_ip && !d->dst_ip) || (!ip_addr_is_zero(&d->src6) && !explain_is6(d))))
		rc = err_set(err, -EINVAL,
			     "a source address wants a destination address of its family too");
	if (!rc && !explain_has_dst(d) && d->proto != EXPLAIN_ETHER)
		rc = err_set(err, -EINVAL, "this protocol wants the destination's IP address");
	return rc;
}
