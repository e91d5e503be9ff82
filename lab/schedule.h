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
/* Is @node, which is @state (node_state()), off because the schedule of lab @record (of lab.get;
 * NULL: none) has switched it off? One that was switched on by hand since, and then died, is not:
 * the daemon still has it. */
bool schedule_has_off(const json_t *record, const char *node, const char *state);
/* lab.set of @params (taken), which claims the lab. Where a step of the schedule has it, that is
 * waited for, a minute at most. */
int schedule_claim(struct client *c, json_t *params, struct err *err);

#endif
