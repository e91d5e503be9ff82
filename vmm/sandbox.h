/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - gives up every right that a running guest does not need.
 *
 * In order: sandbox_drop() in the main thread once all is open and before other threads exist;
 * then each vCPU thread enters its filter, then the main thread its own.
 */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

#include "lib/err.h"

/* No new privileges, no core dumps, no more descriptors than @fd_max, no path in the file system
 * (Landlock, where the kernel has it), user and group @uid unless it is -1, no capabilities.
 * 0 or -errno. */
int sandbox_drop(int fd_max, long uid, struct err *e);

/* System call filters of the calling thread. Anything else kills the process. 0 or -errno. */
int sandbox_enter_cpu(struct err *e);
int sandbox_enter_main(struct err *e);

#endif
