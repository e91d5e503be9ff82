/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void argv_add(struct argv *av, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (av->n == ARGV_MAX) {
		av->full = true;
		return;
	}
	va_start(ap, fmt);
	n = vasprintf(&av->v[av->n], fmt, ap);
	va_end(ap);
	if (n < 0) {
		av->v[av->n] = NULL;
		av->full = true;
		return;
	}
	av->v[++av->n] = NULL;
}

void argv_fini(struct argv *av)
{
	for (unsigned int i = 0; i < av->n; i++)
		free(av->v[i]);
	*av = (struct argv){0};
}
