/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_snoop.c - multicast frames of any content at a network that snoops.
 *
 * Input: for each frame one byte (its port, the family, whether checksums are mended, whether time
 * passes first), a length, and the frame from behind its MAC addresses. No port may hold more than
 * its share, and at the end every packet is back and no membership is left.
 */
#include <arpa/inet.h>

#include "lib/csum.h"
#include "tests/fuzz/fuzz.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"

#include <string.h>

enum { PORTS = 4 };

static const struct mode_ops mode_plain = {.name = "lan-segment"};
const struct mode_ops *const modes[] = {&mode_plain, NULL};
const struct port_ops *const port_carriers[] = {&port_dummy_ops, &port_local_ops, NULL};

static struct runner runner;
static struct net *net;
static struct port *port[PORTS];

static void stage_init(void)
{
	struct net_conf conf = {.name = "n", .mode = &mode_plain};

	MUST(runner_init(&runner, NULL) == 0);
	runner_step(&runner, 1000);
	net = net_add(&runner, &conf, NULL);
	for (unsigned int i = 0; i < PORTS; i++) {
		char name[] = {'p', (char)('0' + i), '\0'};
		struct port_conf pc = {.name = name, .carrier = "dummy"};

		port[i] = port_add(net, &pc, NULL);
		MUST(port[i]);
	}
}

/* Sums that no fuzzer guesses. */
static void mend(uint8_t *frame, size_t len)
{
	struct ip4_hdr *ip = (void *)(frame + 14);
	size_t ihl = ip4_ihl(ip), total = ntohs(ip->tot_len);
	be16 sum;

	if (ihl < sizeof(*ip) || total < ihl + 8 || total > len - 14)
		return;
	ip->csum = 0;
	ip->csum = csum_ip4(ip, ihl);
	memset(frame + 14 + ihl + 2, 0, 2);
	sum = csum_fold(csum_add(0, frame + 14 + ihl, total - ihl));
	memcpy(frame + 14 + ihl + 2, &sum, 2);
}

static void mend6(uint8_t *frame, size_t len)
{
	const struct ip6_hdr_wire *ip = (const void *)(frame + 14);
	size_t total = ntohs(ip->payload_len);
	size_t skip = total >= 8 && total <= len - 54 ? (frame[55] + 1u) * 8 : 0;
	uint32_t sum;
	be16 folded;

	if (!skip || total < skip + 8)
		return;
	memset(frame + 54 + skip + 2, 0, 2);
	sum = csum_pseudo6(ip->src, ip->dst, 58, (uint32_t)(total - skip));
	folded = csum_fold(csum_add(sum, frame + 54 + skip, total - skip));
	memcpy(frame + 54 + skip + 2, &folded, 2);
}

static size_t send_frame(uint8_t how, const uint8_t *data, size_t size)
{
	static uint8_t frame[1514];
	size_t n = size ? MIN(data[0] * 4u, size - 1) : 0;
	size_t len = MAX(n + 14, (size_t)60);

	memset(frame, 0, len);
	memcpy(frame, how & 4 ? "\x33\x33\0\0\0\1" : "\1\0\x5e\1\2\3", 6);
	memcpy(frame + 6, "\2\0\0\0\0", 5);
	frame[11] = how & 3;
	memcpy(frame + 12, how & 4 ? "\x86\xdd" : "\x08\x00", 2);
	if (n)
		memcpy(frame + 14, data + 1, n);
	if (how & 8 && how & 4)
		mend6(frame, len);
	else if (how & 8)
		mend(frame, len);
	port_dummy_receive(port[how & 3], frame, len, NULL);
	return size ? n + 1 : 0;
}

static void drain(void)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		struct pkt *p;

		MUST(port[i]->n_groups <= SNOOP_PORT_MAX);
		while ((p = port_dummy_sent(port[i])))
			pkt_put(p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!net)
		stage_init();
	while (size) {
		uint8_t how = *data;
		size_t used;

		if (how & 16)
			runner_step(&runner, runner.now + (how >> 5) * 1000u);
		used = 1 + send_frame(how, data + 1, size - 1);
		data += used;
		size -= used;
		drain();
	}
	json_decref(snoop_json(net));
	for (unsigned int i = 0; i < PORTS; i++) {
		snoop_port_gone(net, port[i]);
		MUST(port[i]->n_groups == 0);
	}
	fdb_flush(net->fdb, NULL);
	MUST(pkt_pool_free(runner.pool) == RUNNER_POOL);
	return 0;
}
