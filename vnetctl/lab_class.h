/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_class.h - `lab status --all` and `lab check --all`: every lab that is up.
 */
#ifndef VNETCTL_LAB_CLASS_H
#define VNETCTL_LAB_CLASS_H

#include "client/ctl.h"
#include "lab/check.h"

/* A line for each lab. */
int lab_class_status(struct ctl *c);
/* A table of labs and checks; the exit status is that of a check of one lab (check.h). */
int lab_class_check(struct ctl *c, const struct check_options *options);

#endif
