/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vnet-uml: one process that looks after one User-mode Linux guest.
 *
 * It is to linux.uml what vnet-vmm is to KVM, and has the same face: listening sockets for the
 * console, the agent and the control language (../ctl.h), and one exit status for each kind of
 * end. User-mode Linux reads the guest's taps itself (preload.c).
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "vmm/ctl.h"
#include "vmm/uml/line.h"
#include "vmm/uml/uml.h"

/* Exit statuses; vnet-vmm has the same. */
enum { EXIT_OFF = 0, EXIT_SETUP = 1, EXIT_CRASH = 3 };
enum { MEMORY_MIN_MIB = 64 };

struct keeper {
	struct loop loop;
	struct uml uml;
	struct loop_fd ended;
	struct line console, agent;
	struct ctl ctl;
	msec started_ms;
	long memory_mib;
	bool quit; /* we were told to end it */
	int status;
};

struct options {
	struct uml_config uml;
	int console_fd, agent_fd, ctl_fd;
};

static const char usage[] =
	"usage: vnet-uml --name NAME --memory MIB --kernel-fd FD [--initrd-fd FD]\n"
	"                [--disk-fd FD] [--image-fd FD] [--append TEXT]\n"
	"                [--net fd=FD,mac=MAC]... --console-fd FD --agent-fd FD --ctl-fd FD\n"
	"       vnet-uml --version\n";

/* ---- options --------------------------------------------------------------------------------- */

enum {
	OPT_NAME = OPT_OWN,
	OPT_MEMORY,
	OPT_KERNEL_FD,
	OPT_INITRD_FD,
	OPT_DISK_FD,
	OPT_IMAGE_FD,
	OPT_APPEND,
	OPT_NET,
	OPT_CONSOLE_FD,
	OPT_AGENT_FD,
	OPT_CTL_FD,
};

