/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/addr.h"

struct unpacking {
	struct archive *a;
	int dir_fd;
	uint64_t left; /* bytes that may still come */
	struct tree_unpacked *out;
};

/* ---- names ----------------------------------------------------------------------------------- */

static bool component_ok(const char *s, size_t len)
{
	return len <= NAME_MAX && !(len == 2 && s[0] == '.' && s[1] == '.');
}

bool tree_name(const char *from, const char *name, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "%s", name), depth = 0;

	if (used >= size || *from == '/')
		return false;
	for (const char *p = from; *p;) {
		size_t len = strcspn(p, "/");
		bool empty = !len || (len == 1 && *p == '.');

		if (!component_ok(p, len))
			return false;
		if (!empty && depth++) { /* the first is ours */
			if (depth - 1 > TREE_DEPTH_MAX || used + len + 2 > size)
				return false;
			used += (size_t)snprintf(to + used, size - used, "/%.*s", (int)len, p);
		}
		p += len + (p[len] == '/');
	}
	return depth > 0;
}

/* ".." counts at the beginning only: what was gone down into may be a link itself, and above where
 * that leads is somewhere else. */
bool tree_link_inside(const char *path, const char *target)
{
	bool down = false;
	int depth = -1; /* of the folder that the link is in, below the first component */

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	if (!*target || *target == '/' || depth < 0)
		return false;
	for (const char *p = target; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !strncmp(p, "..", 2)) {
			if (down || --depth < 0)
				return false;
		} else if (len && !(len == 1 && *p == '.')) {
			down = true;
		}
		p += len + (p[len] == '/');
	}
	return true;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int open_below(int dir_fd, const char *path, uint64_t flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Open the folder of @path; *@base is its last component. */
static int open_parent(const struct unpacking *u, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char dir[TREE_NAME_MAX];

	*base = slash ? slash + 1 : path;
	if (!slash)
		return open_below(u->dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return open_below(u->dir_fd, dir, O_RDONLY | O_DIRECTORY, 0);
}

static int left_out(struct unpacking *u, const char *name)
{
	if (!u->out->left_out++)
		str_escape(name, strlen(name), u->out->first_left_out,
			   sizeof(u->out->first_left_out));
	return 0;
}

static int folder(struct unpacking *u, const char *path, mode_t mode)
{
	const char *base;
	int parent = open_parent(u, path, &base), fd, rc = 0;

	if (parent < 0)
		return parent;
	if (mkdirat(parent, base, 0700) < 0 && errno != EEXIST)
		rc = -errno;
	fd = rc ? -1 : open_below(parent, base, O_RDONLY | O_DIRECTORY, 0);
	close(parent);
	if (fd < 0)
		return rc ? rc : fd;
	/* Whoever unpacks must be able to go on in there. */
	if (fchmod(fd, (mode & 0777) | 0700) < 0)
		rc = -errno;
	close(fd);
	u->out->folders++;
	return rc;
}

static int write_data(struct unpacking *u, int fd)
{
	char buf[64 << 10];
	ssize_t n;

	while ((n = archive_read_data(u->a, buf, sizeof(buf))) > 0) {
		if ((uint64_t)n > u->left)
			return -EFBIG;
		u->left -= (uint64_t)n;
		u->out->bytes += (uint64_t)n;
		for (ssize_t at = 0, done; at < n; at += done) {
			done = write(fd, buf + at, (size_t)(n - at));
			if (done < 0 && errno != EINTR)
				return -errno;
			done = done < 0 ? 0 : done;
		}
	}
	return n < 0 ? -EBADMSG : 0;
}

/* Under another name until it is whole: what has its name meanwhile, a link for example, is neither
 * followed nor lost when this fails. */
static int regular(struct unpacking *u, const char *path, mode_t mode)
{
	const char *base;
	int parent = open_parent(u, path, &base), fd, rc;
	char unfinished[40];

	if (parent < 0)
		return parent;
	snprintf(unfinished, sizeof(unfinished), ".vnet-copy-%d.part", (int)getpid());
	unlinkat(parent, unfinished, 0);
	fd = open_below(parent, unfinished, O_WRONLY | O_CREAT | O_EXCL, 0600);
	rc = fd < 0 ? fd : write_data(u, fd);
	if (!rc && fchmod(fd, mode & 0777) < 0)
		rc = -errno;
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && renameat(parent, unfinished, parent, base) < 0)
		rc = -errno;
	if (rc && fd >= 0)
		unlinkat(parent, unfinished, 0);
	close(parent);
	u->out->files += !rc;
	return rc;
}

static int symbolic(struct unpacking *u, const char *path, const char *target)
{
	const char *base;
	int parent = open_parent(u, path, &base), rc = 0;

	if (parent < 0)
		return parent;
	unlinkat(parent, base, 0);
	if (symlinkat(target, parent, base) < 0)
		rc = -errno;
	close(parent);
	u->out->links += !rc;
	return rc;
}

static int entry(struct unpacking *u, struct archive_entry *e, const char *name, struct err *err)
{
	const char *from = archive_entry_pathname(e), *target = archive_entry_symlink(e);
	char path[TREE_NAME_MAX], shown[200];
	mode_t mode = archive_entry_mode(e);
	int rc;

	if (!from || !tree_name(from, name, path, sizeof(path)) || archive_entry_hardlink(e))
		return left_out(u, from ? from : "(no name)");
	if (S_ISDIR(mode))
		rc = folder(u, path, mode);
	else if (S_ISREG(mode))
		rc = regular(u, path, mode);
	else if (S_ISLNK(mode) && target && tree_link_inside(path, target))
		rc = symbolic(u, path, target);
	else
		return left_out(u, from);
	if (rc == -EFBIG)
		return err_set(err, rc, "there is more than was said, or allowed: stopped");
	if (rc == -EBADMSG)
		return err_set(err, rc, "what came is not whole");
	return rc ? err_sys(err, rc, "%s", str_escape(path, strlen(path), shown, sizeof(shown)))
		  : 0;
}

struct archive *tree_reader(void)
{
	struct archive *a = archive_read_new();

	if (a && (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
		  archive_read_support_format_tar(a) != ARCHIVE_OK)) {
		archive_read_free(a);
		a = NULL;
	}
	return a;
}

int tree_unpack(struct archive *a, int dir_fd, const char *name, uint64_t max,
		struct tree_unpacked *out, struct err *err)
{
	struct unpacking u = {.a = a, .dir_fd = dir_fd, .left = max, .out = out};
	struct archive_entry *e;
	int rc = 0, got;

	memset(out, 0, sizeof(*out));
	for (unsigned int n = 0; !rc; n++) {
		got = archive_read_next_header(a, &e);
		if (got == ARCHIVE_EOF)
			return 0;
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			rc = err_set(err, -EBADMSG, "what came is no tar");
		else if (n == TREE_ENTRIES_MAX)
			rc = err_set(err, -EFBIG, "more than %d files", TREE_ENTRIES_MAX);
		else
			rc = entry(&u, e, name, err);
	}
	return rc;
}
