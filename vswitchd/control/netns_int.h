/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_int.h - what netns.c, netns_run.c and netns_files.c share.
 */
#ifndef VSWITCHD_NETNS_INT_H
#define VSWITCHD_NETNS_INT_H

#include "lib/addr.h"
#include "vswitchd/control/netns.h"

#define NETNS_DIR "/run/netns"

struct stat;

struct netns {
	struct netns *next;
	struct daemon *d;
	char name[NAME_MAX_ + 1], lab[NAME_MAX_ + 1];
	json_t *veths; /* array of names of host ends */
	int mounts;    /* its mount namespace (netns_files.c); -1: none */
	int root;      /* our root directory in there */
};

/* Call @fn for each process whose network namespace is the one of @ns, until it returns false. */
void netns_each_process(const struct stat *ns, bool (*fn)(pid_t pid, void *ctx), void *ctx);
/* The namespace behind @ns: false when it is not there, or is the daemon's own. */
bool netns_stat(const struct netns *ns, struct stat *st);

/* ---- netns_files.c ---- */

/* Give the namespace its folders, those that were left by an earlier daemon when there are some.
 * Where the file system can't do that, commands see the host's; the log says so once. */
void netns_files_open(struct netns *ns);
void netns_files_close(struct netns *ns);
/* Remove what was written there. */
void netns_files_delete(const char *name);

#endif
