/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_cable.c - cables between networks.
 */
#include "lab/guest.h"
#include "lab/up.h"

static int up_end(struct lab_run *r, const struct lab_cable *c, size_t k, struct err *err)
{
	json_t *params = json_pack("{s:s, s:s, s:s, s:s}", "net", c->end[k].network.s, "name",
				   c->end[k].port, "patch", c->end[!k].port, "lab", r->lab->name.s);

	settings_put(&c->settings, params);
	return up_call(r, "port.add", params, err);
}

int up_cables(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_cables; i++) {
		const struct lab_cable *c = &r->lab->cables[i];
		int rc = up_end(r, c, 0, err);

		if (!rc)
			rc = up_end(r, c, 1, err);
		if (rc)
			return rc;
		progress_line(&r->progress, "cable     %s between %s and %s", c->name.s,
			      c->end[0].network.s, c->end[1].network.s);
	}
	return 0;
}
