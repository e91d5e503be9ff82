/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent.c - commands in a guest, by its agent on the second serial line.
 *
 * Several commands may run at once, more wait for their turn; each has a number, the agent's
 * answers carry it. The agent kills a command at its timeout; should the guest hang altogether, our
 * own timer (a little later) ends the wait with the same status, 124. When the connection or the
 * guest ends, so do all waits. Commands for a guest that still boots wait until it is up.
 *
 * That a guest is up is told by its "R" line. A daemon that adopted a guest in the middle of its
 * boot may have missed that line, and a guest that reboots may still be saying something else when
 * it begins; there the daemon asks for `true` to be run until there is an answer; a
 * ping would not do, as a serial line that nobody has opened yet echoes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "vswitchd/guest/agent_out.h"
#include "vswitchd/guest/agent_proto.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/outbuf.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/guest/vm.h"

enum {
	AGENT_PROTOCOL = 2,	       /* 1 took no input */
	AGENT_EXECS_MAX = 256,	       /* commands of one guest, those that wait included */
	AGENT_RUNNING_MAX = 8,	       /* of these in the guest at once */
	AGENT_COMMAND_MAX = 64 * 1024, /* the longest that the agent takes */
};
#define AGENT_GRACE_S 5. /* our timer's lead over the agent's */
#define AGENT_PROBE_S 1.
/* How long commands wait for a guest to be up: emulated ones take 20 s. */
#define AGENT_BOOT_S 60.
#define AGENT_OLD                                                                                  \
	"its agent is older than this vswitchd: build the images anew (make image) and start the " \
	"guest again"

struct exec {
	struct exec *next;
	struct agent *a;
	uint32_t id;
	struct rpc_later *later; /* NULL: nobody waits */
	unsigned int timeout_ms;
	bool patient;  /* a slow guest is given longer */
	bool sent;     /* the guest runs it */
	char *command; /* until it is sent, as its input */
	uint8_t *input;
	size_t input_len;
	struct outbuf out[2];
	struct ev_timer timer;
};

struct agent {
	struct vm *vm;
	struct vmsock sock;
	struct agent_out out;
	struct agent_parser parser;
	struct exec *execs; /* oldest first */
	unsigned int n_execs, n_sent;
	bool no_input; /* it is older than that */
	uint32_t next_id;
	struct ev_timer probe;
	uint32_t probe_id; /* 0: none under way */
};

static void send_waiting(struct agent *a);

static void exec_free(struct exec *x)
{
	struct exec **link = &x->a->execs;

	while (*link != x)
		link = &(*link)->next;
	*link = x->next;
	x->a->n_execs--;
	x->a->n_sent -= x->sent;
	ev_timer_stop(x->a->vm->d->loop, &x->timer);
	outbuf_fini(&x->out[0]);
	outbuf_fini(&x->out[1]);
	free(x->command);
	free(x->input);
	free(x);
}

static void exec_done(struct exec *x, int status)
{
	struct agent *a = x->a;

	if (x->later)
		rpc_finish(x->later, exec_json(status, &x->out[0], &x->out[1]), NULL);
	exec_free(x);
	send_waiting(a);
}

static void exec_fail(struct exec *x, const struct err *err)
{
	if (x->later)
		rpc_finish(x->later, NULL, err);
	exec_free(x);
}

static bool exec_any(const struct exec *x)
{
	(void)x;
	return true;
}

static bool exec_is_sent(const struct exec *x)
{
	return x->sent;
}

static bool exec_has_input(const struct exec *x)
{
	return x->input != NULL;
}

static void exec_fail_all(struct agent *a, bool (*which)(const struct exec *), const char *why)
{
	struct exec *next;
	struct err err;

	err_set(&err, -EPIPE, "guest \"%s\": %s", a->vm->name, why);
	for (struct exec *x = a->execs; x; x = next) {
		next = x->next;
		if (which(x))
			exec_fail(x, &err);
	}
}

static struct exec *exec_find(struct agent *a, uint32_t id)
{
	struct exec *x = a->execs;

	while (x && x->id != id)
		x = x->next;
	return x;
}

static void exec_timeout_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	exec_done(w->data, 124);
}

static void boot_timeout_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct exec *x = w->data;
	struct err err;

	(void)loop;
	(void)revents;
	err_set(&err, -ETIMEDOUT,
		"guest \"%s\" is not up after %g s: see `vnetctl vm log %s`; an image of your own "
		"runs no commands without the agent",
		x->a->vm->name, AGENT_BOOT_S, x->a->vm->name);
	exec_fail(x, &err);
}

/* ---- what the agent says --------------------------------------------------------------------- */

