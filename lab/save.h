/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save.h - a student's work on a running lab, as a package, and back.
 *
 * Of each node: the files under /etc, /root, /home and /srv that were written since it started, and
 * what its network is set to: addresses, routes, forwarding, nftables, of guests also iptables.
 * Processes are not kept; a guest's /etc/rc.local is run when the work is restored.
 */
#ifndef LAB_SAVE_H
#define LAB_SAVE_H

#include "lab/package.h"
#include "lab/run.h"

/* The work of all nodes. NULL with @err. The caller owns it. */
struct package *lab_save(struct lab_run *r, const char *text, const char *student, struct err *err);
/* Put it into the running lab, which should be fresh. -EINVAL when it is of another lab. */
int lab_restore(struct lab_run *r, const struct package *p, struct err *err);

#endif
