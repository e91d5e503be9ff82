/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folders.c - folders of a node's own.
 *
 * What its processes write to FOLDERS goes to a layer that the daemon keeps (LAYER, an overlay), so
 * that each node has its own /etc, and a student's work is what is in the layer. /var is an overlay
 * on memory, /tmp, /var/tmp and /run are empty: two nodes may run the same server, and its control
 * program finds the node's own. All of these go with the node.
 *
 * Of the host's /etc a node sees no passwords and no private keys, of /root and /home nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsinit/nsinit.h"

#define LAYER "/run/.layer"
#define MASK  "/run/.mask" /* lies over the host's /etc */
#define EMPTY "/run/.empty"

static const struct {
	const char *name, *lower;
} FOLDERS[] = {
	{"etc", MASK ":/etc"},
	{"root", EMPTY},
	{"home", EMPTY},
	{"srv", "/srv"},
};

static int own_tmpfs(const char *at, const char *options)
{
	return mount("tmp", at, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0
		       ? say(errno, "mount a tmpfs at %s", at)
		       : 0;
}

static int own_run(const struct take *t)
{
	int rc = own_tmpfs("/run", "mode=755");

	if (!rc && (mkdir("/run/lock", 0777) < 0 || chmod("/run/lock", 01777) < 0 ||
		    mkdir(LAYER, 0700) < 0 || mkdir(MASK, 0755) < 0 || mkdir(EMPTY, 0755) < 0 ||
		    mkdir("/run/.var", 0755) < 0 || mkdir("/run/.var/up", 0755) < 0 ||
		    mkdir("/run/.var/work", 0700) < 0))
		rc = say(errno, "make folders in /run");
	/* By this its files are saved, wherever the daemon keeps its state. */
	if (!rc) {
		rc = root_move(t->layer, LAYER);
		if (rc)
			say(-rc, "mount the node's layer");
	}
	return rc;
}

/* ---- what of /etc is hidden ------------------------------------------------------------------ */

/* "NAME:PASSWORD:..." without the passwords. */
static void without_passwords(const char *name)
{
	char from[64], to[64], line[1024];
	struct stat st;
	FILE *in, *out;

	snprintf(from, sizeof(from), "/etc/%s", name);
	snprintf(to, sizeof(to), MASK "/%s", name);
	in = fopen(from, "re");
	out = in ? fopen(to, "we") : NULL;
	while (out && fgets(line, sizeof(line), in)) {
		char *password = strchr(line, ':');
		char *rest = password ? strchr(password + 1, ':') : NULL;

		if (rest)
			fprintf(out, "%.*s:*%s", (int)(password - line), line, rest);
	}
	if (out && fstat(fileno(in), &st) == 0 && fchown(fileno(out), st.st_uid, st.st_gid) == 0)
		fchmod(fileno(out), st.st_mode & 07777);
	if (out)
		fclose(out);
	if (in)
		fclose(in);
}

/* A character device 0/0 is overlayfs's word for "not there". */
static void whiteout(const char *path)
{
	char at[PATH_MAX];

	snprintf(at, sizeof(at), MASK "/%s", path);
	(void)!mknod(at, S_IFCHR | 0600, 0);
}

/* Folders of the mask lie over the host's and have its mode. */
static void mask_folder(const char *name)
{
	char from[64], at[64];
	struct stat st;

	snprintf(from, sizeof(from), "/etc/%s", name);
	snprintf(at, sizeof(at), MASK "/%s", name);
	if (stat(from, &st) == 0 && mkdir(at, st.st_mode & 07777) == 0)
		(void)!chmod(at, st.st_mode & 07777);
}

static void mask_host_keys(void)
{
	DIR *dir = opendir("/etc/ssh");
	const struct dirent *e;
	char path[300];

	mask_folder("ssh");
	while (dir && (e = readdir(dir)))
		if (!strncmp(e->d_name, "ssh_host_", 9)) {
			snprintf(path, sizeof(path), "ssh/%s", e->d_name);
			whiteout(path);
		}
	if (dir)
		closedir(dir);
}

static void mask_etc(void)
{
	without_passwords("shadow");
	without_passwords("gshadow");
	whiteout("shadow-");
	whiteout("gshadow-");
	mask_folder("ssl");
	whiteout("ssl/private");
	mask_host_keys();
}

/* ---- mounting -------------------------------------------------------------------------------- */

static int overlay(size_t i)
{
	char up[64], work[64], at[64], options[256];
	struct stat st;

	snprintf(at, sizeof(at), "/%s", FOLDERS[i].name);
	if (stat(at, &st) < 0)
		return 0; /* the host has no such folder: neither has the node */
	snprintf(up, sizeof(up), LAYER "/%s", FOLDERS[i].name);
	snprintf(work, sizeof(work), LAYER "/.%s", FOLDERS[i].name);
	if ((mkdir(up, st.st_mode & 07777) < 0 && errno != EEXIST) ||
	    (mkdir(work, 0700) < 0 && errno != EEXIST))
		return -errno;
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", FOLDERS[i].lower,
		 up, work);
	return mount("overlay", at, "overlay", MS_NODEV, options) < 0 ? -errno : 0;
}

static int overlays(void)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(FOLDERS); i++)
		rc = overlay(i);
	return rc;
}

/* What stands in the layer already is the work of a node that was here before. */
static int own_resolv_conf(void)
{
	static const char path[] = "/etc/resolv.conf";
	struct stat st;
	int fd;

	if (lstat(LAYER "/etc/resolv.conf", &st) == 0)
		return 0;
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? say(errno, "make %s", path) : close(fd);
}

static int hide(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	if (mount("hidden", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=700,size=4k") <
	    0)
		return say(errno, "hide %s", path);
	return 0;
}

/* Where it can still be seen, which is in no folder of the node's own. */
static int hide_socket(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	if (mount("/etc/resolv.conf", path, NULL, MS_BIND, NULL) < 0)
		return say(errno, "hide %s", path);
	return 0;
}

int folders_mount(const struct take *t, const char *state, const char *socket)
{
	int rc = own_run(t);

	if (rc)
		return rc;
	mask_etc();
	rc = overlays();
	if (rc == -EBUSY) /* by an end of the node that is not over yet */
		return say(EBUSY, "use the node's files");
	if (rc) {
		/* Not every file system can have an overlay's upper layer: memory can. */
		say(-rc, "!what is written in namespaces is not kept: can't mount an overlay");
		rc = own_tmpfs(LAYER, "mode=700");
		if (!rc && overlays() < 0)
			rc = say(errno, "mount an overlay");
	}
	if (!rc)
		rc = own_resolv_conf();
	if (!rc && mount("overlay", "/var", "overlay", MS_NODEV,
			 "lowerdir=/var,upperdir=/run/.var/up,workdir=/run/.var/work") < 0)
		rc = say(errno, "mount an overlay at /var");
	if (!rc)
		rc = own_tmpfs("/tmp", "mode=1777");
	if (!rc && access("/var/tmp", F_OK) == 0)
		rc = own_tmpfs("/var/tmp", "mode=1777");
	if (!rc)
		rc = hide("/var/backups"); /* of /etc/shadow, in Debian */
	/* The daemon's state has the work of other nodes; and to its socket the node's root is the
	 * host's. */
	if (!rc)
		rc = hide(state);
	return rc ? rc : hide_socket(socket);
}
