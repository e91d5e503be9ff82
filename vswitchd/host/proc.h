/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc.h - what a child does between fork and exec. All of it is async-signal-safe, as the daemon
 * has threads.
 */
#ifndef VSWITCHD_PROC_H
#define VSWITCHD_PROC_H

#include "lib/types.h"

/* In the daemon, at start: allow it all the descriptors it may have. What the limit was is kept for
 * children: programs exist that close every descriptor up to it one by one. */
void proc_raise_nofile(void);
/* Make @in, @out, @err the standard descriptors; -1 is /dev/null, or closed where that can't be
 * opened. */
void proc_child_stdio(int in, int out, int err);
/* Signals and limits back to their defaults; every descriptor above 2 closes on exec but the @n in
 * @keep. */
void proc_child_clean(const int *keep, size_t n);
/* Of waitpid's status: exit status, or 128 + signal. */
int proc_exit_status(int status);

#endif
