/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_run.c - runs commands in a namespace.
 *
 * A command is born in the process ids of the node and enters its other namespaces (netns_init.c).
 * It is a session of its own. The loop watches its pidfd and, for ns.exec, the two pipes; the reply
 * leaves when the process ends, even if something that it started holds the pipes open. On timeout
 * its process group is killed and the status is 124.
 *
 * The child of fork() calls only what is safe in a process that had threads, up to exec. It is a
 * copy of the daemon that the node's root may trace once both are in one user namespace: so it
 * can't be dumped, nor traced, until exec, and takes no descriptor along that is not the command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/netns_int.h"
#include "vswitchd/control/outbuf.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/host/state.h"

struct run {
	struct daemon *d;
	pid_t pid;
	int pidfd;
	struct ev_io exited;
	struct ev_timer timer;
	struct ev_io pipes[2]; /* stdout, stderr; fd -1 when closed or not wanted */
	struct outbuf out[2];
	struct rpc_later *later; /* NULL: nobody waits */
	bool timed_out;
};

/* ---- the child ------------------------------------------------------------------------------- */

struct child {
	int in, out, err; /* for the standard descriptors */
	bool tty;	  /* they are a terminal, to be its session's own */
	const char *command;
};

/* Nothing of the daemon's goes with us but the way in, and that only up to exec: WAY. */
enum { WAY = 3 };

static int leave_behind(const struct netns *ns, const struct child *c)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	proc_child_stdio(c->in, c->out, c->err);
	if (ns->init_fd != WAY && dup3(ns->init_fd, WAY, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(WAY + 1, ~0u, 0) < 0)
		return -errno;
	proc_child_clean(NULL, 0);
	return 0;
}

static _Noreturn void child_main(const struct netns *ns, const struct child *c)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)c->command, NULL};

	setsid();
	if (leave_behind(ns, c) < 0 || netns_enter(WAY) < 0 || chdir("/") < 0)
		_exit(126);
	/* The node's own /dev/null instead of the host's. */
	proc_child_stdio(c->in >= 0 ? STDIN_FILENO : -1, c->out >= 0 ? STDOUT_FILENO : -1,
			 c->err >= 0 ? STDERR_FILENO : -1);
	if (c->tty)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	execv("/bin/sh", argv);
	_exit(127);
}

/* Fork the command, with the descriptors that @c has. Its pid, or a negative errno. */
static pid_t run_fork(const struct netns *ns, const char *command, struct child c, struct err *err)
{
	pid_t pid;

	if (ns->failed[0])
		return err_set(err, -ESRCH, "namespace \"%s\" is dead: %s%s", ns->name, ns->failed,
			       ns->lab[0] ? " (vnetctl lab up mends it)" : "");
	c.command = command;
	pid = netns_fork(ns);
	if (pid == 0)
		child_main(ns, &c);
	return pid < 0 ? err_sys(err, -errno, "cannot fork into namespace %s", ns->name) : pid;
}

/* ---- watching it ----------------------------------------------------------------------------- */

static void pipe_close(struct run *r, int i)
{
	if (r->pipes[i].fd < 0)
		return;
	ev_io_stop(r->d->loop, &r->pipes[i]);
	close(r->pipes[i].fd);
	r->pipes[i].fd = -1;
}

/* False when there is nothing more to read now. */
static bool pipe_read(struct run *r, int i)
{
	char buf[16384];
	ssize_t n = r->pipes[i].fd >= 0 ? read(r->pipes[i].fd, buf, sizeof(buf)) : -1;

	if (n > 0)
		outbuf_add(&r->out[i], buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		pipe_close(r, i);
	return n > 0;
}

static void pipe_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct run *r = w->data;

	(void)loop;
	(void)revents;
	pipe_read(r, w == &r->pipes[1]);
}

static void run_free(struct run *r)
{
	ev_io_stop(r->d->loop, &r->exited);
	ev_timer_stop(r->d->loop, &r->timer);
	for (int i = 0; i < 2; i++) {
		pipe_close(r, i);
		outbuf_fini(&r->out[i]);
	}
	close(r->pidfd);
	free(r);
}

static void exited_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct run *r = w->data;
	int status = 0;

	(void)loop;
	(void)revents;
	if (waitpid(r->pid, &status, WNOHANG) == 0)
		return;
	for (int i = 0; i < 2; i++) {
		/* What the pipe holds now is the process's own; it is bounded, so is this. */
		for (int n = 0; n < 64 && pipe_read(r, i); n++)
			;
	}
	if (r->later)
		rpc_finish(r->later,
			   exec_json(r->timed_out ? 124 : proc_exit_status(status), &r->out[0],
				     &r->out[1]),
			   NULL);
	run_free(r);
}

static void timeout_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct run *r = w->data;

	(void)loop;
	(void)revents;
	r->timed_out = true;
	kill(-r->pid, SIGKILL);
}

