/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.h - what `vm` and `lab` share: consoles, and commands run in a node.
 */
#ifndef VNETCTL_VM_H
#define VNETCTL_VM_H

#include "client/ctl.h"

/* Relay this terminal to the console of guest @name, or to a new shell in namespace @name; people
 * know the node as @shown. Returns an exit status. */
int vm_console_run(struct ctl *c, const char *name, const char *shown, bool watch);
int ns_console_run(struct ctl *c, const char *name, const char *shown);

/* Read "[timeout=SECONDS] -- COMMAND" after @n_names names: timeout_s into @params, the shell text
 * into *@command (the caller frees it). CTL_OK, or CTL_USAGE after saying why. */
int exec_words(struct ctl *c, int n_names, int argc, char **argv, json_t *params, char **command);

/* Print the result of vm.exec or ns.exec and release it; returns the command's exit status, or
 * CTL_FAILED for NULL. */
int exec_finish(struct ctl *c, json_t *result);

#endif
