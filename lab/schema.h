/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema.h - a YAML tree against tables of keys.
 *
 * A table row is a key and the function that reads its value into a structure. Each reader says
 * what is wrong at the value's place and leaves the structure's field as it was.
 *
 * The same tables make the JSON Schema that editors complete and check by: schema_json() runs the
 * readers with @say set and trees that hold nothing, and each writes down what it would take.
 */
#ifndef LAB_SCHEMA_H
#define LAB_SCHEMA_H

#include <jansson.h>

#include "lab/yaml.h"

struct schema {
	struct lab *lab;
	struct lab_errors *errors;
	json_t *say; /* NULL while reading; else where this value's schema goes */
};

typedef void schema_read_fn(struct schema *s, const struct yaml_tree *value, void *out);

struct schema_key {
	const char *name;
	/* @out: the structure that the table describes; @offset: the row's. */
	schema_read_fn *read;
	size_t offset; /* added to @out before the call */
};

enum { SCHEMA_KEYS_MAX = 64 };

/* Keys that are settings of the daemon's (lib/setting_names.h), read into @out. */
struct schema_more {
	const char *const *names;
	struct lab_settings *out;
};

/* Read the members of map @t by @keys (ends with a NULL name) into @out. @what names the map in
 * messages ("a node"). */
void schema_map(struct schema *s, const struct yaml_tree *t, const char *what,
		const struct schema_key *keys, void *out);
/* The same with @more keys; @keys come first. */
void schema_map_more(struct schema *s, const struct yaml_tree *t, const char *what,
		     const struct schema_key *keys, void *out, const struct schema_more *more);
/* Call @item for each member of list @t, or of map @t whose keys are names; @what names it in
 * messages. False when it is none. */
bool schema_list(struct schema *s, const struct yaml_tree *t, const char *what,
		 schema_read_fn *item, void *out);
bool schema_names(struct schema *s, const struct yaml_tree *t, const char *what,
		  schema_read_fn *item, void *out);

/* Is @t a map, list, scalar? If not, say so. */
bool schema_kind(struct schema *s, const struct yaml_tree *t, enum yaml_kind kind,
		 const char *what);
/* The text of a scalar that is not empty; NULL after saying what is wrong. */
const char *schema_scalar(struct schema *s, const struct yaml_tree *t);
/* The text of a scalar that is one of @words (NULL-terminated), which "@what" is; NULL after saying
 * what is wrong, and which word may be meant. */
const char *schema_word(struct schema *s, const struct yaml_tree *t, const char *what,
			const char *const *words);

/* Readers begin with these: true when a schema is being said and there is nothing to read. @pattern
 * is a regular expression for the text; NULL: any. */
bool schema_says_text(struct schema *s, const char *pattern);
/* What this value may be as well: the next thing said is one of several. */
json_t *schema_says_or(struct schema *s);
/* "@keys" (separated by spaces) must be there. */
void schema_says_required(struct schema *s, const char *keys);

/* Readers for `struct lab_text`: any text; a name (name_valid()). */
void read_text(struct schema *s, const struct yaml_tree *t, void *out);
void read_name(struct schema *s, const struct yaml_tree *t, void *out);
/* The key of the map member @t as a name. */
void read_key_name(struct schema *s, const struct yaml_tree *t, struct lab_text *name);
/* `struct lab_addr`, `struct lab_prefix` (an interface's address or a subnet; without /PLEN an
 * error that shows how). */
void read_addr(struct schema *s, const struct yaml_tree *t, void *out);
void read_prefix(struct schema *s, const struct yaml_tree *t, void *out);
/* `struct lab_flag`. */
void read_flag(struct schema *s, const struct yaml_tree *t, void *out);
/* `struct lab_number`: a plain number; MiB from "128MiB"; milliseconds from "20s"; seconds; kbit/s
 * from "10Mbit". */
void read_number(struct schema *s, const struct yaml_tree *t, void *out);
void read_mib(struct schema *s, const struct yaml_tree *t, void *out);
void read_ms(struct schema *s, const struct yaml_tree *t, void *out);
void read_seconds(struct schema *s, const struct yaml_tree *t, void *out);
void read_kbit(struct schema *s, const struct yaml_tree *t, void *out);
/* A number at @pos must be in lo..hi; says so when it is not. */
void check_range(struct schema *s, struct lab_number *n, const char *what, unsigned int lo,
		 unsigned int hi);

/* "ADDR-ADDR" into two addresses. */
bool read_range(struct schema *s, const struct yaml_tree *t, struct lab_addr *first,
		struct lab_addr *last);

/* A list of texts, or one text as a list of one. Returns the array, *@n its length. */
struct lab_text *read_texts(struct schema *s, const struct yaml_tree *t, const char *what,
			    size_t *n);

/* The member @key of map @t; NULL when there is none. */
const struct yaml_tree *yaml_member(const struct yaml_tree *t, const char *key);

#endif
