/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - console, power, and the guest's course: attack if the command line says so, then bring
 * the card up properly and serve until told to stop.
 *
 * Command line: one word "attack=NAME" or "none", then one for the address: "dhcp" or 0a090002.
 */
#include "guest.h"

volatile uint32_t interrupts;

void print(const char *text)
{
	for (; *text; text++)
		outb(0x3f8, (uint8_t)*text);
}

void print_hex(const char *what, uint32_t v)
{
	char text[10] = {0};
	int i;

	for (i = 7; i >= 0; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	text[8] = '\n';
	print(what);
	print(text);
}

void copy(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

void fill(void *to, int c, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
}

bool streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void stop_here(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

void power_off(void)
{
	outb(0x601, 0x20 | 5 << 2);
	stop_here();
	__builtin_unreachable();
}

void reset(void)
{
	outb(0x600, 0x42);
	stop_here();
	__builtin_unreachable();
}

struct idt_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

void triple_fault(void)
{
	struct idt_pointer none = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	__builtin_unreachable();
}

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, zero;
};

void interrupt_stub(void);

/* Every vector from 32 counts and ends; faults below triple-fault. */
static void take_interrupts(void)
{
	static struct gate idt[48];
	struct idt_pointer p = {sizeof(idt) - 1, (uint64_t)(uintptr_t)idt};
	uint64_t at = (uint64_t)(uintptr_t)interrupt_stub;
	volatile uint32_t *lapic = (void *)0xfee00000;
	unsigned int i;

	for (i = 32; i < 48; i++)
		idt[i] = (struct gate){(uint16_t)at, 0x10, 0, 0x8e, (uint16_t)(at >> 16), 0, 0};
	__asm__ volatile("lidt %0" : : "m"(p));
	lapic[0xf0 / 4] = 0x1ff; /* software enable */
}

static void serve(void)
{
	bool told = false;

	for (;;) {
		uint8_t *frame;
		size_t len;

		while (receive(&frame, &len)) {
			net_frame(frame, len);
			release();
		}
		if (!told && net_has_address()) {
			print("guest: up\n");
			told = true;
		}
		idle();
	}
}

void guest_main(const uint8_t *boot_params);

void guest_main(const uint8_t *boot_params)
{
	char *line = (char *)(uintptr_t) * (const uint32_t *)(boot_params + 0x228);
	char *address = line;

	take_interrupts();
	while (*address && *address != ' ')
		address++;
	if (*address)
		*address++ = 0;
	if (!nic_find()) {
		print("guest: no network card\n");
		power_off();
	}
	if (!streq(line, "none")) {
		if (!attack(line))
			print("guest: no such attack\n");
		print_hex("guest: status after it ", nic_status());
	}
	nic_start();
	net_start(address);
	serve();
}
