/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_stp.c - a spanning tree bridge whose neighbours say what they like.
 *
 * Input: one-byte commands, each for one of four ports: a BPDU as it comes, a BPDU made of a few
 * bytes that is sure to be well formed, a second, a link that goes or comes. At no time may the
 * bridge forward on a port that is down, or on one that is blocked by its role.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vswitchd/switch/rstp.h"

enum { PORTS = 4 };

static void sent(void *port, const uint8_t *bpdu, size_t len)
{
	struct rstp_bpdu back;

	(void)port;
	MUST(len <= RSTP_BPDU_MAX);
	/* What is sent can be read, unless it tells of a root that is too far away. */
	MUST(rstp_bpdu_parse(bpdu, len, &back) || bpdu[27] >= bpdu[29]);
}

static void noted(void *port)
{
	(void)port;
}

static void topology(void *port, bool told)
{
	(void)port;
	(void)told;
}

static const struct rstp_ops ops = {sent, noted, noted, topology};

static void raw_bpdu(struct rstp_port *p, struct input *in)
{
	size_t len = take8(in) % 64;
	const uint8_t *bytes = take(in, &len);

	rstp_input(p, bytes, len);
}

static void made_bpdu(struct rstp_port *p, struct input *in)
{
	uint8_t bytes[RSTP_BPDU_MAX];
	struct rstp_bpdu m = {.kind = take8(in) % 3, .flags = take8(in)};
	uint8_t who = take8(in);

	m.vector.root = 0x8000020000000000ull + (who & 7);
	m.vector.bridge = 0x8000020000000000ull + (who >> 3 & 7);
	m.vector.cost = take8(in) * 1000u;
	m.vector.port = 0x8000u + (who >> 6);
	m.times = (struct rstp_times){take8(in) % 24, 20, take8(in) % 11, 15};
	rstp_input(p, bytes, rstp_bpdu_build(&m, bytes));
}

static void look(const struct rstp_port *p)
{
	MUST(!p->forwarding || p->enabled);
	MUST(!p->forwarding || p->role == RSTP_ROOT || p->role == RSTP_DESIGNATED);
	MUST(!p->forwarding || p->learning);
	MUST(p->tx_count <= RSTP_TX_HOLD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mac mac = {{2, 0, 0, 0, 0, 4}};
	struct rstp_port port[PORTS];
	struct rstp_bridge b;
	struct input in = {data, size};

	rstp_bridge_init(&b, &mac, RSTP_PRIORITY_DEFAULT, &ops);
	for (unsigned int i = 0; i < PORTS; i++) {
		rstp_port_add(&b, &port[i], (uint16_t)(i + 1), &port[i]);
		rstp_port_enable(&port[i], true);
	}
	while (in.left) {
		uint8_t op = take8(&in);
		struct rstp_port *p = &port[op >> 3 & 3];

		switch (op & 7) {
		case 0:
			rstp_port_enable(p, !p->enabled);
			break;
		case 1:
		case 2:
			rstp_tick(&b);
			break;
		case 3:
			raw_bpdu(p, &in);
			break;
		case 4:
			p->admin_edge = op & 0x20;
			p->auto_edge = op & 0x40;
			rstp_port_config(p);
			break;
		default:
			made_bpdu(p, &in);
		}
		for (unsigned int i = 0; i < PORTS; i++)
			look(&port[i]);
	}
	return 0;
}
