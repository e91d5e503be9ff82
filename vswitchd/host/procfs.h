/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procfs.h - what /proc tells about processes.
 */
#ifndef VSWITCHD_PROCFS_H
#define VSWITCHD_PROCFS_H

#include <sys/types.h>

#include "lib/types.h"

/* Resident memory in KiB; 0 when there is no such process. */
uint64_t proc_rss_kib(pid_t pid);
/* When the process was started, in clock ticks since boot: with the pid it names a process for
 * good, as pids are used again. 0 when there is none. */
uint64_t proc_start_ticks(pid_t pid);
/* The name of process @pid, as ps has it; "?" when there is none. */
void proc_name(pid_t pid, char *out, size_t size);
/* The id of this boot, 36 characters; "" when the kernel does not tell. */
void proc_boot_id(char out[static 37]);
/* Who has @port of the host open, as a server: "nginx, process 812" in @out of @size, which stays
 * empty when it can't be found out. @udp: else TCP. @own: it is this very process. */
void proc_port_user(bool udp, uint16_t port, char *out, size_t size, bool *own);

#endif
