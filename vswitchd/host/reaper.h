/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper.h - a thread for the kernel work that is too slow for the loop.
 *
 * Closing a tap takes the kernel 20 ms and deleting an interface as long; both are handed over.
 */
#ifndef VSWITCHD_REAPER_H
#define VSWITCHD_REAPER_H

#include "lib/types.h"

int reaper_start(void);
/* Waits until everything handed over is done. */
void reaper_stop(void);
/* Takes @fd. Works (inline) also when the reaper does not run. */
void reaper_close(int fd);
/* Wait until all that was handed over so far is done, but not for long: somebody wants the name of
 * an interface that may be among it. */
void reaper_settle(void);
/* Delete the interface that @ifname names now; nothing when there is none. One that is made under
 * the same name afterwards is safe. */
void reaper_link_del(const char *ifname);

#endif
