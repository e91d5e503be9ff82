/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmsock.h - our end of one of a guest's three sockets (console, agent, control).
 *
 * Connects to STATE/vm/NAME/WHAT.sock, reads, writes with a bounded queue, and connects again
 * when the far end lets go, as long as it is open.
 */
#ifndef VSWITCHD_VMSOCK_H
#define VSWITCHD_VMSOCK_H

#include <ev.h>

#include "lib/types.h"

struct vmsock_ops {
	void (*up)(void *ctx);	 /* connected */
	void (*down)(void *ctx); /* connection lost; optional */
	void (*data)(void *ctx, const uint8_t *data, size_t len);
};

struct vmsock {
	struct ev_loop *loop;
	const struct vmsock_ops *ops;
	void *ctx;
	int dir_fd; /* borrowed */
	const char *what;
	int fd; /* -1: not connected */
	struct ev_io rd, wr;
	struct ev_timer retry;
	uint8_t *out; /* what waits to be written */
	size_t out_len, out_size;
};

enum { VMSOCK_OUT_MAX = 1 << 20 };

/* Listen on WHAT.sock in directory @dir_fd, replacing one that is there. A descriptor, or a
 * negative errno. */
int vmsock_listen(int dir_fd, const char *what);

/* Start to connect. @ops, @ctx, @dir_fd and @what are borrowed until close. */
void vmsock_open(struct vmsock *s, struct ev_loop *loop, int dir_fd, const char *what,
		 const struct vmsock_ops *ops, void *ctx);
/* Never calls back. Harmless when closed already or all zero. */
void vmsock_close(struct vmsock *s);
/* Send or queue. -ENOTCONN, -ENOBUFS when too much waits already. */
int vmsock_write(struct vmsock *s, const void *data, size_t len);

#endif
