/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - what the daemon keeps of a lab: its text, and what is being done to it.
 */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include "lab/run.h"

/* Record r->lab as "starting", of @text and r->file. -EEXIST: there is a record of that name. */
int record_put(struct lab_run *r, const char *text, struct err *err);
/* Record what is being done to the lab; "up" when that is over. Fails when somebody else is at it.
 */
int lab_state(struct lab_run *r, const char *state, struct err *err);

#endif
