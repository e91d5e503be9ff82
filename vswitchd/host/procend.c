/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/procend.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct ending {
	struct ending *next;
	struct ev_io io;
	void (*then)(void *arg);
	void *arg;
};

static struct ending *endings;

static void forget(struct ev_loop *loop, struct ending *e)
{
	struct ending **at = &endings;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	ev_io_stop(loop, &e->io);
	close(e->io.fd);
	free(e);
}

static void ended_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct ending *e = w->data;
	void (*then)(void *arg) = e->then;
	void *arg = e->arg;
	siginfo_t info;

	(void)revents;
	waitid(P_PIDFD, (id_t)w->fd, &info, WEXITED | WNOHANG);
	forget(loop, e);
	if (then)
		then(arg);
}

void proc_when_ended(struct ev_loop *loop, int pidfd, void (*then)(void *arg), void *arg)
{
	struct ending *e = calloc(1, sizeof(*e));

	if (!e) {
		close(pidfd);
		if (then)
			then(arg);
		return;
	}
	e->next = endings;
	endings = e;
	e->then = then;
	e->arg = arg;
	e->io.data = e;
	ev_io_init(&e->io, ended_cb, pidfd, EV_READ);
	ev_io_start(loop, &e->io);
}

void proc_forget_endings(struct ev_loop *loop)
{
	while (endings)
		forget(loop, endings);
}
