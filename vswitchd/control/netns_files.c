/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_files.c - where the folders of a namespace's own are kept: its layer (nsinit/folders.c);
 * and the one file that the daemon opens in a node.
 *
 * What is seen there the node's root has made, and may be changing, as the last of its processes
 * ends a moment after it was killed: no link is followed, and a file is looked at before it is
 * opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vswitchd/control/netns_int.h"
#include "vswitchd/host/state.h"

char *netns_layer_path(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/netns-%s.files", state_dir(), name);
	return out;
}

/* ---- removing them --------------------------------------------------------------------------- */

/* Folders that are open at once; what lies deeper is moved up to the first of them. */
enum { DEPTH = 64 };

struct removal {
	int top;
	unsigned int number; /* for the next name there */
	bool moved;	     /* so there is more to do at the top */
};

/* The folder @name in @dir, never one that a link leads to, nor what is mounted there. */
static int open_folder(int dir, const char *name)
{
	const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
						RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static void move_up(struct removal *r, int dir, const char *name)
{
	char to[32];
	int rc;

	do {
		snprintf(to, sizeof(to), ".deep-%u", r->number++);
		rc = renameat2(dir, name, r->top, to, RENAME_NOREPLACE);
	} while (rc < 0 && errno == EEXIST);
	if (rc == 0)
		r->moved = true;
}

/* Removes what is in folder @fd. Takes @fd. */
static void empty(struct removal *r, int fd, unsigned int depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;
	int sub;

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    unlinkat(fd, e->d_name, 0) == 0 || unlinkat(fd, e->d_name, AT_REMOVEDIR) == 0)
			continue;
		sub = open_folder(fd, e->d_name);
		if (sub >= 0 && depth == DEPTH) {
			close(sub);
			move_up(r, fd, e->d_name);
		} else if (sub >= 0) {
			empty(r, sub, depth + 1);
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

void netns_files_delete(const char *name)
{
	char layer[PATH_MAX];
	struct removal r;

	netns_layer_path(name, layer, sizeof(layer));
	r = (struct removal){.top = open(layer, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
	if (r.top < 0) {
		unlink(layer);
		return;
	}
	do {
		int fd = openat(r.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r.moved = false;
		if (fd >= 0)
			empty(&r, fd, 1);
	} while (r.moved);
	close(r.top);
	rmdir(layer);
}

/* ---- files in the node ----------------------------------------------------------------------- */

/* The node's root directory: not that of another process which has the number by now. */
static int open_root(const struct netns *ns)
{
	char path[64];
	int fd;

	if (ns->init_fd < 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)ns->init);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_pidfd_send_signal, ns->init_fd, 0, NULL, 0) == 0)
		return fd;
	close(fd);
	return -ESRCH;
}

/* What is there, for a look: O_PATH. */
static int find_in_node(const struct netns *ns, const char *path)
{
	const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
				     .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS |
						RESOLVE_NO_MAGICLINKS};
	int root = open_root(ns), fd;

	if (root < 0)
		return root;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}

static bool is_ptmx(int fd)
{
	struct statfs fs;
	struct stat st;

	/* devices.txt of the kernel: 5:2 is ptmx */
	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC && fstat(fd, &st) == 0 &&
	       S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2);
}

int netns_open_ptmx(const struct netns *ns)
{
	int fd = find_in_node(ns, "dev/pts/ptmx"), rc = -ENXIO;
	char path[64];

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (is_ptmx(fd)) {
		rc = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
		rc = rc < 0 ? -errno : rc;
	}
	close(fd);
	return rc;
}
