/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.c - the control socket of one guest.
 */
#include "vmm/ctl.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "vmm/vm.h"

static json_t *failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *success(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static json_t *nic_status(const struct virtio_net *n)
{
	char mac[MAC_STR];

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "mac", mac_format(&n->mac, mac),
			 "rx_frames", (json_int_t)n->stats.rx_frames, "tx_frames",
			 (json_int_t)n->stats.tx_frames, "rx_drops", (json_int_t)n->stats.rx_drops,
			 "tx_drops", (json_int_t)n->stats.tx_drops, "link", n->link);
}

static json_t *cmd_status(struct vm *vm, json_t *request)
{
	json_t *nics = json_array(), *cpus = json_array();
	unsigned int i;

	(void)request;
	for (i = 0; i < vm->config.n_nics; i++)
		json_array_append_new(nics, nic_status(vm->nics[i]));
	for (i = 0; i < vm->config.n_cpus; i++)
		json_array_append_new(cpus,
				      json_pack("{s:I}", "exits", (json_int_t)vm->cpus[i].exits));
	return json_pack("{s:b, s:s, s:I, s:i, s:I, s:o, s:o}", "ok", 1, "state",
			 vm->paused ? "paused" : "running", "memory_mib",
			 (json_int_t)vm->config.memory_mib, "cpus", (int)vm->config.n_cpus,
			 "uptime_ms", (json_int_t)(clock_now_ms() - vm->created_ms), "nics", nics,
			 "vcpus", cpus);
}

static json_t *cmd_pause(struct vm *vm, json_t *request)
{
	(void)request;
	return vm_pause(vm) ? failure("the guest is paused already") : success();
}

static json_t *cmd_resume(struct vm *vm, json_t *request)
{
	(void)request;
	return vm_resume(vm) ? failure("the guest is not paused") : success();
}

static json_t *cmd_reset(struct vm *vm, json_t *request)
{
	(void)request;
	vm_reset(vm);
	return success();
}

static json_t *cmd_quit(struct vm *vm, json_t *request)
{
	(void)request;
	vm_quit(vm);
	return success();
}

static json_t *cmd_link(struct vm *vm, json_t *request)
{
	json_int_t nic;
	int up;

	if (json_unpack(request, "{s:I, s:b}", "nic", &nic, "up", &up))
		return failure("link needs \"nic\" (a number) and \"up\" (true or false)");
	if (nic < 0 || nic >= (json_int_t)vm->config.n_nics)
		return failure("the guest has no such network card");
	virtio_net_set_link(vm->nics[nic], up);
	return success();
}

static const struct {
	const char *name;
	json_t *(*fn)(struct vm *vm, json_t *request);
} commands[] = {
	{"status", cmd_status}, {"pause", cmd_pause}, {"resume", cmd_resume},
	{"reset", cmd_reset},	{"quit", cmd_quit},   {"link", cmd_link},
};

static json_t *run_command(struct vm *vm, json_t *request)
{
	const char *cmd = json_string_value(json_object_get(request, "cmd"));
	unsigned int i;

	if (!cmd)
		return failure("a request is one JSON object with \"cmd\"");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(cmd, commands[i].name) == 0)
			return commands[i].fn(vm, request);
	}
	return failure("no such command: status, pause, resume, reset, quit, link");
}

static void drop_client(struct ctl_client *c)
{
	int fd = c->w.fd;

	loop_del(&c->ctl->vm->loop, &c->w);
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
	for (unsigned int i = 0; ctl->vm && i < CTL_CLIENTS_MAX; i++) {
		struct ctl_client *c = &ctl->clients[i];

		if (c->w.fd >= 0 && !answer(c, json_pack("{s:s}", "event", event)))
			drop_client(c);
	}
}

static bool handle_line(struct ctl_client *c, size_t len)
{
	json_t *request = json_loadb(c->line, len, 0, NULL);
	bool ok = answer(c, run_command(c->ctl->vm, request));

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
	if (!c || loop_add(&ctl->vm->loop, &c->w, fd, EPOLLIN, client_cb)) {
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->len = 0;
}

int ctl_open(struct ctl *ctl, struct vm *vm, int fd)
{
	unsigned int i;

	/* Hash keys need /dev/urandom, which is out of reach later. */
	json_object_seed(0);
	ctl->vm = vm;
	for (i = 0; i < CTL_CLIENTS_MAX; i++)
		ctl->clients[i].w.fd = -1;
	return loop_add(&vm->loop, &ctl->listener, fd, EPOLLIN, listener_cb);
}

void ctl_close(struct ctl *ctl)
{
	unsigned int i;

	if (!ctl->vm)
		return;
	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (ctl->clients[i].w.fd >= 0)
			drop_client(&ctl->clients[i]);
	}
	if (ctl->listener.fd >= 0)
		close(ctl->listener.fd);
}
