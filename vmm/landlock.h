/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock.h - what of the file system a process may still reach (landlock(7)).
 */
#ifndef VMM_LANDLOCK_H
#define VMM_LANDLOCK_H

#include <stddef.h>

enum landlock_use {
	LANDLOCK_READ, /* a file, or all below a directory */
	LANDLOCK_RUN,  /* the same, and run it */
	LANDLOCK_OWN,  /* everything below a directory */
};

struct landlock_path {
	const char *path; /* NULL: fd */
	int fd;		  /* an open file; -1: skip this row */
	enum landlock_use use;
};

/* From now on nothing but the @n rows of @allowed (what is not there is skipped) can be opened,
 * made, removed or run. 0, also where the kernel has no Landlock, or -errno. */
int landlock_only(const struct landlock_path *allowed, size_t n);

#endif
