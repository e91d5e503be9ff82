/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule.h - the lab's schedule on the daemon, which carries it out (lab.schedule).
 */
#ifndef LAB_SCHEDULE_H
#define LAB_SCHEDULE_H

#include "lab/run.h"

/* The lab is as its file says: its schedule, if it has one, begins now. With @had one that is in
 * the way is taken back. */
int schedule_begin(struct lab_run *r, bool had, struct err *err);
/* Its steps: [{at_ms, do, node}]. New reference. */
json_t *schedule_steps(const struct lab *lab);
/* Has the schedule of lab @record (of lab.get; NULL: none) switched @node off? */
bool schedule_off(const json_t *record, const char *node);
/* lab.set of @params (taken), which claims the lab. Where a step of the schedule has it, that is
 * waited for. */
int schedule_claim(struct client *c, json_t *params, struct err *err);

#endif
