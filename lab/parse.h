/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.h - a topology file to a lab, and whether it makes sense.
 */
#ifndef LAB_PARSE_H
#define LAB_PARSE_H

#include <jansson.h>

#include "lab/model.h"
#include "lib/err.h"

struct lab_options {
	const char *name; /* to run under, in place of the file's; NULL: the file's */
	const char *seed; /* for the variables; NULL: "" */
	/* What nodes that do not say their kind are, whatever the file's defaults say: one of
	 * lab_kind_words[]; NULL or "": as the file says. */
	const char *kind;
};

/* "namespace", "vm", and the hypervisors, which mean guests on that one. NULL-terminated. */
extern const char *const lab_kind_words[];

/* Read and validate @len bytes of @text, which must be NUL-terminated and outlive @errors. @options
 * may be NULL. The caller owns the lab; NULL when anything is wrong, and then all of it is in
 * @errors. */
struct lab *lab_parse(const char *text, size_t len, const struct lab_options *options,
		      struct lab_errors *errors);

/* The JSON Schema of topology files, for editors. New reference. */
json_t *lab_schema_json(void);

/* Does the lab make sense as a whole: names known, addresses apart, checks possible? Adds to
 * @errors and sets the nodes' links to their networks. Called by lab_parse(). */
void lab_validate(struct lab *lab, struct lab_errors *errors);
/* names.c: the daemon's names of networks, nodes and ports. */
void lab_name_objects(struct lab *lab);
void lab_validate_cables(struct lab *lab, struct lab_errors *errors);
/* Say that there is no network @name, and which one may be meant. */
void lab_unknown_network(const struct lab *lab, const struct lab_text *name, struct lab_errors *e);
/* @text with the values of the lab's variables; lives as long as the lab. */
const char *lab_with_values(const struct lab *lab, const char *text);
void lab_validate_checks(struct lab *lab, struct lab_errors *errors);
void lab_validate_stages(struct lab *lab, struct lab_errors *errors);
/* Say that there is no node @name, and which one may be meant. */
void lab_unknown_node(const struct lab *lab, const struct lab_text *name, struct lab_errors *e);
/* The same of "probe" or "probe.NET" (probe_name.c). */
void lab_unknown_probe(const struct lab *lab, const struct lab_text *word, struct lab_errors *e);

/* The whole file into fresh memory, NUL-terminated (the caller frees it). NULL with @err. */
char *lab_file_read(const char *path, size_t *len, struct err *err);

#endif
