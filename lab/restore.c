/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.c - saved work into nodes that are as new.
 *
 * What comes back is a stranger's: nothing in a package is run, but for a guest's own /etc/rc.local
 * in that guest. Files go to the four folders only; in a namespace by names without links on the
 * way, and not to where the dynamic loader looks: its commands have the daemon's rights
 * (vnet-lab(5) says what that means for grading).
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/node.h"
#include "lab/save.h"
#include "lab/save_parts.h"
#include "lab/save_switch.h"
#include "lab/work_files.h"
#include "lib/addr.h"

/* ---- restoring files ------------------------------------------------------------------------- */

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
		     "p=%s; d=${p%%/*}; r=$d\n"
		     "while [ \"$r\" ] && [ ! -e \"$r\" ]; do r=${r%%/*}; done\n"
		     "[ -z \"$r\" ] || [ \"$(cd -P \"$r\" && pwd)\" = \"$r\" ] || exit 9\n"
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

/* ---- into a namespace: one after the other --------------------------------------------------- */

struct into {
	struct lab_run *r;
	const struct lab_node *node;
};

static int into_namespace(void *ctx, const char *name, const char *data, size_t size,
			  bool executable, struct err *err)
{
	const struct into *in = ctx;

	return restore_file(in->r, in->node, name, data, size, executable, err);
}

/* ---- into a guest: at once, which is its own affair ------------------------------------------ */

static int into_tar(void *ctx, const char *name, const char *data, size_t size, bool executable,
		    struct err *err)
{
	struct archive_entry *e = archive_entry_new();
	struct archive *a = ctx;
	int rc = e ? 0 : err_set(err, -ENOMEM, "out of memory");

	if (rc)
		return rc;
	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, executable ? 0755 : 0644);
	if (archive_write_header(a, e) != ARCHIVE_OK ||
	    archive_write_data(a, data, size) != (la_ssize_t)size)
		rc = err_set(err, -EINVAL, "%s can't be packed", name);
	archive_entry_free(e);
	return rc;
}

static int unpack(struct lab_run *r, const struct lab_node *node, const void *tgz, size_t len,
		  struct err *err)
{
	struct exec_result res;
	int rc = node_write(r, node, "/tmp/.vnet-work", tgz, len, err);

	if (!rc)
		rc = save_run(r, node,
			      "tar -xzf /tmp/.vnet-work -C /; s=$?; rm -f /tmp/.vnet-work; exit $s",
			      &res, err);
	if (!rc)
		exec_result_fini(&res);
	return rc;
}

/* What was accepted, packed anew: so that no link, device or other folder comes along. */
static int restore_guest(struct lab_run *r, const struct lab_node *node, const char *tgz,
			 size_t len, struct err *err)
{
	size_t room = WORK_SIZE_MAX + WORK_FILES_MAX * 2048u, used = 0;
	struct archive *a = archive_write_new();
	char *out = malloc(room);
	int rc = a && out ? 0 : err_set(err, -ENOMEM, "out of memory");

	if (!rc) {
		archive_write_set_format_gnutar(a);
		archive_write_add_filter_gzip(a);
		archive_write_open_memory(a, out, room, &used);
		rc = work_files(tgz, len, into_tar, a, err);
	}
	if (!rc && archive_write_close(a) != ARCHIVE_OK)
		rc = err_set(err, -EIO, "%s: its files can't be packed", node->name.s);
	if (!rc)
		rc = unpack(r, node, out, used, err);
	if (a)
		archive_write_free(a);
	free(out);
	return rc;
}

static int restore_files(struct lab_run *r, const struct lab_node *node, const char *tgz,
			 size_t len, struct err *err)
{
	struct into in = {r, node};
	int rc = node->kind == LAB_VM ? restore_guest(r, node, tgz, len, err)
				      : work_files(tgz, len, into_namespace, &in, err);

	return rc ? err_wrap(err, "%s", node->name.s) : 0;
}

/* What is no file and no address (bridges, servers) a guest's /etc/rc.local makes. A namespace's is
 * not run: its root is the host's. */
static int run_rc_local(struct lab_run *r, const struct lab_node *node, struct err *err)
{
	static const char command[] = "[ ! -x /etc/rc.local ] || "
				      "busybox timeout 30 /etc/rc.local </dev/null >/dev/null 2>&1";
	struct exec_result res;
	int rc;

	if (node->kind != LAB_VM)
		return 0;
	rc = node_work(r, node, command, SAVE_TIMEOUT_S, &res, err);
	if (rc)
		return err_wrap(err, "%s", node->name.s);
	if (res.status)
		progress_line(&r->progress, "note: %s: /etc/rc.local ended with status %d",
			      node->name.s, res.status);
	exec_result_fini(&res);
	return 0;
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

/* So that servers read the files that were put back. One that a mistake in them keeps from it is
 * the checks' matter. */
static int reload(struct lab_run *r, const struct lab_node *node, struct err *err)
{
	struct exec_result res;
	int rc = 0;

	for (size_t i = 0; !rc && i < node->n_reload; i++) {
		rc = node_work(r, node, node->reload[i].s, SAVE_TIMEOUT_S, &res, err);
		if (!rc)
			exec_result_fini(&res);
	}
	return rc;
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
		bool files;

		snprintf(name, sizeof(name), "nodes/%s/files.tgz", node->name.s);
		data = package_get(p, name, &len);
		files = data != NULL;
		if (files)
			rc = restore_files(r, node, data, len, err);
		snprintf(name, sizeof(name), "nodes/%s/network", node->name.s);
		data = package_get(p, name, NULL);
		if (!rc && data)
			rc = restore_network(r, node, data, err);
		if (!rc && files)
			rc = run_rc_local(r, node, err);
		if (!rc && files)
			rc = reload(r, node, err);
		if (!rc)
			progress_line(&r->progress, "restored  %s", node->name.s);
	}
	return rc;
}
