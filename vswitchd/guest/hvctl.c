/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl.c - lines of JSON to and from a hypervisor process.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/linebuf.h"
#include "vswitchd/guest/vm.h"

enum { HVCTL_LINE_MAX = 64 << 10 };

struct hvctl {
	struct vm *vm;
	struct vmsock sock;
	struct linebuf in;
	bool deaf; /* it broke the protocol: nothing of it is read any more */
};

static void up_cb(void *ctx)
{
	struct hvctl *c = ctx;

	linebuf_fini(&c->in);
	c->vm->hv->hello(c->vm);
}

static void data_cb(void *ctx, const uint8_t *data, size_t len)
{
	struct hvctl *c = ctx;
	size_t n;
	char *line;

	if (c->deaf || linebuf_append(&c->in, data, len))
		return;
	while ((line = linebuf_next(&c->in, &n))) {
		json_t *msg = json_loadb(line, n, 0, NULL);

		if (msg)
			c->vm->hv->input(c->vm, msg);
		json_decref(msg);
	}
	if (linebuf_overlong(&c->in)) {
		c->deaf = true;
		linebuf_fini(&c->in);
		log_warn("guest %s: its hypervisor sends nonsense", c->vm->name);
	}
}

static const struct vmsock_ops ops = {.up = up_cb, .data = data_cb};

struct hvctl *hvctl_open(struct vm *vm)
{
	struct hvctl *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->vm = vm;
	vm->ctl = c; /* up_cb, which sends, runs already in vmsock_open() */
	linebuf_init(&c->in, HVCTL_LINE_MAX);
	vmsock_open(&c->sock, vm->d->loop, vm->dir_fd, "ctl", &ops, c);
	return c;
}

void hvctl_close(struct hvctl *c)
{
	if (!c)
		return;
	vmsock_close(&c->sock);
	linebuf_fini(&c->in);
	free(c);
}

void hvctl_send(struct hvctl *c, json_t *msg)
{
	char *text = json_dumps(msg, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;

	if (c && text) {
		text[len] = '\n'; /* in place of the NUL: one write, no copy */
		if (vmsock_write(&c->sock, text, len + 1))
			log_warn("guest %s: its hypervisor does not listen", c->vm->name);
	}
	free(text);
	json_decref(msg);
}
