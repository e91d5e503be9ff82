/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - a serial line of a User-mode Linux guest: its end is a socket, ours is a stream.
 *
 * User-mode Linux takes a descriptor for each of its serial lines and treats it as a terminal; it
 * does not listen for clients, remember what it said, or bear a client that goes away. Those are
 * stream.h's work, and this is what stands between.
 */
#ifndef VMM_UML_LINE_H
#define VMM_UML_LINE_H

#include "vmm/stream.h"

enum { LINE_CHUNK = 4096 };

struct line {
	struct stream stream;
	struct loop_fd w; /* our end of the socket pair */
	size_t due, done; /* of chunk: to be written to the guest, and written already */
	uint8_t chunk[LINE_CHUNK];
};

/* Make the pair, and serve clients of the listening socket @listen_fd (taken). *@guest_fd becomes
 * the guest's end, the caller's. 0 or -errno. */
int line_open(struct line *l, struct loop *loop, enum stream_kind kind, int listen_fd,
	      int *guest_fd);
/* What the guest said last goes to its clients; then close. */
void line_close(struct line *l);

#endif
