/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp_wire.c - any bytes through the DHCP parser, and a reply of every type to what it took.
 * (fuzz_dhcp.c plays whole histories and is slower.)
 */
#include <stdlib.h>

#include "dhcp/reply.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dhcp_conf conf = {.server = 0xfe02000a,
					      .subnet = {0x0002000a, 24},
					      .router = 0x0202000a,
					      .dns = 0x0302000a,
					      .mtu = 1500};
	static const enum dhcp_type types[] = {DHCP_OFFER, DHCP_ACK, DHCP_NAK};
	struct mac src = {{2}};
	struct dhcp_reply out;
	struct dhcp_msg msg;
	size_t len;

	if (dhcp_parse(data, size, &msg))
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		dhcp_compose(&conf, &msg, &src, types[i], conf.router, 3600, &out);
		if (out.len < DHCP_LEN_MIN || out.len > DHCP_LEN_MAX ||
		    !dhcp_find(out.data, out.len, OPT_SERVER_ID, &len) ||
		    (!msg.hdr.giaddr && msg.max_size <= DHCP_SIZE_MIN &&
		     out.len > DHCP_SIZE_MIN - DHCP_IP_UDP))
			abort();
	}
	return 0;
}
