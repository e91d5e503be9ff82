/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy_in.c - files from here into a node.
 *
 * What is small goes many at a time: a compressed tar that is the input of one command. A larger
 * file goes in pieces, one after the other, to a name of its own that is renamed at the end.
 * Folders are sent before what is in them. Commands and programs are started sparingly: in a guest
 * on an emulated processor, or User-mode Linux on a busy host, that is what a copy spends its time
 * on.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/copy.h"
#include "client/ctl.h"
#include "client/shell.h"
#include "lib/addr.h"
#include "lib/base64.h"
#include "lib/hash.h"

enum {
	SMALL = 256 << 10, /* a file that goes with others */
	BATCH = 384
		<< 10, /* bytes of files in a tar; headers that don't compress are in the rest */
	BATCH_FILES = 100,
};

struct batch {
	struct copy *c;
	char *folder; /* in the node, quoted: where the names in the tar begin */
	struct archive *a;
	unsigned char tar[COPY_INPUT_MAX];
	char small[SMALL];
	size_t len, bytes;
	unsigned int files;
	uint64_t done, total;
};

/* ---- batches --------------------------------------------------------------------------------- */

static la_ssize_t keep_cb(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct batch *b = ctx;

	if (len > sizeof(b->tar) - b->len) {
		archive_set_error(a, ENOSPC, "no room");
		return -1;
	}
	memcpy(b->tar + b->len, data, len);
	b->len += len;
	return (la_ssize_t)len;
}

static int batch_open(struct batch *b, struct err *err)
{
	b->len = b->bytes = b->files = 0;
	b->a = archive_write_new();
	if (b->a && archive_write_set_format_gnutar(b->a) == ARCHIVE_OK &&
	    archive_write_add_filter_gzip(b->a) == ARCHIVE_OK &&
	    archive_write_set_bytes_in_last_block(b->a, 1) == ARCHIVE_OK &&
	    archive_write_open(b->a, b, NULL, keep_cb, NULL) == ARCHIVE_OK)
		return 0;
	return err_set(err, -ENOMEM, "out of memory");
}

/* Folders come before what is in them, so batches go one after the other. */
static int batch_send(struct batch *b, struct err *err)
{
	bool any = b->files > 0;
	char *command;
	json_t *r;

	if (archive_write_close(b->a) != ARCHIVE_OK)
		return err_set(err, -EIO, "can't pack the files: %s", archive_error_string(b->a));
	archive_write_free(b->a);
	b->a = NULL;
	if (!any)
		return batch_open(b, err);
	if (asprintf(&command, "{ [ -d %s ] || mkdir -p %s; } && tar -xpzf - -C %s", b->folder,
		     b->folder, b->folder) < 0)
		command = NULL;
	r = copy_exec_with(b->c, command, &(struct copy_extra){b->tar, b->len, NULL}, err);
	json_decref(r);
	copy_tell(b->c, b->done, b->total);
	return r ? batch_open(b, err) : err->code;
}

static int entry_failed(const struct batch *b, struct err *err)
{
	return err_set(err, -EIO, "can't pack the files: %s", archive_error_string(b->a));
}

static int batch_add(struct batch *b, const char *name, const struct stat *st, const char *target,
		     const void *data, size_t len, struct err *err)
{
	struct archive_entry *e;
	int rc = 0;

	if (b->bytes + len > BATCH || b->files == BATCH_FILES)
		rc = batch_send(b, err);
	e = rc ? NULL : archive_entry_new();
	if (!e)
		return rc ? rc : err_set(err, -ENOMEM, "out of memory");
	archive_entry_set_pathname(e, name);
	archive_entry_set_mode(e, st->st_mode);
	archive_entry_set_mtime(e, st->st_mtime, 0);
	archive_entry_set_size(e, (la_int64_t)len);
	if (target)
		archive_entry_set_symlink(e, target);
	if (archive_write_header(b->a, e) != ARCHIVE_OK ||
	    (len && archive_write_data(b->a, data, len) != (la_ssize_t)len))
		rc = entry_failed(b, err);
	archive_entry_free(e);
	b->bytes += len;
	b->files++;
	return rc;
}

/* ---- one file -------------------------------------------------------------------------------- */

/* In order, as each is appended; to nothing once the file has been removed. */
static int piece(struct batch *b, const char *part, const void *data, size_t len, struct err *err)
{
	char *command;
	json_t *r;

	if (asprintf(&command, "[ -f %s ] && exec cat >>%s", part, part) < 0)
		command = NULL;
	r = copy_exec_with(b->c, command, &(struct copy_extra){data, len, NULL}, err);
	json_decref(r);
	return r ? 0 : err->code;
}

