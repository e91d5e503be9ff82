/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp_wire.c - any bytes through the DHCP parser, and a reply of every type to what it took,
 * with options of every kind set, more than fit. (fuzz_dhcp.c plays whole histories and is slower.)
 */
#include <stdlib.h>
#include <string.h>

#include "dhcp/reply.h"
#include "tests/fuzz/fuzz.h"

static struct dhcp_server s;
static struct dhcp_policy *policy;

static void set(struct dhcp_optset *to, const char *key, const char *value)
{
	struct err err;

	MUST(optset_set(to, key, value, &err) == 0);
}

static void make_policy(void)
{
	struct dhcp_match pxe = {.vendor = "PXE*", .arch = -1}, user = {.user = "i*e", .arch = -1};
	struct dhcp_optset *net;
	char text[801];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	policy = policy_create();
	net = policy_net(policy);
	set(net, "routes", "10.8.0.0/16 via 10.0.2.9");
	set(net, "search", "a.example,b.example,c.a.example");
	set(net, "force:option:224:text", text);
	set(net, "force:wpad", "http://wpad/wpad.dat");
	set(net, "root-path", text);
	set(net, "ipv6-only", "300");
	set(net, "rapid-commit", "on");
	set(policy_class(policy, "pxe", &pxe), "bootfile", "pxelinux.0");
	set(policy_class(policy, "ipxe", &user), "tftp", "10.0.2.7");
	set(policy_class(policy, "ipxe", &user), "dns", "none");
}

static void make_server(void)
{
	static const struct dhcp_store_ops none;
	struct dhcp_conf conf = {
		.net = "n",
		.n_subnets = 2,
		.subnet = {{.subnet = {0x0002000a, 24},
			    .first = 0x8002000a,
			    .last = 0xf002000a,
			    .server = 0xfe02000a,
			    .router = 0x0202000a},
			   {.subnet = {0x0003000a, 24},
			    .first = 0x8003000a,
			    .last = 0xf003000a,
			    .relayed = true}},
		.dns = 0x0302000a,
		.mtu = 1500,
		.lease_s = 3600,
	};

	make_policy();
	conf.policy = policy;
	MUST(dhcp_server_init(&s, &conf, &none, NULL, 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dhcp_type types[] = {DHCP_OFFER, DHCP_ACK, DHCP_NAK};
	struct dhcp_rx rx = {.src = {{2}}, .at = "web.eth0"};
	static struct dhcp_reply out;
	struct dhcp_msg msg, back;
	struct turn t;
	size_t len;

	if (!policy)
		make_server();
	if (dhcp_parse(data, size, &msg) || !turn_init(&t, &s, &rx, &msg, 1, 1, &out))
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		struct dhcp_answer a = {.type = types[i],
					.yiaddr = types[i] == DHCP_NAK ? 0 : s.conf.subnet[0].first,
					.timed = types[i] != DHCP_NAK,
					.say = "no"};

		dhcp_compose(&t, &a);
		MUST(out.len >= DHCP_LEN_MIN && out.len <= DHCP_LEN_MAX);
		MUST(dhcp_find(out.data, out.len, OPT_SERVER_ID, &len));
		MUST(msg.hdr.giaddr || msg.max_size > DHCP_SIZE_MIN ||
		     out.len <= DHCP_SIZE_MIN - DHCP_IP_UDP);
		out.data[0] = DHCP_BOOTREQUEST; /* so that our own parser takes it */
		MUST(dhcp_parse(out.data, out.len, &back) == 0);
	}
	return 0;
}
