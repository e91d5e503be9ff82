/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.c - the control socket of one guest.
 */
#include "vmm/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/types.h"

json_t *ctl_failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

json_t *ctl_success(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static json_t *run_command(const struct ctl *ctl, json_t *request)
{
	const char *cmd = json_string_value(json_object_get(request, "cmd"));

	if (!cmd)
		return ctl_failure("a request is one JSON object with \"cmd\"");
	for (const struct ctl_command *c = ctl->commands; c->name; c++) {
		if (strcmp(cmd, c->name) == 0)
			return c->fn(ctl->ctx, request);
	}
	return ctl_failure("no such command: status, pause, resume, reset, quit, link");
}

static void drop_client(struct ctl_client *c)
{
	int fd = c->w.fd;

	loop_del(c->ctl->loop, &c->w);
	close(fd);
}

/* False when the client does not take its answer. */
static bool answer(struct ctl_client *c, json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool sent = false;

	if (text) {
		text[len] = '\n'; /* in place of the NUL */
		sent = send(c->w.fd, text, len + 1, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)len + 1;
	}
	free(text);
	json_decref(reply);
	return sent;
}

void ctl_event(struct ctl *ctl, const char *event)
{
	for (unsigned int i = 0; ctl->loop && i < CTL_CLIENTS_MAX; i++) {
		struct ctl_client *c = &ctl->clients[i];

		if (c->w.fd >= 0 && !answer(c, json_pack("{s:s}", "event", event)))
			drop_client(c);
	}
}

static bool handle_line(struct ctl_client *c, size_t len)
{
	json_t *request = json_loadb(c->line, len, 0, NULL);
	bool ok = answer(c, run_command(c->ctl, request));

	json_decref(request);
	return ok;
}

/* Handle every whole line that has come; false: close the client. */
static bool handle_lines(struct ctl_client *c)
{
	char *end;

	while ((end = memchr(c->line, '\n', c->len))) {
		size_t len = (size_t)(end - c->line);

		if (!handle_line(c, len))
			return false;
		c->len -= len + 1;
		memmove(c->line, end + 1, c->len);
	}
	return c->len < sizeof(c->line);
}

static void client_cb(struct loop_fd *w, uint32_t events)
{
	struct ctl_client *c = CONTAINER_OF(w, struct ctl_client, w);
	ssize_t n = recv(w->fd, c->line + c->len, sizeof(c->line) - c->len, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		c->len += (size_t)n;
		if (handle_lines(c))
			return;
	}
	drop_client(c);
}

static struct ctl_client *free_slot(struct ctl *ctl)
{
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (ctl->clients[i].w.fd < 0)
			return &ctl->clients[i];
	}
	return NULL;
}

static void listener_cb(struct loop_fd *w, uint32_t events)
{
	struct ctl *ctl = CONTAINER_OF(w, struct ctl, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ctl_client *c = free_slot(ctl);

	(void)events;
	if (fd < 0)
		return;
	if (!c || loop_add(ctl->loop, &c->w, fd, EPOLLIN, client_cb)) {
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->len = 0;
}

int ctl_open(struct ctl *ctl, struct loop *loop, const struct ctl_command *commands, void *ctx,
	     int fd)
{
	unsigned int i;

	/* Hash keys need /dev/urandom, which is out of reach later. */
	json_object_seed(0);
	ctl->loop = loop;
	ctl->commands = commands;
	ctl->ctx = ctx;
	for (i = 0; i < CTL_CLIENTS_MAX; i++)
		ctl->clients[i].w.fd = -1;
	return loop_add(loop, &ctl->listener, fd, EPOLLIN, listener_cb);
}

void ctl_close(struct ctl *ctl)
{
	unsigned int i;

	if (!ctl->loop)
		return;
	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (ctl->clients[i].w.fd >= 0)
			drop_client(&ctl->clients[i]);
	}
	if (ctl->listener.fd >= 0)
		close(ctl->listener.fd);
}
