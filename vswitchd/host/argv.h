/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * argv.h - a command line that is built piece by piece.
 */
#ifndef VSWITCHD_ARGV_H
#define VSWITCHD_ARGV_H

#include "lib/types.h"

enum { ARGV_MAX = 128 };

struct argv {
	char *v[ARGV_MAX + 1]; /* ends with NULL */
	unsigned int n;
	bool full; /* something did not fit, or memory was short */
};

void argv_add(struct argv *av, const char *fmt, ...) CHECK_PRINTF(2, 3);
void argv_fini(struct argv *av);

#endif
