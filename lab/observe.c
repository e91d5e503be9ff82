/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/observe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl.h"

enum { READ_TIMEOUT_MS = 3000 };

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
	o->of[o->n].fd = fd;
	o->of[o->n++].id = jint(result, "id");
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

/* All @len bytes; false at the end of the stream, or when it hangs. */
static bool read_all(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, READ_TIMEOUT_MS) <= 0)
			return false;
		n = read(fd, buf, len);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			return false;
		buf += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
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

static void drain(struct observers *o, int fd, uint8_t *buf, observe_fn *fn, void *ctx)
{
	uint32_t type, len;

	while (read_all(fd, buf, 8) && pcapng_block(buf, &type, &len) &&
	       read_all(fd, buf + 8, len - 8))
		if (type == PCAPNG_PACKET)
			take(o, buf, len, fn, ctx);
}

void observe_end(struct observers *o, observe_fn *fn, void *ctx)
{
	uint8_t *buf = malloc(PCAPNG_BLOCK_MAX);
	struct err ignored;

	for (size_t i = 0; i < o->n; i++) {
		json_decref(client_call(o->r->client, "capture.stop",
					json_pack("{s:I}", "id", o->of[i].id), &ignored));
		if (buf)
			drain(o, o->of[i].fd, buf, fn, ctx);
		close(o->of[i].fd);
	}
	o->n = 0;
	free(buf);
}
