/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_files.c - copies files into nodes, through the commands that run in them: the same way for a
 * guest and a namespace, with no more rights than those have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/copy.h"
#include "lib/base64.h"
#include "lab/node.h"
#include "lab/guest.h"
#include "lab/parse.h"
#include "lab/up_parts.h"

/* Bytes that go with one command: base64 makes 4/3 of it, and an agent's request is bounded. */
enum { PIECE_MAX = 24 << 10 };

static int piece(struct lab_run *r, const struct lab_node *node, const char *path, bool first,
		 const unsigned char *data, size_t len, struct err *err)
{
	char *text = base64(data, len), *command = NULL, *safe = shell_quoted(path);
	struct exec_result res;
	int rc;

	if (!text || !safe ||
	    asprintf(
		    &command,
		    "p=%s; %s echo '%s' | { base64 -d 2>/dev/null || busybox base64 -d; } %s\"$p\"",
		    safe, first ? "mkdir -p \"${p%/*}\" || exit;" : "", text,
		    first ? ">" : ">>") < 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	else
		rc = node_exec(r, node, command, 30, &res, err);
	free(text);
	free(safe);
	if (rc) {
		free(command);
		return rc;
	}
	free(command);
	if (res.status)
		rc = err_set(err, -EIO, "%s: can't write %s: %.100s", node->name.s, path, res.err);
	exec_result_fini(&res);
	return rc;
}

int node_write(struct lab_run *r, const struct lab_node *node, const char *path, const void *data,
	       size_t len, struct err *err)
{
	const unsigned char *bytes = data;
	int rc = piece(r, node, path, true, bytes, MIN(len, PIECE_MAX), err);

	for (size_t at = PIECE_MAX; !rc && at < len; at += PIECE_MAX)
		rc = piece(r, node, path, false, bytes + at, MIN(len - at, PIECE_MAX), err);
	return rc;
}

/* A file's bytes (the caller frees them); in a text the lab's variables have their values. */
static char *file_read(const struct lab *lab, const char *path, size_t *len, struct err *err)
{
	char *bytes = lab_file_read(path, len, err), *text;

	if (!bytes || !lab->n_variables || memchr(bytes, 0, *len))
		return bytes;
	text = strdup(lab_with_values(lab, bytes));
	free(bytes);
	if (!text)
		err_set(err, -ENOMEM, "out of memory");
	*len = text ? strlen(text) : 0;
	return text;
}

/* A folder with all that is in it, as it is. */
static int copy_folder(struct lab_run *r, const struct lab_node *node, const struct lab_file *file,
		       const char *path, struct err *err)
{
	struct copy c = {.client = r->client,
			 .node = node->id,
			 .shown = node->name.s,
			 .vm = node->kind == LAB_VM};
	int rc = copy_in(&c, path, file->to.s, true, err);

	return rc ? err_wrap(err, "%s:%u:%u: a folder for %s", r->file, file->from.pos.line,
			     file->from.pos.col, node->name.s)
		  : 0;
}

static int make_executable(struct lab_run *r, const struct lab_node *node, const char *path,
			   struct err *err)
{
	char *safe = shell_quoted(path), *command = NULL;
	struct exec_result res;
	int rc;

	if (!safe || asprintf(&command, "chmod 755 %s", safe) < 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	else
		rc = node_exec(r, node, command, 10, &res, err);
	if (!rc)
		exec_result_fini(&res);
	free(command);
	free(safe);
	return rc;
}

static int copy(struct lab_run *r, const struct lab_node *node, const struct lab_file *file,
		struct err *err)
{
	char *path = lab_beside(r->file, file->from.s), *bytes;
	struct stat st;
	size_t len;
	int rc;

	if (!path)
		return err_set(err, -ENOMEM, "out of memory");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		rc = copy_folder(r, node, file, path, err);
		free(path);
		return rc;
	}
	bytes = file_read(r->lab, path, &len, err);
	if (!bytes) {
		free(path);
		return err_wrap(err, "%s:%u:%u: a file for %s", r->file, file->from.pos.line,
				file->from.pos.col, node->name.s);
	}
	rc = node_write(r, node, file->to.s, bytes, len, err);
	/* A script stays one that can be run; for the rest, who may read it here says nothing. */
	if (!rc && stat(path, &st) == 0 && (st.st_mode & 0111))
		rc = make_executable(r, node, file->to.s, err);
	free(bytes);
	free(path);
	return rc;
}

/* Files for a namespace must land in its own folders, never in the host's. */
static int own_folders(struct lab_run *r, const struct lab_node *node, struct err *err)
{
	struct exec_result res;
	char command[128];
	int rc;

	if (node->kind != LAB_NAMESPACE)
		return 0;
	snprintf(command, sizeof(command), "grep -q 'netns-%s\\.files' /proc/self/mountinfo",
		 node->id);
	rc = node_exec(r, node, command, 10, &res, err);
	if (rc)
		return rc;
	if (res.status)
		rc = err_set(err, -EOPNOTSUPP,
			     "node '%s' can't have files of its own on this host: the daemon's log "
			     "says why there is no overlay",
			     node->name.s);
	exec_result_fini(&res);
	return rc;
}

/* Are a node's files still there when it is switched on again? A namespace's are, and those on a
 * guest's own disk; what else a guest writes is in its memory. */
static bool keeps_files(const struct lab *lab, const struct lab_node *node)
{
	return node->kind == LAB_NAMESPACE || node->machine.disk.s || lab->defaults.disk.s;
}

int up_files(struct lab_run *r, enum lab_kind kind, struct err *err)
{
	int rc = 0;

	for (size_t n = 0; !rc && n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		if (node->kind != kind || !run_wants(r, node) || !node->n_files ||
		    (r->power && keeps_files(r->lab, node)))
			continue;
		rc = own_folders(r, node, err);
		for (size_t i = 0; !rc && i < node->n_files; i++)
			rc = copy(r, node, &node->files[i], err);
		if (!rc)
			progress_line(&r->progress, "files     %zu into %s", node->n_files,
				      node->name.s);
	}
	return rc;
}
