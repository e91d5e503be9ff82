/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent_out.h - what is to be said to a guest's agent, no faster than it reads.
 *
 * A serial line tells its sender nothing, so the agent tells how much it has read, and at most
 * AGENT_UNDER_WAY_MAX bytes are. That is less than a guest's terminal holds (4096 bytes, of
 * which 128 are kept free): a User-mode Linux whose terminal once was full never hears of new input
 * again, since arch/um/drivers/line.c takes its descriptor out of the poll to throttle it and does
 * not put it back. One too old to tell is taken to have read what it got after AGENT_SILENCE_S; of
 * one that tells, less than AGENT_TELLS bytes, as it tells of that many at once (AGENT_ACK in its
 * header).
 */
#ifndef VSWITCHD_AGENT_OUT_H
#define VSWITCHD_AGENT_OUT_H

#include <ev.h>

#include "lib/types.h"
#include "vswitchd/guest/vmsock.h"

enum { AGENT_UNDER_WAY_MAX = 3072, AGENT_TELLS = 512, AGENT_QUEUE_MAX = 2 << 20 };
#define AGENT_SILENCE_S 3.

struct agent_out {
	struct vmsock *sock;
	struct ev_loop *loop;
	struct ev_timer silence;
	uint8_t *queue;	   /* what waits for its turn */
	size_t begin, len; /* of it in there */
	size_t size;
	size_t under_way;
	bool tells; /* it has told since the last reset */
};

/* @sock is borrowed. */
void agent_out_init(struct agent_out *o, struct vmsock *sock, struct ev_loop *loop);
void agent_out_fini(struct agent_out *o);
/* Would @len bytes be taken? */
bool agent_out_room(const struct agent_out *o, size_t len);
/* Send or queue. -ENOTCONN, -ENOMEM, -ENOBUFS when too much waits already. */
int agent_out_write(struct agent_out *o, const void *data, size_t len);
/* The agent has read @bytes more. */
void agent_out_read(struct agent_out *o, uint32_t bytes);
/* A new connection, or a new agent: nothing waits, nothing is under way. */
void agent_out_reset(struct agent_out *o);

#endif
