/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_explain_int.h - the question of `explain`: read by rpc_explain_parse.c, answered by
 * rpc_explain.c.
 */
#ifndef VSWITCHD_RPC_EXPLAIN_INT_H
#define VSWITCHD_RPC_EXPLAIN_INT_H

#include "vswitchd/control/explain.h"
#include "vswitchd/control/rpc.h"

struct question {
	struct port *from;
	struct described d;
	bool dst_mac_given;
	json_t *notes; /* steps before the frame leaves its sender */
};

static inline bool explain_has_dst(const struct described *d)
{
	return d->dst_ip || explain_is6(d);
}

/* Fill @q->d and dst_mac_given from the parameters. Negative errno. */
int explain_parse(struct rpc *rpc, struct question *q, struct err *err);

#endif
