/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - a guest of a few kilobytes that drives a virtio network card, well or badly.
 *
 * It exists because it runs where no Linux can: on a KVM that interprets its guests it is up in
 * a tenth of a second. Single CPU, no memory management, interrupts only to leave HLT.
 */
#ifndef TESTS_NESTED_GUEST_H
#define TESTS_NESTED_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RX, TX, QUEUES };
enum { QUEUE_SIZE = 16, BUF_SIZE = 2048, NET_HDR = 12 };

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct queue {
	struct desc desc[QUEUE_SIZE];
	struct {
		uint16_t flags, idx, ring[QUEUE_SIZE], used_event;
	} avail __attribute__((aligned(4)));
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[QUEUE_SIZE];
		uint16_t avail_event;
	} used __attribute__((aligned(4)));
	uint16_t seen; /* used entries handled */
} __attribute__((aligned(4096)));

struct nic {
	uint32_t config; /* address of its configuration space for port 0xcf8 */
	uint64_t bar;
	volatile uint8_t *common, *device, *notify;
	volatile uint32_t *msix;
	uint32_t notify_step;
	uint8_t mac[6];
};

extern struct nic nic;
extern struct queue queues[QUEUES];
extern uint8_t rx_buf[QUEUE_SIZE][BUF_SIZE], tx_buf[BUF_SIZE];
extern volatile uint32_t interrupts;

/* ports, the console, power */
static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
void print(const char *text);
void print_hex(const char *what, uint32_t v);
void power_off(void) __attribute__((noreturn));
void reset(void) __attribute__((noreturn));
void triple_fault(void) __attribute__((noreturn));
bool streq(const char *a, const char *b);

/* virtio.c: the card as the specification wants it */
uint32_t cfg_read(uint32_t off);
void cfg_write(uint32_t off, uint32_t v);
bool nic_find(void);
uint8_t nic_status(void);
void nic_set_status(uint8_t v);
void nic_reset(void);
void nic_negotiate(void);
bool nic_queue(unsigned int i, uint64_t at);
void nic_start(void); /* all of it, with receive buffers posted */
void nic_kick(unsigned int queue);
void post(unsigned int queue, uint16_t head);
void send(size_t len); /* the frame in tx_buf behind NET_HDR */
/* The next received frame; false when there is none. Give its buffer back with release(). */
bool receive(uint8_t **frame, size_t *len);
void release(void);
void idle(void); /* HLT until an interrupt, unless something came */

/* net.c: DHCP, ARP, ICMP, and commands by UDP */
void net_start(const char *address); /* "dhcp" or four bytes in hex */
void net_frame(uint8_t *f, size_t len);
bool net_has_address(void);
void net_ask(void);

/* hostile.c: do the attack of that name; false when there is none such */
bool attack(const char *name);

void copy(void *to, const void *from, size_t n);
void fill(void *to, int c, size_t n);

#endif
