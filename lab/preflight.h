/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preflight.h - is this machine enough for the lab? Asked before anything is started.
 */
#ifndef LAB_PREFLIGHT_H
#define LAB_PREFLIGHT_H

#include "lab/run.h"

/* MiB that nobody uses now; CPUs. */
unsigned int host_memory_mib(void);
unsigned int host_cpus(void);

/* What the lab's nodes will take, MiB: what it requires, or what its guests are to have. */
unsigned int lab_memory_mib(const struct lab *lab);
/* 0, or -EOPNOTSUPP with all that is missing in @err. */
int lab_preflight(struct lab_run *r, struct err *err);

#endif
