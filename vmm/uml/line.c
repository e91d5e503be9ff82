/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.c - bytes between a guest's end of a socket pair and a stream; theory in line.h.
 */
#include "vmm/uml/line.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Take bytes from the stream while the guest takes them from us. False: it does not now. */
static bool write_guest(struct line *l)
{
	for (;;) {
		ssize_t n;

		if (l->done == l->due) {
			l->done = l->due = 0;
			while (l->due < LINE_CHUNK && stream_can_receive(&l->stream))
				l->chunk[l->due++] = (uint8_t)stream_receive(&l->stream);
			if (!l->due)
				return true;
		}
		n = send(l->w.fd, l->chunk + l->done, l->due - l->done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return false;
		l->done += (size_t)n;
	}
}

/* At most a chunk, so that a guest that never stops talking stops nobody else. */
static void read_guest(struct line *l)
{
	uint8_t buf[LINE_CHUNK];
	ssize_t n = recv(l->w.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		int fd = l->w.fd;

		loop_del(l->stream.loop, &l->w); /* the guest has closed its end */
		close(fd);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		stream_send(&l->stream, buf[i]);
}

/* A chunk must fit before it is read: the agent's line loses nothing. */
static void watch(struct line *l, bool writable)
{
	loop_set(l->stream.loop, &l->w,
		 (stream_has_room(&l->stream, LINE_CHUNK) ? EPOLLIN : 0) |
			 (writable ? 0 : EPOLLOUT));
}

static void poke(void *ctx)
{
	struct line *l = ctx;

	if (l->w.fd >= 0)
		watch(l, write_guest(l));
}

static void guest_cb(struct loop_fd *w, uint32_t events)
{
	struct line *l = CONTAINER_OF(w, struct line, w);

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_guest(l);
	poke(l);
}

int line_open(struct line *l, struct loop *loop, enum stream_kind kind, int listen_fd,
	      int *guest_fd)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*guest_fd = pair[1];
	l->due = l->done = 0;
	err = stream_open(&l->stream, loop, kind, poke, l);
	if (!err)
		err = loop_add(loop, &l->w, pair[0], EPOLLIN, guest_cb);
	return err ? err : stream_listen(&l->stream, listen_fd);
}

void line_close(struct line *l)
{
	uint8_t buf[LINE_CHUNK];
	ssize_t n;

	while (l->w.fd >= 0 && (n = recv(l->w.fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			stream_send(&l->stream, buf[i]);
	stream_close(&l->stream);
	if (l->w.fd >= 0)
		close(l->w.fd);
}
