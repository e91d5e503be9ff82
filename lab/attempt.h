/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attempt.h - one try of one check, whatever its verb.
 */
#ifndef LAB_ATTEMPT_H
#define LAB_ATTEMPT_H

#include "lab/try.h"

/* Try what @c asks for once; why not goes to @detail (one line), and to *@outside whether the
 * verdict is the switch's (try.h). */
enum attempt check_attempt(struct lab_run *r, const struct lab_check *c, char *detail, size_t size,
			   bool *outside);

#endif
