/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.c - guest serial output to clients and back; theory in stream.h.
 */
#include "vmm/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "lib/clock.h"

enum {
	FLUSH_SOON_MS = 1,  /* for the first output after a silence: a key's echo */
	FLUSH_LATE_MS = 10, /* while it goes on: a hundred wake-ups a second */
	/* For a protocol, whose far end waits for each answer before it goes on. */
	FLUSH_AGENT_US = 200,
	KEY_ESCAPE = 1, /* Ctrl-A */
};

static struct termios saved_terminal;
static bool terminal_is_raw;

static bool connected(const struct stream_client *c)
{
	return c->in.fd >= 0;
}

/* Output that client @c of a flow-controlled stream has not had. */
static uint64_t backlog(const struct stream *st)
{
	return connected(&st->clients[0]) ? st->out_head - st->clients[0].pos : 0;
}

bool stream_has_room(const struct stream *st, size_t n)
{
	return st->kind != STREAM_AGENT || backlog(st) + n <= STREAM_OUT_SIZE;
}

bool stream_can_send(const struct stream *st)
{
	return stream_has_room(st, 1);
}

static void arm_flush(struct stream *st)
{
	bool goes_on = clock_now_ms() - st->flushed_ms <= 2 * FLUSH_LATE_MS;
	const struct itimerspec when = {
		.it_value.tv_nsec = st->kind == STREAM_AGENT ? FLUSH_AGENT_US * 1000L
				    : goes_on		     ? FLUSH_LATE_MS * 1000000L
							     : FLUSH_SOON_MS * 1000000L,
	};

	st->flush_due = true;
	timerfd_settime(st->timer.fd, 0, &when, NULL);
}

void stream_send(struct stream *st, uint8_t byte)
{
	/* A guest that ignores THRE overwrites its own agent's bytes. */
	st->out[st->out_head++ % STREAM_OUT_SIZE] = byte;
	if (!st->flush_due)
		arm_flush(st);
}

bool stream_can_receive(const struct stream *st)
{
	return st->in_head != st->in_tail;
}

/* Read clients only while there is room for what they send. */
static void watch_input(struct stream *st)
{
	bool room = st->in_head - st->in_tail < STREAM_IN_SIZE / 2;
	unsigned int i;

	for (i = 0; i < STREAM_CLIENTS_MAX; i++) {
		struct stream_client *c = &st->clients[i];
		uint32_t out = c->in.events & EPOLLOUT;

		if (connected(c))
			loop_set(st->loop, &c->in, out | (room ? EPOLLIN : 0));
	}
}

int stream_receive(struct stream *st)
{
	uint8_t byte;

	if (!stream_can_receive(st))
		return -1;
	byte = st->in[st->in_tail++ % STREAM_IN_SIZE];
	watch_input(st);
	return byte;
}

void stream_discard(struct stream *st)
{
	st->in_tail = st->in_head;
	watch_input(st);
}

static void restore_terminal(void)
{
	if (terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
	terminal_is_raw = false;
}

static void drop_client(struct stream *st, struct stream_client *c)
{
	int fd = c->in.fd;

	loop_del(st->loop, &c->in);
	if (!c->terminal && fd >= 0)
		close(fd);
}

static void put_input(struct stream *st, struct stream_client *c, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && st->in_head - st->in_tail < STREAM_IN_SIZE; i++) {
		if (c->terminal && c->escape && data[i] == 'x') {
			st->quit(st->quit_ctx);
			return;
		}
		/* Ctrl-A twice sends one; before another key it is dropped. */
		if (c->terminal && !c->escape && data[i] == KEY_ESCAPE) {
			c->escape = true;
			continue;
		}
		c->escape = false;
		st->in[st->in_head++ % STREAM_IN_SIZE] = data[i];
	}
}

static void read_client(struct stream *st, struct stream_client *c)
{
	uint8_t buf[STREAM_IN_SIZE / 2];
	ssize_t n;

	if (st->in_head - st->in_tail > STREAM_IN_SIZE / 2)
		return;
	n = read(c->in.fd, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_client(st, c);
		/* The end of standard input is not the end of standard output. */
		if (c->terminal)
			c->in.fd = STDIN_FILENO;
		st->poke(st->poke_ctx);
		return;
	}
	put_input(st, c, buf, (size_t)n);
	watch_input(st);
	st->poke(st->poke_ctx);
}