static struct run *run_watch(struct daemon *d, pid_t pid)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->d = d;
	r->pid = pid;
	r->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	r->pipes[0].fd = r->pipes[1].fd = -1;
	ev_io_init(&r->exited, exited_cb, r->pidfd, EV_READ);
	ev_timer_init(&r->timer, timeout_cb, 0., 0.);
	r->exited.data = r->timer.data = r;
	if (r->pidfd < 0) {
		free(r);
		return NULL;
	}
	ev_io_start(d->loop, &r->exited);
	return r;
}

static void kill_and_reap(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- ns.exec, ns.spawn ----------------------------------------------------------------------- */

/* A file without a name, read from its begin. */
static int input_file(const uint8_t *input, size_t len, struct err *err)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, input, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	err_sys(err, -errno, "cannot make the command's input");
	if (fd >= 0)
		close(fd);
	return err->code;
}

static int start_exec(struct netns *ns, const char *command, int in, int p[2][2], struct run **out,
		      struct err *err)
{
	struct daemon *d = netns_daemon(ns);
	const struct child c = {.in = in, .out = p[0][1], .err = p[1][1]};
	pid_t pid = run_fork(ns, command, c, err);

	if (pid < 0)
		return pid;
	*out = run_watch(d, pid);
	if (!*out) {
		kill_and_reap(pid);
		return err_set(err, -ENOMEM, "memory is short");
	}
	for (int i = 0; i < 2; i++) {
		fcntl(p[i][0], F_SETFL, O_NONBLOCK);
		ev_io_init(&(*out)->pipes[i], pipe_cb, p[i][0], EV_READ);
		(*out)->pipes[i].data = *out;
		ev_io_start(d->loop, &(*out)->pipes[i]);
		p[i][0] = -1; /* the run's now */
	}
	return 0;
}

int netns_exec(struct netns *ns, struct rpc *rpc, const uint8_t *input, size_t len,
	       unsigned int timeout_ms, struct err *err)
{
	int p[2][2] = {{-1, -1}, {-1, -1}}, rc = 0;
	int in = input ? input_file(input, len, err) : -1;
	struct run *r = NULL;

	if (input && in < 0)
		return in;
	if (pipe2(p[0], O_CLOEXEC) < 0 || pipe2(p[1], O_CLOEXEC) < 0)
		rc = err_sys(err, -errno, "cannot make a pipe");
	if (!rc)
		rc = start_exec(ns, rpc_str(rpc, "command"), in, p, &r, err);
	if (in >= 0)
		close(in);
	for (int i = 0; i < 4; i++)
		if (p[i / 2][i % 2] >= 0)
			close(p[i / 2][i % 2]);
	if (rc)
		return rc;
	r->later = rpc_defer(rpc);
	ev_timer_set(&r->timer, timeout_ms / 1000., 0.);
	ev_timer_start(r->d->loop, &r->timer);
	return RPC_LATER;
}

int netns_spawn(struct netns *ns, const char *command, struct err *err)
{
	char path[PATH_MAX];
	pid_t pid;
	int log;

	snprintf(path, sizeof(path), "%s/netns-%s.log", state_dir(), netns_name(ns));
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	pid = run_fork(ns, command, (struct child){.in = -1, .out = log, .err = log}, err);
	close(log);
	if (pid > 0 && !run_watch(netns_daemon(ns), pid)) {
		kill_and_reap(pid);
		return err_set(err, -ENOMEM, "memory is short");
	}
	return pid;
}

/* ---- ns.console ------------------------------------------------------------------------------ */

/* Both ends of a new terminal, one of the node's own. The kernel hangs up the one when the other is
 * closed. */
static int open_terminal(const struct netns *ns, int *ours, int *theirs, struct err *err)
{
	int rc = netns_open_ptmx(ns);

	*ours = rc;
	*theirs = -1;
	if (*ours >= 0) {
		if (!unlockpt(*ours))
			*theirs = ioctl(*ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		rc = *theirs < 0 ? -errno : 0;
	}
	if (rc < 0 && *ours >= 0)
		close(*ours);
	return rc < 0 ? err_sys(err, rc, "cannot make a terminal in namespace %s", ns->name) : 0;
}

int netns_console(struct netns *ns, const char *prompt, struct err *err)
{
	char command[512];
	int ours, theirs, rc = open_terminal(ns, &ours, &theirs, err);
	pid_t pid;

	if (rc)
		return rc;
	snprintf(command, sizeof(command),
		 "export HOME=/root TERM=${TERM:-linux}; cd; PS1='%s:\\w\\$ '; export PS1\n"
		 "command -v bash >/dev/null && exec bash --norc --noprofile -i\nexec sh -i",
		 prompt);
	pid = run_fork(ns, command,
		       (struct child){.in = theirs, .out = theirs, .err = theirs, .tty = true},
		       err);
	close(theirs);
	if (pid > 0 && run_watch(netns_daemon(ns), pid))
		return ours;
	close(ours);
	if (pid < 0)
		return pid;
	kill_and_reap(pid);
	return err_set(err, -ENOMEM, "memory is short");
}
