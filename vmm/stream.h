/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - the host's end of a guest's serial line: a UNIX stream socket with many or one client,
 * or the terminal.
 *
 * Theory of operation. Guest output goes into a ring of the last 64 KiB; each client has its own
 * position in it. A console's late client starts with what the ring holds, and one that reads too
 * slowly skips ahead: a guest that floods its console costs fixed memory and stops nobody. An
 * agent's stream carries a protocol, so there nothing is lost while a client is connected: when
 * the ring is full the serial port's transmitter reads as busy. It has one client, a new one
 * replaces the old, and without any the output is thrown away.
 * Output is given to the clients a millisecond after its first byte, every ten while it goes on,
 * so that a line costs one wake-up and not one a byte; to an agent's client a fifth of a
 * millisecond after it, as it may say nothing more until it has an answer. Client input waits in a
 * 4 KiB ring until the guest takes it; while that is full, clients are not read.
 *
 * All under the device lock (loop.h).
 */
#ifndef VMM_STREAM_H
#define VMM_STREAM_H

#include "lib/err.h"
#include "vmm/loop.h"

enum { STREAM_OUT_SIZE = 65536, STREAM_IN_SIZE = 4096, STREAM_CLIENTS_MAX = 8 };

enum stream_kind { STREAM_CONSOLE, STREAM_AGENT };

struct stream_client {
	struct loop_fd in; /* in.fd < 0: slot is free */
	int out_fd;	   /* same as in.fd but for the terminal */
	bool terminal;
	bool escape;  /* the terminal's last key was Ctrl-A */
	uint64_t pos; /* bytes of output this client has had or skipped */
	struct stream *stream;
};

struct stream {
	struct loop *loop;
	struct loop_fd listener;
	struct loop_fd timer; /* the flush, a little after output */
	enum stream_kind kind;
	/* There is input, or room for output again. */
	void (*poke)(void *ctx);
	void *poke_ctx;
	void (*quit)(void *ctx); /* Ctrl-A x on the terminal */
	void *quit_ctx;
	bool flush_due;
	uint64_t flushed_ms;	   /* time of the last flush */
	uint64_t out_head;	   /* bytes of output ever */
	uint64_t in_head, in_tail; /* bytes of input ever put and taken */
	struct stream_client clients[STREAM_CLIENTS_MAX];
	uint8_t in[STREAM_IN_SIZE];
	uint8_t out[STREAM_OUT_SIZE];
};

/* What the guest's end calls on its stream: a serial port (all of serial_ops but irq). */
bool stream_can_send(const struct stream *st);
/* The same of @n bytes. */
bool stream_has_room(const struct stream *st, size_t n);
void stream_send(struct stream *st, uint8_t byte);
bool stream_can_receive(const struct stream *st);
int stream_receive(struct stream *st);
void stream_discard(struct stream *st);

/* Prepare @st as the far end of what @poke (borrowed, with its @ctx) looks after; 0 or -errno. */
int stream_open(struct stream *st, struct loop *loop, enum stream_kind kind,
		void (*poke)(void *ctx), void *ctx);
/* Accept clients on the listening socket @fd (taken). */
int stream_listen(struct stream *st, int fd);
/* Standard input and output as a client, the terminal in raw mode until stream_close(). */
int stream_attach_stdio(struct stream *st, void (*quit)(void *ctx), void *ctx);
/* Flush what clients take at once, restore the terminal, close. */
void stream_close(struct stream *st);

#endif
