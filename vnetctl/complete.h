/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complete.h - what may follow on a command line, for the shells' completion.
 */
#ifndef VNETCTL_COMPLETE_H
#define VNETCTL_COMPLETE_H

#include "client/ctl.h"

/* `vnetctl complete -- WORD...`: print, one a line, what may follow the words. Silent when it does
 * not know, or no daemon answers. Returns CTL_OK. */
int complete_run(struct ctl *c, int argc, char **argv);

#endif
