/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yaml.h - the part of YAML that topology files use, as a tree with places.
 *
 * Every scalar is text; the schema gives it a type, so none of YAML's own guesses (`no`, `1e3`,
 * `0777`) applies. Anchors, aliases, tags and more than one document are errors, and so is a key
 * that is there twice.
 */
#ifndef LAB_YAML_H
#define LAB_YAML_H

#include "lab/model.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_tree {
	enum yaml_kind kind;
	struct lab_pos pos;
	const char *text; /* scalars; else NULL */
	const char *key;  /* members of a map; else NULL */
	struct lab_pos key_pos;
	struct yaml_tree *first; /* members of lists and maps, in the file's order */
	struct yaml_tree *next;
	size_t n; /* number of members */
};

/* How many bytes at the beginning of @text are a byte order mark, which some editors write: they
 * are to be left out. */
size_t lab_bom(const char *text, size_t len);
/* Read @len bytes at @text. The tree hangs on @lab. NULL when there is no tree to go on with; what
 * is wrong is in @errors either way. */
struct yaml_tree *yaml_read(struct lab *lab, const char *text, size_t len,
			    struct lab_errors *errors);

#endif
