/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy_out.c - files from a node to here.
 *
 * The node makes a compressed tar of them in its /tmp, which is fetched in pieces, kept here in a
 * file without a name, and unpacked by tree_unpack() when it is whole. What is small comes with the
 * answer of the command that packs it.
 */
#include <archive.h>
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
#include "lib/base64.h"
#include "lib/hash.h"

/* Its base64, with line breaks, is less than the 256 KiB that an answer holds. */
enum { PIECE = 180000 };

/* Has the node make the tar @spool; its size. *@whole is a new reference to the answer when all of
 * it is in there: then @spool is gone. */
static int64_t node_pack(struct copy *c, const char *from, const char *spool, json_t **whole,
			 struct err *err)
{
	char *safe = shell_quoted(from), *command = NULL, *undo = copy_undo(spool);
	uint64_t size;
	json_t *r;

	/* The name itself is followed, as cp does. */
	if (safe && asprintf(&command,
			     "p=$(readlink -f %s) && [ -e \"$p\" ] || "
			     "{ echo 'no such file or folder' >&2; exit 1; }\n"
			     "d=${p%%/*}; umask 077\n"
			     "tar -czf %s -C \"${d:-/}\" -- \"${p##*/}\" && n=$(wc -c <%s) && "
			     "echo $n && { [ $n -gt %d ] || { base64 %s && rm -f %s; }; }",
			     safe, spool, spool, PIECE, spool, spool) < 0)
		command = NULL;
	free(safe);
	r = undo ? copy_exec_with(c, command, &(struct copy_extra){.undo = undo}, err) : NULL;
	if (!undo) {
		free(command);
		err_set(err, -ENOMEM, "out of memory");
	}
	free(undo);
	if (!r)
		return err->code;
	size = strtoull(jstr(r, "stdout"), NULL, 10);
	*whole = size <= PIECE ? json_incref(r) : NULL;
	json_decref(r);
	if (size > c->max)
		return err_set(err, -EFBIG,
			       "%s: that is %llu MiB packed, and at most %llu are taken", c->shown,
			       (unsigned long long)(size >> 20),
			       (unsigned long long)(c->max >> 20));
	return (int64_t)size;
}

static int keep_piece(struct copy *c, const char *text, int file, uint64_t at, size_t want,
		      struct err *err)
{
	unsigned char *data = malloc(MAX(want, 1u));
	size_t got = data ? base64_decode(text, data, want) : 0;
	int rc = 0;

	if (!data)
		rc = err_set(err, -ENOMEM, "out of memory");
	else if (got != want)
		rc = err_set(err, -EIO, "%s: it changed, or went, while it was read", c->shown);
	else if (pwrite(file, data, want, (off_t)at) != (ssize_t)want)
		rc = err_sys(err, -errno, "can't keep what comes from %s", c->shown);
	free(data);
	return rc;
}

static int start_piece(struct copy *c, struct copy_window *w, const char *spool, uint64_t n,
		       struct err *err)
{
	char *command = NULL;

	if (asprintf(&command, "dd if=%s bs=%d skip=%llu count=1 2>/dev/null | base64", spool,
		     PIECE, (unsigned long long)n) < 0)
		command = NULL;
	return copy_start(c, w, command, err);
}

static int fetch(struct copy *c, const char *spool, uint64_t size, int file, struct err *err)
{
	uint64_t pieces = (size + PIECE - 1) / PIECE, next = 0;
	struct copy_window w = {.n = 0};
	int rc = 0;

	for (uint64_t i = 0; !rc && i < pieces; i++) {
		uint64_t at = i * PIECE;
		json_t *r;

		while (!rc && next < pieces && w.n < COPY_AHEAD)
			rc = start_piece(c, &w, spool, next++, err);
		r = rc ? NULL : copy_oldest(c, &w, err);
		if (!rc)
			rc = r ? keep_piece(c, jstr(r, "stdout"), file, at,
					    (size_t)MIN(size - at, PIECE), err)
			       : err->code;
		json_decref(r);
		copy_tell(c, at + MIN(size - at, PIECE), size);
	}
	copy_drop(c, &w);
	return rc;
}

/* The folder of @to, and the name there: @to's own, or that of @from where @to is a folder. */
static int destination(const char *from, const char *to, char name[NAME_MAX + 1], struct err *err)
{
	const char *slash = strrchr(to, '/');
	struct stat st;
	bool into = slash && !slash[1];
	char dir[PATH_MAX];
	int fd;

	into = into || (!stat(to, &st) && S_ISDIR(st.st_mode));
	if (copy_name(from, to, into, name, err))
		return err->code;
	if (into)
		snprintf(dir, sizeof(dir), "%s", to);
	else
		snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - to) + 1 : 1,
			 slash ? to : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, -errno, "%s", dir) : fd;
}

static int unpack(struct copy *c, int file, int dir_fd, const char *name, struct err *err)
{
	struct archive *a = tree_reader();
	int rc;

	if (!a)
		return err_set(err, -ENOMEM, "out of memory");
	lseek(file, 0, SEEK_SET);
	if (archive_read_open_fd(a, file, 64 << 10) != ARCHIVE_OK)
		rc = err_set(err, -EBADMSG, "%s: what came is no tar", c->shown);
	else
		rc = tree_unpack(a, dir_fd, name, c->max, &c->result, err);
	archive_read_free(a);
	return rc;
}

/* Nobody else's: the name can't be guessed. */
static int fetch_to(struct copy *c, const char *from, int file, struct err *err)
{
	char spool[64], *command;
	json_t *whole = NULL;
	struct err ignored;
	uint64_t random;
	const char *text;
	bool gone; /* the command that packed it has removed it */
	int64_t size;
	int rc;

	random_bytes(&random, sizeof(random));
	snprintf(spool, sizeof(spool), "/tmp/.vnet-copy-%016llx", (unsigned long long)random);
	size = node_pack(c, from, spool, &whole, err);
	gone = whole != NULL;
	if (gone) {
		text = jstr(whole, "stdout"); /* the first line is the size */
		rc = size < 0 ? (int)size
			      : keep_piece(c, text + strcspn(text, "\n"), file, 0, (size_t)size,
					   err);
		json_decref(whole);
	} else {
		rc = size < 0 ? (int)size : fetch(c, spool, (uint64_t)size, file, err);
	}
	if (gone && !rc) {
		copy_keep(c);
		return 0;
	}
	if (asprintf(&command, "rm -f %s", spool) < 0)
		command = NULL;
	json_decref(copy_exec_with(c, command, &(struct copy_extra){.undo = ""}, &ignored));
	return rc;
}

int copy_out(struct copy *c, const char *from, const char *to, struct err *err)
{
	char name[NAME_MAX + 1], trimmed[PATH_MAX];
	size_t len = (size_t)snprintf(trimmed, sizeof(trimmed), "%s", from);
	FILE *file;
	int dir_fd, rc;

	if (len >= sizeof(trimmed))
		return err_set(err, -ENAMETOOLONG, "that path is too long");
	while (len > 1 && trimmed[len - 1] == '/')
		trimmed[--len] = '\0';
	dir_fd = destination(trimmed, to, name, err);
	if (dir_fd < 0)
		return dir_fd;
	file = tmpfile();
	rc = file ? fetch_to(c, trimmed, fileno(file), err)
		  : err_sys(err, -errno, "can't make a file in /tmp");
	if (!rc)
		rc = unpack(c, fileno(file), dir_fd, name, err);
	if (file)
		fclose(file);
	close(dir_fd);
	return rc;
}
