/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_objects.c - the stages, in their order (up.c says why).
 */
#include "lab/up_parts.h"

int up_objects(struct lab_run *r, struct err *err)
{
	int rc = up_namespaces_make(r, err);

	if (!rc)
		rc = up_networks(r, err);
	if (!rc)
		rc = up_cables(r, err);
	if (!rc)
		rc = up_namespaces_start(r, err);
	if (!rc)
		rc = up_guests_start(r, r->file, err);
	if (!rc)
		rc = up_guests_wait(r, err);
	if (!rc)
		rc = up_addresses_wait(r, err);
	if (!rc)
		rc = up_guests_run(r, err);
	if (!rc && !r->only)
		rc = up_forwards(r, err);
	if (!rc)
		rc = up_links(r, err);
	return rc;
}
