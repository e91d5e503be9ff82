/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of the host to forwarded ports (nat_relay.c has the theory of operation).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/nat/nat_relay_int.h"
#include "vswitchd/switch/runner.h"

enum { CONNS_MAX = 256, BUF = 32768 };

/* Bytes from end @i to the other. */
struct stream_dir {
	size_t start, len;
	bool eof, shut; /* end @i has ended; the other has been told */
	uint8_t buf[BUF];
};

struct relay_conn {
	struct relay_conn *next;
	struct relay_listener *l;
	int fd[2]; /* the host's client, the guest */
	bool connecting;
	struct ev_io io[2];
	struct stream_dir dir[2];
};

static void conn_close(struct relay_conn *c, bool reset)
{
	struct relay *r = c->l->nn->relay;
	struct linger now = {.l_onoff = 1};

	for (int i = 0; i < 2; i++) {
		ev_io_stop(relay_loop(c->l), &c->io[i]);
		if (reset)
			setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c->fd[i]);
	}
	for (struct relay_conn **at = &r->conns; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	r->n_conns--;
	free(c);
}

/* Wait for what can go on: room in the own direction, bytes of the other. */
static void conn_watch(struct relay_conn *c)
{
	for (int i = 0; i < 2; i++) {
		const struct stream_dir *out = &c->dir[i], *in = &c->dir[!i];
		int events = 0;

		if (!c->connecting && !out->eof && out->start + out->len < BUF)
			events |= EV_READ;
		if (in->len || (i == 1 && c->connecting))
			events |= EV_WRITE;
		ev_io_stop(relay_loop(c->l), &c->io[i]);
		ev_io_set(&c->io[i], c->fd[i], events);
		if (events)
			ev_io_start(relay_loop(c->l), &c->io[i]);
	}
}

/* Negative when the connection has failed. */
static int dir_read(struct relay_conn *c, int i)
{
	struct stream_dir *d = &c->dir[i];
	ssize_t n = recv(c->fd[i], d->buf + d->start + d->len, BUF - d->start - d->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	d->eof = n == 0;
	d->len += (size_t)n;
	return 0;
}

static int dir_write(struct relay_conn *c, int i)
{
	struct stream_dir *d = &c->dir[i];
	ssize_t n = d->len ? send(c->fd[!i], d->buf + d->start, d->len, MSG_NOSIGNAL) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	d->start += (size_t)n;
	d->len -= (size_t)n;
	if (!d->len)
		d->start = 0;
	if (d->eof && !d->len && !d->shut) {
		d->shut = true;
		shutdown(c->fd[!i], SHUT_WR);
	}
	return 0;
}

/* Has the connection to the guest come about? */
static int conn_finish(struct relay_conn *c)
{
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(c->fd[1], SOL_SOCKET, SO_ERROR, &error, &len);
	c->connecting = false;
	return -error;
}

static void conn_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct relay_conn *c = w->data;
	int i = w == &c->io[1], rc = 0;

	(void)loop;
	if (c->connecting && i == 1)
		rc = conn_finish(c);
	else if (revents & EV_READ)
		rc = dir_read(c, i);
	for (int k = 0; k < 2 && rc == 0 && !c->connecting; k++)
		rc = dir_write(c, k);
	if (rc < 0 || (c->dir[0].shut && c->dir[1].shut))
		conn_close(c, rc < 0);
	else
		conn_watch(c);
}

static struct relay_conn *conn_create(struct relay_listener *l, int fd)
{
	struct relay_conn *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	/* Not the buffers, which are filled before they are read. */
	memset(c, 0, offsetof(struct relay_conn, dir));
	for (int i = 0; i < 2; i++) {
		memset(&c->dir[i], 0, offsetof(struct stream_dir, buf));
		ev_init(&c->io[i], conn_cb);
		c->io[i].data = c;
	}
	c->l = l;
	c->fd[0] = fd;
	c->fd[1] = relay_connect(l);
	c->connecting = true;
	if (c->fd[1] >= 0)
		return c;
	free(c);
	return NULL;
}

void relay_tcp_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct relay_listener *l = w->data;
	struct relay *r = l->nn->relay;
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct relay_conn *c = NULL;

	(void)loop;
	(void)revents;
	if (fd < 0)
		return;
	if (r->n_conns < CONNS_MAX)
		c = conn_create(l, fd);
	if (!c) {
		struct linger now = {.l_onoff = 1};

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		return;
	}
	c->next = r->conns;
	r->conns = c;
	r->n_conns++;
	conn_watch(c);
}

void relay_tcp_forget(struct relay *r, const struct relay_listener *l)
{
	struct relay_conn *c, *next;

	for (c = r->conns; c; c = next) {
		next = c->next;
		if (c->l == l)
			conn_close(c, true);
	}
}

unsigned int relay_tcp_count(const struct relay *r, const struct nat_forward *f)
{
	unsigned int n = 0;

	for (const struct relay_conn *c = r->conns; c; c = c->next)
		n += c->l->f == f;
	return n;
}
