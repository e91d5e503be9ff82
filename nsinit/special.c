/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * special.c - /dev, /proc and /sys of a node.
 *
 * /dev has what programs need of it and no disk, no memory, nobody else's terminals. In /proc and
 * /sys root's user id alone, which a node's root has, may change the whole machine
 * (/proc/sys/kernel/core_pattern, /proc/sysrq-trigger, /sys/power): these are read-only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

const char *const DEVS[] = {"null", "zero", "full", "random", "urandom", "tty", "net/tun", NULL};

/* ---- /dev ------------------------------------------------------------------------------------ */

static int device(int fd, const char *name)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/dev/%s", name);
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	close(file);
	return root_move(fd, path);
}

static int terminals(void)
{
	static const char *const options[] = {"newinstance,ptmxmode=0666,mode=620,gid=5",
					      "newinstance,ptmxmode=0666,mode=620"};

	/* gid 5 is tty in Debian, and nobody in a user namespace with few ids. */
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options[i]))
			return 0;
	return -errno;
}

int dev_mount(const struct take *t)
{
	static const char *const links[][2] = {{"pts/ptmx", "/dev/ptmx"},
					       {"/proc/self/fd", "/dev/fd"},
					       {"/proc/self/fd/0", "/dev/stdin"},
					       {"/proc/self/fd/1", "/dev/stdout"},
					       {"/proc/self/fd/2", "/dev/stderr"}};
	int rc = 0;

	if (mount("dev", "/dev", "tmpfs", MS_NOSUID, "mode=755") < 0 ||
	    mkdir("/dev/net", 0755) < 0 || mkdir("/dev/pts", 0755) < 0 ||
	    mkdir("/dev/shm", 01777) < 0 || chmod("/dev/shm", 01777) < 0)
		return say(errno, "make /dev");
	for (size_t i = 0; !rc && DEVS[i]; i++)
		if (t->devs[i] >= 0)
			rc = device(t->devs[i], DEVS[i]);
	if (!rc)
		rc = terminals();
	for (size_t i = 0; !rc && i < ARRAY_SIZE(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			rc = -errno;
	return rc ? say(-rc, "fill /dev") : 0;
}

/* ---- /proc and /sys -------------------------------------------------------------------------- */

static int read_only(const char *path)
{
	if (access(path, F_OK) < 0)
		return 0; /* not in this kernel */
	return mount(path, path, "none", MS_BIND | MS_REC, NULL) < 0 ||
			       mount("", path, "none",
				     MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV |
					     MS_NOEXEC,
				     NULL) < 0
		       ? say(errno, "make %s read-only", path)
		       : 0;
}

/* The first process' control group is the daemon's. Its files belong to root's id, so a node that
 * could mount it could freeze or kill the daemon. Limits are each user namespace's own. */
int proc_limit(int sys)
{
	int fd = openat(sys, "user/max_cgroup_namespaces", O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 ? errno != ENOENT : write(fd, "0", 1) != 1)
		rc = say(errno, "forbid control group namespaces");
	if (fd >= 0)
		close(fd);
	close(sys);
	return rc;
}

int proc_mount(int *sys)
{
	static const char *const paths[] = {"/proc/sys",	   "/proc/irq", "/proc/bus",
					    "/proc/sysrq-trigger", "/proc/fs",	"/proc/acpi",
					    "/proc/scsi",	   "/proc/mtrr"};
	int rc = 0;

	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return say(errno, "mount /proc");
	/* Through this it stays writable, for us. */
	*sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*sys < 0)
		return say(errno, "open /proc/sys");
	/* A mount of its own that stays writable: it is the network's. */
	if (mount("/proc/sys/net", "/proc/sys/net", "none", MS_BIND, NULL) < 0)
		return say(errno, "mount /proc/sys/net");
	for (size_t i = 0; !rc && i < ARRAY_SIZE(paths); i++)
		rc = read_only(paths[i]);
	return rc;
}

int sys_mount(void)
{
	return mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) <
			       0
		       ? say(errno, "mount /sys")
		       : 0;
}
