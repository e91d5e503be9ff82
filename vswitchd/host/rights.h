/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rights.h - what the daemon keeps of root's power.
 */
#ifndef VSWITCHD_RIGHTS_H
#define VSWITCHD_RIGHTS_H

#include "lib/err.h"

/* Give up every capability that is not needed. An ordinary user, or root of a user namespace,
 * keeps what there is of the needed ones. */
int rights_drop(struct err *err);
/* Does the process have what it takes? Fills @missing with the names of what it lacks. */
bool rights_enough(char *missing, size_t size);

/* In a child that becomes a guest: take a user and group id that nothing else on the host has.
 * @slot tells guests apart. Stays what it is where that is not possible (a user namespace without
 * such ids); the guest's process then drops its capabilities itself. */
void rights_become_guest(unsigned int slot);

/* open(2) with the rights of a client, so that nobody reads through the daemon what the file
 * system would not let them read. Negative errno. */
int rights_open_as(uid_t uid, gid_t gid, const char *path, int flags);

#endif
