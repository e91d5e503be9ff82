/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guest/agent_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void pump(struct agent_out *o)
{
	size_t n =
		MIN(o->len, AGENT_UNDER_WAY_MAX - MIN(o->under_way, (size_t)AGENT_UNDER_WAY_MAX));

	if (!n)
		return;
	/* When the connection is lost, so is all of it: the next one begins with a reset. */
	if (!vmsock_write(o->sock, o->queue + o->begin, n))
		o->under_way += n;
	o->len -= n;
	o->begin = o->len ? o->begin + n : 0;
	ev_timer_again(o->loop, &o->silence);
}

static void silence_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct agent_out *o = w->data;

	(void)revents;
	/* An agent that tells withholds less than AGENT_TELLS: the rest lies in the terminal of a
	 * guest that is paused, or slow. */
	if (o->tells && o->under_way >= AGENT_TELLS)
		return;
	ev_timer_stop(loop, w);
	o->under_way = 0;
	pump(o);
}

void agent_out_init(struct agent_out *o, struct vmsock *sock, struct ev_loop *loop)
{
	*o = (struct agent_out){.sock = sock, .loop = loop};
	ev_timer_init(&o->silence, silence_cb, 0., AGENT_SILENCE_S);
	o->silence.data = o;
}

void agent_out_fini(struct agent_out *o)
{
	ev_timer_stop(o->loop, &o->silence);
	free(o->queue);
	o->queue = NULL;
	o->begin = o->len = o->size = 0;
}

bool agent_out_room(const struct agent_out *o, size_t len)
{
	return o->len + len <= AGENT_QUEUE_MAX;
}

int agent_out_write(struct agent_out *o, const void *data, size_t len)
{
	if (o->sock->fd < 0)
		return -ENOTCONN;
	if (!agent_out_room(o, len))
		return -ENOBUFS;
	if (o->begin + o->len + len > o->size && o->begin) {
		memmove(o->queue, o->queue + o->begin, o->len);
		o->begin = 0;
	}
	if (o->len + len > o->size) {
		size_t size = MAX(o->len + len, 2 * o->size);
		uint8_t *p = realloc(o->queue, size);

		if (!p)
			return -ENOMEM;
		o->queue = p;
		o->size = size;
	}
	memcpy(o->queue + o->begin + o->len, data, len);
	o->len += len;
	pump(o);
	return 0;
}

void agent_out_read(struct agent_out *o, uint32_t bytes)
{
	o->tells = true;
	o->under_way -= MIN(o->under_way, bytes);
	if (o->under_way)
		ev_timer_again(o->loop, &o->silence);
	else
		ev_timer_stop(o->loop, &o->silence);
	pump(o);
}

void agent_out_reset(struct agent_out *o)
{
	ev_timer_stop(o->loop, &o->silence);
	o->begin = o->len = o->under_way = 0;
	o->tells = false;
}
