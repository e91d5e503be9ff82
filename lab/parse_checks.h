/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_checks.h - the schema of `checks:`.
 */
#ifndef LAB_PARSE_CHECKS_H
#define LAB_PARSE_CHECKS_H

#include "lab/schema.h"

/* Reader for the list of checks; @out is the lab. */
void read_checks(struct schema *s, const struct yaml_tree *t, void *out);

#endif
