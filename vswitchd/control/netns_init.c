/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_init.c - the first process of a namespace node, and the way into its namespaces.
 *
 * vnet-nsinit (nsinit/) is the first process of the node's process ids. It makes the node's other
 * namespaces around itself and holds them; here is its pidfd, by which commands enter all of them
 * with one setns(2). It outlives a daemon that is killed: the next one finds it by its pid and the
 * time of its start, which are in the namespace's record.
 *
 * Process ids are entered by the parent: the calling thread has its next child born there, and
 * turns back. It must not fail to, or every later child (a guest's VMM) would be the node's; so
 * failing to is the end of the daemon, whose next start finds everything as it was.
 *
 * When the first process ends, the kernel has ended all others of the node. The namespace is then
 * "failed" until it is made again or removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/control/netns_int.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/host/procend.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/host/program.h"
#include "vswitchd/host/state.h"

enum { START_TIMEOUT_MS = 10000, SAY_FD = 3, WARNINGS_MAX = 8, WARNING_SIZE = 512 };

/* ---- being born in there --------------------------------------------------------------------- */

/* fork() whose child is in the process ids of @pidfd, or the first of new ones when that is -1. */
static pid_t fork_into(int pidfd)
{
	int home = open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC), saved;
	pid_t pid = -1;

	/* To be shown first that one may return: then one does. */
	if (home < 0 || setns(home, CLONE_NEWPID) < 0) {
		saved = errno;
	} else {
		if (pidfd >= 0 ? setns(pidfd, CLONE_NEWPID) == 0 : unshare(CLONE_NEWPID) == 0)
			pid = fork();
		saved = errno;
		if (pid && setns(home, CLONE_NEWPID) < 0)
			abort();
	}
	if (home >= 0 && pid)
		close(home);
	errno = saved;
	return pid;
}

pid_t netns_fork(const struct netns *ns)
{
	if (ns->init_fd < 0) {
		errno = ESRCH; /* -1 would mean new process ids, not the node's */
		return -1;
	}
	return fork_into(ns->init_fd);
}

int netns_enter(int pidfd)
{
	int flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC;

	if (setns(pidfd, flags | CLONE_NEWUSER) == 0)
		return 0;
	/* EINVAL: it is our own user namespace (nsinit/main.c says why) */
	return errno == EINVAL && setns(pidfd, flags) == 0 ? 0 : -errno;
}

/* ---- starting it ----------------------------------------------------------------------------- */

static _Noreturn void child_main(const char *program, char *const argv[], int say)
{
	const int keep = SAY_FD;

	proc_child_stdio(-1, -1, -1);
	dup2(say, SAY_FD);
	proc_child_clean(&keep, 1);
	execv(program, argv);
	_exit(127);
}

/* All namespaces of a host are warned of the same: each warning is logged once, and none is lost
 * because another came first. More than have room here are logged each time. */
static void warn_once(const char *text)
{
	static char told[WARNINGS_MAX][WARNING_SIZE];
	size_t i = 0;

	while (i < WARNINGS_MAX && told[i][0]) {
		if (!strncmp(told[i], text, WARNING_SIZE - 1))
			return;
		i++;
	}
	if (i < WARNINGS_MAX)
		snprintf(told[i], WARNING_SIZE, "%s", text);
	log_warn("%s", text);
}

/* What it said: lines with "!" before them are warnings. The error is the last that is not one. */
static int heard(char *text, struct err *err)
{
	bool ok = false;
	char *save = NULL;

	err_set(err, -EIO, "it ended and said nothing");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strcmp(line, "ok"))
			ok = true;
		else if (line[0] != '!')
			err_set(err, -EIO, "%s", line);
		else
			warn_once(line + 1);
	}
	return ok ? 0 : err->code;
}

/* Until it says "ok" or closes the pipe. */
static int wait_for_it(int fd, struct err *err)
{
	msec end = clock_now_ms() + START_TIMEOUT_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char text[2048] = "";
	size_t len = 0;

	while (len < sizeof(text) - 1 && !strstr(text, "ok\n")) {
		msec now = clock_now_ms();
		ssize_t n;

		if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
			return err_set(err, -ETIMEDOUT, "it takes too long");
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
	}
	return heard(text, err);
}

static void watch(struct netns *ns);

