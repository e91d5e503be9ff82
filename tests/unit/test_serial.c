/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550A as Linux' 8250 driver and others use it. */
#include <linux/serial_reg.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/serial.h"

static struct serial s;
static uint8_t sent[64], waiting[64];
static unsigned int n_sent, n_waiting;
static bool line, busy;

static bool can_send(void *ctx)
{
	(void)ctx;
	return !busy;
}

static void send_byte(void *ctx, uint8_t byte)
{
	(void)ctx;
	sent[n_sent++ % sizeof(sent)] = byte;
}

static bool can_receive(void *ctx)
{
	(void)ctx;
	return n_waiting;
}

static int receive(void *ctx)
{
	uint8_t byte = waiting[0];

	(void)ctx;
	if (!n_waiting)
		return -1;
	memmove(waiting, waiting + 1, --n_waiting);
	return byte;
}

static void discard(void *ctx)
{
	(void)ctx;
	n_waiting = 0;
}

static void irq(void *ctx, bool level)
{
	(void)ctx;
	assert_int_not_equal(line, level);
	line = level;
}

static const struct serial_ops ops = {can_send, send_byte, can_receive, receive, discard, irq};

static int setup(void **state)
{
	(void)state;
	n_sent = n_waiting = 0;
	line = busy = false;
	serial_init(&s, &ops, NULL);
	return 0;
}

static void out(unsigned int reg, uint8_t v)
{
	serial_io(&s, reg, &v, 1, true);
}

static uint8_t in(unsigned int reg)
{
	uint8_t v = 0xff;

	serial_io(&s, reg, &v, 1, false);
	return v;
}

static void type(uint8_t byte)
{
	waiting[n_waiting++] = byte;
	serial_poke(&s);
}

static void bytes_go_out(void **state)
{
	(void)state;
	assert_int_equal(in(UART_LSR), UART_LSR_THRE | UART_LSR_TEMT);
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	assert_int_equal(n_sent, 2);
	assert_memory_equal(sent, "ab", 2);
	assert_false(line);
}

static void transmit_interrupts(void **state)
{
	(void)state;
	out(UART_IER, UART_IER_THRI);
	assert_true(line);
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
	assert_false(line);
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	/* after a burst: when the handler has seen that there is nothing more, not before */
	out(UART_TX, 'x');
	out(UART_TX, 'y');
	assert_false(line);
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	assert_true(line);
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
	assert_false(line);
	/* or some time later, for a driver that does not look */
	out(UART_TX, 'z');
	serial_poke(&s);
	assert_true(line);
	out(UART_IER, 0);
	assert_false(line);
}

static void a_busy_far_end(void **state)
{
	(void)state;
	busy = true;
	assert_int_equal(in(UART_LSR), 0);
	out(UART_IER, UART_IER_THRI);
	assert_false(line);
	busy = false;
	serial_poke(&s);
	assert_true(line);
}

static void bytes_come_in(void **state)
{
	(void)state;
	out(UART_IER, UART_IER_RDI | UART_IER_THRI);
	in(UART_IIR);
	type('q');
	assert_true(line);
	assert_int_equal(in(UART_IIR), UART_IIR_RDI);
	assert_int_equal(in(UART_LSR)&UART_LSR_DR, UART_LSR_DR);
	assert_int_equal(in(UART_RX), 'q');
	assert_false(line);
	assert_int_equal(in(UART_RX), 0);
}

static void registers(void **state)
{
	(void)state;
	out(UART_LCR, UART_LCR_DLAB | 3);
	out(UART_DLL, 1);
	out(UART_DLM, 2);
	assert_int_equal(in(UART_DLL), 1);
	assert_int_equal(in(UART_DLM), 2);
	out(UART_LCR, 3);
	assert_int_equal(n_sent, 0);
	assert_int_equal(in(UART_IER), 0);
	out(UART_SCR, 0x5a);
	assert_int_equal(in(UART_SCR), 0x5a);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(in(UART_IIR), 0xc0 | UART_IIR_NO_INT);
	type('z');
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	assert_int_equal(in(UART_LSR)&UART_LSR_DR, 0);
}

/* The loop-back test by which drivers find the port. */
static void loop_back(void **state)
{
	(void)state;
	assert_int_equal(in(UART_MSR)&0xf0, UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	assert_int_equal(in(UART_MSR)&0xf0, UART_MSR_DCD | UART_MSR_CTS);
	out(UART_TX, 'n');
	assert_int_equal(n_sent, 0);
}

static void wide_accesses_and_reset(void **state)
{
	uint32_t v = 0x41414141;

	(void)state;
	serial_io(&s, 0, &v, 4, true);
	assert_int_equal(n_sent, 0);
	out(UART_IER, 0xff);
	assert_int_equal(in(UART_IER), 0x0f);
	assert_true(line);
	serial_reset(&s);
	assert_false(line);
	assert_int_equal(in(UART_IER), 0);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_go_out),
		T(transmit_interrupts),
		T(a_busy_far_end),
		T(bytes_come_in),
		T(registers),
		T(loop_back),
		T(wide_accesses_and_reset),
	};

	return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
