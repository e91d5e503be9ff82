/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claim.h - names that only one process of a network namespace has at a time.
 *
 * Daemons that share a host's addresses must not use the same ports and addresses; this is how they
 * agree. A claim is a UNIX socket bound to an abstract name: the kernel keeps these for each
 * network namespace, which is just how far the thing that is claimed reaches, and takes them back
 * when the process dies, however it dies.
 */
#ifndef VSWITCHD_CLAIM_H
#define VSWITCHD_CLAIM_H

#include <stddef.h>

enum { CLAIM_HOLDER_STR = 48 };

/* Claim @name. A descriptor, for claim_drop(); -EADDRINUSE with who has it in @holder
 * ("vswitchd, process 812", or "another process" when it can't be told), or another negative errno.
 */
int claim_take(const char *name, char holder[static CLAIM_HOLDER_STR]);
/* Give it back. A negative @fd is accepted. */
void claim_drop(int fd);

#endif
