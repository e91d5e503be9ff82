/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_int.h - what netns.c, netns_init.c, netns_run.c and netns_files.c share.
 */
#ifndef VSWITCHD_NETNS_INT_H
#define VSWITCHD_NETNS_INT_H

#include <ev.h>
#include <limits.h>

#include "lib/addr.h"
#include "vswitchd/control/netns.h"

#define NETNS_DIR "/run/netns"

struct stat;

struct netns {
	struct netns *next;
	struct daemon *d;
	char name[NAME_MAX_ + 1], lab[NAME_MAX_ + 1];
	json_t *veths;	     /* array of names of host ends */
	pid_t init;	     /* its first process; -1: none, and then... */
	char failed[160];    /* ...why; "": it runs */
	int init_fd;	     /* of it; -1 */
	uint64_t init_start; /* proc_start_ticks() */
	struct ev_io init_io;
};

/* Call @fn for each process whose network namespace is the one of @ns, until it returns false. */
void netns_each_process(const struct stat *ns, bool (*fn)(pid_t pid, void *ctx), void *ctx);
/* The namespace behind @ns: false when it is not there, or is the daemon's own. */
bool netns_stat(const struct netns *ns, struct stat *st);

/* ---- netns_init.c ---- */

/* Start the first process of @ns: its namespaces are there when this returns 0. Waits for it, some
 * milliseconds. */
int netns_init_start(struct netns *ns, struct err *err);
/* That which an earlier daemon has started, by the record @doc; where it is gone, @ns has failed.
 */
void netns_init_adopt(struct netns *ns, const json_t *doc);
/* End that which is in the record @doc; false: it is not there any more. */
bool netns_init_end(const json_t *doc);
/* @ns does not work any more, as everybody is told: why. */
void netns_fail(struct netns *ns, const char *reason);
/* Forget it: it stays. */
void netns_init_close(struct netns *ns);
/* Kill it, and so all of the node's processes. */
void netns_init_kill(struct netns *ns);
/* fork(), whose child is in the process ids of @ns. -1 and errno; ESRCH: it has no first process.
 */
pid_t netns_fork(const struct netns *ns);
/* In that child, @pidfd being a copy of init_fd: go to all its other namespaces, and to its root
 * directory. Async-signal-safe. */
int netns_enter(int pidfd);

/* ---- netns_files.c ---- */

/* Where what is written in the folders of namespace @name is kept. Into @out; returned. */
char *netns_layer_path(const char *name, char *out, size_t size);
/* Remove what was written there. */
void netns_files_delete(const char *name);
/* A new terminal's master, of those of the node: its /dev/pts/ptmx, whatever its root has put in
 * the way. A descriptor, or a negative errno. */
int netns_open_ptmx(const struct netns *ns);

#endif
