/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uring.h - many reads or writes of non-blocking descriptors for one system call (io_uring).
 *
 * Not asynchronous: what was added is carried out inside uring_run(), in the order of adding, and
 * nothing is in flight when it returns. So whoever uses it needs no more states than with read(2)
 * and write(2), and may close a descriptor at any time in between.
 */
#ifndef VSWITCHD_URING_H
#define VSWITCHD_URING_H

#include <sys/types.h>

#include "lib/err.h"
#include "lib/types.h"

struct uring;

enum { URING_MAX = 32 }; /* calls in one run */

/* NULL (and why) when this kernel, its sysctl io_uring_disabled, or a sandbox does not let us. The
 * caller owns it; only the calling thread may use it. */
struct uring *uring_open(struct err *err);
/* NULL is accepted. */
void uring_close(struct uring *u);

/* Does @fd take part? Not before it was asked: an older kernel's driver may refuse. False also for
 * NULL. Nothing is read from @fd. */
bool uring_suits(struct uring *u, int fd);

/* Add a call; @buf must stay until it was run. At most URING_MAX between two runs. */
void uring_read(struct uring *u, int fd, void *buf, uint32_t len);
void uring_write(struct uring *u, int fd, const void *buf, uint32_t len);
/* Run all that was added. res[i]: what the i-th would have returned, or a negative errno (-EAGAIN
 * instead of waiting). */
void uring_run(struct uring *u, ssize_t res[]);

#endif
