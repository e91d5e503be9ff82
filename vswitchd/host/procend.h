/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procend.h - what is left to do when a process has ended that nobody waits for any more.
 */
#ifndef VSWITCHD_PROCEND_H
#define VSWITCHD_PROCEND_H

#include <ev.h>

/* When the process of @pidfd ends, reap it if it is our child (libev does so only in its default
 * loop), then call @then with @arg; NULL: nothing more. Takes @pidfd. When memory is short @then is
 * called at once, and the process stays a zombie as long as we run. */
void proc_when_ended(struct ev_loop *loop, int pidfd, void (*then)(void *arg), void *arg);
/* The daemon ends: what has not ended yet is left alone, and no @then is called. */
void proc_forget_endings(struct ev_loop *loop);

#endif
