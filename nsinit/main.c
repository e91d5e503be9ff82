/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnet-nsinit - the first process of a namespace node.
 *
 *	vnet-nsinit NODE LAYER STATE SOCKET
 *
 * vswitchd starts it as the first process of new process ids, with its rights and a pipe at SAY_FD.
 * It makes the rest of the node around itself: mounts (root.c, folders.c, special.c; LAYER is where
 * the node's own files are kept, STATE and SOCKET are the daemon's, to be hidden), then a user
 * namespace (ids.c) with the network and the IPC objects that belong to it. Then it says "ok" and
 * does what is left for a first process: it waits for those whose parents have ended.
 *
 * Who comes later (netns_run.c) enters these namespaces. When this process is killed, from outside
 * the node only, the kernel kills all others in it.
 *
 * It is small and linked statically, since there is one for each node.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

int say(int error, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 80, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 81)
		n = (int)sizeof(line) - 81;
	n += snprintf(line + n, sizeof(line) - (size_t)n, ": %.70s\n", strerror(error));
	(void)!write(SAY_FD, line, (size_t)n);
	return -error;
}

static int lo_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		rc = say(errno, "set the loopback interface up");
	if (fd >= 0)
		close(fd);
	return rc;
}

static int set_up(const char *layer, const char *state, const char *socket)
{
	int user = -1, proc = -1, rc;
	struct take take;

	rc = root_enter(&take, layer);
	if (!rc)
		rc = root_freeze();
	if (!rc)
		rc = folders_mount(&take, state, socket);
	if (!rc)
		rc = dev_mount(&take);
	if (!rc)
		rc = proc_mount(&proc);
	if (!rc)
		rc = ids_network(&user);
	if (!rc)
		rc = sys_mount();
	if (!rc)
		rc = lo_up();
	if (!rc && user >= 0)
		rc = ids_user(user) ?: proc_limit(proc);
	return rc;
}

/* Those that we came with are the host's, and the node's root finds them in /proc/1/fd. */
static int own_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), rc = 0;

	for (int i = 0; fd >= 0 && !rc && i < SAY_FD; i++)
		rc = dup2(fd, i) < 0 ? -errno : 0;
	if (fd < 0 || rc)
		return say(errno, "open the node's /dev/null");
	close(fd);
	return 0;
}

static _Noreturn void reap(void)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sigwaitinfo(&chld, NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	setsid();
	if (set_up(argv[2], argv[3], argv[4]))
		return 1;
	if (own_stdio() || write(SAY_FD, "ok\n", 3) != 3)
		return 1;
	close_range(SAY_FD, ~0U, 0);
	(void)!chdir("/");
	reap();
}
