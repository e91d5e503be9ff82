/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_find.h - which lab does a word of the command line mean?
 *
 * All say on stderr why there is nothing to return.
 */
#ifndef VNETCTL_LAB_FIND_H
#define VNETCTL_LAB_FIND_H

#include "lab/parse.h"
#include "client/ctl.h"

/* Does @word name a file (a path, or something.yaml) rather than a lab? */
bool lab_is_file(const char *word);
/* The lab of the file @path, and its text, which the caller frees. @options may be NULL. */
struct lab *lab_from_file(const char *path, const struct lab_options *options, char **text);
/* The name of the lab that @word (a name, a file, or NULL: the only one that is up) means; the
 * caller frees it. */
char *lab_name(struct ctl *c, const char *word);
/* The lab of the daemon's @record, as it was brought up; what is wrong goes to @errors. */
struct lab *lab_of_record(const json_t *record, struct lab_errors *errors);
/* The lab that is up and that @word means, from the text that the daemon keeps. @record may be
 * NULL; else it gets the daemon's record, a new reference. */
struct lab *lab_running(struct ctl *c, const char *word, json_t **record);

#endif
