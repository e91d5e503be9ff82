/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * local.c - a command on the host, for checks that say `from: host`.
 */
#include "lab/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

void exec_result_fini(struct exec_result *res)
{
	free(res->out);
	free(res->err);
	res->out = res->err = NULL;
}

static _Noreturn void child(const char *command, int out, int err)
{
	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(STDIN_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Append what @fd has to @text (EXEC_TEXT_MAX at most; more is read and dropped). False at the
 * end. */
static bool drain(int fd, char *text, size_t *len)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));
	size_t room = EXEC_TEXT_MAX - *len;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	memcpy(text + *len, buf, MIN((size_t)n, room));
	*len += MIN((size_t)n, room);
	return true;
}

/* Read both pipes to their ends, or till the time is over: then false. */
static bool gather(const int fds[2], struct exec_result *res, msec end)
{
	bool open[2] = {true, true};
	size_t len[2] = {0, 0};

	while (open[0] || open[1]) {
		struct pollfd p[2] = {{.fd = open[0] ? fds[0] : -1, .events = POLLIN},
				      {.fd = open[1] ? fds[1] : -1, .events = POLLIN}};
		msec now = clock_now_ms();

		if (now >= end)
			return false;
		if (poll(p, 2, (int)(end - now)) <= 0)
			continue;
		if (p[0].revents)
			open[0] = drain(fds[0], res->out, &len[0]);
		if (p[1].revents)
			open[1] = drain(fds[1], res->err, &len[1]);
	}
	return true;
}

static int exit_status(int wstatus)
{
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
}

static int spawn(const char *command, int fds[2], pid_t *pid, struct err *err)
{
	int out[2], errs[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "can't make a pipe");
	if (pipe2(errs, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return err_sys(err, -errno, "can't make a pipe");
	}
	*pid = fork();
	if (*pid == 0)
		child(command, out[1], errs[1]);
	close(out[1]);
	close(errs[1]);
	fds[0] = out[0];
	fds[1] = errs[0];
	if (*pid > 0)
		return 0;
	close(fds[0]);
	close(fds[1]);
	return err_sys(err, -errno, "can't fork");
}

int local_exec(const char *command, unsigned int timeout_s, struct exec_result *res,
	       struct err *err)
{
	msec end = clock_now_ms() + timeout_s * 1000;
	int fds[2] = {-1, -1}, wstatus = 0, rc;
	bool ended;
	pid_t pid = -1;

	res->out = calloc(1, EXEC_TEXT_MAX + 1);
	res->err = calloc(1, EXEC_TEXT_MAX + 1);
	rc = res->out && res->err ? spawn(command, fds, &pid, err)
				  : err_set(err, -ENOMEM, "out of memory");
	if (rc) {
		exec_result_fini(res);
		return rc;
	}
	ended = gather(fds, res, end);
	if (!ended)
		kill(-pid, SIGKILL);
	close(fds[0]);
	close(fds[1]);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	res->status = ended ? exit_status(wstatus) : 124;
	return 0;
}