static int pieces(struct batch *b, int fd, const char *part, struct err *err)
{
	unsigned char *data = malloc(COPY_INPUT_MAX);
	ssize_t got = 1;
	int rc = data ? 0 : err_set(err, -ENOMEM, "out of memory");

	while (!rc && got > 0) {
		size_t len = 0;

		while (len < COPY_INPUT_MAX &&
		       (got = read(fd, data + len, COPY_INPUT_MAX - len)) > 0)
			len += (size_t)got;
		if (got < 0)
			rc = err_sys(err, -errno, "can't read it");
		if (!rc && len)
			rc = piece(b, part, data, len, err);
		b->done += len;
		copy_tell(b->c, b->done, b->total);
	}
	free(data);
	return rc;
}

/* An empty file, which goes when we do. */
static int begin_large(struct batch *b, const char *part, struct err *err)
{
	char *undo = copy_undo(part), *command = NULL;
	json_t *r;

	if (asprintf(&command, "{ [ -d %s ] || mkdir -p %s; } && : >%s", b->folder, b->folder,
		     part) < 0 ||
	    !undo) {
		free(command);
		command = NULL;
	}
	r = copy_exec_with(b->c, command, &(struct copy_extra){.undo = undo}, err);
	free(undo);
	json_decref(r);
	return r ? 0 : err->code;
}

/* The pieces are there, or will not be: give the file its name, or remove it. */
static int end_large(struct batch *b, const char *part, const char *name, mode_t mode, int rc,
		     struct err *err)
{
	char *safe = shell_quoted(name), *command = NULL;
	struct err late;
	json_t *r;
	int n;

	if (rc)
		n = asprintf(&command, "rm -f %s", part);
	else
		n = asprintf(&command, "chmod %o %s && mv -f %s %s/%s", mode & 07777, part, part,
			     b->folder, safe ? safe : "");
	r = copy_exec_with(b->c, n < 0 || !safe ? NULL : command, &(struct copy_extra){.undo = ""},
			   rc ? &late : err);
	if (!rc && !r)
		rc = err->code;
	json_decref(r);
	free(safe);
	return rc;
}

/* Written beside where it is to be, then renamed. */
static int large(struct batch *b, int fd, const char *name, mode_t mode, struct err *err)
{
	char *part = NULL;
	uint64_t random;
	int rc = batch_send(b, err);

	random_bytes(&random, sizeof(random));
	if (!rc &&
	    asprintf(&part, "%s/.vnet-copy-%016llx", b->folder, (unsigned long long)random) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if (rc)
		return rc;
	rc = begin_large(b, part, err);
	if (!rc)
		rc = pieces(b, fd, part, err);
	rc = end_large(b, part, name, mode, rc, err);
	free(part);
	return rc;
}

static int file(struct batch *b, int dir_fd, const char *base, const char *name, bool follow,
		const struct stat *st, struct err *err)
{
	int fd = openat(dir_fd, base,
			O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW)),
	    rc;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, -errno, "%s", name);
	b->c->result.files++;
	b->c->result.bytes += (uint64_t)st->st_size;
	if (st->st_size > SMALL) {
		rc = large(b, fd, name, st->st_mode, err);
	} else {
		n = read(fd, b->small, sizeof(b->small));
		rc = n < 0 ? err_sys(err, -errno, "%s", name)
			   : batch_add(b, name, st, NULL, b->small, (size_t)n, err);
		b->done += n > 0 ? (uint64_t)n : 0;
	}
	close(fd);
	return rc;
}

/* ---- trees ----------------------------------------------------------------------------------- */

static int any(struct batch *b, int dir_fd, const char *base, const char *name, bool follow,
	       unsigned int depth, struct err *err);

