/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * late.h - libraries that are loaded when they are first needed.
 *
 * A library that most daemons never call, and those that it needs itself, would be resident in all
 * of them: libnftables and libpcap are 2.5 MiB together on Debian 12.
 */
#ifndef LIB_LATE_H
#define LIB_LATE_H

#include "lib/err.h"
#include "lib/types.h"

struct late_symbol {
	const char *name;
	void *place; /* of the function pointer that shall lead to it */
};

/* A row of a table of those, for function pointer @place named as in the library. */
#define LATE_SYMBOL(place, symbol)                                                                 \
	{                                                                                          \
#symbol, (void *)&(place)                                                          \
	}

/* Load the first of @sonames (NULL ends them) that is there, for as long as this process lives, and
 * set @n function pointers. 0, or -ENOENT and then nothing is set; may be asked again. */
int late_load(const char *const *sonames, const struct late_symbol *symbols, size_t n,
	      struct err *err);

#endif
