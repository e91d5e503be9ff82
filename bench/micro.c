/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * micro.c - what the core's inner loops cost, without a kernel in the way (`make bench-micro`).
 *
 * Each figure is the best of a few short runs, since other work on the machine can only make it
 * worse. The switch pass goes through net_input() with the carriers replaced by sinks that drop
 * what they get, so it is the cost of deciding, counting and queueing alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/csum.h"
#include "lib/gso.h"
#include "lib/timer.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/vlan.h"

enum { RUNS = 5, STATIONS = 1024, SINKS = 8, SUPER = 65000 };

static const struct mode_ops mode_plain = {.name = "lan-segment"};
const struct mode_ops *const modes[] = {&mode_plain, NULL};

static int sink_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	(void)port;
	(void)conf;
	(void)err;
	return 0;
}

static void sink_close(struct port *port, bool forget)
{
	(void)port;
	(void)forget;
}

static void sink_send(struct port *port, struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		port_count_tx(port, b->pkts[i]);
	pkt_batch_put(b);
}

static const struct port_ops sink_ops = {.type = "sink",
					 .offloads = OFFLOAD_ALL,
					 .open = sink_open,
					 .close = sink_close,
					 .send = sink_send};
const struct port_ops *const port_carriers[] = {&sink_ops, NULL};

struct stage {
	struct runner runner;
	struct net *net;
	struct port *port[SINKS];
	struct fdb *fdb;
	struct timer_wheel wheel;
	struct timer_node timers[STATIONS];
	uint8_t text[SUPER];
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Best rate of @fn, which does @per_call things a call. */
static void measure(const char *what, const char *unit, double scale, double per_call,
		    void (*fn)(struct stage *s), struct stage *s)
{
	double best = 0;

	for (int run = 0; run < RUNS; run++) {
		double start = seconds(), end;
		unsigned int calls = 0;

		do {
			fn(s);
			calls++;
			end = seconds();
		} while (end - start < 0.1);
		best = MAX(best, calls * per_call / (end - start));
	}
	printf("%-44s %10.2f %s\n", what, best / scale, unit);
}

static struct mac station(unsigned int nr)
{
	return (struct mac){{0x52, 0x54, 0, 0, (uint8_t)(nr >> 8), (uint8_t)nr}};
}

/* ---- the things measured --------------------------------------------------------------------- */

static void do_lookup(struct stage *s)
{
	for (unsigned int i = 0; i < STATIONS; i++) {
		struct mac mac = station(i * 37 % STATIONS);

		if (!fdb_lookup(s->fdb, &mac, 0, 1))
			abort();
	}
}

static void do_refresh(struct stage *s)
{
	for (unsigned int i = 0; i < STATIONS; i++) {
		struct mac mac = station(i * 37 % STATIONS);

		fdb_learn(s->fdb, &mac, 0, s->port[i * 37 % STATIONS % SINKS], 1);
	}
}

/* New addresses into a full table: each evicts one. */
static void do_learn_new(struct stage *s)
{
	static struct port flooder; /* of no network: an entry can be on one port's list only */
	static uint32_t nr;
	static struct fdb *full;

	if (!full)
		full = fdb_create(FDB_SIZE_DEFAULT, FDB_AGEING_MS);
	for (unsigned int i = 0; i < STATIONS; i++, nr++) {
		struct mac mac = {{2, 0, (uint8_t)(nr >> 24), (uint8_t)(nr >> 16),
				   (uint8_t)(nr >> 8), (uint8_t)nr}};

		fdb_learn(full, &mac, 0, &flooder, 1);
	}
	(void)s;
}

static volatile uint32_t keep;

static void do_csum_super(struct stage *s)
{
	keep = csum_add(0, s->text, SUPER);
}

static void do_csum_small(struct stage *s)
{
	for (int i = 0; i < 40; i++)
		keep = csum_add(0, s->text + i * 1448, 1448);
}

static void fill_batch(struct stage *s, struct pkt_batch *b, unsigned int round, size_t len)
{
	for (b->n = 0; b->n < PKT_BATCH_MAX; b->n++) {
		struct pkt *p = pkt_alloc(s->runner.pool);
		struct eth_hdr *eth = (void *)p->data;
		unsigned int nr = round * 7 + b->n;

		eth->src = station(nr % (STATIONS / SINKS) * SINKS);
		eth->dst = station(nr * 13 % STATIONS / SINKS * SINKS + 1 + nr % (SINKS - 1));
		eth->type = 0xb588;
		p->len = (uint32_t)len;
		b->pkts[b->n] = p;
	}
}

static void do_switch(struct stage *s)
{
	static unsigned int round;
	struct pkt_batch b;

	fill_batch(s, &b, round++, 60);
	net_input(s->net, s->port[0], &b);
}

/* The same between access ports (their bit is tested and nothing changes), and from an access port
 * to trunks (each frame gets a tag). */
static const struct vlan_case {
	const char *what, *from, *to_row, *to;
} vlan_cases[] = {
	{"  the same, all ports in VLAN 10", "10", "vlan", "10"},
	{"  the same, from VLAN 10 to trunks", "10", "trunk", "10"},
};

static void vlan_set(struct port *port, const char *row, const char *value)
{
	const struct port_setting *s = vlan_settings;

	while (strcmp(s->name, row))
		s++;
	if (s->set(port, value, NULL))
		abort();
}

static void vlan_case_begin(struct stage *s, const struct vlan_case *c)
{
	vlan_set(s->port[0], "vlan", c->from);
	for (int i = 1; i < SINKS; i++)
		vlan_set(s->port[i], c->to_row, c->to);
	for (unsigned int i = 0; i < STATIONS; i++) {
		struct mac mac = station(i);

		fdb_learn(s->fdb, &mac, 10, s->port[i % SINKS], 1);
	}
}

/* ---- one loop with and without the walk ------------------------------------------------------ */

/* Datagram sockets stand for taps; two system calls for what is one of a tap, which costs as much
 * as both (the table has what the loop takes, to compare). */
static int wire[2][2];

static void wire_init(void)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, wire[0]) ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, wire[1]))
		abort();
}

