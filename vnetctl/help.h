/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - what there is, from the table of nouns: for people, and as JSON for tests and tools.
 */
#ifndef VNETCTL_HELP_H
#define VNETCTL_HELP_H

#include "client/ctl.h"

const struct noun *noun_find(const char *name);
const struct verb *verb_find(const struct noun *noun, const char *name);
/* Status, doctor, ...: a noun that is a command by itself. */
bool noun_is_command(const struct noun *noun);

/* Without arguments: what to do next, which depends on what there is. Returns an exit status. */
int help_overview(struct ctl *c);
/* `vnetctl help [NOUN [VERB]]`; under -j the whole table. Returns an exit status. */
int help_run(const struct ctl *c, int argc, char **argv);
/* One noun, or with @verb one of its verbs, to stdout. Returns CTL_OK. */
int help_print(const struct noun *noun, const struct verb *verb);

/* One line on stderr with the nearest word that there is. Return CTL_USAGE. */
int help_unknown_noun(const char *name);
int help_unknown_verb(const struct noun *noun, const char *name);
int help_unknown_option(const char *word);

#endif
