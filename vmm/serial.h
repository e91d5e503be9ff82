/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serial.h - a 16550A serial port.
 *
 * The far end is a byte stream (stream.h) behind four functions, so the device is tested without
 * one. All calls are made under the device lock.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include "lib/types.h"

struct serial_ops {
	/* May a byte be sent now? While false, the transmitter stays busy. */
	bool (*can_send)(void *ctx);
	void (*send)(void *ctx, uint8_t byte);
	/* Has a byte arrived; take it (-1: none); throw away what has arrived. */
	bool (*can_receive)(void *ctx);
	int (*receive)(void *ctx);
	void (*discard)(void *ctx);
	/* Level of the interrupt line; called on changes only. */
	void (*irq)(void *ctx, bool level);
};

struct serial {
	const struct serial_ops *ops;
	void *ctx;
	uint8_t ier, lcr, mcr, scr, dll, dlm;
	bool fifo;
	bool thr_event; /* the transmitter became empty and nobody has read that in IIR */
	bool event_due; /* bytes were sent, or the far end was full: an event is to come */
	bool line;
};

void serial_init(struct serial *s, const struct serial_ops *ops, void *ctx);
/* Power-on state. */
void serial_reset(struct serial *s);
/* bus_fn for the eight ports; @ctx is the struct serial. */
void serial_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write);
/* The far end has sent bytes, or takes bytes again, or some time has passed since output. */
void serial_poke(struct serial *s);

#endif
