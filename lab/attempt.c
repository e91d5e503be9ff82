/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/attempt.h"

#include <stdlib.h>

enum attempt check_attempt(struct lab_run *r, const struct lab_check *c, char *detail, size_t size,
			   bool *outside)
{
	static enum attempt (*const verbs[])(struct try * t) = {
		[LAB_PING] = try_ping,
		[LAB_TCP] = try_tcp,
		[LAB_UDP] = try_udp,
		[LAB_HTTP] = try_http,
		[LAB_DNS] = try_dns,
		[LAB_DHCP] = try_dhcp,
		[LAB_LEASE] = try_lease,
		[LAB_ADDRESS] = try_address,
		[LAB_ROUTE] = try_route,
		[LAB_PATH] = try_path,
		[LAB_MAC_TABLE] = try_mac_table,
		[LAB_NAT_TABLE] = try_nat,
		[LAB_PACKETS] = try_packets,
		[LAB_THROUGHPUT] = try_throughput,
		[LAB_FILE_TEXT] = try_file,
		[LAB_EXEC] = try_exec,
	};
	struct try t = {.r = r,
			.c = c,
			.from = c->from.s ? lab_node_find(r->lab, c->from.s) : NULL,
			.probe = c->from.s ? lab_probe_net(r->lab, c->from.s) : NULL,
			.detail = detail,
			.size = size};
	enum attempt result;

	*detail = 0;
	*outside = false;
	if (c->verb == LAB_CHECK_NONE)
		return ATTEMPT_UNTRIED;
	t.output = c->output.s ? try_text(&t, c->output.s) : NULL;
	if (c->output.s && !t.output)
		return ATTEMPT_UNTRIED;
	result = t.probe ? try_from_probe(&t) : verbs[c->verb](&t);
	free(t.output);
	*outside = t.outside;
	return result;
}
