/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serial.c - 16550A (National PC16550D).
 *
 * Theory of operation. Transmission takes no time: a byte written to THR is with the stream at
 * once, and the transmitter is empty again as long as the stream has room. So THRE follows
 * can_send(). The "transmitter became empty" interrupt is an edge that is latched in thr_event
 * when IER enables it, and that reading IIR (as the reported cause) or writing THR takes back.
 *
 * After a burst of bytes it would be due again at once. But then a driver that looks at IIR once
 * more before it leaves its handler, as all do, would send its whole queue in there, for
 * milliseconds with interrupts off. So it comes when IIR has been read as "none": right after the
 * handler. serial_poke(), called at least every few milliseconds while output goes on, is the
 * fall-back for drivers that do not look again.
 *
 * Received bytes stay in the stream's buffer until the guest reads them, so the receive FIFO is as
 * deep as that buffer and never overruns.
 */
#include "vmm/serial.h"

#include <linux/serial_reg.h>

void serial_init(struct serial *s, const struct serial_ops *ops, void *ctx)
{
	*s = (struct serial){.ops = ops, .ctx = ctx};
}

/* The cause with the highest priority (table 3 of the data sheet). */
static uint8_t cause(const struct serial *s)
{
	if ((s->ier & UART_IER_RDI) && s->ops->can_receive(s->ctx))
		return UART_IIR_RDI;
	if ((s->ier & UART_IER_THRI) && s->thr_event)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

static void update(struct serial *s)
{
	bool level = cause(s) != UART_IIR_NO_INT;

	if (level == s->line)
		return;
	s->line = level;
	s->ops->irq(s->ctx, level);
}

void serial_reset(struct serial *s)
{
	bool line = s->line;

	*s = (struct serial){.ops = s->ops, .ctx = s->ctx, .line = line};
	s->ops->discard(s->ctx);
	update(s);
}

/* The transmitter is empty: latch that, or remember to do so when the far end has room. */
static void transmitter_empty(struct serial *s)
{
	s->thr_event = s->ops->can_send(s->ctx);
	s->event_due = !s->thr_event;
}

void serial_poke(struct serial *s)
{
	if (s->event_due)
		transmitter_empty(s);
	update(s);
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t v = cause(s);

	if (v == UART_IIR_THRI)
		s->thr_event = false;
	else if (v == UART_IIR_NO_INT && s->event_due)
		transmitter_empty(s);
	return v | (s->fifo ? 0xc0 : 0);
}

static uint8_t read_lsr(const struct serial *s)
{
	uint8_t v = 0;

	if (s->ops->can_send(s->ctx))
		v |= UART_LSR_THRE | UART_LSR_TEMT;
	if (s->ops->can_receive(s->ctx))
		v |= UART_LSR_DR;
	return v;
}

static uint8_t read_msr(const struct serial *s)
{
	uint8_t v = 0;

	if (!(s->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (s->mcr & UART_MCR_DTR)
		v |= UART_MSR_DSR;
	if (s->mcr & UART_MCR_RTS)
		v |= UART_MSR_CTS;
	if (s->mcr & UART_MCR_OUT1)
		v |= UART_MSR_RI;
	if (s->mcr & UART_MCR_OUT2)
		v |= UART_MSR_DCD;
	return v;
}

static uint8_t read_data(struct serial *s)
{
	int byte = s->ops->receive(s->ctx);

	return byte < 0 ? 0 : (uint8_t)byte;
}

static uint8_t read_reg(struct serial *s, unsigned int reg)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return dlab ? s->dll : read_data(s);
	case UART_IER:
		return dlab ? s->dlm : s->ier;
	case UART_IIR:
		return read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return read_lsr(s);
	case UART_MSR:
		return read_msr(s);
	default:
		return s->scr;
	}
}

static void write_data(struct serial *s, uint8_t v)
{
	/* In loop-back the byte does not leave; nobody we know reads it back. */
	if (!(s->mcr & UART_MCR_LOOP))
		s->ops->send(s->ctx, v);
	s->thr_event = false;
	s->event_due = true;
}

static void write_ier(struct serial *s, uint8_t v)
{
	if ((v & UART_IER_THRI) && !(s->ier & UART_IER_THRI))
		transmitter_empty(s);
	s->ier = v & 0xf;
}

static void write_reg(struct serial *s, unsigned int reg, uint8_t v)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (dlab)
			s->dll = v;
		else
			write_data(s, v);
		break;
	case UART_IER:
		if (dlab)
			s->dlm = v;
		else
			write_ier(s, v);
		break;
	case UART_FCR:
		s->fifo = v & UART_FCR_ENABLE_FIFO;
		if (v & UART_FCR_CLEAR_RCVR)
			s->ops->discard(s->ctx);
		break;
	case UART_LCR:
		s->lcr = v;
		break;
	case UART_MCR:
		s->mcr = v & 0x1f;
		break;
	case UART_SCR:
		s->scr = v;
		break;
	default:
		break; /* LSR and MSR are read only */
	}
}

void serial_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	struct serial *s = ctx;
	uint8_t *byte = data;

	if (len != 1)
		return;
	if (write)
		write_reg(s, (unsigned int)off & 7, *byte);
	else
		*byte = read_reg(s, (unsigned int)off & 7);
	update(s);
}
