/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_capture.c - capture.start
 */
#include <errno.h>

#include "vswitchd/capture.h"
#include "vswitchd/rpc.h"

static int capture_start_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct port *port = NULL;
	struct net *net = NULL;
	int64_t snaplen;
	int rc = rpc_int(rpc, "snaplen", 64, CAPTURE_SNAPLEN_MAX, CAPTURE_SNAPLEN_MAX, &snaplen,
			 err);

	if (!rc && !rpc_str(rpc, "port") == !rpc_str(rpc, "net"))
		rc = err_set(err, -EINVAL, "give one of the parameters \"port\" and \"net\"");
	if (!rc)
		rc = rpc_str(rpc, "port") ? rpc_port(rpc, &port, err) : rpc_net(rpc, &net, err);
	if (rc)
		return rc;
	rpc->fd =
		capture_open(rpc->d, port, net, rpc_str(rpc, "filter"), (unsigned int)snaplen, err);
	if (rpc->fd < 0)
		return rpc->fd;
	*result = json_pack("{s:i}", "linktype", 1);
	return 0;
}

const struct rpc_method rpc_capture_methods[] = {
	{"capture.start", capture_start_m, "port net filter snaplen:i", false},
	{0},
};