static int spawn(struct netns *ns, int say[2], struct err *err)
{
	char program[PATH_MAX], layer[PATH_MAX], socket[PATH_MAX];
	char *argv[] = {(char *)"vnet-nsinit", ns->name, layer, (char *)state_dir(), socket, NULL};

	if (!realpath(ns->d->opt.socket, socket))
		return err_sys(err, -errno, "cannot find %s", ns->d->opt.socket);
	if (!program_find("vnet-nsinit", program, sizeof(program)))
		return err_set(err, -ENOENT,
			       "the program vnet-nsinit is not there (make install puts it where "
			       "vswitchd looks)");
	netns_layer_path(ns->name, layer, sizeof(layer));
	ns->init = fork_into(-1);
	if (ns->init == 0)
		child_main(program, argv, say[1]);
	if (ns->init < 0)
		return err_sys(err, -errno, "cannot start %s in process ids of its own", program);
	ns->init_fd = (int)syscall(SYS_pidfd_open, ns->init, 0);
	return ns->init_fd < 0 ? err_sys(err, -errno, "cannot watch %s", program) : 0;
}

/* Afterwards nothing of @ns names a process: -1 would be all of the host's to kill(2). */
static void undo_spawn(struct netns *ns)
{
	if (ns->init > 0) {
		kill(ns->init, SIGKILL); /* our child, not waited for: the number is still its */
		waitpid(ns->init, NULL, 0);
	}
	if (ns->init_fd >= 0)
		close(ns->init_fd);
	ns->init_fd = ns->init = -1;
}

int netns_init_start(struct netns *ns, struct err *err)
{
	int say[2], rc;

	if (pipe2(say, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	rc = spawn(ns, say, err);
	close(say[1]);
	if (!rc)
		rc = wait_for_it(say[0], err);
	close(say[0]);
	if (rc) {
		undo_spawn(ns);
		return err_wrap(err, "namespace \"%s\"", ns->name);
	}
	ns->init_start = proc_start_ticks(ns->init);
	watch(ns);
	return 0;
}

/* ---- watching it ----------------------------------------------------------------------------- */

void netns_fail(struct netns *ns, const char *reason)
{
	snprintf(ns->failed, sizeof(ns->failed), "%s", reason);
	log_warn("namespace %s: %s", ns->name, reason);
	events_send(ns->d, "ns.failed",
		    json_pack("{s:s, s:s?, s:s}", "name", ns->name, "lab",
			      ns->lab[0] ? ns->lab : NULL, "reason", reason));
}

/* An adopted one is another's child: then there is nothing to do. */
static void reap(int pidfd)
{
	siginfo_t info;

	waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

static void ended_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct netns *ns = w->data;

	(void)loop;
	(void)revents;
	reap(ns->init_fd);
	netns_init_close(ns);
	netns_fail(ns, "its first process was killed, and all others with it");
}

static void watch(struct netns *ns)
{
	ev_io_init(&ns->init_io, ended_cb, ns->init_fd, EV_READ);
	ns->init_io.data = ns;
	ev_io_start(ns->d->loop, &ns->init_io);
}

/* A pidfd of the first process in @doc, or -1: by its number, when that began when it should. */
static int find_recorded(const json_t *doc, pid_t *pid, uint64_t *start)
{
	int fd;

	*pid = (pid_t)json_integer_value(json_object_get(doc, "init"));
	*start = (uint64_t)json_integer_value(json_object_get(doc, "init_start"));
	fd = *pid > 0 && *start ? (int)syscall(SYS_pidfd_open, *pid, 0) : -1;
	/* Only then: the descriptor stays at the process that was looked at. */
	if (fd < 0 || proc_start_ticks(*pid) == *start)
		return fd;
	close(fd);
	return -1;
}

void netns_init_adopt(struct netns *ns, const json_t *doc)
{
	pid_t pid;
	uint64_t start;
	int fd = find_recorded(doc, &pid, &start);

	if (fd < 0) {
		netns_fail(ns, "its processes were killed while vswitchd did not run");
		return;
	}
	ns->init = pid;
	ns->init_start = start;
	ns->init_fd = fd;
	watch(ns);
}

bool netns_init_end(const json_t *doc)
{
	pid_t pid;
	uint64_t start;
	int fd = find_recorded(doc, &pid, &start);

	if (fd < 0)
		return false;
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	close(fd);
	return true;
}

void netns_init_close(struct netns *ns)
{
	if (ns->init_fd < 0)
		return;
	ev_io_stop(ns->d->loop, &ns->init_io);
	close(ns->init_fd);
	ns->init_fd = ns->init = -1;
}

/* ---- ending it ------------------------------------------------------------------------------- */

/* Its end is not waited for: it waits itself for those of the node's processes that are children of
 * ours, and whom only the loop reaps. */
void netns_init_kill(struct netns *ns)
{
	int fd = ns->init_fd;

	if (fd < 0)
		return;
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	ev_io_stop(ns->d->loop, &ns->init_io);
	proc_when_ended(ns->d->loop, fd, NULL, NULL);
	ns->init_fd = ns->init = -1;
}