static void through(const int pair[2], struct pkt *p)
{
	if (write(pair[0], p->data, p->len) != (ssize_t)p->len ||
	    read(pair[1], p->data, p->len) != (ssize_t)p->len)
		abort();
}

static void wire_send(struct port *port, struct pkt_batch *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		through(wire[1], b->pkts[i]);
		port_count_tx(port, b->pkts[i]);
	}
	pkt_batch_put(b);
}

static const struct port_ops wire_ops = {.type = "wire",
					 .offloads = OFFLOAD_ALL,
					 .open = sink_open,
					 .close = sink_close,
					 .send = wire_send};

static void fill_from_wire(struct pkt_batch *b, struct stage *s)
{
	fill_batch(s, b, 0, 60);
	for (unsigned int i = 0; i < b->n; i++)
		through(wire[0], b->pkts[i]);
}

static void do_carry_bare(struct stage *s)
{
	struct pkt_batch b;

	fill_from_wire(&b, s);
	wire_send(s->port[1], &b);
}

static void do_carry_switched(struct stage *s)
{
	struct pkt_batch b;

	fill_from_wire(&b, s);
	net_input(s->net, s->port[0], &b);
}

/* By turns; the best of each counts. */
static void measure_walk(struct stage *s)
{
	double best[2] = {1, 1};

	wire_init();
	for (int i = 0; i < SINKS; i++)
		s->port[i]->ops = &wire_ops;
	for (int turn = 0; turn < 4000; turn++) {
		double start = seconds();

		(turn % 2 ? do_carry_switched : do_carry_bare)(s);
		best[turn % 2] = MIN(best[turn % 2], seconds() - start);
	}
	for (int i = 0; i < SINKS; i++)
		s->port[i]->ops = &sink_ops;
	printf("%-44s %10.2f us\n", "carrying a frame, system calls alone",
	       best[0] / PKT_BATCH_MAX * 1e6);
	printf("%-44s %10.2f %%\n", "  more with the walk", 100 * (best[1] / best[0] - 1));
}

static void do_alloc_only(struct stage *s)
{
	static unsigned int round;
	struct pkt_batch b;

	fill_batch(s, &b, round++, 60);
	pkt_batch_put(&b);
}

