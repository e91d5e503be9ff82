/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.c - epoll, nothing more.
 */
#include "vmm/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LOOP_EVENTS = 16 };

int loop_init(struct loop *l)
{
	l->quit = false;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	return -pthread_mutex_init(&l->lock, NULL);
}

void loop_fini(struct loop *l)
{
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	l->epoll_fd = -1;
}

static int control(struct loop *l, int op, struct loop_fd *w)
{
	struct epoll_event ev = {.events = w->events, .data.ptr = w};

	return epoll_ctl(l->epoll_fd, op, w->fd, &ev) ? -errno : 0;
}

int loop_add(struct loop *l, struct loop_fd *w, int fd, uint32_t events, loop_fn *fn)
{
	int err;

	*w = (struct loop_fd){.fd = fd, .events = events, .fn = fn};
	err = control(l, EPOLL_CTL_ADD, w);
	if (err)
		w->fd = -1;
	return err;
}

void loop_set(struct loop *l, struct loop_fd *w, uint32_t events)
{
	if (w->fd < 0 || w->events == events)
		return;
	w->events = events;
	control(l, EPOLL_CTL_MOD, w);
}

void loop_del(struct loop *l, struct loop_fd *w)
{
	if (w->fd < 0)
		return;
	control(l, EPOLL_CTL_DEL, w);
	w->fd = -1;
}

static void dispatch(struct loop *l, const struct epoll_event *evs, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct loop_fd *w = evs[i].data.ptr;

		/* One event at a time: vCPUs get the lock between two. */
		loop_lock(l);
		if (w->fd >= 0)
			w->fn(w, evs[i].events);
		loop_unlock(l);
	}
}

int loop_run(struct loop *l)
{
	struct epoll_event evs[LOOP_EVENTS];

	while (!l->quit) {
		int n = epoll_wait(l->epoll_fd, evs, LOOP_EVENTS, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		dispatch(l, evs, n);
	}
	return 0;
}

void loop_quit(struct loop *l)
{
	l->quit = true;
}

void loop_lock(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
}

void loop_unlock(struct loop *l)
{
	pthread_mutex_unlock(&l->lock);
}
