/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save.c - the files of nodes into a package, and back.
 *
 * A namespace's files are the layer of its overlay, a guest's those younger than its start. They
 * travel as a tar through commands in the node, in pieces that fit an answer.
 *
 * What comes back is a stranger's: nothing in a package is run. Files go to the four folders
 * only, by names without links on the way, and not to where the dynamic loader looks: a namespace's
 * commands have the daemon's rights (vnet-lab(5) says what that means for grading).
 */
#include "lab/save.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/node.h"
#include "lab/save_parts.h"
#include "lab/save_switch.h"

enum { PIECE = 90000, FILES_SIZE_MAX = 16 << 20 };

/* Leaves the tar in /tmp/.vnet-work and says how long it is. */
static const char collect_files[] =
	"if [ -d /run/.layer ]; then cd /run/.layer || exit; new=; "
	"else cd / && new='-newer /etc/hostname'; fi\n"
	"find etc root home srv -type f $new 2>/dev/null | grep -vx -e etc/hosts -e etc/resolv.conf"
	" -e etc/hostname -e 'etc/ld.so.*' >/tmp/.vnet-list\n"
	"[ -s /tmp/.vnet-list ] || { rm -f /tmp/.vnet-list; echo 0; exit; }\n"
	"tar -czf /tmp/.vnet-work -T /tmp/.vnet-list && rm /tmp/.vnet-list && "
	"wc -c </tmp/.vnet-work\n";

/* ---- saving ---------------------------------------------------------------------------------- */

static int digit(char c)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Append what base64 @text says. */
static size_t decode(const char *text, unsigned char *out, size_t size)
{
	unsigned int bits = 0, v = 0;
	size_t n = 0;

	for (; *text; text++) {
		int d = digit(*text);

		if (d < 0)
			continue;
		v = v << 6 | (unsigned int)d;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n < size)
			out[n++] = (unsigned char)(v >> bits);
	}
	return n;
}

static int fetch(struct lab_run *r, const struct lab_node *node, unsigned char *data, size_t len,
		 struct err *err)
{
	char command[160];
	int rc = 0;

	for (size_t at = 0; !rc && at < len; at += PIECE) {
		struct exec_result res;

		snprintf(command, sizeof(command),
			 "dd if=/tmp/.vnet-work bs=%d skip=%zu count=1 2>/dev/null | "
			 "{ base64 2>/dev/null || busybox base64; }",
			 PIECE, at / PIECE);
		rc = save_run(r, node, command, &res, err);
		if (rc)
			break;
		if (decode(res.out, data + at, len - at) != MIN(len - at, (size_t)PIECE))
			rc = err_set(err, -EIO, "%s: its files came incomplete", node->name.s);
		exec_result_fini(&res);
	}
	return rc;
}

static int save_files(struct lab_run *r, const struct lab_node *node, struct package *p,
		      struct err *err)
{
	struct exec_result res;
	unsigned char *data;
	char name[128];
	size_t len;
	int rc = save_run(r, node, collect_files, &res, err);

	if (rc)
		return rc;
	len = strtoul(res.out, NULL, 10);
	exec_result_fini(&res);
	if (!len)
		return 0;
	if (len > FILES_SIZE_MAX)
		return err_set(err, -EFBIG, "%s: more than %d MiB of files", node->name.s,
			       FILES_SIZE_MAX >> 20);
	data = malloc(len);
	rc = data ? fetch(r, node, data, len, err) : err_set(err, -ENOMEM, "out of memory");
	snprintf(name, sizeof(name), "nodes/%s/files.tgz", node->name.s);
	if (!rc)
		rc = package_add(p, name, data, len, err);
	free(data);
	if (!rc && !save_run(r, node, "rm -f /tmp/.vnet-work", &res, err))
		exec_result_fini(&res);
	return rc;
}

