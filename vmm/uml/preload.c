/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preload.c - what linux.uml is loaded with: it opens by name, and gets a descriptor that it has.
 *
 * Theory of operation. User-mode Linux opens its disks and taps by their names, its taps anew each
 * time that the guest sets a link up. Where it runs it may open nothing: its user owns no file, its
 * network namespace has no tap, and Landlock forbids the rest. It has descriptors, which the daemon
 * opened for it. So this library, which the dynamic linker puts before the C library, answers two
 * kinds of call:
 *
 *	open("/proc/self/fd/N")		a duplicate of N, where the kernel would open the file
 *					behind it once more and ask whether the user may
 *	open("/dev/net/tun"), then
 *	ioctl(TUNSETIFF, "fdN")		a duplicate of N, which is a tap
 *
 * Everything else goes to the kernel as it is. The guest closes duplicates only, so N is there for
 * the next time: for `ip link set eth0 up`, and for a kernel that starts again after a reboot.
 * (Its transport "fd" would take N without our help, but closes it for good, and does not know the
 * virtio-net header, which a tap opened by name has: arch/um/drivers/vector_kern.c.)
 *
 * It has no rights that linux.uml has not, and is no guard: what breaks out of the guest can call
 * the kernel without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STALE_MAX = 4096, /* frames: more than the queue of a tap holds */
	FD_MAX = 1 << 20,
};

/* The number that @text is after @prefix; -1 when it is not that. */
static int number_after(const char *prefix, const char *text)
{
	size_t len = strlen(prefix);
	int n = 0;

	if (strncmp(text, prefix, len) != 0 || !text[len])
		return -1;
	for (text += len; *text; text++) {
		if (*text < '0' || *text > '9' || n > FD_MAX)
			return -1;
		n = n * 10 + *text - '0';
	}
	return n;
}

static int open_any(const char *path, int flags, int mode)
{
	int fd = number_after("/proc/self/fd/", path);

	/* A place for the tap that TUNSETIFF will name. */
	if (!strcmp(path, "/dev/net/tun"))
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET); /* as a file that was just opened */
	return fd;
}

static int mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, int) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = open_any(path, flags, mode_of(flags, ap));
	va_end(ap);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = open_any(path, flags | O_LARGEFILE, mode_of(flags, ap));
	va_end(ap);
	return fd;
}

/* A card that was off has not kept what came meanwhile. */
static void forget_frames(int tap)
{
	char frame[64]; /* the rest of it goes, too */

	for (int i = 0; i < STALE_MAX && read(tap, frame, sizeof(frame)) > 0; i++)
		;
}

/* 0, or -1 and errno; -2 when the kernel is to answer. */
static int set_tap(int fd, const struct ifreq *ifr)
{
	char name[IFNAMSIZ + 1] = {0};
	int tap;

	memcpy(name, ifr->ifr_name, IFNAMSIZ);
	tap = number_after("fd", name);
	if (tap < 0)
		return -2;
	if (dup3(tap, fd, O_CLOEXEC) < 0)
		return -1;
	forget_frames(fd);
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int rc = -2;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == TUNSETIFF)
		rc = set_tap(fd, arg);
	return rc == -2 ? (int)syscall(SYS_ioctl, fd, request, arg) : rc;
}