static ssize_t write_some(struct stream_client *c, const uint8_t *data, size_t len)
{
	if (c->terminal)
		return write(c->out_fd, data, len);
	return send(c->out_fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Give client @c what it has not had. Sets EPOLLOUT when it can't take all. */
static void write_client(struct stream *st, struct stream_client *c)
{
	if (st->out_head - c->pos > STREAM_OUT_SIZE)
		c->pos = st->out_head - STREAM_OUT_SIZE;
	while (c->pos != st->out_head) {
		size_t at = c->pos % STREAM_OUT_SIZE;
		size_t len = MIN(st->out_head - c->pos, STREAM_OUT_SIZE - at);
		ssize_t n = write_some(c, st->out + at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			drop_client(st, c);
			return;
		}
		c->pos += (uint64_t)n;
	}
	loop_set(st->loop, &c->in,
		 (c->in.events & EPOLLIN) | (c->pos != st->out_head ? EPOLLOUT : 0));
}

static void flush(struct stream *st)
{
	unsigned int i;

	st->flush_due = false;
	st->flushed_ms = clock_now_ms();
	for (i = 0; i < STREAM_CLIENTS_MAX; i++) {
		if (connected(&st->clients[i]))
			write_client(st, &st->clients[i]);
	}
}

static void client_cb(struct loop_fd *w, uint32_t events)
{
	struct stream_client *c = CONTAINER_OF(w, struct stream_client, in);
	struct stream *st = c->stream;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_client(st, c);
	if (connected(c) && (events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
		drop_client(st, c);
	if (connected(c) && (events & EPOLLOUT))
		write_client(st, c);
	/* Room for a little may have been there before, and not been enough (line.c). */
	st->poke(st->poke_ctx);
}

static void timer_cb(struct loop_fd *w, uint32_t events)
{
	struct stream *st = CONTAINER_OF(w, struct stream, timer);
	uint64_t ticks;

	(void)events;
	if (read(w->fd, &ticks, sizeof(ticks)) < 0)
		return;
	flush(st);
	st->poke(st->poke_ctx);
}

static struct stream_client *free_slot(struct stream *st)
{
	unsigned int i;

	if (st->kind == STREAM_AGENT) {
		drop_client(st, &st->clients[0]);
		return &st->clients[0];
	}
	for (i = 0; i < STREAM_CLIENTS_MAX; i++) {
		if (!connected(&st->clients[i]))
			return &st->clients[i];
	}
	return NULL;
}

static int add_client(struct stream *st, struct stream_client *c, int fd, int out_fd)
{
	uint64_t history = st->kind == STREAM_CONSOLE ? MIN(st->out_head, STREAM_OUT_SIZE) : 0;
	int err;

	err = loop_add(st->loop, &c->in, fd, EPOLLIN, client_cb);
	if (err)
		return err;
	c->stream = st;
	c->out_fd = out_fd;
	c->terminal = fd != out_fd;
	c->escape = false;
	c->pos = st->out_head - history;
	write_client(st, c);
	watch_input(st);
	return 0;
}

static void listener_cb(struct loop_fd *w, uint32_t events)
{
	struct stream *st = CONTAINER_OF(w, struct stream, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct stream_client *c;

	(void)events;
	if (fd < 0)
		return;
	c = free_slot(st);
	if (!c || add_client(st, c, fd, fd))
		close(fd);
	else
		st->poke(st->poke_ctx);
}

int stream_open(struct stream *st, struct loop *loop, enum stream_kind kind,
		void (*poke)(void *ctx), void *ctx)
{
	unsigned int i;
	int fd;

	st->loop = loop;
	st->kind = kind;
	st->poke = poke;
	st->poke_ctx = ctx;
	st->listener.fd = -1;
	for (i = 0; i < STREAM_CLIENTS_MAX; i++)
		st->clients[i].in.fd = -1;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	return loop_add(loop, &st->timer, fd, EPOLLIN, timer_cb);
}

int stream_listen(struct stream *st, int fd)
{
	return loop_add(st->loop, &st->listener, fd, EPOLLIN, listener_cb);
}

static void make_terminal_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved_terminal))
		return; /* not a terminal */
	t = saved_terminal;
	cfmakeraw(&t);
	terminal_is_raw = !tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

int stream_attach_stdio(struct stream *st, void (*quit)(void *ctx), void *ctx)
{
	struct stream_client *c = &st->clients[STREAM_CLIENTS_MAX - 1];
	int err;

	st->quit = quit;
	st->quit_ctx = ctx;
	make_terminal_raw();
	err = add_client(st, c, STDIN_FILENO, STDOUT_FILENO);
	if (err != -EPERM)
		return err;
	/* Input from a file or /dev/null can't be polled: output only. */
	c->in = (struct loop_fd){.fd = STDIN_FILENO, .fn = client_cb};
	c->stream = st;
	c->out_fd = STDOUT_FILENO;
	c->terminal = true;
	return 0;
}

void stream_close(struct stream *st)
{
	unsigned int i;

	if (!st->loop)
		return;
	flush(st);
	for (i = 0; i < STREAM_CLIENTS_MAX; i++)
		drop_client(st, &st->clients[i]);
	if (st->listener.fd >= 0)
		close(st->listener.fd);
	if (st->timer.fd >= 0)
		close(st->timer.fd);
	restore_terminal();
}
