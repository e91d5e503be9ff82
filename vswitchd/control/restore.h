/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.h - makes the daemon at its start what it was at its end.
 */
#ifndef VSWITCHD_RESTORE_H
#define VSWITCHD_RESTORE_H

struct daemon;

/* Bring back namespaces, networks, ports and guests from the state store, and clean what nobody
 * knows any more. What can't be brought back is logged; it never keeps the daemon from starting. */
void restore_all(struct daemon *d);

#endif
