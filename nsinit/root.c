/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root.c - the host's files as a node sees them: all read-only.
 *
 * Mounts are copied as a tree, made read-only as a whole (mount_setattr, Linux 5.12), and become
 * the root; those that they were copied from go. What the node may write is mounted on top of it
 * later, from descriptors that were taken before. All of that happens in the daemon's user
 * namespace; the node's own, entered after it, gets the mounts locked, so that its root can take
 * none of them away nor make one writable (mount_namespaces(7)).
 *
 * The tree is private: a mount that the host makes later would come in writable.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

static int clone_mount(const char *path, unsigned int flags)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static void take_devs(struct take *t)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					      MOUNT_ATTR_NOEXEC};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(t->devs); i++)
		t->devs[i] = -1;
	for (size_t i = 0; DEVS[i]; i++) {
		snprintf(path, sizeof(path), "/dev/%s", DEVS[i]);
		t->devs[i] = clone_mount(path, 0);
		/* Its mode and owner are the host's, and root's id is that of the host's. */
		if (t->devs[i] >= 0 &&
		    mount_setattr(t->devs[i], "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
			close(t->devs[i]);
			t->devs[i] = -1;
		}
	}
}

/* Not wanted in the node at all: other namespaces' mounts would be kept alive by it, and a control
 * group's file system that is there at all may be mounted again by its root. EINVAL is what is no
 * mount point (any more); in a user namespace's copy of the host's mounts single ones can't be
 * taken away. */
static void leave_behind(void)
{
	static const char *const paths[] = {"/run/netns",     "/run", "/tmp",
					    "/sys/fs/cgroup", "/sys", "/dev"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		while (umount2(paths[i], MNT_DETACH) == 0)
			; /* there may be one on the other */
}

int root_enter(struct take *t, const char *layer)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "none", MS_PRIVATE | MS_REC, NULL) < 0)
		return say(errno, "make a mount namespace");
	if (mkdir(layer, 0700) < 0 && errno != EEXIST)
		return say(errno, "make %s", layer);
	t->layer = clone_mount(layer, 0);
	if (t->layer < 0)
		return say(errno, "take %s along", layer);
	take_devs(t);
	leave_behind();
	return 0;
}

int root_move(int fd, const char *path)
{
	return move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The first mount but the root: its path in @path, or false. */
static bool first_mount(int self, char *path, size_t size)
{
	int fd = openat(self, "mounts", O_RDONLY | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	const struct mntent *m = NULL;

	while (f && (m = getmntent(f)) && !strcmp(m->mnt_dir, "/"))
		;
	if (m)
		snprintf(path, size, "%s", m->mnt_dir);
	if (f)
		fclose(f);
	return m;
}

static int unmount_all(void)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), rc = 0; /* it goes, too */
	char path[PATH_MAX];

	if (self < 0)
		return -errno;
	/* Each with all that is mounted below it. */
	while (!rc && first_mount(self, path, sizeof(path)))
		rc = umount2(path, MNT_DETACH) < 0 ? -errno : 0;
	close(self);
	return rc;
}

/* The tree @fd becomes the root, and the mounts that it was copied from go. Were they still there,
 * only out of sight, the kernel would let the node mount a /proc of its own as writable as theirs
 * (mnt_already_visible()). Either way there is may fail, not both: single mounts can't be taken
 * away in a user namespace's copy, and the first root of all (an initramfs) is there for ever. */
static int become_root(int fd)
{
	int left;

	/* Those of the chroot are private already, but if the host's are outside, they aren't. */
	if (mount("", "/", "none", MS_PRIVATE | MS_REC, NULL) < 0)
		return -errno;
	left = unmount_all();
	if (root_move(fd, "/") || fchdir(fd) < 0)
		return -errno;
	/* The old root is then on top of the new one (pivot_root(2)). */
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ? -errno : 0;
	if (errno != EINVAL || left)
		return left ? left : -errno;
	return chroot(".") < 0 ? -errno : 0;
}

int root_freeze(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int tree = clone_mount("/", AT_RECURSIVE), home = -1, rc = 0;

	if (tree < 0)
		return say(errno, "copy the host's mounts");
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		rc = say(errno, "make the host's files read-only");
	/* To enter a mount namespace is to be at its root, also from a chroot: who is in a chroot
	 * can't make a user namespace. */
	if (!rc)
		home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (!rc && (home < 0 || setns(home, CLONE_NEWNS) < 0))
		rc = say(errno, "go to the host's root");
	if (!rc) {
		rc = become_root(tree);
		if (rc)
			say(-rc, "go to the new root");
	}
	if (home >= 0)
		close(home);
	close(tree);
	return rc;
}
