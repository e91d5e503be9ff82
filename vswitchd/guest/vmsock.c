/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmsock.c - see vmsock.h.
 *
 * Socket paths are limited to 107 bytes (unix(7)) and a state directory may be deeper than that,
 * so both ends are named through /proc/self/fd/DIR.
 */
#include "vswitchd/guest/vmsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_S 0.1

static void sock_name(int dir_fd, const char *what, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s.sock", dir_fd, what);
}

int vmsock_listen(int dir_fd, const char *what)
{
	struct sockaddr_un sa;
	int fd, rc;

	sock_name(dir_fd, what, &sa);
	if (unlink(sa.sun_path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 8) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static void hang_up(struct vmsock *s)
{
	if (s->fd < 0)
		return;
	ev_io_stop(s->loop, &s->rd);
	ev_io_stop(s->loop, &s->wr);
	close(s->fd);
	s->fd = -1;
	s->out_len = 0;
}

static void lost(struct vmsock *s)
{
	hang_up(s);
	ev_timer_set(&s->retry, RETRY_S, 0.);
	ev_timer_start(s->loop, &s->retry);
	if (s->ops->down)
		s->ops->down(s->ctx);
}

/* Write what waits. Negative when the connection is gone. */
static int flush(struct vmsock *s)
{
	ssize_t n = 0;

	if (s->out_len)
		n = send(s->fd, s->out, s->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	if (n > 0) {
		s->out_len -= (size_t)n;
		memmove(s->out, s->out + n, s->out_len);
	}
	if (s->out_len)
		ev_io_start(s->loop, &s->wr);
	else
		ev_io_stop(s->loop, &s->wr);
	return 0;
}

static void read_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct vmsock *s = w->data;
	uint8_t buf[16384];
	ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)loop;
	(void)revents;
	if (n > 0)
		s->ops->data(s->ctx, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lost(s);
}

static void write_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct vmsock *s = w->data;

	(void)loop;
	(void)revents;
	if (flush(s))
		lost(s);
}

static void try_connect(struct vmsock *s)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	sock_name(s->dir_fd, s->what, &sa);
	/* On a UNIX socket this either succeeds at once or fails, EAGAIN for a full backlog. */
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if (fd >= 0)
			close(fd);
		ev_timer_set(&s->retry, RETRY_S, 0.);
		ev_timer_start(s->loop, &s->retry);
		return;
	}
	s->fd = fd;
	ev_io_set(&s->rd, fd, EV_READ);
	ev_io_set(&s->wr, fd, EV_WRITE);
	ev_io_start(s->loop, &s->rd);
	s->ops->up(s->ctx);
}

static void retry_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	try_connect(w->data);
}

void vmsock_open(struct vmsock *s, struct ev_loop *loop, int dir_fd, const char *what,
		 const struct vmsock_ops *ops, void *ctx)
{
	*s = (struct vmsock){
		.loop = loop, .dir_fd = dir_fd, .what = what, .ops = ops, .ctx = ctx, .fd = -1};
	ev_init(&s->rd, read_cb);
	ev_init(&s->wr, write_cb);
	ev_init(&s->retry, retry_cb);
	s->rd.data = s->wr.data = s->retry.data = s;
	try_connect(s);
}

void vmsock_close(struct vmsock *s)
{
	if (!s->loop)
		return;
	hang_up(s);
	ev_timer_stop(s->loop, &s->retry);
	free(s->out);
	*s = (struct vmsock){.fd = -1};
}

int vmsock_write(struct vmsock *s, const void *data, size_t len)
{
	size_t need = s->out_len + len;

	if (!s->loop || s->fd < 0)
		return -ENOTCONN;
	if (need > VMSOCK_OUT_MAX)
		return -ENOBUFS;
	if (need > s->out_size) {
		uint8_t *p = realloc(s->out, MAX(need, s->out_size * 2));

		if (!p)
			return -ENOMEM;
		s->out = p;
		s->out_size = MAX(need, s->out_size * 2);
	}
	memcpy(s->out + s->out_len, data, len);
	s->out_len = need;
	/* A dead connection shows as readable; read_cb deals with it, not our caller. */
	if (flush(s))
		s->out_len = 0;
	return 0;
}
