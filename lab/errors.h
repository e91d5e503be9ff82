/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * errors.h - everything that is wrong with a topology file, each with its place.
 */
#ifndef LAB_ERRORS_H
#define LAB_ERRORS_H

#include <stdio.h>

#include "lib/types.h"

/* A place in the file; line and column count from 1, 0 means nowhere in particular. */
struct lab_pos {
	unsigned int line, col;
};

enum { LAB_ERRORS_MAX = 200, LAB_ERRORS_SHOWN = 20 };

struct lab_error {
	struct lab_pos pos;
	unsigned int seq; /* order of discovery, so that sorting is stable */
	char *text;
	char *fix; /* the line as it should be, or NULL */
};

struct lab_errors {
	const char *file;   /* for the messages; borrowed */
	const char *source; /* the file's text, for corrected lines; borrowed, may be NULL */
	unsigned int n;
	struct lab_error items[LAB_ERRORS_MAX];
};

/* Add one; those beyond LAB_ERRORS_MAX are dropped. */
void lab_error(struct lab_errors *e, struct lab_pos pos, const char *fmt, ...) CHECK_PRINTF(3, 4);
/* The same where it is known what to write: @now in place of @was, which is at @pos. The message is
 * then followed by the corrected line. */
void lab_error_fix(struct lab_errors *e, struct lab_pos pos, const char *was, const char *now,
		   const char *fmt, ...) CHECK_PRINTF(5, 6);
/* Sort by place and print "FILE:LINE:COL: TEXT" (and the corrected line), at most LAB_ERRORS_SHOWN
 * messages and how many more there are. */
void lab_errors_print(struct lab_errors *e, FILE *out);
void lab_errors_fini(struct lab_errors *e);

#endif
