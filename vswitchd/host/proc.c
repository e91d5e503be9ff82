/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/proc.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of before proc_raise_nofile(). */
static struct rlimit nofile;

void proc_raise_nofile(void)
{
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return;
	all = (struct rlimit){.rlim_cur = nofile.rlim_max, .rlim_max = nofile.rlim_max};
	setrlimit(RLIMIT_NOFILE, &all);
}

/* Rather none than the daemon's. */
static void child_fd(int from, int to)
{
	if (dup2(from, to) < 0)
		close(to);
}

void proc_child_stdio(int in, int out, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	child_fd(in >= 0 ? in : null, STDIN_FILENO);
	child_fd(out >= 0 ? out : null, STDOUT_FILENO);
	child_fd(err >= 0 ? err : null, STDERR_FILENO);
}

void proc_child_clean(const int *keep, size_t n)
{
	sigset_t none;

	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (nofile.rlim_max)
		setrlimit(RLIMIT_NOFILE, &nofile);
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		for (int fd = 3; fd < 65536; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		fcntl(keep[i], F_SETFD, 0);
}

int proc_exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