static const struct option long_options[] = {
	{"name", 1, NULL, OPT_NAME},
	{"memory", 1, NULL, OPT_MEMORY},
	{"kernel-fd", 1, NULL, OPT_KERNEL_FD},
	{"initrd-fd", 1, NULL, OPT_INITRD_FD},
	{"disk-fd", 1, NULL, OPT_DISK_FD},
	{"image-fd", 1, NULL, OPT_IMAGE_FD},
	{"append", 1, NULL, OPT_APPEND},
	{"net", 1, NULL, OPT_NET},
	{"console-fd", 1, NULL, OPT_CONSOLE_FD},
	{"agent-fd", 1, NULL, OPT_AGENT_FD},
	{"ctl-fd", 1, NULL, OPT_CTL_FD},
	{"version", 0, NULL, OPT_VERSION},
	{"help", 0, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int set_option(int opt, char *arg, void *ctx, struct err *e)
{
	struct options *o = ctx;

	switch (opt) {
	case OPT_NAME:
		o->uml.name = arg;
		return name_valid(arg) ? 0 : err_set(e, -EINVAL, "--name %s: not a name", arg);
	case OPT_MEMORY:
		return option_number("memory", arg, MEMORY_MIN_MIB, 1 << 20, &o->uml.memory_mib, e);
	case OPT_KERNEL_FD:
		return option_fd("kernel-fd", arg, &o->uml.kernel_fd, e);
	case OPT_INITRD_FD:
		return option_fd("initrd-fd", arg, &o->uml.initrd_fd, e);
	case OPT_DISK_FD:
		return option_fd("disk-fd", arg, &o->uml.disk_fd, e);
	case OPT_IMAGE_FD:
		return option_fd("image-fd", arg, &o->uml.image_fd, e);
	case OPT_APPEND:
		o->uml.append = arg;
		return 0;
	case OPT_NET:
		return option_net(arg, false, o->uml.nics, &o->uml.n_nics, UML_NICS_MAX, e);
	case OPT_CONSOLE_FD:
		return option_fd("console-fd", arg, &o->console_fd, e);
	case OPT_AGENT_FD:
		return option_fd("agent-fd", arg, &o->agent_fd, e);
	case OPT_CTL_FD:
		return option_fd("ctl-fd", arg, &o->ctl_fd, e);
	default:
		return err_set(e, -EINVAL, "wrong usage, see vnet-uml --help");
	}
}

/* As options_read(). */
static int parse_options(int argc, char **argv, struct options *o, struct err *e)
{
	static const struct command_line line = {"vnet-uml", usage, long_options, set_option};
	int rc = options_read(&line, argc, argv, o, e);

	if (!rc && (!o->uml.name || o->uml.kernel_fd < 0 || o->console_fd < 0 || o->agent_fd < 0 ||
		    o->ctl_fd < 0))
		rc = err_set(e, -EINVAL,
			     "--name, --kernel-fd and the three sockets are needed, see --help");
	return rc;
}

/* ---- the control language -------------------------------------------------------------------- */

static json_t *cmd_status(void *ctx, json_t *request)
{
	struct keeper *k = ctx;

	(void)request;
	return json_pack("{s:b, s:s, s:I, s:i, s:I}", "ok", 1, "state",
			 k->uml.paused ? "paused" : "running", "memory_mib",
			 (json_int_t)k->memory_mib, "cpus", 1, "uptime_ms",
			 (json_int_t)(clock_now_ms() - k->started_ms));
}

static json_t *cmd_pause(void *ctx, json_t *request)
{
	(void)request;
	return uml_pause(&((struct keeper *)ctx)->uml) ? ctl_failure("the guest is paused already")
						       : ctl_success();
}

static json_t *cmd_resume(void *ctx, json_t *request)
{
	(void)request;
	return uml_resume(&((struct keeper *)ctx)->uml) ? ctl_failure("the guest is not paused")
							: ctl_success();
}

static json_t *cmd_quit(void *ctx, json_t *request)
{
	struct keeper *k = ctx;

	(void)request;
	k->quit = true;
	uml_kill(&k->uml);
	return ctl_success();
}

static const struct ctl_command commands[] = {
	{"status", cmd_status}, {"pause", cmd_pause}, {"resume", cmd_resume},
	{"quit", cmd_quit},	{NULL, NULL},
};

/* ---- the guest ------------------------------------------------------------------------------- */

static void ended_cb(struct loop_fd *w, uint32_t events)
{
	struct keeper *k = CONTAINER_OF(w, struct keeper, ended);
	int status = uml_wait(&k->uml);

	(void)events;
	loop_del(&k->loop, w);
	k->status = status && !k->quit ? EXIT_CRASH : EXIT_OFF;
	if (k->status)
		fprintf(stderr, "vnet-uml: linux.uml ended with %s %d\n",
			status > 128 ? "signal" : "status", status > 128 ? status - 128 : status);
	loop_quit(&k->loop);
}

static int open_lines(struct keeper *k, struct options *o)
{
	int err = line_open(&k->console, &k->loop, STREAM_CONSOLE, o->console_fd, &o->uml.lines[0]);

	return err ? err
		   : line_open(&k->agent, &k->loop, STREAM_AGENT, o->agent_fd, &o->uml.lines[1]);
}

/* The guest has them now; were they open here too, nobody would see it close them. */
static void close_guest_ends(struct options *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(o->uml.lines); i++)
		close(o->uml.lines[i]);
	for (unsigned int i = 0; i < o->uml.n_nics; i++)
		close(o->uml.nics[i].tap_fd);
	close(o->uml.kernel_fd);
	if (o->uml.initrd_fd >= 0)
		close(o->uml.initrd_fd);
	if (o->uml.disk_fd >= 0)
		close(o->uml.disk_fd);
	if (o->uml.image_fd >= 0)
		close(o->uml.image_fd);
}

static int run(struct keeper *k, struct options *o, struct err *e)
{
	int err = loop_init(&k->loop);

	k->memory_mib = o->uml.memory_mib;
	k->started_ms = clock_now_ms();
	if (!err)
		err = open_lines(k, o);
	if (!err)
		err = ctl_open(&k->ctl, &k->loop, commands, k, o->ctl_fd);
	if (err)
		return err_sys(e, err, "can't set up the guest's sockets");
	err = uml_start(&k->uml, &o->uml, e);
	if (err)
		return err;
	close_guest_ends(o);
	err = loop_add(&k->loop, &k->ended, k->uml.pidfd, EPOLLIN, ended_cb);
	if (!err)
		err = loop_run(&k->loop);
	if (err)
		uml_kill(&k->uml);
	line_close(&k->console);
	line_close(&k->agent);
	ctl_close(&k->ctl);
	return err ? err_sys(e, err, "can't wait for events") : 0;
}

int main(int argc, char **argv)
{
	static struct keeper k = {.status = EXIT_SETUP};
	struct options o = {
		.uml = {.append = "console=ttyS0 quiet",
			.memory_mib = 256,
			.kernel_fd = -1,
			.initrd_fd = -1,
			.disk_fd = -1,
			.image_fd = -1,
			.lines = {-1, -1}},
		.console_fd = -1,
		.agent_fd = -1,
		.ctl_fd = -1,
	};
	struct err e = {0};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "vnet-uml");
	rc = parse_options(argc, argv, &o, &e);
	if (rc > 0)
		return 0;
	if (!rc)
		run(&k, &o, &e);
	if (e.code) {
		fprintf(stderr, "vnet-uml: %s\n", e.text);
		return EXIT_SETUP;
	}
	return k.status;
}
