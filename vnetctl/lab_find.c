/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/lab_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/parse.h"

/* Parse @text; what is wrong goes to stderr. NULL then. */
static struct lab *parse(const char *file, const char *text, size_t len,
			 const struct lab_options *options)
{
	struct lab_errors errors = {.file = file};
	struct lab *lab = lab_parse(text, len, options, &errors);

	if (!lab)
		lab_errors_print(&errors, stderr);
	lab_errors_fini(&errors);
	return lab;
}

bool lab_is_file(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') || (len > 5 && !strcmp(word + len - 5, ".yaml")) ||
	       (len > 4 && !strcmp(word + len - 4, ".yml"));
}

struct lab *lab_from_file(const char *path, const struct lab_options *options, char **text)
{
	struct err err;
	struct lab *lab;
	size_t len;

	*text = lab_file_read(path, &len, &err);
	if (!*text) {
		ctl_fail(&err);
		return NULL;
	}
	lab = parse(path, *text, len, options);
	if (lab)
		return lab;
	free(*text);
	*text = NULL;
	return NULL;
}

/* The name of the only lab that is up; NULL after saying that there is none or more than one. The
 * caller frees it. */
static char *only_lab(struct ctl *c)
{
	json_t *labs = ctl_call(c, "lab.list", NULL);
	char *name = NULL;

	if (json_array_size(labs) == 1)
		name = strdup(jstr(json_array_get(labs, 0), "name"));
	else if (labs)
		fprintf(stderr, "vnetctl: %s\n",
			json_array_size(labs)
				? "more than one lab is up: name one (`vnetctl lab list`)"
				: "no lab is up: start one with `vnetctl lab up FILE`");
	json_decref(labs);
	return name;
}

char *lab_name(struct ctl *c, const char *word)
{
	struct lab *lab;
	char *text, *name;

	if (!word)
		return only_lab(c);
	if (!lab_is_file(word))
		return strdup(word);
	lab = lab_from_file(word, NULL, &text);
	name = lab ? strdup(lab->name.s) : NULL;
	free(lab ? text : NULL);
	lab_destroy(lab);
	return name;
}

struct lab *lab_of_record(const json_t *record, struct lab_errors *errors)
{
	const struct lab_options options = {
		.name = jstr(record, "name"),
		.seed = json_string_value(json_object_get(record, "seed")),
		.kind = json_string_value(json_object_get(record, "kind"))};
	const char *text = jstr(record, "text");

	return lab_parse(text, strlen(text), &options, errors);
}

struct lab *lab_running(struct ctl *c, const char *word, json_t **out)
{
	char *name = lab_name(c, word);
	struct err err;
	struct lab *lab = NULL;
	json_t *record = NULL;

	if (name && ctl_client(c)) {
		record = client_call(c->client, "lab.get", json_pack("{s:s}", "name", name), &err);
		if (!record)
			fprintf(stderr,
				"vnetctl: lab '%s' is not up: start it with `vnetctl lab up FILE`\n",
				name);
	}
	if (record) {
		struct lab_errors errors = {.file = jstr(record, "file")};

		lab = lab_of_record(record, &errors);
		if (!lab)
			lab_errors_print(&errors, stderr);
		lab_errors_fini(&errors);
	}
	if (lab && strcmp(jstr(record, "state"), "up") != 0 &&
	    !json_is_true(json_object_get(record, "busy")))
		fprintf(stderr,
			"vnetctl: a command was interrupted while lab '%s' was %s: `vnetctl lab up "
			"%s --name %s` mends it, `vnetctl lab down %s` removes it\n",
			name, jstr(record, "state"), jstr(record, "file"), name, name);
	if (lab && out)
		*out = record;
	else
		json_decref(record);
	free(name);
	return lab;
}