static void ready(struct agent *a)
{
	ev_timer_stop(a->vm->d->loop, &a->probe);
	a->probe_id = 0;
	vm_agent_ready(a->vm);
	send_waiting(a);
}

static void on_ready(void *ctx, unsigned int protocol)
{
	struct agent *a = ctx;

	if (!protocol || protocol > AGENT_PROTOCOL) {
		log_warn("guest %s: its agent speaks protocol %u, not %d", a->vm->name, protocol,
			 AGENT_PROTOCOL);
		return;
	}
	a->no_input = protocol < 2;
	agent_out_reset(&a->out);
	/* What was asked of an earlier agent, as when the guest has booted again, it does not know.
	 */
	exec_fail_all(a, exec_is_sent, "it has restarted");
	if (a->no_input)
		exec_fail_all(a, exec_has_input, AGENT_OLD);
	ready(a);
}

static void on_pong(void *ctx, uint32_t id)
{
	(void)ctx;
	(void)id;
}

static void on_output(void *ctx, uint32_t id, bool to_stderr, const void *data, size_t len)
{
	struct exec *x = exec_find(ctx, id);

	if (x)
		outbuf_add(&x->out[to_stderr], data, len);
}

static void on_done(void *ctx, uint32_t id, unsigned int status)
{
	struct agent *a = ctx;
	struct exec *x = exec_find(a, id);

	if (a->probe_id && id == a->probe_id)
		ready(a);
	if (x)
		exec_done(x, (int)status);
}

static void on_read(void *ctx, uint32_t bytes)
{
	struct agent *a = ctx;

	agent_out_read(&a->out, bytes);
	send_waiting(a); /* there may be room now */
}

static const struct agent_events events = {
	.ready = on_ready, .pong = on_pong, .output = on_output, .done = on_done, .read = on_read};

static void data_cb(void *ctx, const uint8_t *data, size_t len)
{
	struct agent *a = ctx;

	agent_parser_feed(&a->parser, data, len, &events, a);
}

static void up_cb(void *ctx)
{
	struct agent *a = ctx;

	agent_parser_init(&a->parser);
	agent_out_reset(&a->out);
	agent_out_write(&a->out, "\n", 1); /* ends whatever an earlier client left half-said */
	send_waiting(a);
}

static void down_cb(void *ctx)
{
	exec_fail_all(ctx, exec_is_sent, "the connection to its agent broke");
}

static const struct vmsock_ops ops = {.up = up_cb, .down = down_cb, .data = data_cb};

/* ---- what we say ----------------------------------------------------------------------------- */

static uint32_t next_id(struct agent *a)
{
	a->next_id = a->next_id % 0x7fffffff + 1;
	return a->next_id;
}

/* All of a message, or nothing, is queued. */
static int say(struct agent *a, const char *head, const void *data, size_t len)
{
	size_t n = strlen(head);
	char *msg = malloc(n + len);
	int rc;

	if (!msg)
		return -ENOMEM;
	memcpy(msg, head, n);
	if (len)
		memcpy(msg + n, data, len);
	rc = agent_out_write(&a->out, msg, n + len);
	free(msg);
	return rc;
}

static int say_exec(struct agent *a, uint32_t id, const char *command, unsigned int timeout_ms)
{
	char head[64];
	size_t len = strlen(command);

	/* The newline in front ends what the agent may have got of an earlier message: the first
	 * bytes are lost when nobody had the line open. */
	snprintf(head, sizeof(head), "\nX %u %u %zu\n", id, timeout_ms, len);
	return say(a, head, command, len);
}

static int exec_send(struct exec *x)
{
	char head[32];
	int rc = 0;

	if (!agent_out_room(&x->a->out, x->input_len + strlen(x->command) + 2 * sizeof(head)))
		return -ENOBUFS;
	if (x->patient) /* not earlier: how slow it is shows when it is up */
		x->timeout_ms = agent_patience_ms(x->a->vm->boot_ms, x->timeout_ms);
	x->patient = false;
	snprintf(head, sizeof(head), "\nI %u %zu\n", x->id, x->input_len);
	if (x->input)
		rc = say(x->a, head, x->input, x->input_len);
	if (!rc)
		rc = say_exec(x->a, x->id, x->command, x->timeout_ms);
	if (rc)
		return rc;
	free(x->command);
	free(x->input);
	x->command = NULL;
	x->input = NULL;
	x->sent = true;
	x->a->n_sent++;
	ev_timer_stop(x->a->vm->d->loop, &x->timer);
	ev_set_cb(&x->timer, exec_timeout_cb);
	ev_timer_set(&x->timer, x->timeout_ms / 1000. + AGENT_GRACE_S, 0.);
	ev_timer_start(x->a->vm->d->loop, &x->timer);
	return 0;
}

