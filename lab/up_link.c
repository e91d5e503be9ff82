/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_link.c - cables get their faults when all else is up: starting is not part of the lesson, and
 * their schedules count from here.
 */
#include <string.h>

#include "lab/up_parts.h"

static int up_link(struct lab_run *r, const char *port, const char *words, struct err *err)
{
	const char *shown = port + strlen(r->lab->name.s) + 1;
	int rc = up_call(r, "port.impair", json_pack("{s:s, s:s}", "port", port, "words", words),
			 err);
	if (!rc)
		progress_line(&r->progress, "cable     %s: %s", shown, words);
	return rc;
}

static int up_nic_links(struct lab_run *r, const struct lab_node *node, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < node->n_nics; i++)
		if (node->nics[i].link.s)
			rc = up_link(r, node->nics[i].port, node->nics[i].link.s, err);
	return rc;
}

int up_links(struct lab_run *r, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && !r->only && i < r->lab->n_cables; i++)
		if (r->lab->cables[i].link.s)
			rc = up_link(r, r->lab->cables[i].end[0].port, r->lab->cables[i].link.s,
				     err);
	for (size_t n = 0; !rc && n < r->lab->n_nodes; n++)
		if (run_wants(r, &r->lab->nodes[n]))
			rc = up_nic_links(r, &r->lab->nodes[n], err);
	return rc;
}
