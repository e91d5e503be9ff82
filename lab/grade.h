/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grade.h - many hand-ins, each in a fresh lab of its own, by the teacher's own file and checks.
 */
#ifndef LAB_GRADE_H
#define LAB_GRADE_H

#include <jansson.h>

#include "lab/model.h"
#include "lib/err.h"

struct grade {
	const char *socket; /* of the daemon */
	const char *file;   /* the teacher's topology file, absolute */
	const char *text;
	const char *kind;  /* lab_options.kind */
	unsigned int jobs; /* how many at once; 0: as many as the machine has memory and CPUs for */
	unsigned int memory_mib; /* that one may take */
	uint64_t waited_ms;	 /* for how long the next one had to wait for memory; filled in */
	/* Called as each is done, in no order; may be NULL. */
	void (*tell)(void *ctx, const char *hand_in, const json_t *mark);
	void *ctx;
};

/* Remove labs that an interrupted grading has left. How many there were, or a negative errno. */
int grade_sweep(const char *socket, struct err *err);
/* Marks in the order of @paths: [{file, student, seed, points, points_max, passed, failed,
 * failed_ids, error, checks}]. New reference; NULL with @err when nothing could be graded. */
json_t *grade_all(struct grade *g, char **paths, size_t n, struct err *err);
/* How many of @lab at once this machine is good for, @want at most (0: no wish); into @why (one
 * line) what decided. While they run, no further one is begun as long as what is free, less what
 * those that run may still take, is not enough for it. */
unsigned int grade_jobs(const struct lab *lab, unsigned int want, char *why, size_t size);

#endif
