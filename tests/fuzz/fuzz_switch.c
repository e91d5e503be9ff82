/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_switch.c - two networks and everything that can happen to their ports, in any order.
 *
 * Input: a program of one-byte commands with their arguments. The last byte of each source address
 * tells the network that the frame was put into; nothing may come out of the other, nothing of a
 * port that is down, nothing unfinished at a port that takes nothing undone; what is told
 * beforehand of a frame (explain.h) is what happens to it; and at the end every packet is back in
 * the pool.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/frames.h"
#include "vswitchd/control/explain.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/watch.h"

enum { PORTS = 6, LOCALS = 2 };

static const struct mode_ops mode_plain = {.name = "lan-segment"};
const struct mode_ops *const modes[] = {&mode_plain, NULL};
const struct port_ops *const port_carriers[] = {&port_dummy_ops, &port_local_ops, NULL};

struct stage {
	struct runner runner;
	struct net *net[2];
	struct port *port[PORTS];
	struct port *local[LOCALS];
};

/* Sends every other frame back to where it came from. */
static void local_input(void *ctx, struct pkt *p)
{
	struct port *port = *(struct port **)ctx;
	struct mac dst;

	MUST(p->len >= ETH_HLEN_);
	if (p->data[p->len - 1] & 1)
		p = pkt_writable(p);
	else
		return pkt_put(p);
	if (!p)
		return;
	memcpy(&dst, p->data + 6, 6);
	p->data[p->len - 1] &= 0xfe;
	memcpy(p->data, &dst, 6);
	p->data[6] &= 0xfe;
	port_local_inject(port, p);
}

static void port_new(struct stage *s, unsigned int i)
{
	char name[] = {'p', (char)('0' + i), '\0'};
	struct port_conf conf = {.name = name, .carrier = "dummy"};

	s->port[i] = port_add(s->net[i % 2], &conf, NULL);
	MUST(s->port[i]);
	s->port[i]->offloads = i < 2 ? OFFLOAD_ALL : i == 2 ? OFFLOAD_CSUM : 0;
}

static void stage_init(struct stage *s)
{
	struct mac mac = {{2, 0, 0, 0, 0xff, 0}};
	struct net_conf conf = {.mode = &mode_plain};

	memset(s, 0, sizeof(*s));
	MUST(runner_init(&s->runner, NULL) == 0);
	runner_step(&s->runner, 1);
	for (unsigned int i = 0; i < 2; i++) {
		conf.name[0] = (char)('a' + i);
		s->net[i] = net_add(&s->runner, &conf, NULL);
	}
	for (unsigned int i = 0; i < PORTS; i++)
		port_new(s, i);
	for (unsigned int i = 0; i < LOCALS; i++) {
		char name[] = {'l', (char)('0' + i), '\0'};

		mac.b[5] = (uint8_t)i;
		s->local[i] =
			port_local_add(s->net[i], name, &mac, local_input, &s->local[i], NULL);
		MUST(s->local[i]);
	}
}

static void drain(struct stage *s, struct port *port)
{
	struct pkt *p;

	while ((p = port_dummy_sent(port))) {
		MUST(p->len >= ETH_HLEN_);
		MUST(s->net[p->data[11] & 1] == port->net);
		MUST((gso_needs(p) & ~port->offloads) == 0);
		MUST(gso_frame_len(p) <= net_frame_max(port->net));
		pkt_put(p);
	}
}

/* Remembers what came of the first frame that it sees. */
struct witness {
	struct frame_hook hook;
	unsigned int seen, copies;
	enum drop_reason dropped;
};

static bool wants(struct frame_hook *hook, const struct walk *w)
{
	(void)hook;
	(void)w;
	return true;
}

static void see(struct frame_hook *hook, const struct sighting *s)
{
	struct witness *me = CONTAINER_OF(hook, struct witness, hook);

	if (me->seen++ == 0) {
		me->copies = s->walk->copies;
		me->dropped = s->walk->dropped;
	}
}

/* Ask what would happen to the frame, then let it happen. */
static void ask_and_receive(struct port *port, const void *frame, size_t len,
			    const struct virtio_net_hdr *vnet)
{
	struct witness me = {.hook = {.narrate = wants, .frame = see}};
	struct pkt *p = pkt_from(port->net->runner->pool, frame, len);
	unsigned int macs = fdb_count(port->net->fdb);
	static struct explanation e;

	MUST(p);
	p->vnet = *vnet;
	explain_walk(port, p, &e);
	MUST(fdb_count(port->net->fdb) == macs);
	frame_hook_add(&me.hook, port->net->runner, port->net, NULL);
	port_dummy_receive(port, frame, len, vnet);
	frame_hook_del(&me.hook);
	MUST(!me.seen || (me.copies == e.copies && me.dropped == e.dropped));
}

