/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio.c - a driver for virtio-net over modern virtio-pci with MSI-X, in the order of VIRTIO
 * 1.2, 3.1.1.
 */
#include "guest.h"

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { /* common configuration, 4.1.4.3 */
       C_FEATURE_SELECT = 8,
       C_FEATURE = 12,
       C_CONFIG_VECTOR = 16,
       C_STATUS = 20,
       C_Q_SELECT = 22,
       C_Q_SIZE = 24,
       C_Q_VECTOR = 26,
       C_Q_ENABLE = 28,
       C_Q_DESC = 32,
       C_Q_AVAIL = 40,
       C_Q_USED = 48,
};
enum { F_MAC = 1 << 5, F_MRG_RXBUF = 1 << 15, F_HIGH_VERSION_1 = 1 };

struct nic nic;
struct queue queues[QUEUES];
uint8_t rx_buf[QUEUE_SIZE][BUF_SIZE], tx_buf[BUF_SIZE];

uint32_t cfg_read(uint32_t off)
{
	outl(0xcf8, nic.config | (off & 0xfc));
	return inl(0xcfc) >> 8 * (off & 3);
}

void cfg_write(uint32_t off, uint32_t v)
{
	outl(0xcf8, nic.config | off);
	outl(0xcfc, v);
}

static void put8(unsigned int off, uint8_t v)
{
	nic.common[off] = v;
}

static void put16(unsigned int off, uint16_t v)
{
	*(volatile uint16_t *)(nic.common + off) = v;
}

static void put32(unsigned int off, uint32_t v)
{
	*(volatile uint32_t *)(nic.common + off) = v;
}

static void read_caps(void)
{
	uint8_t cap = (uint8_t)cfg_read(0x34);

	for (; cap; cap = (uint8_t)cfg_read(cap + 1)) {
		volatile uint8_t *at = (void *)(nic.bar + cfg_read(cap + 8));
		uint32_t id = cfg_read(cap) & 0xff, type = cfg_read(cap + 3) & 0xff;

		if (id == 0x11) {
			nic.msix = (void *)(nic.bar + (cfg_read(cap + 4) & ~7u));
			cfg_write(cap, cfg_read(cap) | 0x80000000); /* enable */
		} else if (id == 9 && type == 1) {
			nic.common = at;
		} else if (id == 9 && type == 2) {
			nic.notify = at;
			nic.notify_step = cfg_read(cap + 16);
		} else if (id == 9 && type == 4) {
			nic.device = at;
		}
	}
}

bool nic_find(void)
{
	uint32_t slot;

	for (slot = 0; slot < 32; slot++) {
		nic.config = 0x80000000 | slot << 11;
		if (cfg_read(0) != 0x10411af4)
			continue;
		nic.bar = cfg_read(0x10) & ~0xfu;
		cfg_write(4, 6); /* memory and bus master */
		read_caps();
		return nic.common && nic.notify && nic.device && nic.msix;
	}
	return false;
}

uint8_t nic_status(void)
{
	return nic.common[C_STATUS];
}

void nic_set_status(uint8_t v)
{
	put8(C_STATUS, v);
}

void nic_reset(void)
{
	unsigned int i;

	nic_set_status(0);
	while (nic_status())
		;
	for (i = 0; i < QUEUES; i++)
		fill(&queues[i], 0, sizeof(queues[i]));
}

void nic_negotiate(void)
{
	nic_set_status(ACKNOWLEDGE | DRIVER);
	put32(C_FEATURE_SELECT, 0);
	put32(C_FEATURE, F_MAC | F_MRG_RXBUF);
	put32(C_FEATURE_SELECT, 1);
	put32(C_FEATURE, F_HIGH_VERSION_1);
	nic_set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
}

static void set_vector(unsigned int i)
{
	nic.msix[i * 4] = 0xfee00000;
	nic.msix[i * 4 + 1] = 0;
	nic.msix[i * 4 + 2] = 32 + i;
	nic.msix[i * 4 + 3] = 0;
	put16(C_Q_VECTOR, (uint16_t)i);
}

bool nic_queue(unsigned int i, uint64_t at)
{
	put16(C_Q_SELECT, (uint16_t)i);
	put16(C_Q_SIZE, QUEUE_SIZE);
	set_vector(i);
	put32(C_Q_DESC, (uint32_t)at);
	put32(C_Q_DESC + 4, (uint32_t)(at >> 32));
	at += offsetof(struct queue, avail);
	put32(C_Q_AVAIL, (uint32_t)at);
	put32(C_Q_AVAIL + 4, (uint32_t)(at >> 32));
	at += offsetof(struct queue, used) - offsetof(struct queue, avail);
	put32(C_Q_USED, (uint32_t)at);
	put32(C_Q_USED + 4, (uint32_t)(at >> 32));
	put16(C_Q_ENABLE, 1);
	return *(volatile uint16_t *)(nic.common + C_Q_ENABLE) == 1;
}

void nic_kick(unsigned int queue)
{
	*(volatile uint16_t *)(nic.notify + queue * nic.notify_step) = (uint16_t)queue;
}

void post(unsigned int queue, uint16_t head)
{
	struct queue *q = &queues[queue];

	q->avail.ring[q->avail.idx % QUEUE_SIZE] = head;
	__asm__ volatile("" : : : "memory");
	q->avail.idx++;
}

void nic_start(void)
{
	unsigned int i;

	nic_reset();
	nic_negotiate();
	for (i = 0; i < QUEUES; i++)
		nic_queue(i, (uint64_t)(uintptr_t)&queues[i]);
	for (i = 0; i < 6; i++)
		nic.mac[i] = nic.device[i];
	queues[TX].avail.flags = 1; /* no interrupts */
	for (i = 0; i < QUEUE_SIZE; i++) {
		queues[RX].desc[i] =
			(struct desc){(uint64_t)(uintptr_t)rx_buf[i], BUF_SIZE, DESC_WRITE, 0};
		post(RX, (uint16_t)i);
	}
	nic_set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	nic_kick(RX);
}

void send(size_t len)
{
	struct queue *q = &queues[TX];
	volatile uint16_t *used = &q->used.idx;

	fill(tx_buf, 0, NET_HDR);
	q->desc[0] = (struct desc){(uint64_t)(uintptr_t)tx_buf, (uint32_t)(NET_HDR + len), 0, 0};
	post(TX, 0);
	nic_kick(TX);
	while (*used != q->avail.idx && !(nic_status() & 0x40))
		;
}

static bool has_frame(void)
{
	return *(volatile uint16_t *)&queues[RX].used.idx != queues[RX].seen;
}

bool receive(uint8_t **frame, size_t *len)
{
	struct queue *q = &queues[RX];
	uint16_t at = q->seen % QUEUE_SIZE;

	if (!has_frame())
		return false;
	*frame = rx_buf[q->used.ring[at].id % QUEUE_SIZE] + NET_HDR;
	*len = q->used.ring[at].len - NET_HDR;
	return true;
}

void release(void)
{
	struct queue *q = &queues[RX];

	post(RX, (uint16_t)q->used.ring[q->seen++ % QUEUE_SIZE].id);
	nic_kick(RX);
}

void idle(void)
{
	__asm__ volatile("cli");
	if (!has_frame())
		__asm__ volatile("sti; hlt");
	__asm__ volatile("sti");
}
