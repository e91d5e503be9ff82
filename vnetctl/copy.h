/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy.h - what `vm copy` and `lab copy` share.
 */
#ifndef VNETCTL_COPY_H
#define VNETCTL_COPY_H

#include "client/copy.h"
#include "client/ctl.h"
#include "lib/addr.h"

struct copy_words {
	bool in; /* from here into the node */
	char node[2 * NAME_MAX_];
	const char *here, *there; /* borrowed from the words */
};

/* Take "FILE NODE:PATH" or "NODE:PATH FILE" apart. False when not just one has a node. */
bool copy_words(const char *from, const char *to, struct copy_words *out);
/* Take "max=SIZE", as in 100MiB, when there is such a word at the end; false when it is no size. */
bool copy_max(int *argc, char **argv, struct copy *copy);
/* Copy, with progress on a terminal. copy->node and copy->vm are set. Returns an exit status. */
int copy_run(struct ctl *c, struct copy *copy, const struct copy_words *w);

#endif
