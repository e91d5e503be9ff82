/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_link.c - cables get their faults when all else is up: starting is not part of the lesson, and
 * their schedules count from here.
 */
#include <stdio.h>

#include "lab/up.h"

static int up_link(struct lab_run *r, const struct lab_node *node, size_t i, struct err *err)
{
	const char *words = node->nics[i].link.s;
	char port[2 * NAME_MAX_];
	int rc;

	snprintf(port, sizeof(port), "%s.%s", node->name.s, lab_nic_name(i));
	rc = up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", port, "words", words), err);
	if (!rc)
		progress_line(&r->progress, "cable     %s: %s", port, words);
	return rc;
}

int up_links(struct lab_run *r, struct err *err)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		for (size_t i = 0; i < node->n_nics; i++) {
			int rc = node->nics[i].link.s ? up_link(r, node, i, err) : 0;

			if (rc)
				return rc;
		}
	}
	return 0;
}
