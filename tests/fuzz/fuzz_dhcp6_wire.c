/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp6_wire.c - any bytes through the DHCPv6 parser; what it took is written back as far as
 * the answer to a relay goes. (fuzz_dhcp6.c plays whole histories and is slower.)
 */
#include "dhcp/domain.h"
#include "dhcp/wire6.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[DHCP6_LEN_MAX];
	struct dhcp6_writer w = {.buf = buf, .max = sizeof(buf)};
	size_t open[DHCP6_RELAYS_MAX];
	struct dhcp6_msg msg;
	char label[64];

	if (dhcp6_parse(data, size, &msg))
		return 0;
	MUST(msg.n_ias <= DHCP6_IAS_MAX && msg.n_relays <= DHCP6_RELAYS_MAX);
	MUST(msg.client_id.len <= DHCP6_DUID_MAX && msg.oro.len % 2 == 0);
	dhcp6_wants(&msg, OPT6_DNS);
	if (msg.fqdn.len)
		domain_first_label(msg.fqdn.b + 1, msg.fqdn.len - 1u, label);
	dhcp6_relays_open(&w, &msg, open);
	dhcp6_put_status(&w, STATUS6_SUCCESS, "");
	dhcp6_relays_close(&w, &msg, open);
	MUST(w.len <= w.max);
	return 0;
}
