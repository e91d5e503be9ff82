/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labsched.h - nodes of a lab go off and on, stop and go on, at their times.
 */
#ifndef VSWITCHD_LABSCHED_H
#define VSWITCHD_LABSCHED_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;

enum { LABSCHED_STEPS_MAX = 256 };

/* The schedule of @lab is @steps from now on, [{at_ms, do: "off"|"on"|"pause"|"resume", node}] in
 * the order of their times (rpc_lab.c has checked that), counted from now; an empty one: none.
 * Borrows. When it can't be recorded the one before stays. */
int labsched_set(struct daemon *d, const char *lab, const json_t *steps, struct err *err);
/* The lab has none any more. A step that is being made goes on. When the record can't be removed,
 * all stays. */
int labsched_end(struct daemon *d, const char *lab, struct err *err);
/* {elapsed_ms, done: how many, running: is a step being made, steps}; NULL when it has none. New
 * reference. */
json_t *labsched_json(const struct daemon *d, const char *lab);
/* From its record, which is dropped when there is no such lab, or it ran before a boot. */
int labsched_restore(struct daemon *d, const char *lab, const json_t *doc, struct err *err);
/* The daemon ends: forget all, the records stay. */
void labsched_close_all(struct daemon *d);

/* rpc_lab.c: does a client work on @lab, or has one left it in the middle? */
bool lab_at_work(struct daemon *d, const char *lab);
bool lab_cut_off(const char *lab);

#endif
