/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_cable.c - cables between networks.
 */
#include <errno.h>

#include "lab/guest.h"
#include "lab/up_parts.h"

static int up_end(struct lab_run *r, const struct lab_cable *c, size_t k, struct err *err)
{
	json_t *params = json_pack("{s:s, s:s, s:s, s:s}", "net",
				   lab_net_find(r->lab, c->end[k].network.s)->id, "name",
				   c->end[k].port, "patch", c->end[!k].port, "lab", r->lab->name.s);

	settings_put(r->lab, &c->settings, params);
	return up_call(r, "port.add", params, err);
}

int up_cables(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_cables; i++) {
		const struct lab_cable *c = &r->lab->cables[i];
		int rc = up_end(r, c, 0, err);

		/* Where only some nodes are made, the cables are there. */
		if (rc == -EEXIST && r->only)
			continue;
		if (!rc)
			rc = up_end(r, c, 1, err);
		if (rc)
			return rc;
		progress_line(&r->progress, "cable     %s between %s and %s", c->name.s,
			      c->end[0].network.s, c->end[1].network.s);
	}
	return 0;
}
