/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.c - a guest's first serial line, for any number of people.
 *
 * QEMU serves one connection at a time and forgets what nobody read. So the daemon is that one
 * client, keeps the last 64 KiB, and hands out socket pairs: each new reader gets what there was,
 * then what comes. A reader that is slower than the guest loses bytes, the guest never waits. All
 * may type but those who only watch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/outbuf.h"
#include "vswitchd/guest/console_text.h"
#include "vswitchd/guest/vm.h"

enum { CONSOLE_LOG = 64 << 10, CONSOLE_READERS_MAX = 16 };

struct reader {
	struct console *c;
	int fd;	    /* -1: free */
	bool watch; /* what it types is not for the guest */
	struct ev_io rd;
};

struct console {
	struct vm *vm;
	struct vmsock sock;
	struct reader readers[CONSOLE_READERS_MAX];
	size_t pos, len; /* where the next byte goes, how many there are */
	uint8_t log[CONSOLE_LOG];
};

static void reader_close(struct reader *r)
{
	if (r->fd < 0)
		return;
	ev_io_stop(r->c->vm->d->loop, &r->rd);
	close(r->fd);
	r->fd = -1;
}

static void remember(struct console *c, const uint8_t *data, size_t len)
{
	while (len) {
		size_t n = MIN(len, CONSOLE_LOG - c->pos);

		memcpy(c->log + c->pos, data, n);
		c->pos = (c->pos + n) % CONSOLE_LOG;
		c->len = MIN(c->len + n, (size_t)CONSOLE_LOG);
		data += n;
		len -= n;
	}
}

static void up_cb(void *ctx)
{
	struct console *c = ctx;

	/* Our VMM repeats its log to a new client; it is the same as ours, or all there is. */
	c->pos = c->len = 0;
}

static void data_cb(void *ctx, const uint8_t *data, size_t len)
{
	struct console *c = ctx;

	remember(c, data, len);
	for (size_t i = 0; i < CONSOLE_READERS_MAX; i++)
		if (c->readers[i].fd >= 0 &&
		    send(c->readers[i].fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			reader_close(&c->readers[i]);
}

static void reader_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct reader *r = w->data;
	char buf[1024];
	ssize_t n = recv(r->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)loop;
	(void)revents;
	if (n > 0 && !r->watch)
		vmsock_write(&r->c->sock, buf, (size_t)n);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		reader_close(r);
}

static const struct vmsock_ops ops = {.up = up_cb, .data = data_cb};

struct console *console_open(struct vm *vm)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->vm = vm;
	for (size_t i = 0; i < CONSOLE_READERS_MAX; i++)
		c->readers[i].fd = -1;
	vmsock_open(&c->sock, vm->d->loop, vm->dir_fd, "console", &ops, c);
	return c;
}

void console_end(struct console *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONSOLE_READERS_MAX; i++)
		reader_close(&c->readers[i]);
	vmsock_close(&c->sock);
}

void console_close(struct console *c)
{
	console_end(c);
	free(c);
}

/* The log in one piece; the caller frees it. */
static uint8_t *log_copy(const struct console *c)
{
	uint8_t *out = malloc(c->len + 1);
	size_t start = (c->pos + CONSOLE_LOG - c->len) % CONSOLE_LOG;

	for (size_t i = 0; out && i < c->len; i++)
		out[i] = c->log[(start + i) % CONSOLE_LOG];
	return out;
}

json_t *console_log(const struct console *c)
{
	uint8_t *log = log_copy(c);
	json_t *s = log ? text_json(log, c->len) : NULL;

	free(log);
	return s;
}

static struct reader *reader_free_slot(struct console *c)
{
	for (size_t i = 0; i < CONSOLE_READERS_MAX; i++)
		if (c->readers[i].fd < 0)
			return &c->readers[i];
	return NULL;
}

unsigned int console_readers(const struct console *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < CONSOLE_READERS_MAX; i++)
		n += c->readers[i].fd >= 0;
	return n;
}

/* What there was, without the questions in it: the guest has had its answers. */
static void send_history(const struct console *c, int fd)
{
	uint8_t *log = log_copy(c);
	size_t len = log ? console_quiet(log, c->len) : 0;

	if (len)
		(void)!send(fd, log, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(log);
}

int console_attach(struct console *c, bool watch, struct err *err)
{
	struct reader *r = reader_free_slot(c);
	int pair[2], room = 256 << 10;

	if (!r)
		return err_set(err, -EBUSY, "%d consoles of guest \"%s\" are open already",
			       CONSOLE_READERS_MAX, c->vm->name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, -errno, "cannot make a socket");
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	send_history(c, pair[0]);
	r->c = c;
	r->fd = pair[0];
	r->watch = watch;
	ev_io_init(&r->rd, reader_cb, r->fd, EV_READ);
	r->rd.data = r;
	ev_io_start(c->vm->d->loop, &r->rd);
	return pair[1];
}