/* Source and destination from a small set, so that they meet; the rest of the frame as it comes. */
static void send_frame(struct stage *s, struct port *port, struct input *in)
{
	static uint8_t frame[PKT_FRAME_MAX];
	struct virtio_net_hdr vnet = {0};
	uint8_t how = take8(in);
	size_t len = take8(in) * 8u, n = len;
	const uint8_t *bytes;

	if (how & 1) {
		size_t v = sizeof(vnet);

		bytes = take(in, &v);
		memcpy(&vnet, bytes, v);
	}
	bytes = take(in, &n);
	memset(frame, 0, len);
	memcpy(frame, bytes, n);
	if (how & 2 && len >= ETH_HLEN_) {
		memset(frame, 0, 12);
		frame[0] = frame[6] = 2;
		frame[4] = how & 4 ? 0xff : 0;
		frame[5] = (uint8_t)(how >> 4);
		frame[10] = how & 8;
	}
	/* A tag of a VLAN that set_vlan() knows. */
	if (how & 8 && len > 16) {
		memcpy(frame + 12, "\x81\x00\x00", 3);
		frame[15] &= 11;
	}
	if (how & 4 && len < sizeof(frame) / 32)
		len *= 32;
	if (len >= ETH_HLEN_)
		frame[11] = (uint8_t)((frame[11] & 0xfe) | (port->net == s->net[1]));
	if (how & 0x30)
		port_dummy_receive(port, frame, len, &vnet);
	else
		ask_and_receive(port, frame, len, &vnet); /* it takes its time */
}

/* Access, trunk and native in all combinations; what is refused changes nothing. */
static void set_vlan(struct port *port, uint8_t which)
{
	static const char *const values[] = {"none", "1", "2", "10", "1-4094", "2,10", "all", "0"};
	const struct port_setting *row = &vlan_settings[which % 3];

	row->set(port, values[which >> 2 & 7], NULL);
}

static void command(struct stage *s, struct input *in)
{
	uint8_t op = take8(in);
	unsigned int i = (op >> 4) % PORTS;
	struct port *port = s->port[i];

	switch (op & 15) {
	case 0:
		port_set_admin(port, !port->admin_up);
		drain(s, port);
		break;
	case 1:
		drain(s, port);
		MUST(port_move(port, s->net[port->net == s->net[0]], NULL) == 0);
		break;
	case 2:
		port_fail(port, "fuzz");
		break;
	case 3:
		port_del(port, true);
		port_new(s, i);
		break;
	case 4:
		fdb_flush(port->net->fdb, op & 0x80 ? NULL : port);
		break;
	case 5:
		runner_step(&s->runner, s->runner.now + take8(in) * 4000u);
		break;
	case 6:
		port_set_admin(s->local[i % LOCALS], op & 0x80);
		break;
	case 7:
		drain(s, port);
		break;
	case 8:
		set_vlan(port, take8(in));
		break;
	default:
		send_frame(s, port, in);
	}
}

/* Everybody back in place, up, and nothing known or under way. */
static void stage_reset(struct stage *s)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		struct port *port = s->port[i];

		if (port->failed || port->net != s->net[i % 2]) {
			port_del(port, true);
			port_new(s, i);
			continue;
		}
		port_set_admin(port, true);
		drain(s, port);
		vlan_settings[0].set(port, "none", NULL);
		vlan_settings[1].set(port, "none", NULL);
	}
	MUST(!s->net[0]->n_vlan && !s->net[1]->n_vlan);
	for (unsigned int i = 0; i < LOCALS; i++)
		port_set_admin(s->local[i], true);
	for (int i = 0; i < 2; i++)
		fdb_flush(s->net[i]->fdb, NULL);
	MUST(pkt_pool_free(s->runner.pool) == RUNNER_POOL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	static struct stage s;

	if (!s.runner.pool)
		stage_init(&s);
	while (in.left)
		command(&s, &in);
	for (unsigned int i = 0; i < PORTS; i++)
		drain(&s, s.port[i]);
	stage_reset(&s);
	return 0;
}
