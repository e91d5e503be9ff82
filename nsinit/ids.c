/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids.c - a node's user namespace, and the network and IPC objects that belong to it.
 *
 * Its ids are those of the daemon's, each as itself. So files belong to whom they belong on the
 * host, servers that change their user find it, and root is root, of this namespace: of its
 * network, mounts and processes, and of nothing else.
 *
 * A child makes the namespaces, and ends when we have entered them. We stay outside for long enough
 * to write its map of ids, which only the parent namespace may (user_namespaces(7)), and to mount
 * what the node's root must not be able to take away.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

enum { MAP_MAX = 4096 - 1 /* the kernel takes less than a page */ };

/* "INSIDE OUTSIDE COUNT" lines of our own, @file, become "INSIDE INSIDE COUNT" of @pid. In one
 * write: the kernel takes only one. */
static int map(pid_t pid, const char *file)
{
	unsigned int first, parent, count;
	char text[MAP_MAX + 1], path[64];
	int n = 0, fd, rc = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	f = fopen(path, "re");
	while (f && n < MAP_MAX - 40 && fscanf(f, "%u %u %u", &first, &parent, &count) == 3)
		n += snprintf(text + n, (size_t)(MAP_MAX - n), "%u %u %u\n", first, first, count);
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		rc = say(errno, "write %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Makes them, says how that went, and waits until nobody needs it any more. */
static _Noreturn void maker(int fd)
{
	int rc = unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) < 0 ? -errno : 0;
	char end;

	if (write(fd, &rc, sizeof(rc)) == sizeof(rc))
		(void)!read(fd, &end, 1);
	_exit(0);
}

/* Not a limit that others have used up, maybe to get just that. */
static bool has_none(int error)
{
	FILE *f = fopen("/proc/sys/user/max_user_namespaces", "re");
	int max = -1;

	if (f && fscanf(f, "%d", &max) != 1)
		max = -1;
	if (f)
		fclose(f);
	return max == 0 || error == EINVAL || error == ENOSYS || error == EPERM;
}

/* Where the kernel makes no user namespaces, the node's root has the rights of the daemon's. */
static int without(int error)
{
	if (!has_none(error))
		return say(error, "make a user namespace");
	say(error, "!root of a namespace is root of the host: no user namespace");
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0)
		return say(errno, "make a network namespace");
	return 0;
}

/* Its network and IPC objects; a descriptor of its user namespace, or a negative errno. */
static int enter(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), user, rc = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	user = open(path, O_RDONLY | O_CLOEXEC);
	if (pidfd < 0 || user < 0 || setns(pidfd, CLONE_NEWNET | CLONE_NEWIPC) < 0)
		rc = say(errno, "enter the new namespaces");
	if (pidfd >= 0)
		close(pidfd);
	if (rc && user >= 0)
		close(user);
	return rc ? rc : user;
}

int ids_network(int *user)
{
	int ends[2], rc = 0, made = -EIO;
	pid_t pid;

	*user = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return say(errno, "make a socket pair");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		maker(ends[1]);
	}
	close(ends[1]);
	if (pid < 0 || read(ends[0], &made, sizeof(made)) != sizeof(made))
		rc = say(EIO, "start a process");
	else if (made)
		rc = without(-made);
	else
		rc = map(pid, "gid_map") || map(pid, "uid_map") ? -EIO : (*user = enter(pid));
	close(ends[0]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return MIN(rc, 0);
}

int ids_user(int user)
{
	int rc = 0;

	if (user < 0)
		return 0;
	if (setns(user, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
		rc = say(errno, "enter the user namespace");
	close(user);
	return rc;
}
