/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_dns.c - dns.*: the names of a network, and the records that people write down for it.
 */
#include <errno.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/dnsrecords.h"
#include "vswitchd/control/events.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/netdns.h"
#include "vswitchd/switch/net.h"

static int dns_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	return rc ? rc : netdns_call(net, rpc->method, rpc->params, result, err);
}

static int add_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int64_t ttl;
	int rc = rpc_net(rpc, &net, err);

	if (!rc)
		rc = rpc_int(rpc, "ttl", 0, INT32_MAX, 0, &ttl, err); /* RFC 2181 8 */
	if (!rc)
		rc = dnsrecords_add(net, rpc->params, err);
	if (rc)
		return rc;
	*result = json_object();
	events_send(rpc->d, "dns.added",
		    json_pack("{s:s, s:s}", "net", net->conf.name, "name", rpc_str(rpc, "name")));
	return 0;
}

static int del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	if (!rc && rpc_str(rpc, "value") && !rpc_str(rpc, "type"))
		rc = err_set(err, -EINVAL, "a value wants its type with it");
	if (!rc)
		rc = dnsrecords_del(net, rpc->params, err);
	if (rc < 0)
		return rc;
	*result = json_pack("{s:i}", "deleted", rc);
	events_send(rpc->d, "dns.deleted",
		    json_pack("{s:s, s:s}", "net", net->conf.name, "name", rpc_str(rpc, "name")));
	return 0;
}

const struct rpc_method rpc_dns_methods[] = {
	{"dns.list", dns_m, "net!", false},
	{"dns.stats", dns_m, "net!", false},
	{"dns.flush", dns_m, "net! name", false},
	{"dns.explain", dns_m, "net! name! type", false},
	{"dns.add", add_m, "net! name! type! value! ttl:i lab", false},
	{"dns.del", del_m, "net! name! type value", false},
	{0},
};
