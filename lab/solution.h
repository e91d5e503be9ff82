/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * solution.h - the teacher's solution, and whether a lab's checks are worth something.
 *
 * Beside a topology file, solution/NODE.sh is what a student is to do in that node. In a lab with
 * stages there may be solution/STAGE/NODE.sh, applied in the stages' order. wrong/CHECK/NODE.sh
 * takes the place of the node's script, and CHECK must then fail, with a hint.
 */
#ifndef LAB_SOLUTION_H
#define LAB_SOLUTION_H

#include "lab/run.h"

struct solution {
	const char *stage; /* up to and with this one; NULL: all */
	const char *wrong; /* a check: its scripts in place of the right ones; NULL: none */
	size_t n;	   /* scripts that were run */
};

/* Run the scripts in the nodes of the running lab. */
int lab_solve(struct lab_run *r, struct solution *s, struct err *err);

struct selftest {
	void (*tell)(void *ctx, bool good, const char *text);
	void *ctx;
	unsigned int good, bad;
};

/* Bring the lab up and look: on the untouched lab what is `given` holds and every other check
 * fails; with the solution all pass; each wrong solution fails its check, which has a hint. The lab
 * is down afterwards. 0 when it could be tested, whatever came out. */
int lab_selftest(struct lab_run *r, const char *text, struct selftest *test, struct err *err);

#endif
