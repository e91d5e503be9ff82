/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Every entry has RWF_NOWAIT, so the kernel tries it at once, inside
 * io_uring_enter(2), and never hands it to a worker or waits for the descriptor: results come back
 * in the order of the entries, and the ring is empty between two runs. Not every driver of every
 * kernel knows RWF_NOWAIT; uring_suits() finds out.
 *
 * Should the kernel ever refuse to take entries, the rest of that run gets its error, and so do all
 * later runs: the caller's frames are dropped by name, or it reads and writes without us.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "vswitchd/carrier/uring.h"

struct uring {
	struct io_uring ring;
	unsigned int added;
	int broken; /* 0, or the negative errno that ended it */
};

struct uring *uring_open(struct err *err)
{
	/* One thread, results wanted only when it asks: spares interrupts between CPUs (Linux 6.1);
	 * older kernels refuse the flags and do without. */
	unsigned int flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct uring *u = calloc(1, sizeof(*u));
	int rc;

	if (!u) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	rc = io_uring_queue_init(URING_MAX, &u->ring, flags);
	if (rc == -EINVAL)
		rc = io_uring_queue_init(URING_MAX, &u->ring, 0);
	if (rc == 0)
		return u;
	free(u);
	err_sys(err, rc, "io_uring");
	return NULL;
}

void uring_close(struct uring *u)
{
	if (!u)
		return;
	io_uring_queue_exit(&u->ring);
	free(u);
}

static struct io_uring_sqe *add(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	if (sqe)
		u->added++;
	return sqe;
}

void uring_read(struct uring *u, int fd, void *buf, uint32_t len)
{
	uint64_t index = u->added;
	struct io_uring_sqe *sqe = add(u);

	if (!sqe)
		return;
	io_uring_prep_read(sqe, fd, buf, len, 0);
	sqe->rw_flags = RWF_NOWAIT;
	io_uring_sqe_set_data64(sqe, index);
}

void uring_write(struct uring *u, int fd, const void *buf, uint32_t len)
{
	uint64_t index = u->added;
	struct io_uring_sqe *sqe = add(u);

	if (!sqe)
		return;
	io_uring_prep_write(sqe, fd, buf, len, 0);
	sqe->rw_flags = RWF_NOWAIT;
	io_uring_sqe_set_data64(sqe, index);
}

static unsigned int reap(struct uring *u, ssize_t res[])
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe)
	{
		if (cqe->user_data < u->added)
			res[cqe->user_data] = cqe->res;
		n++;
	}
	io_uring_cq_advance(&u->ring, n);
	return n;
}

void uring_run(struct uring *u, ssize_t res[])
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < u->added; i++)
		res[i] = u->broken ? u->broken : -EIO;
	while (done < u->added && !u->broken) {
		int rc = io_uring_submit_and_wait(&u->ring, u->added - done);

		done += reap(u, res);
		if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY)
			u->broken = rc;
	}
	u->added = 0;
}

bool uring_suits(struct uring *u, int fd)
{
	ssize_t res = -EINVAL;
	char none;

	if (!u || u->broken)
		return false;
	/* The flag is looked at before the length: a read of nothing takes nothing. */
	uring_read(u, fd, &none, 0);
	uring_run(u, &res);
	return res == 0 || res == -EAGAIN;
}
