/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save.c - the work of students into a package.
 *
 * A namespace's files are the layer of its overlay, a guest's those younger than its start. They
 * travel as a tar through commands in the node, in pieces that fit an answer.
 */
#include "lab/save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "lib/base64.h"
#include "lab/node.h"
#include "lab/save_parts.h"
#include "lab/save_switch.h"
#include "lab/work_files.h"

enum { PIECE = 90000 };

/* Leaves the tar in /tmp/.vnet-work and says how long it is. Busybox's tar takes no list of files,
 * and its find compares whole seconds: what was written in the one that init wrote its files in is
 * kept as well. */
static const char collect_files[] =
	"if [ -d /run/.layer ]; then cd /run/.layer || exit; new=; "
	"else cd / && touch -d @$(($(stat -c %%Y etc/hostname) - 1)) /tmp/.vnet-start &&"
	" new='-newer /tmp/.vnet-start'; fi\n"
	"find etc root home srv -type f ! -name '*\n*' $new 2>/dev/null | grep -vx -e etc/hosts"
	" -e %s -e etc/hostname -e 'etc/ld.so.*' >/tmp/.vnet-list\n"
	"set --; while read -r f; do set -- \"$@\" \"$f\"; done </tmp/.vnet-list\n"
	"rm -f /tmp/.vnet-list /tmp/.vnet-start; [ $# -gt 0 ] || { echo 0; exit; }\n"
	"tar -czf /tmp/.vnet-work \"$@\" && wc -c </tmp/.vnet-work\n";

/* ---- saving ---------------------------------------------------------------------------------- */

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
		if (base64_decode(res.out, data + at, len - at) != MIN(len - at, (size_t)PIECE))
			rc = err_set(err, -EIO, "%s: its files came incomplete", node->name.s);
		exec_result_fini(&res);
	}
	return rc;
}

/* Its resolv.conf is the DHCP server's work then, not the student's. */
static bool has_dhcp(const struct lab_node *node)
{
	for (size_t i = 0; i < node->n_nics; i++)
		if (lab_nic_how(&node->nics[i]) == LAB_ADDR_DHCP)
			return true;
	return false;
}

static int accept_any(void *ctx, const char *name, const char *data, size_t size, bool executable,
		      struct err *err)
{
	(void)ctx, (void)name, (void)data, (void)size, (void)executable, (void)err;
	return 0;
}

/* What grading would refuse is refused now, while the student can mend it. */
static int save_files(struct lab_run *r, const struct lab_node *node, struct package *p,
		      struct err *err)
{
	struct exec_result res;
	unsigned char *data;
	char name[128];
	size_t len;
	char command[sizeof(collect_files) + 32];
	int rc;

	snprintf(command, sizeof(command), collect_files,
		 has_dhcp(node) ? "etc/resolv.conf" : "etc/hosts");
	rc = save_run(r, node, command, &res, err);

	if (rc)
		return rc;
	len = strtoul(res.out, NULL, 10);
	exec_result_fini(&res);
	if (!len)
		return 0;
	if (len > WORK_SIZE_MAX)
		return err_set(err, -EFBIG, "%s: more than %d MiB of files", node->name.s,
			       WORK_SIZE_MAX >> 20);
	data = malloc(len);
	rc = data ? fetch(r, node, data, len, err) : err_set(err, -ENOMEM, "out of memory");
	if (!rc && work_files(data, len, accept_any, NULL, err))
		rc = err_wrap(err, "%s: can't be handed in as it is", node->name.s);
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
