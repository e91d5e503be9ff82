/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile.c - one attack each on the machine monitor. None is to harm it: afterwards the card is
 * reset and must work.
 */
#include "guest.h"

#define HERE(x) ((uint64_t)(uintptr_t)(x))

static struct desc *d;

/* A live card whose transmit queue is ours to spoil. */
static void live(void)
{
	nic_start();
	d = queues[TX].desc;
}

static void fire(void)
{
	post(TX, 0);
	nic_kick(TX);
}

/* Each register access is an exit, so that the I/O thread has a third of a second to look. */
static void settle(void)
{
	unsigned int i;

	for (i = 0; i < 30000 && !(nic_status() & 0x40); i++)
		;
}

static void one(uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	live();
	d[0] = (struct desc){addr, len, flags, next};
	fire();
	settle();
}

static void a_loop(void)
{
	one(HERE(tx_buf), 60, DESC_NEXT, 0);
}

static void a_outside(void)
{
	one(0x7000000000, 60, 0, 0);
}

static void a_wrap(void)
{
	one(UINT64_MAX - 10, 60, 0, 0);
}

static void a_hole(void)
{
	one(0xbfffff00, 0x1000, 0, 0);
}

static void a_lapic(void)
{
	one(0xfee00000, 64, DESC_WRITE, 0);
}

static void a_own_bar(void)
{
	one(nic.bar, 64, 0, 0);
}

static void a_next(void)
{
	one(HERE(tx_buf), 60, DESC_NEXT, QUEUE_SIZE);
}

static void a_indirect(void)
{
	one(HERE(tx_buf), 64, DESC_INDIRECT | DESC_NEXT, 1);
}

static void a_writable(void)
{
	one(HERE(tx_buf), 64, DESC_WRITE, 0);
}

static void a_short(void)
{
	uint32_t len;

	live();
	for (len = 0; len < NET_HDR + 14; len++) {
		d[0] = (struct desc){HERE(tx_buf), len, 0, 0};
		fire();
		while (*(volatile uint16_t *)&queues[TX].used.idx != queues[TX].avail.idx)
			;
	}
}

static void a_header(void)
{
	unsigned int i;

	live();
	for (i = 0; i < 64; i++) {
		fill(tx_buf, (int)(i * 37 + 1), NET_HDR);
		d[0] = (struct desc){HERE(tx_buf), NET_HDR + 60, 0, 0};
		fire();
		while (*(volatile uint16_t *)&queues[TX].used.idx != queues[TX].avail.idx)
			;
	}
}

static void a_jump(void)
{
	live();
	queues[TX].avail.idx = 1000;
	nic_kick(TX);
	settle();
}

static void a_head(void)
{
	live();
	post(TX, 0xffff);
	nic_kick(TX);
	settle();
}

static void a_readable(void)
{
	nic_reset();
	nic_negotiate();
	nic_queue(RX, HERE(&queues[RX]));
	nic_queue(TX, HERE(&queues[TX]));
	queues[RX].desc[0] = (struct desc){HERE(rx_buf), BUF_SIZE, 0, 0};
	post(RX, 0);
	nic_set_status(15);
	nic_kick(RX);
	settle();
}

static void a_unready(void)
{
	unsigned int i;

	nic_reset();
	for (i = 0; i < 300; i++)
		nic_kick(i % 200);
	nic_negotiate();
	nic_kick(TX);
	nic_set_status(15); /* live, with no queue */
	nic_kick(RX);
	nic_kick(TX);
}

static void a_queues(void)
{
	static const uint64_t at[] = {UINT64_MAX - 15, 0xfee00000, 0xe0000000, 0xbffffff0,
				      0x100000000,     8,	   1};
	unsigned int i;

	nic_reset();
	nic_negotiate();
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (nic_queue(i % 2, at[i]))
			print("guest: a bad queue was enabled\n");
	}
	nic_set_status(15);
	nic_kick(TX);
}

static void a_bar(void)
{
	static const uint32_t at[] = {0, 0x1000000, 0xfee00000, 0xfec00000, 0xe0008000, 0xffffffff};
	unsigned int i;

	live();
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		cfg_write(0x10, at[i]);
	cfg_write(0x10, (uint32_t)nic.bar);
	if ((cfg_read(0x10) & ~0xfu) != nic.bar)
		print("guest: the BAR moved\n");
}

static void a_config(void)
{
	uint32_t off;

	nic_reset();
	for (off = 4; off < 256; off += 4)
		cfg_write(off, 0xa5a5a5a5 ^ off);
	nic.config = 0;
	nic_find();
}

static void a_registers(void)
{
	uint32_t off;

	nic_reset();
	for (off = 0; off < 0x4000; off += off < 0x400 ? 1 : 61) {
		*(volatile uint8_t *)(nic.bar + off) = (uint8_t)off;
		*(volatile uint16_t *)(nic.bar + off) = 0xffff;
		*(volatile uint64_t *)(nic.bar + off) = 0x5a5a5a5a5a5a5a5a;
		(void)*(volatile uint64_t *)(nic.bar + off);
	}
}

/* All but the serial port, and those that would end the test. */
static void a_ports(void)
{
	uint32_t port;

	for (port = 0; port < 0x10000; port += port < 0x1000 ? 3 : 509) {
		if ((port >= 0x3f0 && port < 0x400) || (port >= 0x5fc && port < 0x604) ||
		    port == 0x64 || (port >= 0xcf4 && port < 0xd00))
			continue;
		outb((uint16_t)port, 0xff);
		outl((uint16_t)port, 0xffffffff);
		(void)inl((uint16_t)port);
	}
}

static void a_burst(void)
{
	unsigned int i, round;

	for (round = 0; round < 20; round++) {
		live();
		d[0] = (struct desc){HERE(tx_buf), NET_HDR + 60, 0, 0};
		fill(tx_buf, 0, NET_HDR);
		for (i = 0; i < QUEUE_SIZE; i++)
			post(TX, 0);
		nic_kick(TX);
		nic_set_status(0);
	}
}

static void a_kicks(void)
{
	unsigned int i;

	live();
	for (i = 0; i < 5000; i++)
		nic_kick(i & 1);
}

static void a_console(void)
{
	unsigned int i;

	for (i = 0; i < 5000; i++)
		outb(0x3f8, "flood\n"[i % 6]);
}

static const struct {
	const char *name;
	void (*fn)(void);
} attacks[] = {
	{"loop", a_loop},	    {"outside", a_outside},   {"wrap", a_wrap},
	{"hole", a_hole},	    {"lapic", a_lapic},	      {"own-bar", a_own_bar},
	{"next", a_next},	    {"indirect", a_indirect}, {"writable", a_writable},
	{"short", a_short},	    {"header", a_header},     {"jump", a_jump},
	{"head", a_head},	    {"readable", a_readable}, {"unready", a_unready},
	{"queues", a_queues},	    {"bar", a_bar},	      {"config", a_config},
	{"registers", a_registers}, {"ports", a_ports},	      {"burst", a_burst},
	{"kicks", a_kicks},	    {"console", a_console},
};

bool attack(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (streq(name, attacks[i].name)) {
			attacks[i].fn();
			return true;
		}
	}
	return false;
}
