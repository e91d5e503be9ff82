/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_daemon.c - hello, status, doctor, events.subscribe: the daemon itself.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "vswitchd/control/ctl.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/doctor.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"
#include "vswitchd/netdhcp.h"

enum { PROTOCOL = 1 };

static int hello(struct rpc *rpc, json_t **result, struct err *err)
{
	int64_t protocol;
	int rc = rpc_int(rpc, "protocol", 1, INT64_MAX, PROTOCOL, &protocol, err);

	if (rc)
		return rc;
	if (protocol != PROTOCOL)
		return err_set(err, -EPROTONOSUPPORT,
			       "this vswitchd speaks protocol %d, you asked for %lld: use the "
			       "vnetctl that came with it (" VERSION ")",
			       PROTOCOL, (long long)protocol);
	*result = json_pack("{s:i, s:s, s:s, s:i, s:s, s:s}", "protocol", PROTOCOL, "name",
			    "vswitchd", "version", VERSION, "pid", (int)getpid(), "instance",
			    state_instance(), "state_dir", state_dir());
	return 0;
}

static void count_nets(const struct runner *r, int *nets, int *ports)
{
	*nets = *ports = 0;
	for (const struct net *n = r->nets; n; n = n->next) {
		(*nets)++;
		*ports += (int)n->n_ports;
	}
}

static int status(struct rpc *rpc, json_t **result, struct err *err)
{
	const struct daemon *d = rpc->d;
	char note[400];
	const char *hv = hv_auto_name(&d->hv, false, note, sizeof(note));
	int nets, ports;

	(void)err;
	count_nets(&d->runner, &nets, &ports);
	*result =
		json_pack("{s:s, s:i, s:I, s:s, s:i, s:i, s:i, s:s, s:s, s:i, s:i, s:I, s:o}",
			  "version", VERSION, "pid", (int)getpid(), "uptime_s",
			  (json_int_t)((clock_now_ms() - d->started_ms) / 1000), "instance",
			  state_instance(), "networks", nets, "ports", ports, "vms",
			  (int)vm_count(d), "hypervisor", hv, "hypervisor_note", note, "pool_free",
			  (int)pkt_pool_free(d->runner.pool), "pool_size", RUNNER_POOL, "rss_kib",
			  (json_int_t)proc_rss_kib(getpid()), "leases", netdhcp_store_json());
	return 0;
}

static int doctor(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)err;
	*result = doctor_run(rpc->d);
	return 0;
}

static int events_subscribe(struct rpc *rpc, json_t **result, struct err *err)
{
	int rc = client_subscribe(rpc->client, json_object_get(rpc->params, "topics"), err);

	*result = rc ? NULL : json_object();
	return rc;
}

const struct rpc_method rpc_daemon_methods[] = {
	{"hello", hello, "protocol:i", false},
	{"status", status, "", false},
	{"doctor", doctor, "", false},
	{"events.subscribe", events_subscribe, "topics:a", false},
	{0},
};