/* Send what waits for its turn. */
static void send_waiting(struct agent *a)
{
	if (vm_boots(a->vm))
		return;
	for (struct exec *x = a->execs; x && a->n_sent < AGENT_RUNNING_MAX; x = x->next)
		if (!x->sent && exec_send(x))
			return; /* no connection: the next one sends them; or no room */
}

void agent_window(struct agent *a, unsigned int rows, unsigned int cols)
{
	char line[48];
	int n = snprintf(line, sizeof(line), "\nW %u %u\n", rows, cols);

	agent_out_write(&a->out, line, (size_t)n); /* a comfort: nobody is told when it fails */
}

static void probe_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct agent *a = w->data;

	(void)loop;
	(void)revents;
	if (!a->probe_id)
		a->probe_id = next_id(a);
	say_exec(a, a->probe_id, "true", 1000);
}

void agent_reset(struct agent *a)
{
	exec_fail_all(a, exec_any, "it has restarted");
	/* What it was saying when it was cut off would swallow the beginning of what it says next.
	 */
	agent_parser_init(&a->parser);
	agent_out_reset(&a->out);
	a->probe_id = 0;
	ev_timer_again(a->vm->d->loop, &a->probe);
}

struct agent *agent_open(struct vm *vm)
{
	struct agent *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->vm = vm;
	/* Not from 1: answers to a daemon before us may still be under way. */
	random_bytes(&a->next_id, sizeof(a->next_id));
	ev_timer_init(&a->probe, probe_cb, AGENT_PROBE_S, AGENT_PROBE_S);
	a->probe.data = a;
	agent_out_init(&a->out, &a->sock, vm->d->loop);
	vmsock_open(&a->sock, vm->d->loop, vm->dir_fd, "agent", &ops, a);
	if (!vm->child && vm->boot_ms < 0)
		ev_timer_start(vm->d->loop, &a->probe);
	return a;
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	exec_fail_all(a, exec_any, "it has ended");
	ev_timer_stop(a->vm->d->loop, &a->probe);
	agent_out_fini(&a->out);
	vmsock_close(&a->sock);
	free(a);
}

/* Its input is the exec's. NULL when memory is short; so may its command be. */
static struct exec *exec_new(struct agent *a, const struct agent_command *c)
{
	struct exec *x = calloc(1, sizeof(*x)), **link = &a->execs;

	if (!x)
		return NULL;
	x->a = a;
	x->id = next_id(a);
	x->timeout_ms = c->timeout_ms;
	x->patient = c->patient;
	x->input = c->input;
	x->input_len = c->input_len;
	x->command = strdup(c->text);
	ev_timer_init(&x->timer, boot_timeout_cb, AGENT_BOOT_S, 0.);
	x->timer.data = x;
	while (*link)
		link = &(*link)->next;
	*link = x;
	a->n_execs++;
	return x;
}

static int check_exec(const struct agent *a, const struct agent_command *c, struct err *err)
{
	if (strlen(c->text) > AGENT_COMMAND_MAX)
		return err_set(err, -E2BIG, "a command is at most %d bytes long",
			       AGENT_COMMAND_MAX);
	if (a->n_execs >= AGENT_EXECS_MAX)
		return err_set(err, -EBUSY, "%d commands wait for guest \"%s\" already",
			       AGENT_EXECS_MAX, a->vm->name);
	if (c->input && a->no_input)
		return err_set(err, -EOPNOTSUPP, "guest \"%s\": %s", a->vm->name, AGENT_OLD);
	return 0;
}

/* Send it, or let it wait: for the end of the boot, for its turn, for room in the queue. */
static int exec_start(struct agent *a, struct exec *x)
{
	int rc = 0;

	if (!x->command)
		return -ENOMEM;
	if (vm_boots(a->vm))
		ev_timer_start(a->vm->d->loop, &x->timer);
	else if (a->n_sent < AGENT_RUNNING_MAX)
		rc = exec_send(x);
	return rc == -ENOBUFS && a->n_sent ? 0 : rc;
}

int agent_exec(struct agent *a, const struct agent_command *c, struct rpc_later *later,
	       struct err *err)
{
	int rc = check_exec(a, c, err);
	struct exec *x = rc ? NULL : exec_new(a, c);

	if (!x) {
		free(c->input);
		return rc ? rc : err_set(err, -ENOMEM, "memory is short");
	}
	rc = exec_start(a, x);
	if (rc) {
		exec_free(x);
		return err_sys(err, rc, "guest \"%s\" can't be reached", a->vm->name);
	}
	x->later = later;
	return 0;
}

int agent_send(struct agent *a, const char *command, struct err *err)
{
	return agent_exec(a, &(struct agent_command){.text = command, .timeout_ms = 10000}, NULL,
			  err);
}