static int folder(struct batch *b, int dir_fd, const char *base, const char *name, bool follow,
		  unsigned int depth, struct err *err)
{
	int fd = openat(dir_fd, base,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char below[TREE_NAME_MAX];
	int rc = 0;

	if (!dir) {
		rc = err_sys(err, -errno, "%s", name);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if ((size_t)snprintf(below, sizeof(below), "%s/%s", name, entry->d_name) >=
		    sizeof(below))
			rc = err_set(err, -ENAMETOOLONG, "a path is too long");
		else
			rc = any(b, fd, entry->d_name, below, false, depth + 1, err);
	}
	closedir(dir);
	return rc;
}

static void left_out(struct tree_unpacked *result, const char *name)
{
	if (!result->left_out++)
		str_escape(name, strlen(name), result->first_left_out,
			   sizeof(result->first_left_out));
}

static int any(struct batch *b, int dir_fd, const char *base, const char *name, bool follow,
	       unsigned int depth, struct err *err)
{
	char target[TREE_NAME_MAX];
	struct stat st;
	ssize_t n;
	int rc;

	if (fstatat(dir_fd, base, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, -errno, "%s", name);
	if (depth > TREE_DEPTH_MAX)
		return err_set(err, -ELOOP, "more than %d folders deep", TREE_DEPTH_MAX);
	if (S_ISDIR(st.st_mode)) {
		b->c->result.folders++;
		rc = batch_add(b, name, &st, NULL, NULL, 0, err);
		return rc ? rc : folder(b, dir_fd, base, name, follow, depth, err);
	}
	if (S_ISREG(st.st_mode))
		return file(b, dir_fd, base, name, follow, &st, err);
	n = S_ISLNK(st.st_mode) ? readlinkat(dir_fd, base, target, sizeof(target) - 1) : -1;
	if (n < 0) {
		left_out(&b->c->result, name);
		return 0;
	}
	target[n] = '\0';
	b->c->result.links++;
	return batch_add(b, name, &st, target, NULL, 0, err);
}

/* Bytes of the regular files, for the progress. */
static uint64_t total_of(int dir_fd, const char *base, bool follow, unsigned int depth)
{
	struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;
	DIR *dir;
	int fd;

	if (depth > TREE_DEPTH_MAX ||
	    fstatat(dir_fd, base, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	fd = openat(dir_fd, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			sum += total_of(fd, entry->d_name, false, depth + 1);
	if (dir)
		closedir(dir);
	return sum;
}

/* ---- where it goes --------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static bool has_up(const char *path)
{
	for (const char *p = strstr(path, ".."); p; p = strstr(p + 1, ".."))
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

/* Only what is in a namespace's own folders is its own; the rest of the files are the host's. */
static int own_folder(struct copy *c, const char *to, struct err *err)
{
	static const char *const folders[] = {"/etc", "/root", "/home", "/srv", "/tmp"};
	char *command = NULL;
	bool own = false;
	struct err why;
	json_t *r;

	if (c->vm)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		own = own || is_below(to, folders[i]);
	if (!own || has_up(to))
		return err_set(
			err, -EACCES,
			"%s is a namespace, which shares the host's files but for /etc, /root, "
			"/home, /srv and /tmp: copy to one of these",
			c->shown);
	if (asprintf(&command, "grep -q 'netns-%s\\.files' /proc/self/mountinfo", c->node) < 0)
		command = NULL;
	r = copy_exec(c, command, &why);
	json_decref(r);
	if (r)
		return 0;
	return err_set(
		err, -EOPNOTSUPP,
		"node '%s' can't have files of its own on this host: the daemon's log says why "
		"there is no overlay",
		c->shown);
}

/* Is @to a folder in the node, or else meant to be one? Negative errno. */
static int is_folder(struct copy *c, const char *to, struct err *err)
{
	char *safe = shell_quoted(to), *command = NULL;
	size_t len = strlen(to);
	json_t *r;
	int yes;

	if (safe && asprintf(&command, "if [ -d %s ]; then echo yes; fi", safe) < 0)
		command = NULL;
	free(safe);
	r = copy_exec(c, command, err);
	if (!r)
		return err->code;
	yes = (len && to[len - 1] == '/') || !strncmp(jstr(r, "stdout"), "yes", 3);
	json_decref(r);
	return yes;
}

/* The folder in the node that is to hold it, for the caller to free, and its name there. NULL: @err
 * says why. */
static char *destination(struct copy *c, const char *from, const char *to, bool exact,
			 char name[NAME_MAX + 1], struct err *err)
{
	int into = exact ? 0 : is_folder(c, to, err);
	const char *slash = strrchr(to, '/');
	char *dir;

	if (into < 0 || copy_name(from, to, into, name, err))
		return NULL;
	dir = into ? strdup(to) : strndup(to, slash ? (size_t)(slash - to) + 1 : 0);
	if (!dir)
		err_set(err, -ENOMEM, "out of memory");
	return dir;
}

static int send_all(struct batch *b, const char *from, const char *name, struct err *err)
{
	int rc = batch_open(b, err);

	if (!rc)
		rc = any(b, AT_FDCWD, from, name, true, 0, err);
	if (!rc)
		rc = batch_send(b, err);
	if (b->a)
		archive_write_free(b->a);
	return rc;
}

int copy_in(struct copy *c, const char *from, const char *to, bool exact, struct err *err)
{
	char name[NAME_MAX + 1], trimmed[PATH_MAX], *dir = NULL;
	size_t len = (size_t)snprintf(trimmed, sizeof(trimmed), "%s", from);
	struct batch *b = calloc(1, sizeof(*b));
	int rc = b ? own_folder(c, to, err) : err_set(err, -ENOMEM, "out of memory");

	memset(&c->result, 0, sizeof(c->result));
	while (len > 1 && len < sizeof(trimmed) && trimmed[len - 1] == '/')
		trimmed[--len] = '\0';
	if (!rc && (len >= sizeof(trimmed) || access(trimmed, R_OK) < 0))
		rc = err_sys(err, len >= sizeof(trimmed) ? -ENAMETOOLONG : -errno, "%s", from);
	if (!rc) {
		dir = destination(c, trimmed, to, exact, name, err);
		rc = dir ? 0 : err->code;
	}
	if (dir) {
		b->c = c;
		b->folder = shell_quoted(dir[0] ? dir : ".");
		b->total = total_of(AT_FDCWD, trimmed, true, 0);
		rc = b->folder ? send_all(b, trimmed, name, err)
			       : err_set(err, -ENOMEM, "out of memory");
	}
	if (b)
		free(b->folder);
	free(dir);
	free(b);
	return rc;
}