static void do_flood(struct stage *s)
{
	struct pkt_batch b;

	fill_batch(s, &b, 0, 60);
	for (unsigned int i = 0; i < b.n; i++)
		memset(b.pkts[i]->data, 0xff, 6);
	net_input(s->net, s->port[0], &b);
}

static void discard(void *ctx, struct pkt *seg)
{
	(void)ctx;
	pkt_put(seg);
}

static void do_segment(struct stage *s)
{
	struct pkt *p = pkt_alloc(s->runner.pool);
	struct ip4_hdr *ip = (void *)(p->data + ETH_HLEN_);

	memset(p->data, 0, 54);
	p->data[12] = 0x08;
	ip->ver_ihl = 0x45;
	ip->proto = IPPROTO_TCP_;
	ip->tot_len = (be16)__builtin_bswap16(40 + 64000);
	p->data[14 + 20 + 12] = 0x50;
	p->len = 54 + 64000;
	p->vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	p->vnet.gso_size = 1448;
	if (gso_segment(p, discard, NULL) != DROP_NONE)
		abort();
	pkt_put(p);
}

static void timer_nop(void *ctx, struct timer_node *t)
{
	(void)ctx;
	(void)t;
}

static void do_timers(struct stage *s)
{
	static msec now;

	for (unsigned int i = 0; i < STATIONS; i++)
		timer_start(&s->wheel, &s->timers[i], now + 100 + i * 97 % 100000);
	now += 10;
	timer_wheel_run(&s->wheel, now, UINT32_MAX, timer_nop, s);
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void stage_init(struct stage *s)
{
	struct net_conf conf = {.name = "bench", .mode = &mode_plain};

	if (runner_init(&s->runner, NULL) < 0)
		abort();
	runner_step(&s->runner, 1);
	s->net = net_add(&s->runner, &conf, NULL);
	for (int i = 0; i < SINKS; i++) {
		char name[] = {'s', (char)('0' + i), '\0'};
		struct port_conf port = {.name = name, .carrier = "sink"};

		s->port[i] = port_add(s->net, &port, NULL);
	}
	s->fdb = s->net->fdb;
	for (unsigned int i = 0; i < STATIONS; i++) {
		struct mac mac = station(i);

		fdb_learn(s->fdb, &mac, 0, s->port[i % SINKS], 1);
	}
	for (size_t i = 0; i < sizeof(s->text); i++)
		s->text[i] = (uint8_t)rand();
	timer_wheel_init(&s->wheel, 0);
}

int main(void)
{
	static struct stage s;

	stage_init(&s);
	measure("MAC table: look-ups", "M/s", 1e6, STATIONS, do_lookup, &s);
	measure("MAC table: refreshes", "M/s", 1e6, STATIONS, do_refresh, &s);
	measure("MAC table: new ones into a full table", "M/s", 1e6, STATIONS, do_learn_new, &s);
	measure("checksum, 65,000 bytes", "GB/s", 1e9, SUPER, do_csum_super, &s);
	measure("checksum, 1,448 bytes", "GB/s", 1e9, 40 * 1448, do_csum_small, &s);
	measure("a 64,000-byte super-frame cut into 1,448s", "GB/s", 1e9, 64000, do_segment, &s);
	measure("switch, bursts of 32, unicast to 7 ports", "M/s", 1e6, PKT_BATCH_MAX, do_switch,
		&s);
	measure("  of which making the burst", "M/s", 1e6, PKT_BATCH_MAX, do_alloc_only, &s);
	measure("switch, broadcast to 7 ports (frames in)", "M/s", 1e6, PKT_BATCH_MAX, do_flood,
		&s);
	measure_walk(&s);
	for (size_t i = 0; i < ARRAY_SIZE(vlan_cases); i++) {
		const struct vlan_case *c = &vlan_cases[i];

		vlan_case_begin(&s, c);
		measure(c->what, "M/s", 1e6, PKT_BATCH_MAX, do_switch, &s);
	}
	measure("timers: start, restart, fire", "M/s", 1e6, STATIONS, do_timers, &s);
	runner_fini(&s.runner, true);
	return 0;
}
