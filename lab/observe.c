/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/observe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl.h"

enum { READ_TIMEOUT_MS = 3000, READ_MIN = 64 << 10 };

void observe_begin(struct observers *o, struct lab_run *r)
{
	memset(o, 0, sizeof(*o));
	o->r = r;
}

static bool start(struct observers *o, const char *kind, const char *name, const char *filter,
		  struct err *err)
{
	json_t *result;
	int fd;

	if (o->n == OBSERVERS_MAX) {
		err_set(err, -E2BIG, "too many places to look at");
		return false;
	}
	result = client_call_fd(o->r->client, "capture.start",
				json_pack("{s:s, s:s*}", kind, name, "filter", filter), &fd, err);
	if (!result)
		return false;
	o->of[o->n++] = (struct observer){.fd = fd, .id = jint(result, "id")};
	json_decref(result);
	return true;
}

bool observe_port(struct observers *o, const char *port, const char *filter, struct err *err)
{
	return start(o, "port", port, filter, err);
}

bool observe_net(struct observers *o, const char *net, const char *filter, struct err *err)
{
	return start(o, "net", net, filter, err);
}

bool observe_node(struct observers *o, const struct lab_node *node, const char *filter,
		  struct err *err)
{
	for (size_t i = 0; i < node->n_nics; i++)
		if (node->nics[i].net && !start(o, "port", node->nics[i].port, filter, err))
			return false;
	return true;
}

bool observable(const struct lab_node *node)
{
	for (size_t i = 0; node && i < node->n_nics; i++)
		if (!node->nics[i].net)
			return false;
	return node && node->n_nics;
}

static void take(struct observers *o, const uint8_t *block, size_t len, observe_fn *fn, void *ctx)
{
	struct pcapng_packet p;
	bool in;

	if (!pcapng_get_packet(block, len, &p))
		return;
	in = (p.flags & PCAPNG_DIRECTION) != PCAPNG_OUTBOUND;
	o->in += in;
	o->out += !in;
	if (fn)
		fn(ctx, &p, in);
}

/* The blocks that are there whole. */
static bool take_blocks(struct observers *o, struct observer *of, observe_fn *fn, void *ctx)
{
	size_t at = 0;
	uint32_t type, len;

	while (of->len - at >= 8) {
		if (!pcapng_block(of->buf + at, &type, &len))
			return false;
		if (of->len - at < len)
			break;
		if (type == PCAPNG_PACKET)
			take(o, of->buf + at, len, fn, ctx);
		at += len;
	}
	of->len -= at;
	memmove(of->buf, of->buf + at, of->len);
	return true;
}

/* False at the end of the stream, or when nothing comes for @ms. */
static bool take_more(struct observers *o, struct observer *of, int ms, observe_fn *fn, void *ctx)
{
	struct pollfd p = {.fd = of->fd, .events = POLLIN};
	ssize_t n;

	if (of->size - of->len < READ_MIN) {
		uint8_t *buf = realloc(of->buf, 2 * of->size + READ_MIN);

		if (!buf)
			return false;
		of->buf = buf;
		of->size = 2 * of->size + READ_MIN;
	}
	if (poll(&p, 1, ms) <= 0)
		return false;
	n = read(of->fd, of->buf + of->len, of->size - of->len);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	of->len += (size_t)n;
	return take_blocks(o, of, fn, ctx);
}

void observe_now(struct observers *o, observe_fn *fn, void *ctx)
{
	for (size_t i = 0; i < o->n; i++)
		while (take_more(o, &o->of[i], 0, fn, ctx))
			;
}

void observe_end(struct observers *o, observe_fn *fn, void *ctx)
{
	struct err ignored;

	for (size_t i = 0; i < o->n; i++) {
		struct observer *of = &o->of[i];

		json_decref(client_call(o->r->client, "capture.stop",
					json_pack("{s:I}", "id", of->id), &ignored));
		while (take_more(o, of, READ_TIMEOUT_MS, fn, ctx))
			;
		close(of->fd);
		free(of->buf);
	}
	o->n = 0;
}
