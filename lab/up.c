/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up.c - brings a lab up.
 *
 * Order: the record (which claims the name), namespaces and their veths, networks (a bridge may
 * need a veth), cables between networks, namespace ports and addresses, what namespaces run (a
 * LAN's servers), guests all at once, their leases, what guests run, forwards. Every object carries
 * the lab's name as its tag, so undoing a failure is lab_down().
 */
#include "lab/up.h"

#include <errno.h>

/* The daemon takes a name only once, so this decides between two that come at the same time. */
static int claim(struct lab_run *r, const char *file, const char *text, struct err *err)
{
	const char *name = r->lab->name.s;
	int rc = up_call(r, "lab.put",
			 json_pack("{s:s, s:s, s:s, s:I}", "name", name, "text", text, "file", file,
				   "started_s", (json_int_t)clock_wall_s()),
			 err);

	if (rc == -EEXIST)
		err_set(err, rc,
			"lab '%s' is up already: `vnetctl lab status %s` shows it, `vnetctl lab "
			"down %s` ends it",
			name, name, name);
	return rc;
}

static int make_all(struct lab_run *r, const char *file, struct err *err)
{
	int rc = up_namespaces_make(r, err);

	if (!rc)
		rc = up_networks(r, err);
	if (!rc)
		rc = up_cables(r, err);
	if (!rc)
		rc = up_namespaces_start(r, err);
	if (!rc)
		rc = up_guests_start(r, file, err);
	if (!rc)
		rc = up_guests_wait(r, err);
	if (!rc)
		rc = up_addresses_wait(r, err);
	if (!rc)
		rc = up_guests_run(r, err);
	if (!rc)
		rc = up_forwards(r, err);
	if (!rc)
		rc = up_links(r, err);
	return rc;
}

int lab_up(struct lab_run *r, const char *file, const char *text, struct err *err)
{
	struct err ignored;
	int rc = claim(r, file, text, err);

	if (rc)
		return rc;
	rc = make_all(r, file, err);
	if (!rc) {
		progress_line(&r->progress, "lab       %s up", r->lab->name.s);
		return 0;
	}
	progress_line(&r->progress, "failed: removing what was made");
	lab_down(r->client, r->lab->name.s, true, &r->progress, NULL, &ignored);
	return err_wrap(err, "lab '%s' is not up", r->lab->name.s);
}