static int save_rest(struct lab_run *r, struct package *p, struct err *err)
{
	json_t *doc = save_switch(r, err);
	char *text = doc ? json_dumps(doc, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	int rc = !doc	? err->code
		 : text ? package_add(p, "switch.json", text, strlen(text), err)
			: err_set(err, -ENOMEM, "out of memory");

	free(text);
	json_decref(doc);
	return rc;
}

struct package *lab_save(struct lab_run *r, const char *text, const char *student, struct err *err)
{
	struct package *p = package_create("work", r->lab->file_name.s);
	int rc = p ? package_add(p, "lab.yaml", text, strlen(text), err)
		   : err_set(err, -ENOMEM, "out of memory");

	if (!rc) {
		json_object_set_new(p->manifest, "seed", json_string(r->lab->seed));
		json_object_set_new(p->manifest, "student",
				    student ? json_string(student) : json_null());
	}
	for (size_t i = 0; !rc && i < r->lab->n_nodes; i++) {
		const struct lab_node *node = &r->lab->nodes[i];

		rc = save_files(r, node, p, err);
		if (!rc)
			rc = save_network(r, node, p, err);
		if (!rc)
			progress_line(&r->progress, "saved     %s", node->name.s);
	}
	if (!rc)
		rc = save_rest(r, p, err);
	if (!rc)
		return p;
	package_destroy(p);
	return NULL;
}

/* ---- restoring files ------------------------------------------------------------------------- */

static bool in_folders(const char *name)
{
	static const char *const folders[] = {"etc/", "root/", "home/", "srv/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strncmp(name, folders[i], strlen(folders[i])))
			return !strstr(name, "..") && strncmp(name, "etc/ld.so", 9) != 0 &&
			       strlen(name) < 400;
	return false;
}

/* By way of a name of its own, so that a link that stands there is replaced and not followed, and
 * in a folder that is where its name says. */
static int restore_file(struct lab_run *r, const struct lab_node *node, const char *name,
			const void *data, size_t len, bool executable, struct err *err)
{
	char *path = NULL, *safe, *command = NULL;
	struct exec_result res;
	int rc = node_write(r, node, "/tmp/.vnet-file", data, len, err);

	if (rc)
		return rc;
	if (asprintf(&path, "/%s", name) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	safe = shell_quoted(path);
	free(path);
	if (!safe ||
	    asprintf(&command,
		     "p=%s; d=${p%%/*}; r=$d; while [ ! -e \"$r\" ]; do r=${r%%/*}; done\n"
		     "[ \"$(cd -P \"$r\" && pwd)\" = \"$r\" ] || exit 9\n"
		     "mkdir -p \"$d\" && chmod %s /tmp/.vnet-file && cp /tmp/.vnet-file "
		     "\"$d/.vnet-new\" && mv -f \"$d/.vnet-new\" \"$p\"; rm -f /tmp/.vnet-file",
		     safe, executable ? "755" : "644") < 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	free(safe);
	if (!rc)
		rc = save_run(r, node, command, &res, err);
	if (!rc)
		exec_result_fini(&res);
	free(command);
	return rc;
}

static int restore_entry(struct lab_run *r, const struct lab_node *node, struct archive *a,
			 struct archive_entry *e, size_t *sum, struct err *err)
{
	const char *name = archive_entry_pathname(e);
	la_int64_t size = archive_entry_size(e);
	char *data;
	int rc;

	if (!name || archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) ||
	    !in_folders(name) || size < 0)
		return 0;
	*sum += (size_t)size;
	if (size > FILES_SIZE_MAX || *sum > FILES_SIZE_MAX)
		return err_set(err, -EFBIG, "%s: more than %d MiB of files", node->name.s,
			       FILES_SIZE_MAX >> 20);
	data = malloc((size_t)size + 1);
	if (!data)
		return err_set(err, -ENOMEM, "out of memory");
	rc = archive_read_data(a, data, (size_t)size) == size
		     ? restore_file(r, node, name, data, (size_t)size, archive_entry_perm(e) & 0111,
				    err)
		     : err_set(err, -EINVAL, "%s: %s is damaged", node->name.s, name);
	free(data);
	return rc;
}

static int restore_files(struct lab_run *r, const struct lab_node *node, const char *tgz,
			 size_t len, struct err *err)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	size_t sum = 0;
	int rc = 0;

	if (!a)
		return err_set(err, -ENOMEM, "out of memory");
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	if (archive_read_open_memory(a, tgz, len) != ARCHIVE_OK)
		rc = err_set(err, -EINVAL, "%s: its files are damaged", node->name.s);
	while (!rc && archive_read_next_header(a, &e) == ARCHIVE_OK)
		rc = restore_entry(r, node, a, e, &sum, err);
	archive_read_free(a);
	return rc;
}

/* First, so that it is there when nodes come to use it. */
static void restore_rest(struct lab_run *r, const struct package *p)
{
	json_error_t why;
	size_t len = 0;
	const char *text = package_get(p, "switch.json", &len);
	json_t *doc = text ? json_loadb(text, len, 0, &why) : NULL;

	restore_switch(r, doc);
	json_decref(doc);
}

int lab_restore(struct lab_run *r, const struct package *p, struct err *err)
{
	int rc = 0;

	if (strcmp(jstr(p->manifest, "lab"), r->lab->file_name.s) != 0 ||
	    strcmp(jstr(p->manifest, "kind"), "work") != 0)
		return err_set(err, -EINVAL, "it is no work on lab '%s' (but a %s of '%s')",
			       r->lab->file_name.s, jstr(p->manifest, "kind"),
			       jstr(p->manifest, "lab"));
	restore_rest(r, p);
	for (size_t i = 0; !rc && i < r->lab->n_nodes; i++) {
		const struct lab_node *node = &r->lab->nodes[i];
		const char *data;
		char name[128];
		size_t len;

		snprintf(name, sizeof(name), "nodes/%s/files.tgz", node->name.s);
		data = package_get(p, name, &len);
		if (data)
			rc = restore_files(r, node, data, len, err);
		snprintf(name, sizeof(name), "nodes/%s/network", node->name.s);
		data = package_get(p, name, NULL);
		if (!rc && data)
			rc = restore_network(r, node, data, err);
		if (!rc)
			progress_line(&r->progress, "restored  %s", node->name.s);
	}
	return rc;
}
