/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change.h - a running lab is changed: nodes anew, off and on, the file's new text.
 */
#ifndef LAB_CHANGE_H
#define LAB_CHANGE_H

#include "lab/run.h"

/* Make what is missing of a lab that is up: nodes that died or were removed, but not those that its
 * schedule has switched off. Waits for a step of the schedule that is under way. Says what it does.
 */
int lab_mend(struct lab_run *r, struct err *err);

/* The nodes that r->only says (NULL: all) are removed, with @keep_files but for what was written in
 * their folders, ... */
int nodes_remove(struct lab_run *r, bool keep_files, struct err *err);
/* ...and made again as the file says; where it is all nodes, the networks too, which forget what
 * was done to them. */
int lab_reset(struct lab_run *r, struct err *err);
/* The node is off (asked to, when it is a guest), or on. A namespace finds its files again. */
int lab_power(struct lab_run *r, const struct lab_node *node, bool on, struct err *err);

/* Where two texts of a lab differ: rows {what: "network"|"node"|"cable"|"schedule", name, change:
 * "added"|"removed"|"changed", keys: what is different}. New reference. */
json_t *lab_diff(const struct lab *from, const struct lab *to);
/* Where the running lab, of @record, is not as its text says: rows as above, change: "missing"|
 * "down"|"off by schedule"|... */
json_t *lab_drift(struct lab_run *r, const json_t *record, struct err *err);
/* Make the running lab @from what r->lab says, of @text, and record it. */
int lab_apply(struct lab_run *r, const struct lab *from, const char *text, struct err *err);

#endif
