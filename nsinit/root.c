/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root.c - the host's files as a node sees them: all read-only.
 *
 * Mounts are copied as a tree, made read-only as a whole (mount_setattr, Linux 5.12), and laid over
 * the root. What the node may write is mounted on top of it later, from descriptors that were taken
 * before. All of that happens in the daemon's user namespace; the node's own, entered after it,
 * gets the mounts locked, so that its root can take none of them away nor make one writable
 * (mount_namespaces(7)).
 *
 * The tree is private: a mount that the host makes later would come in writable.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

static int clone_mount(const char *path, unsigned int flags)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static void take_devs(struct take *t)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(t->devs); i++)
		t->devs[i] = -1;
	for (size_t i = 0; DEVS[i]; i++) {
		snprintf(path, sizeof(path), "/dev/%s", DEVS[i]);
		t->devs[i] = clone_mount(path, 0);
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

int root_freeze(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int tree = clone_mount("/", AT_RECURSIVE), home = -1, rc = 0;

	if (tree < 0)
		return say(errno, "copy the host's mounts");
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		rc = say(errno, "make the host's files read-only");
	/* To enter a mount namespace is to be at its root, also from a chroot. The tree goes over
	 * it: a user namespace can't be made by who is in a chroot. */
	if (!rc)
		home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (!rc && (home < 0 || setns(home, CLONE_NEWNS) < 0 || root_move(tree, "/") ||
		    fchdir(tree) < 0 || chroot(".") < 0))
		rc = say(errno, "go to the new root");
	if (home >= 0)
		close(home);
	close(tree);
	return rc;
}
