/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_files.c - folders of a namespace's own.
 *
 * Commands in a namespace see the host's files, but what they write to FOLDERS goes to a layer of
 * the namespace (an overlay, DIR/netns-NAME.files), so that each node has its own /etc, no node
 * changes the host's, and a student's work is what is in the layer. /tmp, /var/tmp and /run are
 * empty and go with the namespace: two nodes may run the same server, and its control program finds
 * the node's own. /etc/resolv.conf is a file of its own, empty at first, also where the host's is a
 * link.
 *
 * The overlays are mounted once, in a mount namespace that the daemon holds open: two overlays on
 * one layer would not see each other's changes. Each command gets a copy of that mount namespace
 * (netns_run.c), which shares the mounts and leaves its own to itself. When the daemon was killed,
 * the mounts live on with the processes in there: the next one finds them by the layer's name and
 * joins.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/control/netns_int.h"
#include "vswitchd/host/state.h"

static const char *const FOLDERS[] = {"etc", "root", "home", "srv"};

enum { MOUNTINFO_MAX = 256 << 10, NFTW_FDS = 16 };

static char *layer_path(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/netns-%s.files", state_dir(), name);
	return out;
}

/* ---- mounting -------------------------------------------------------------------------------- */

static int overlay(const char *layer, const char *folder)
{
	char up[PATH_MAX], work[PATH_MAX], at[64], options[3 * PATH_MAX];
	struct stat st;

	snprintf(at, sizeof(at), "/%s", folder);
	if (stat(at, &st) < 0)
		return 0; /* the host has no such folder: neither has the namespace */
	snprintf(up, sizeof(up), "%s/%s", layer, folder);
	snprintf(work, sizeof(work), "%s/.%s", layer, folder);
	if ((mkdir(up, st.st_mode & 07777) < 0 && errno != EEXIST) ||
	    (mkdir(work, 0700) < 0 && errno != EEXIST))
		return -errno;
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", at, up, work);
	return mount("overlay", at, "overlay", 0, options) < 0 ? -errno : 0;
}

static int own_tmpfs(const char *at, const char *mode)
{
	return mount("tmp", at, "tmpfs", MS_NOSUID | MS_NODEV, mode) < 0 ? -errno : 0;
}

/* /run/.layer is the node's layer, by which its files are saved wherever the state is kept. */
static int own_run(const char *layer)
{
	int fd = open(layer, O_PATH | O_DIRECTORY | O_CLOEXEC), rc;
	char path[64];

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	rc = own_tmpfs("/run", "mode=755");
	if (!rc && (mkdir("/run/lock", 0777) < 0 || chmod("/run/lock", 01777) < 0 ||
		    mkdir("/run/.layer", 0700) < 0 ||
		    mount(path, "/run/.layer", "none", MS_BIND, NULL) < 0))
		rc = -errno;
	close(fd);
	return rc;
}

/* What stands in the layer already is the work of a node whose daemon has died. */
static int own_resolv_conf(const char *layer)
{
	static const char path[] = "/etc/resolv.conf";
	char own[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(own, sizeof(own), "%s%s", layer, path);
	if (lstat(own, &st) == 0)
		return 0;
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : close(fd);
}

struct mounting {
	const char *layer;
	int fd;	  /* of the new mount namespace, or a negative errno */
	int root; /* our root directory as it is in there */
};

/* In a thread of its own, so that the daemon's threads stay where they are. */
static void *mount_thread(void *ctx)
{
	struct mounting *m = ctx;
	int rc = unshare(CLONE_FS | CLONE_NEWNS) < 0 ||
				 mount("", "/", "none", MS_SLAVE | MS_REC, NULL) < 0
			 ? -errno
			 : 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(FOLDERS); i++)
		rc = overlay(m->layer, FOLDERS[i]);
	if (!rc)
		rc = own_resolv_conf(m->layer);
	/* This one first: the layer may be below any of them. */
	if (!rc)
		rc = own_run(m->layer);
	if (!rc)
		rc = own_tmpfs("/tmp", "mode=1777");
	if (!rc && access("/var/tmp", F_OK) == 0)
		rc = own_tmpfs("/var/tmp", "mode=1777");
	m->fd = rc ? rc : open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	m->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return NULL;
}

static int mounts_make(const char *layer, int *root)
{
	struct mounting m = {layer, -EAGAIN, -1};
	pthread_t thread;

	if (mkdir(layer, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (pthread_create(&thread, NULL, mount_thread, &m) == 0)
		pthread_join(thread, NULL);
	*root = m.root;
	return m.fd;
}

/* ---- those of an earlier daemon -------------------------------------------------------------- */

struct search {
	const char *layer;
	int fd, root;
};

static bool mentions(pid_t pid, const char *layer)
{
	char path[64], *text = malloc(MOUNTINFO_MAX);
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	f = text ? fopen(path, "re") : NULL;
	while (f && !found && fgets(text, MOUNTINFO_MAX, f))
		found = strstr(text, layer) != NULL;
	if (f)
		fclose(f);
	free(text);
	return found;
}

static bool look_at(pid_t pid, void *ctx)
{
	struct search *s = ctx;
	char path[64];

	if (!mentions(pid, s->layer))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	if (s->fd >= 0)
		s->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->fd < 0;
}

void netns_files_open(struct netns *ns)
{
	char layer[PATH_MAX];
	struct search s = {layer_path(ns->name, layer, sizeof(layer)), -1, -1};
	static bool told;
	struct stat st;

	if (stat(layer, &st) == 0 && netns_stat(ns, &st))
		netns_each_process(&st, look_at, &s);
	ns->mounts = s.fd;
	ns->root = s.root;
	if (ns->mounts < 0)
		ns->mounts = mounts_make(layer, &ns->root);
	if (ns->mounts >= 0)
		return;
	if (!told)
		log_warn("namespaces have no folders of their own, their commands write to the "
			 "host's: can't mount an overlay on %s: %s",
			 state_dir(), strerror(-ns->mounts));
	told = true;
	netns_files_close(ns);
	netns_files_delete(ns->name);
}

void netns_files_close(struct netns *ns)
{
	if (ns->mounts >= 0)
		close(ns->mounts);
	if (ns->root >= 0)
		close(ns->root);
	ns->mounts = ns->root = -1;
}

/* ---- removing -------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void netns_files_delete(const char *name)
{
	char layer[PATH_MAX];

	nftw(layer_path(name, layer, sizeof(layer)), remove_one, NFTW_FDS,
	     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
