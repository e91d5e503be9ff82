/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_parts.h - the parts of the schema that have a file of their own.
 */
#ifndef LAB_PARSE_PARTS_H
#define LAB_PARSE_PARTS_H

#include "lab/schema.h"

/* Readers for `networks:` (parse_nets.c), `cables:` (parse_cables.c) and `checks:`
 * (parse_checks.c); @out is the lab. */
void read_networks(struct schema *s, const struct yaml_tree *t, void *out);
void read_cables(struct schema *s, const struct yaml_tree *t, void *out);
void read_checks(struct schema *s, const struct yaml_tree *t, void *out);

/* Readers of parse_about.c: `requires:` (@out: a struct lab_requires), `variables:` and `stages:`.
 */
void read_requires(struct schema *s, const struct yaml_tree *t, void *out);
void read_variables(struct schema *s, const struct yaml_tree *t, void *out);
void read_stages(struct schema *s, const struct yaml_tree *t, void *out);
/* parse_schedule.c */
void read_schedule(struct schema *s, const struct yaml_tree *t, void *out);
void lab_validate_schedule(const struct lab *lab, struct lab_errors *errors);
/* Give each variable of the file its value for @seed, and put the values into all texts of the
 * tree. Before anything else is read. */
void lab_variables(struct schema *s, struct yaml_tree *file, const char *seed);

/* Reader for `dhcp:` of a network (parse_dhcp.c); @out is a struct lab_dhcp. */
void read_dhcp(struct schema *s, const struct yaml_tree *t, void *out);

/* Reader for `link:` of an interface or a cable (parse_link.c); @out is a struct lab_text. */
void read_link(struct schema *s, const struct yaml_tree *t, void *out);

#endif
